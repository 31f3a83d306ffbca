//! Whose a text is that stands where a generated one should, or where none should: ours as we have written it, what a
//! merge or a power cut has made of that, somebody's edit of it, or somebody else's file.

use camino::Utf8Path;

use super::history::{History, Texts};
use super::lines;
use super::place::{Found, Place};
use super::record::Record;
use crate::catalogue::lock;
use crate::layout::{self, VERSION_FILE};
use crate::render::marker;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Ours; nothing that anybody wrote is in it.
    Ours,
    /// An edit of ours, but committed as it is.
    Committed,
    /// An edit of ours that is nowhere else.
    Edited {
        /// The line of the first change, from zero.
        line: usize,
    },
    /// Somebody else's.
    Foreign,
}

/// What is known of earlier texts.
pub(super) struct Judge {
    record: Record,
    history: History,
    /// The hash of `flake.lock` that an earlier version has noted.
    lock_hash: Option<String>,
    /// Whether anything in the tree says that it was generated.
    generated: bool,
}

impl Judge {
    /// Reads the record; git is read when it is needed.
    pub fn new(place: &Place) -> Self {
        let catalogue = match place.look(Utf8Path::new(layout::CATALOGUE_JSON)) {
            Ok(Found::Bytes(bytes)) => lines::unix(String::from_utf8_lossy(&bytes).into_owned()),
            _ => String::new(),
        };
        let lock_hash = catalogue.lines().find_map(|line| {
            let hash = line.trim().strip_prefix("\"lock-hash\": \"")?.strip_suffix("\",")?;
            Some(hash.to_owned())
        });
        Self {
            record: Record::read(place),
            history: History::of(place.path()),
            lock_hash,
            generated: marker::is_ours(&catalogue),
        }
    }

    /// Whether there is anything to tell an edit by.
    pub fn remembers(&self) -> bool {
        !self.record.is_empty() || self.history.is_there()
    }

    /// What `text` is, where `planned` is to be.
    pub fn standing(&self, path: &Utf8Path, text: &str, planned: Option<&str>) -> Standing {
        let is_lock = path == layout::FLAKE_LOCK;
        if planned.is_some_and(|planned| lines::is_torn(text, planned) || is_lock && lock::same(text, planned))
            || marker::is_intact(text)
            // Whatever it says, nobody has anything to lose in it.
            || (path == VERSION_FILE && marker::is_ours(text))
            || (is_lock && self.lock_hash.as_ref().is_some_and(|hash| marker::hash([text]) == *hash))
            || self.record.knows(path, text)
        {
            return Standing::Ours;
        }
        let near = self.history.near_texts(path);
        if made_of(text, &near.generated, false) {
            return Standing::Ours;
        }
        // It carries no mark of ours; where nothing says that we wrote it, somebody else did.
        if !(marker::is_ours(text) || is_lock && self.generated) {
            return Standing::Foreign;
        }
        let all = self.history.texts(path);
        let committed = near.committed.contains(&text);
        if made_of(text, &all.generated, committed) {
            return Standing::Ours;
        }
        if committed || made_of(text, &all.committed, false) {
            return Standing::Committed;
        }
        let Texts { mut generated, committed } = all;
        generated.extend(committed);
        generated.extend(planned);
        Standing::Edited { line: lines::first_own_line(text, &generated) }
    }
}

/// Whether a text is one of the known ones, the rest of one, or a mixture of two.
fn made_of(text: &str, known: &[&str], settled: bool) -> bool {
    known.iter().any(|known| text == *known || lines::is_torn(text, known))
        || lines::is_mixture(text, known, settled)
}
