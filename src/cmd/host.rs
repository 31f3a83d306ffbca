//! What hears how far an operation is: the terminal, and whoever reads stderr.

use std::io::{self, IsTerminal as _, LineWriter, Write as _};
use std::sync::{Mutex, PoisonError};

use super::{Context, counted};
use crate::diag::guard::Guard;
use crate::diag::{self, Diagnostics, Format, SourceMap, plural};
use crate::ops::writing::Written;
use crate::ops::{self, Interrupted, Loaded, Notice};
use crate::progress::Observer;
use crate::terminal::{self, Line, Stream};

/// Shows progress, and writes notices to stderr as they come.
pub(super) struct Host {
    quiet: bool,
    colour: bool,
    fold: bool,
    err: Mutex<Guard<LineWriter<Stream>>>,
}

impl Host {
    pub fn new(context: &Context<'_>) -> Self {
        let err = Guard::new(terminal::stderr(), io::stderr().is_terminal());
        let Context { quiet, colour_err: colour, fold, .. } = *context;
        Self { quiet, colour, fold, err: Mutex::new(err) }
    }

    fn say(&self, text: &str) -> io::Result<()> {
        if self.quiet { Ok(()) } else { self.write(text) }
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(err, "{text}")
    }

    fn emit(&self, found: &Diagnostics, sources: &SourceMap, fold: bool) -> io::Result<()> {
        let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        match fold {
            true => diag::emit_text(found, sources, self.colour, self.fold, &mut *err),
            false => diag::emit(found, sources, Format::Text, self.colour, &mut *err),
        }
    }

    fn tell(&self, notice: Notice<'_>) -> io::Result<()> {
        match notice {
            Notice::Waiting(root) => {
                self.write(&format!("waiting for another pgflakegen in {root} to end …"))
            }
            Notice::Recovered(Interrupted { pending, changed }) => {
                let files = plural(pending.len(), "file");
                self.say(&format!("an interrupted run's changes to the catalogue are complete: {files}"))?;
                let mut changed = changed.iter();
                changed.try_for_each(|path| {
                    self.say(&format!("{path} was changed since then; it stays as it is"))
                })
            }
            Notice::Created(path) => self.say(&format!("created {path}")),
            Notice::NotOurs(path) => {
                self.say(&format!("{path} is not pgflakegen's: git merges it as any other file"))
            }
            Notice::Interrupted(found) => self.emit(found, &SourceMap::new(), false),
            Notice::Found(Loaded { diagnostics, .. }) if diagnostics.is_empty() => Ok(()),
            Notice::Found(Loaded { diagnostics, sources, .. }) => {
                self.emit(diagnostics, sources, true)?;
                self.say(&counted(diagnostics))
            }
            Notice::Written(Written::Refused) => self.say("nothing was changed"),
            Notice::Written(Written::Wrong) => {
                self.say("the catalogue would be wrong with the new versions; nothing was changed")
            }
            Notice::Written(Written::Done { created, updated, removed, unchanged }) => self.say(&format!(
                "generated: {created} created, {updated} updated, {removed} removed, {unchanged} unchanged"
            )),
        }
    }
}

impl ops::Host for Host {
    fn notice(&self, notice: Notice<'_>) {
        // Where nobody listens nothing is said; the command's own next line finds that out.
        let _ = self.tell(notice);
    }
}

impl Observer for Host {
    fn begin(&self, what: &'static str, total: usize) -> Option<u64> {
        Line.begin(what, total)
    }

    fn expect(&self, doing: u64, more: usize) {
        Line.expect(doing, more);
    }

    fn end(&self, doing: u64) {
        Line.end(doing);
    }

    fn begin_part(&self, doing: u64, name: String) -> u64 {
        Line.begin_part(doing, name)
    }

    fn expect_bytes(&self, doing: u64, part: u64, total: Option<u64>) {
        Line.expect_bytes(doing, part, total);
    }

    fn add_bytes(&self, doing: u64, part: u64, more: u64) {
        Line.add_bytes(doing, part, more);
    }

    fn end_part(&self, doing: u64, part: u64) {
        Line.end_part(doing, part);
    }
}
