//! A flake opened for looking: evaluators that share parsed files, and what positions and paths in their
//! messages are to people.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::flake_files::FlakeFiles;
use super::tree::{PLACE, Tree};
use crate::layout;
use crate::nix::eval::{
    self, Error, ErrorKind, EvalIo as _, Evaluator, Kept, Kind, Pos, Result, Settings, Value,
};
use crate::nix::flake;
use crate::store::StoreDir;

/// A repository whose flake is evaluated, by any number of threads.
pub struct Session {
    evaluator: Evaluator,
    root: Utf8PathBuf,
    /// Where evaluation finds the flake.
    place: PathBuf,
    tree: Arc<Tree>,
    /// Why it is not known what is part of the flake.
    unseen: Option<Error>,
    inputs: Vec<(String, String)>,
    /// Store folders, each with a slash, as people know them.
    known: Vec<(String, String)>,
}

/// Why a session cannot begin.
pub enum Unready {
    /// An input is not on this machine; the text says which, and how to get it.
    Missing(String),
    /// Evaluation fails before it comes to any package.
    Failed(Error),
}

/// One thread's evaluator with the flake called.
pub struct Opened {
    /// The evaluator.
    pub session: eval::Session,
    flake: Kept,
}

/// Whether something is looked at once more, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Again {
    /// What was found stands.
    #[default]
    No,
    /// What is said depends on what was evaluated before, by whichever thread.
    Unsure,
    /// The time was over, which more of it would not mend.
    Late,
    /// There was too little memory, perhaps for what others took.
    Short,
}

impl Again {
    /// After this error.
    pub fn after(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::MemoryLimit => Self::Short,
            ErrorKind::TimeLimit => Self::Late,
            _ if error.depends_on_order() => Self::Unsure,
            _ => Self::No,
        }
    }
}

/// A place in a file of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Relative to the root.
    pub file: Utf8PathBuf,
    /// In bytes.
    pub offset: usize,
}

impl Session {
    /// A session over the repository at `root` with the given generated files, in which overrides are
    /// observed; `inputs` are taken in place of the flake's own.
    pub fn new(
        root: &Utf8Path,
        files: impl IntoIterator<Item = (Utf8PathBuf, String)>,
        settings: Settings,
        inputs: Vec<(String, String)>,
    ) -> Self {
        let root = root.canonicalize_utf8().unwrap_or_else(|_| root.to_owned());
        Self::over(root, settings, inputs, |root, flake_files| Tree::observed(root, flake_files, files))
    }

    /// As [`Session::new`], with overrides simply applied.
    pub fn plain(
        root: &Utf8Path,
        files: impl IntoIterator<Item = (Utf8PathBuf, String)>,
        settings: Settings,
        inputs: Vec<(String, String)>,
    ) -> Self {
        let root = root.canonicalize_utf8().unwrap_or_else(|_| root.to_owned());
        Self::over(root, settings, inputs, |root, flake_files| Tree::plain(root, flake_files, files))
    }

    /// A session over `folder`, which has all that is part of the flake of `root`: what it takes into the store can
    /// be read there.
    pub fn on_disk(
        root: &Utf8Path,
        folder: &Path,
        settings: Settings,
        inputs: Vec<(String, String)>,
    ) -> Self {
        let place = folder.to_owned();
        let session = Self::over(root.to_owned(), settings, inputs, |root, _| {
            Tree::plain(root, FlakeFiles::Tracked(BTreeSet::new()), [])
        });
        Self { known: own(&place), place, unseen: None, ..session }
    }

    fn over(
        root: Utf8PathBuf,
        settings: Settings,
        inputs: Vec<(String, String)>,
        tree: impl FnOnce(&Utf8Path, FlakeFiles) -> Tree,
    ) -> Self {
        let (flake_files, unseen) = match FlakeFiles::of(&root) {
            Ok(flake_files) => (flake_files, None),
            // Then nothing is to be seen.
            Err(error) => (FlakeFiles::Tracked(BTreeSet::new()), Some(error)),
        };
        let tree = Arc::new(tree(&root, flake_files));
        let evaluator = Evaluator::new(tree.clone(), settings);
        let known = own(Path::new(PLACE));
        Self { root, place: PLACE.into(), inputs, known, evaluator, tree, unseen }
    }

    fn open(&self) -> Result<Opened> {
        let session = self.evaluator.session();
        let flake = session.flake_in_place(&self.place, &self.inputs)?.kept();
        Ok(Opened { session, flake })
    }

    /// The flake that was opened on another thread, on this one.
    fn join(&self, flake: &Kept) -> Opened {
        Opened { session: self.evaluator.session(), flake: flake.clone() }
    }

    /// The same repository with nothing of it evaluated yet, and what memory and time are left.
    fn anew(&self) -> Self {
        Self {
            evaluator: self.evaluator.anew(),
            root: self.root.clone(),
            place: self.place.clone(),
            tree: self.tree.clone(),
            unseen: None,
            inputs: self.inputs.clone(),
            known: self.known.clone(),
        }
    }

    /// What `one` makes of each unit, in their order, by several threads called `name` that share what they evaluate.
    /// What was short of memory is done once more, by itself: what the others had taken is free then. What is unsure
    /// is done in a session of its own, one after the other.
    pub fn each<U: Sync, R: Send>(
        &self,
        first: &Opened,
        name: &str,
        units: &[U],
        one: impl Fn(&Self, &Opened, &U) -> R + Sync,
        again: impl Fn(&R) -> Again,
    ) -> Vec<R> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, R)>> = Mutex::default();
        let work = |opened: &Opened| {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(unit) = units.get(number) else { break };
                let result = opened.session.part(|| one(self, opened, unit));
                done.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(units.len()).max(1);
        let flake = &first.flake;
        std::thread::scope(|scope| {
            for n in 1..threads {
                let builder = std::thread::Builder::new().name(format!("{name}-{n}")).stack_size(32 << 20);
                // Fewer threads than wanted still do all the work.
                let _ = builder.spawn_scoped(scope, || work(&self.join(flake)));
            }
            work(first);
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(number, _)| *number);
        let mut done: Vec<R> = done.into_iter().map(|(_, result)| result).collect();
        let look_again = |done: &mut Vec<R>, wanted: Again, session: &Self, opened: &Opened| {
            for (result, unit) in done.iter_mut().zip(units).filter(|(result, _)| again(result) == wanted) {
                if wanted == Again::Short {
                    opened.session.collect();
                }
                let found = opened.session.part(|| one(session, opened, unit));
                // Where a limit ends the second look, what was unsure has to do.
                if wanted == Again::Short || again(&found) < Again::Late {
                    *result = found;
                }
            }
        };
        if done.iter().any(|result| again(result) == Again::Short) {
            look_again(&mut done, Again::Short, self, &self.join(flake));
        }
        if done.iter().any(|result| again(result) == Again::Unsure) {
            let session = self.anew();
            if let Ok(opened) = session.open() {
                look_again(&mut done, Again::Unsure, &session, &opened);
            }
        }
        done
    }

    /// Whether a file of the repository is part of its flake.
    pub fn sees(&self, file: &Utf8Path) -> bool {
        self.tree.sees(Utf8Path::new(PLACE).join(file).as_str().as_bytes())
    }

    /// The file that a message is about, if it is there and only git does not know it.
    pub fn untracked(&self, message: &str) -> Option<Utf8PathBuf> {
        let message = self.without_paths(message);
        let file = Utf8Path::new(message.split('\'').nth(1)?);
        let inside = file
            .components()
            .all(|part| matches!(part, Utf8Component::Normal(name) if !name.eq_ignore_ascii_case(".git")));
        (inside && !self.sees(file) && self.root.join(file).exists()).then(|| file.to_owned())
    }

    /// Opens the flake for the first time: finds out where its inputs are.
    pub fn begin(&mut self) -> std::result::Result<Opened, Unready> {
        let unready = |error: Error| match error.kind() {
            ErrorKind::Unavailable => Unready::Missing(error.message().to_owned()),
            _ => Unready::Failed(error),
        };
        if let Some(error) = self.unseen.take() {
            return Err(Unready::Failed(error));
        }
        let opened = self.open().map_err(unready)?;
        self.known.extend(inputs(&opened.flake()).map_err(unready)?);
        Ok(opened)
    }

    /// Where an input's files are.
    pub fn folder(&self, opened: &Opened, input: &str) -> Result<Utf8PathBuf> {
        let path = string(&field(&field(&opened.flake(), "inputs")?, input)?, "outPath")?;
        let real = self.evaluator.on_disk(path.as_bytes());
        Ok(String::from_utf8_lossy(&real).into_owned().into())
    }

    /// Where `pos` is, if it is in a hand-written file.
    pub fn own(&self, pos: Pos) -> Option<Place> {
        let (path, offset) = self.evaluator.offset(pos)?;
        let (root, _) = self.known.first()?;
        let file = std::str::from_utf8(&path).ok()?.strip_prefix(root.as_str())?;
        layout::below_catalogue(file).map(|_| Place { file: file.into(), offset })
    }

    /// `nixpkgs/lib/lists.nix:12:3`.
    pub fn place(&self, pos: Pos) -> Option<String> {
        let place = self.evaluator.place(pos)?;
        let file = String::from_utf8(place.file?).ok()?;
        let file = self.readable(&file);
        // An input that is not known yet: /nix/store/HASH-source/lib/lists.nix.
        let file =
            StoreDir::default().split(&file).map_or(file.as_str(), |(_, rest)| rest.trim_start_matches('/'));
        Some(format!("{file}:{}:{}", place.line, place.column))
    }

    /// A text without the store paths of the repository and its inputs.
    pub fn without_paths(&self, text: &str) -> String {
        let known = self.known.iter();
        known.fold(text.to_owned(), |text, (path, name)| text.replace(path.as_str(), name))
    }

    /// A message without the store paths of the repository and its inputs, on one line.
    pub fn readable(&self, text: &str) -> String {
        let text = self.without_paths(&text.split_whitespace().collect::<Vec<_>>().join(" "));
        match text.char_indices().nth(400) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }

    /// The innermost step to an error that is in a hand-written file.
    pub fn innermost(&self, error: &Error) -> Option<Place> {
        let steps = error.pos().into_iter().chain(error.frames().into_iter().map(|frame| frame.pos));
        steps.into_iter().find_map(|pos| self.own(pos))
    }
}

impl Opened {
    /// The flake's outputs with `inputs` and `outPath`.
    pub fn flake(&self) -> Value<'_> {
        self.session.value(&self.flake)
    }
}

/// The store folder of what is evaluated in a place, which has no name to people.
fn own(place: &Path) -> Vec<(String, String)> {
    let path = flake::place_of(place).into_iter();
    path.map(|path| (StoreDir::default().print(&path) + "/", String::new())).collect()
}

/// The store folders of a flake's inputs, and their names.
fn inputs(flake: &Value<'_>) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for attr in field(flake, "inputs")?.attrs()? {
        let path = string(&attr.value, "outPath")?;
        found.push((format!("{path}/"), format!("{}/", lossy(&attr.name))));
    }
    Ok(found)
}

/// A text as people read it.
pub fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// The value of the attribute `name` of a set.
pub fn field<'s>(value: &Value<'s>, name: &str) -> Result<Value<'s>> {
    match value.attr(name)? {
        Some(value) => value.force().map(|_| value),
        None => Err(Error::new(ErrorKind::MissingAttribute, format!("attribute '{name}' missing"))),
    }
}

/// The value at the end of a path; `None` when an attribute on the way is not there.
pub fn follow<'s>(value: &Value<'s>, path: &[&str]) -> Result<Option<Value<'s>>> {
    let mut value = value.clone();
    for name in path {
        match value.attr(name)? {
            Some(inner) => value = inner,
            None => return Ok(None),
        }
    }
    value.force().map(|_| Some(value))
}

/// A string of a set.
pub fn string(value: &Value<'_>, name: &str) -> Result<String> {
    let value = field(value, name)?;
    match value.force()? {
        Kind::String(text) => Ok(lossy(&text)),
        _ => {
            let found = value.describe()?;
            Err(Error::new(ErrorKind::Type, format!("expected a string but found {found} in '{name}'")))
        }
    }
}

/// The names of a set, sorted; none of anything else.
pub fn names(value: &Value<'_>) -> Result<Vec<String>> {
    Ok(value.names()?.iter().map(|name| lossy(name)).collect())
}

/// Calls the function `name` of a set with a string.
pub fn ask<'s>(value: &Value<'s>, name: &str, argument: &str) -> Result<Value<'s>> {
    field(value, name)?.call(&value.session().string(argument.as_bytes()))
}

/// Whether [`ask`] gives true.
pub fn says(value: &Value<'_>, name: &str, argument: &str) -> Result<bool> {
    Ok(ask(value, name, argument)?.force()? == Kind::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_once_more() {
        let after = |kind, message: &str| Again::after(&Error::new(kind, message));
        assert_eq!(after(ErrorKind::Throw, "no"), Again::No);
        assert_eq!(after(ErrorKind::Type, "expected a string but found { a = «thunk»; }"), Again::Unsure);
        assert_eq!(after(ErrorKind::MemoryLimit, "too much"), Again::Short);
        // Of the second look only what no limit has ended counts.
        assert!(after(ErrorKind::TimeLimit, "too long") == Again::Late && Again::Unsure < Again::Late);
    }
}
