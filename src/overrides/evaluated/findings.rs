//! What was found in single builds, made into findings about files: the same in several builds is one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use rnix::SyntaxKind::{
    NODE_APPLY, NODE_ATTRPATH, NODE_IDENT, NODE_LIST, NODE_LITERAL, NODE_PATH_ABS, NODE_PATH_HOME,
    NODE_PATH_REL, NODE_PATH_SEARCH, NODE_SELECT, NODE_STRING,
};
use rnix::ast;
use rowan::ast::AstNode;

use super::judge::{Judged, code_of};
use super::session::Session;
use super::{At, Build, Found};
use crate::catalogue::names::System;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, SourceId, SourceMap, Span};
use crate::limited;
use crate::nix::eval::Error;
use crate::nix::syntax::{self, decode, text};
use crate::overrides::suppress;
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    EvalFlake =
        "Evaluation stopped before it came to any override: in catalogue/extra.nix, in an input, or in nixpkgs \
         itself. `pgflakegen eval .#packages --show-trace` shows the way there.";
    EvalNothing =
        "In every build the attribute has, before the override, the value that the override gives it: the TOML file \
         or nixpkgs says it already. Remove it. Where it shall stay, for instance because another revision of \
         nixpkgs differs: `# pgflakegen: allow PGF409 because …`.";
    EvalUntracked =
        "A flake in a git repository is what git tracks or has staged. The override is neither, so that Nix does \
         not see it, and the flake fails for everybody. `git add` it.";
};

/// Builds named one by one before the rest is only counted.
const NAMED: usize = 4;

/// A system and a build, by their numbers.
type Unit = (usize, usize);

/// What makes two findings the same: file, place, code and text.
type Key<'f> = (&'f Utf8Path, &'f At, Code, &'f str);

/// Where findings go.
pub struct Report<'a> {
    pub root: &'a Utf8Path,
    pub shown: &'a dyn Fn(&Utf8Path) -> Utf8PathBuf,
    pub sources: &'a mut SourceMap,
    pub sink: &'a mut Diagnostics,
    /// There are systems that were not looked at.
    pub partial: bool,
}

impl Report<'_> {
    /// The file, which findings may point into already.
    fn source(&mut self, file: &Utf8Path) -> SourceId {
        let shown = (self.shown)(file);
        if let Some(known) = self.sources.find(&shown) {
            return known;
        }
        let bytes = limited::read(self.root.join(file)).unwrap_or_default();
        // What is no UTF-8 was found to be so before.
        decode::add(&shown, bytes, self.sources, &mut Diagnostics::new())
    }

    /// What `find` finds in a file of the catalogue, else its first line.
    pub fn at(&mut self, file: &Utf8Path, find: impl Fn(&str) -> Option<Range<usize>>) -> Span {
        let source = self.source(file);
        let text = self.sources.text(source);
        Span::new(source, find(text).unwrap_or_else(|| range(text, &At::Start)))
    }

    fn span(&mut self, file: &Utf8Path, at: &At) -> Span {
        let file = if let At::Place(place) = at { &place.file } else { file };
        let source = self.source(file);
        Span::new(source, range(self.sources.text(source), at))
    }

    /// An error before any build was come to.
    pub fn flake(&mut self, session: &Session, error: &Error) {
        let message = session.readable(error.message());
        let finding = match session.innermost(error) {
            Some(place) => {
                let span = self.span(&place.file.clone(), &At::Place(place));
                Diagnostic::new(code_of(error.kind()), span, message)
            }
            None => Diagnostic::global(Code::EvalFlake, message),
        };
        let elsewhere = error.pos().filter(|pos| session.own(*pos).is_none());
        let finding = match elsewhere.and_then(|pos| session.place(pos)) {
            Some(place) => finding.help(format!("the error comes from {place}")),
            None => finding,
        };
        let finding = match session.untracked(error.message()) {
            Some(file) => finding.help(format!("git does not know it; type `git add {file}`")),
            None => finding,
        };
        self.sink.push(finding);
    }

    /// An override that is not part of the flake.
    pub fn untracked(&mut self, file: &Utf8Path) {
        let span = self.span(file, &At::Start);
        let message = format!("git does not know {file}, so that Nix does not see it");
        let finding = Diagnostic::new(Code::EvalUntracked, span, message);
        self.sink.push(finding.help(format!("type `git add {file}`")));
    }

    /// What was found in builds.
    pub fn builds(&mut self, builds: &[Build], systems: &[System], done: &[(Unit, Judged)]) {
        // One place may have another text for each build; where there is none, the text tells findings apart.
        let mut groups: BTreeMap<Key<'_>, (&Found, BTreeSet<Unit>)> = BTreeMap::new();
        let mut failing: BTreeSet<&Utf8Path> = BTreeSet::new();
        for (unit, judged) in done {
            for found in &judged.found {
                if found.code.severity() == Severity::Error {
                    failing.insert(&found.file);
                }
                let text = if found.at == At::Start { found.message.as_str() } else { "" };
                let key = (found.file.as_path(), &found.at, found.code, text);
                groups.entry(key).or_insert_with(|| (found, BTreeSet::new())).1.insert(*unit);
            }
        }
        let mut found = Diagnostics::new();
        for ((file, at, code, _), (first, units)) in groups {
            // That an attribute changes nothing is worth a word only if that is so wherever it is given.
            if code == Code::EvalNothing
                && (self.partial || failing.contains(file) || !everywhere(at, &units, done))
            {
                continue;
            }
            let all = done.iter().filter(|((_, build), judged)| builds[*build].file == file && judged.there);
            let all: BTreeSet<Unit> = all.map(|(unit, _)| *unit).collect();
            let span = self.span(file, at);
            let finding = Diagnostic::new(code, span, first.message.clone());
            let finding = finding.label(describe(builds, systems, &units, &all));
            found.push(first.help.iter().fold(finding, |finding, help| finding.help(help)));
        }
        let files: BTreeSet<SourceId> =
            found.iter().filter_map(|finding| Some(finding.primary.as_ref()?.span.source)).collect();
        for file in files {
            found = suppress::allowed(file, self.sources.text(file), found);
        }
        self.sink.append(found);
    }
}

fn everywhere(at: &At, units: &BTreeSet<Unit>, done: &[(Unit, Judged)]) -> bool {
    let At::Place(place) = at else { return true };
    done.iter().all(|(unit, judged)| !judged.given.contains(place) || units.contains(unit))
}

/// In which builds something is so, as short as it can be said.
fn describe(builds: &[Build], systems: &[System], units: &BTreeSet<Unit>, all: &BTreeSet<Unit>) -> String {
    if units == all {
        return match all.len() {
            0 | 1 => String::new(),
            count => format!("in all {count} builds"),
        };
    }
    let of = |units: &BTreeSet<Unit>, system: usize| -> BTreeSet<usize> {
        units.iter().filter(|unit| unit.0 == system).map(|unit| unit.1).collect()
    };
    let affected: BTreeSet<usize> = units.iter().map(|unit| unit.0).collect();
    let judged: BTreeSet<usize> = all.iter().map(|unit| unit.0).collect();
    let names: BTreeSet<usize> = units.iter().map(|unit| unit.1).collect();
    let names: Vec<String> = names
        .iter()
        .map(|build| format!("{}/exts/{}", builds[*build].postgresql, builds[*build].attr))
        .collect();
    let mut text = match names.len() {
        // On the systems concerned it is so wherever the override is used.
        count if count > 1 && affected.iter().all(|system| of(units, *system) == of(all, *system)) => {
            "in every build".to_owned()
        }
        count if count <= NAMED + 1 => format!("in {}", names.join(", ")),
        count => format!("in {} and {} more builds", names[..NAMED].join(", "), count - NAMED),
    };
    if affected != judged {
        let systems: Vec<_> = affected.iter().map(|system| systems[*system].as_str()).collect();
        text.push_str(&format!(" on {}", systems.join(", ")));
    }
    text
}

/// The text that a place is about.
fn range(source: &str, at: &At) -> Range<usize> {
    let first_line = || {
        let start = source.len() - source.trim_start().len();
        start..start + source[start..].lines().next().map_or(0, str::len)
    };
    let found = syntax::with_stack(source, || {
        let root = rnix::Root::parse(source).syntax();
        match at {
            At::Start => None,
            At::Formal(name) => root
                .descendants()
                .filter_map(ast::PatEntry::cast)
                .filter_map(|entry| entry.ident())
                .find(|ident| text::ident_text(ident) == *name)
                .map(|ident| ident.syntax().text_range()),
            At::Place(place) => {
                let offset = u32::try_from(place.offset).ok()?.into();
                let token = root.token_at_offset(offset).right_biased()?;
                // The largest expression that begins here and fits a line.
                let expressions = token.parent_ancestors().take_while(|node| {
                    node.text_range().start() == offset && !node.text().contains_char('\n')
                });
                let last = expressions.filter(|node| is_term(node.kind())).last();
                Some(last.map_or(token.text_range(), |node| node.text_range()))
            }
        }
    });
    match found {
        Ok(Some(range)) => usize::from(range.start())..usize::from(range.end()),
        _ => match at {
            At::Place(place) => place.offset..place.offset + 1,
            _ => first_line(),
        },
    }
}

fn is_term(kind: rnix::SyntaxKind) -> bool {
    matches!(
        kind,
        NODE_APPLY
            | NODE_ATTRPATH
            | NODE_IDENT
            | NODE_LIST
            | NODE_LITERAL
            | NODE_PATH_ABS
            | NODE_PATH_HOME
            | NODE_PATH_REL
            | NODE_PATH_SEARCH
            | NODE_SELECT
            | NODE_STRING
    )
}
