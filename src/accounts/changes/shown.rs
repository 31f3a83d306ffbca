//! Differences as lines, whatever they are written in.

use super::{Change, Document, Extension, Input, Move, Rebuilt, Server, Size, Sizes, Version, What};
use crate::catalogue::licenses;
use crate::catalogue::lock;
use crate::catalogue::moved::Meaning;
use crate::diag::{few, mib, plural, signed_mib};

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words, some of them foreign.
    Text(String),
    /// Words that lead somewhere.
    Link {
        /// The words.
        text: String,
        /// Where to.
        address: String,
    },
}

/// What is said of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub change: Change,
    pub name: String,
    pub pieces: Vec<Piece>,
    /// What follows from it, a line each.
    pub below: Vec<String>,
}

/// Things of one sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub title: &'static str,
    pub lines: Vec<Line>,
    /// What is not known, and why.
    pub remark: Option<String>,
}

/// All that is to be said, without empty sections.
pub(super) fn sections(document: &Document<'_>) -> Vec<Section> {
    let Document { changes, rebuilt, sizes, .. } = *document;
    let section = |title, lines: Vec<Line>| Section { title, lines, remark: None };
    let systems = [(&changes.systems_added, Change::Added), (&changes.systems_removed, Change::Removed)];
    let systems = systems.into_iter().flat_map(|(names, change)| {
        names.iter().map(move |name| Line {
            change,
            name: name.to_string(),
            pieces: vec![Piece::Text(if change == Change::Added { "new" } else { "removed" }.into())],
            below: Vec::new(),
        })
    });
    let mut all = vec![
        section("PostgreSQL", changes.postgresqls.iter().map(server).collect()),
        section("Extensions", changes.extensions.iter().map(extension).collect()),
        section("Inputs", changes.inputs.iter().map(input).collect()),
        section("Systems", systems.collect()),
    ];
    all.retain(|section| !section.lines.is_empty());
    all.extend(rebuilt.map(rebuilds));
    all.extend(sizes.map(self::sizes));
    all
}

/// Pieces with something between them.
struct Words(Vec<Piece>);

impl Words {
    fn say(&mut self, text: impl Into<String>) {
        self.link(text, None);
    }

    fn link(&mut self, text: impl Into<String>, address: Option<&String>) {
        if !self.0.is_empty() {
            self.0.push(Piece::Text("; ".into()));
        }
        let text = text.into();
        self.0.push(match address {
            Some(address) => Piece::Link { text, address: address.clone() },
            None => Piece::Text(text),
        });
    }

    fn more(&mut self, text: String) {
        self.0.push(Piece::Text(text));
    }
}

fn server(server: &Server) -> Line {
    let mut words = Words(Vec::new());
    let unknown = || "nixpkgs' version".to_owned();
    let (from, to) = (server.from.clone().unwrap_or_else(unknown), server.to.clone().unwrap_or_else(unknown));
    match server.change {
        Change::Added => {
            words.say(format!("new, {to}, with {}", plural(server.extensions, "extension")));
        }
        Change::Removed => {
            words.say(format!("removed, was {from} with {}", plural(server.extensions, "extension")));
        }
        Change::Changed if from == to => words.say(to),
        Change::Changed => words.link(format!("{from} → {to}"), server.compare.as_ref()),
    }
    for (ids, what) in [(&server.mends, "mends"), (&server.brings, "has")] {
        if !ids.is_empty() {
            words.say(format!("{what} {}", few(ids, FEW)));
        }
    }
    for remark in &server.remarks {
        words.say(remark);
    }
    if let Some(notes) = &server.notes {
        words.link("release notes", Some(notes));
    }
    Line { change: server.change, name: server.name.clone(), pieces: words.0, below: Vec::new() }
}

fn version(version: &Option<Version>) -> String {
    match version {
        None => String::new(),
        Some(Version { version: Some(version), nixpkgs: false }) => version.clone(),
        Some(Version { version: Some(version), .. }) => format!("{version} of nixpkgs"),
        Some(Version { version: None, .. }) => "nixpkgs' version".to_owned(),
    }
}

fn extension(extension: &Extension) -> Line {
    let mut words = Words(Vec::new());
    match extension.change {
        Change::Added => words.say("new"),
        Change::Removed => words.say("removed"),
        Change::Changed => {}
    }
    for Move { postgresql, what, from, to, compare } in &extension.moves {
        let (from, to) = (version(from), version(to));
        let text = match what {
            What::Added if extension.change == Change::Added => to,
            What::Added => format!("{to} added"),
            What::Removed if extension.change == Change::Removed => format!("was {from}"),
            What::Removed => format!("{from} removed"),
            What::Moved => format!("{from} → {to}"),
            What::BesideAdded => format!("{to} beside it"),
            What::BesideRemoved => format!("{from} removed beside it"),
            What::Source => format!("{to} of another source"),
            What::Build => format!("{to} built otherwise"),
        };
        words.link(text, compare.as_ref());
        words.more(format!(" ({})", postgresql.join(" ")));
    }
    let named = |names: &[String]| names.iter().map(|name| licence(name)).collect::<Vec<_>>().join(", ");
    match (&extension.licences_before, &extension.licences) {
        (Some(before), Some(now)) => words.say(format!("license {} → {}", named(before), named(now))),
        (None, Some(now)) => words.say(named(now)),
        _ => {}
    }
    for remark in &extension.remarks {
        words.say(remark);
    }
    if let Some(changelog) = extension.changelog.as_ref().filter(|_| extension.change != Change::Removed) {
        words.link("changelog", Some(changelog));
    }
    let name = extension.name.clone();
    Line { change: extension.change, name, pieces: words.0, below: Vec::new() }
}

/// As spdx.org has it, else as nixpkgs.
fn licence(name: &str) -> String {
    licenses::find(name).and_then(|license| license.spdx).unwrap_or(name).to_owned()
}

fn input(input: &Input) -> Line {
    let short = |revision: &Option<String>, date: &Option<String>| {
        let name = revision.as_deref().unwrap_or("none");
        let name = if name.bytes().all(|byte| byte.is_ascii_hexdigit()) { lock::short(name) } else { name };
        match date {
            Some(date) => format!("{name} ({date})"),
            None => name.to_owned(),
        }
    };
    let (from, to) = (short(&input.from, &input.from_date), short(&input.to, &input.to_date));
    let mut words = Words(Vec::new());
    match input.change {
        Change::Added => words.say(format!("new, {to}")),
        Change::Removed => words.say("removed"),
        Change::Changed => words.link(format!("{from} → {to}"), input.compare.as_ref()),
    }
    if let Some(unknown) = &input.unknown {
        words.say(unknown);
    }
    // What extensions become is said of each already.
    let meaning = input.meaning.as_ref().map(|meaning| Meaning { extensions: Vec::new(), ..meaning.clone() });
    let below = meaning.map(|meaning| meaning.lines()).unwrap_or_default();
    Line { change: input.change, name: input.name.clone(), pieces: words.0, below }
}

/// Causes shown of what is rebuilt.
const CAUSES: usize = 8;
/// Names shown of many.
const FEW: usize = 3;

fn rebuilds(rebuilt: &Rebuilt) -> Section {
    let title = "Builds";
    if let Some(why) = &rebuilt.unknown {
        return Section { title, lines: Vec::new(), remark: Some(format!("not evaluated: {why}")) };
    }
    let mut lines = Vec::new();
    for (change, count) in &rebuilt.counts {
        let what = match change.as_str() {
            "added" => Change::Added,
            "removed" => Change::Removed,
            _ => Change::Changed,
        };
        let pieces = vec![Piece::Text(format!("{count} of {}", plural(rebuilt.packages, "package")))];
        let below = match change.as_str() {
            "rebuilt" => {
                let causes = rebuilt.causes.iter().take(CAUSES);
                let mut below: Vec<String> = causes
                    .map(|cause| format!("{}: {}", plural(cause.packages, "package"), cause.what))
                    .collect();
                if rebuilt.causes.len() > CAUSES {
                    below.push(format!("and {} more", plural(rebuilt.causes.len() - CAUSES, "cause")));
                }
                below
            }
            _ => Vec::new(),
        };
        lines.push(Line { change: what, name: change.clone(), pieces, below });
    }
    let remark = lines.is_empty().then(|| "nothing is rebuilt".to_owned());
    Section { title, lines, remark }
}

fn sizes(sizes: &Sizes) -> Section {
    let title = "Sizes";
    if let Some(why) = &sizes.unknown {
        return Section { title, lines: Vec::new(), remark: Some(format!("not known: {why}")) };
    }
    let several = sizes.list.iter().any(|size| size.system != sizes.list[0].system);
    let line = |size: &Size| {
        let shown = |bytes: Option<u64>| bytes.map_or_else(|| "unknown".to_owned(), mib);
        let text = match (size.change, size.before, size.now) {
            (Change::Added, _, now) => format!("new, {}", shown(now)),
            (Change::Removed, before, _) => format!("removed, was {}", shown(before)),
            (Change::Changed, Some(before), Some(now)) => {
                let growth = i128::from(now) - i128::from(before);
                format!("{} → {} ({})", mib(before), mib(now), signed_mib(growth))
            }
            (Change::Changed, before, now) => format!("{} → {}", shown(before), shown(now)),
        };
        let name = match several {
            true => format!("{} ({})", size.attribute, size.system),
            false => size.attribute.clone(),
        };
        let below = size.unknown.iter().cloned().collect();
        Line { change: size.change, name, pieces: vec![Piece::Text(text)], below }
    };
    let mut remarks = Vec::new();
    if sizes.same > 0 {
        remarks.push(format!("{} as large as before", plural(sizes.same, "environment")));
    }
    if !sizes.unmeasured.is_empty() {
        let names = few(&sizes.unmeasured, FEW);
        remarks.push(format!("not known, neither built here nor in a cache that was asked: {names}"));
    }
    let lines: Vec<Line> = sizes.list.iter().map(line).collect();
    if lines.is_empty() && remarks.is_empty() {
        remarks.push("there is nothing to be measured".to_owned());
    }
    Section { title, lines, remark: Some(remarks.join("; ")).filter(|remark| !remark.is_empty()) }
}
