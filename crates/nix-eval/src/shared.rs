//! What all threads of a session share: names, files and positions, the values of files, settings.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::access::{Last, PlainDirs};
use super::eval_io::{EvalIo, Temporary, WorkTrees};
use super::heap::{Ref, Roots, Space};
use super::imported::Imported;
use super::ir::{HIDDEN, Pos};
use super::lower::Lints;
use super::machine::{Ev, Result as EvalResult};
use super::meeting::Meeting;
use super::symbol::{Symbol, Symbols};
use super::threads::Threads;
use super::value::Value;
use nix_store::{DrvHash, StoreDir};

/// Where the messages of evaluation go: `builtins.trace`, `builtins.warn`, deprecations. Each is one call, on the
/// thread that evaluates, which holds no lock meanwhile.
#[derive(Clone, Default)]
pub struct Messages(Option<Arc<Sink>>);

type Sink = dyn Fn(&str) + Send + Sync;

impl Messages {
    /// To a function.
    pub fn to(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(sink)))
    }

    /// Nowhere.
    pub fn nowhere() -> Self {
        Self(None)
    }
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Messages(somewhere)" } else { "Messages(nowhere)" })
    }
}

/// How to evaluate.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Pure mode: no environment, no search path, no absolute paths outside `allowed`.
    pub pure: bool,
    /// `builtins.currentSystem`.
    pub system: String,
    /// The search path: prefix (may be empty) and where.
    pub search_path: Vec<(String, String)>,
    /// Calls nested at most this deep.
    pub max_call_depth: u32,
    /// Memory of all threads' heaps together, in bytes.
    pub max_memory: usize,
    /// Steps at most of what takes time without taking memory, as comparing and printing.
    pub max_steps: u64,
    /// `|>` and `<|`.
    pub pipe_operators: bool,
    /// Print `builtins.traceVerbose`.
    pub trace_verbose: bool,
    /// Where traces and warnings go.
    pub messages: Messages,
    /// Time that the session may take.
    pub max_time: Option<Duration>,
    /// Time that each [part](crate::Session::part) may take.
    pub max_part_time: Option<Duration>,
    /// Where sources already fetched are looked for, beside the store.
    pub source_cache: Option<PathBuf>,
    /// Where to write `.drv` files and sources.
    pub write_to: Option<PathBuf>,
    /// Experimental features that are on.
    pub ca_derivations: bool,
    /// What is said of literals that are out of favour.
    pub lints: Lints,
    /// As `ca_derivations`, `parse-toml-timestamps`.
    pub toml_timestamps: bool,
    /// Say of a git tree that it has changes.
    pub warn_dirty: bool,
    /// Programs may name folders, files and repositories of this machine as their sources, as Nix lets them. Without,
    /// pure evaluation takes there what whoever runs it names, and what is found by its hash.
    pub local_sources: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pure: false,
            system: current_system(),
            search_path: Vec::new(),
            max_call_depth: 10_000,
            max_memory: usize::MAX,
            max_steps: u64::MAX,
            pipe_operators: false,
            trace_verbose: false,
            messages: Messages::nowhere(),
            max_time: None,
            max_part_time: None,
            source_cache: None,
            write_to: None,
            ca_derivations: false,
            lints: Lints::default(),
            toml_timestamps: false,
            warn_dirty: true,
            local_sources: true,
        }
    }
}

/// The system this program was built for, as Nix names it.
pub fn current_system() -> String {
    let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    format!("{}-{os}", std::env::consts::ARCH)
}

/// A file, or another text, that positions point into.
#[derive(Clone, Debug)]
pub struct Source {
    /// Position of its first byte.
    pub base: Pos,
    /// Its length in bytes.
    pub len: u32,
    /// What it is.
    pub origin: Origin,
}

/// Where a text came from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A file.
    File(Arc<[u8]>),
    /// `--expr` and the like.
    Text(Arc<str>),
    /// Code of the evaluator itself, which nobody is shown: its text, and the file that positions name, if any.
    #[allow(missing_docs)]
    Ours { text: &'static str, file: &'static str },
}

/// A position made readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, if it is one.
    pub file: Option<Vec<u8>>,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// The text of the line.
    pub text: String,
}

/// What is known of a derivation that was evaluated. There are thousands, so all of it is on the
/// lasting heap of the thread that made it.
#[derive(Debug)]
pub struct KnownDrv {
    /// Its base name.
    pub base: &'static str,
    /// Its hash modulo fixed outputs.
    pub hash: DrvHash,
    /// Names of its outputs.
    pub outputs: &'static [&'static str],
    /// Sources, as base names.
    pub sources: &'static [&'static str],
    /// Outputs of other derivations: base name, output; in order.
    pub inputs: &'static [(&'static str, &'static str)],
    /// The platform that builds it.
    pub platform: &'static str,
    /// What the machine that builds it must be able to do.
    pub features: &'static [&'static str],
    /// Whether the paths of its outputs are known before the build.
    pub known_outputs: bool,
}

/// Where the lines of a text start.
type Lines = Arc<[u32]>;

/// A file and its text.
type KeptText = (Arc<[u8]>, Arc<[u8]>);

/// Held by whoever parses a file.
pub(super) type Turn = Arc<Mutex<()>>;

/// A builtin that others provide.
pub type Hook = fn(&mut Ev, Ref, Pos) -> EvalResult<Value>;

/// What the machine is given by those who know more than it does: the builtins, and of these those that fetch and
/// know flakes.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// The names that are always in scope, in the order of their index.
    pub names: fn(&Settings) -> Vec<String>,
    /// Their values.
    pub globals: fn(&mut Ev) -> Vec<Ref>,
    /// `builtins.fetchGit`.
    pub fetch_git: Option<Hook>,
    /// `builtins.fetchTree`.
    pub fetch_tree: Option<Hook>,
    /// `builtins.getFlake`.
    pub get_flake: Option<Hook>,
    /// `builtins.parseFlakeRef`.
    pub parse_flake_ref: Option<Hook>,
    /// `builtins.flakeRefToString`.
    pub flake_ref_to_string: Option<Hook>,
}

/// Values by the number of their handle, and numbers that are free.
#[derive(Default)]
pub(super) struct Handles {
    pub(super) kept: Vec<Option<Ref>>,
    pub(super) free: Vec<usize>,
}

/// State that all threads share.
pub struct Shared {
    /// Names.
    pub symbols: Symbols,
    /// How to evaluate.
    pub settings: Settings,
    /// Builtins that others provide.
    pub hooks: Hooks,
    /// The world.
    pub io: Arc<dyn EvalIo>,
    /// The same, to which git work trees can be added.
    pub(crate) trees: Arc<WorkTrees>,
    /// The store directory.
    pub store: StoreDir,
    /// Names that are always in scope.
    pub globals: FxHashMap<Symbol, u32>,
    sources: RwLock<Vec<Source>>,
    /// Texts that positions were looked up in, the last one last: traces are about a few files.
    texts: Mutex<Vec<KeptText>>,
    /// Of the sources that positions were looked up in, by their bases.
    lines: RwLock<FxHashMap<Pos, Lines>>,
    /// The values of [`Self::globals`].
    pub(super) global_values: OnceLock<Vec<Ref>>,
    /// Files that are being parsed.
    turns: Mutex<FxHashMap<Box<[u8]>, Turn>>,
    /// What was imported so far, by the path that was given.
    imports: RwLock<FxHashMap<&'static [u8], Ref>>,
    /// Outputs of flakes called so far.
    flakes: Mutex<FxHashMap<String, Value>>,
    pub(super) threads: Arc<Threads>,
    /// Where threads meet to free memory.
    pub(super) meeting: Meeting,
    /// Paths copied to the store: store path and what it was.
    pub(crate) copied: Mutex<FxHashMap<(Vec<u8>, String), &'static str>>,
    /// Store paths that were only computed.
    pub(crate) imported: Imported,
    /// Sources found so far, by what was asked for; what they are is the business of others.
    pub sources_found: Mutex<FxHashMap<String, Arc<dyn std::any::Any + Send + Sync>>>,
    /// Where values are; it counts what all threads' heaps have taken.
    pub(crate) space: Arc<Space>,
    /// When the session has taken the time that it may.
    pub(super) deadline: Option<Instant>,
    /// Folders that go with the session, or when a signal ends the process.
    pub temporary: Mutex<Vec<Temporary>>,
    /// Values that handles outside of the evaluator stand for; see [`Session`](super::session::Session).
    pub(super) handles: Mutex<Handles>,
    /// Derivations made or read so far, by base name.
    pub(crate) derivations: RwLock<FxHashMap<&'static str, &'static KnownDrv>>,
}

impl Shared {
    /// A new session.
    pub fn new(settings: Settings, io: Arc<dyn EvalIo>, hooks: Hooks) -> Arc<Self> {
        super::heap::return_large_blocks();
        let symbols = Symbols::default();
        let globals = (hooks.names)(&settings)
            .into_iter()
            .enumerate()
            .map(|(i, name)| (symbols.intern(name.as_bytes()), i as u32))
            .collect();
        let space = Arc::new(Space::new(settings.max_memory));
        let deadline = settings.max_time.and_then(|time| Instant::now().checked_add(time));
        let trees = Arc::new(WorkTrees::none(io));
        Arc::new(Self {
            symbols,
            settings,
            hooks,
            io: trees.clone(),
            trees,
            store: StoreDir::default(),
            globals,
            sources: RwLock::default(),
            texts: Mutex::default(),
            lines: RwLock::default(),
            global_values: OnceLock::new(),
            turns: Mutex::default(),
            imports: RwLock::default(),
            flakes: Mutex::default(),
            threads: Arc::default(),
            meeting: Meeting::default(),
            copied: Mutex::default(),
            imported: Imported::default(),
            sources_found: Mutex::default(),
            space,
            deadline,
            temporary: Mutex::default(),
            handles: Mutex::default(),
            derivations: RwLock::default(),
        })
    }

    /// Another session over the same world: nothing is evaluated in it, it has the memory and time that are left of this
    /// one's, and its messages were heard here.
    pub fn anew(&self) -> Arc<Self> {
        let settings = Settings {
            max_memory: self.settings.max_memory.saturating_sub(self.memory_taken()),
            max_time: self.time_left(),
            messages: Messages::nowhere(),
            ..self.settings.clone()
        };
        Self::new(settings, self.trees.outside(), self.hooks)
    }

    /// Bytes that evaluation has taken so far.
    pub fn memory_taken(&self) -> usize {
        self.space.taken()
    }

    /// What is left of the time that evaluation may take; `None`: it may take any.
    pub fn time_left(&self) -> Option<std::time::Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// `builtins.trace`, `builtins.warn` and the like: one message.
    pub fn message(&self, text: &str) {
        if let Some(sink) = &self.settings.messages.0 {
            sink(text);
        }
    }

    /// Registers a text; the position of its first byte.
    pub fn add_source(&self, origin: Origin, len: usize) -> Option<Pos> {
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        let base = sources.last().map_or(1, |last| last.base.saturating_add(last.len).saturating_add(1));
        let len = u32::try_from(len).ok()?;
        base.checked_add(len)?.checked_add(1).filter(|end| *end < HIDDEN)?;
        sources.push(Source { base, len, origin });
        Some(base)
    }

    /// Which text `pos` is in, and the offset there.
    pub fn locate(&self, pos: Pos) -> Option<(Source, usize)> {
        let pos = pos & !HIDDEN;
        if pos == 0 {
            return None;
        }
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        let at = sources.partition_point(|source| source.base <= pos).checked_sub(1)?;
        let source = sources.get(at)?;
        Some((source.clone(), (pos - source.base) as usize))
    }

    /// The position of an offset in a file that was parsed.
    pub fn pos_in(&self, file: &[u8], offset: usize) -> Pos {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        let is = |source: &&Source| matches!(&source.origin, Origin::File(known) if **known == *file);
        sources.iter().rev().find(is).map_or(0, |source| source.base + offset as Pos)
    }

    /// `pos` as file, line and column.
    pub fn place(&self, pos: Pos) -> Option<Place> {
        let (source, offset) = self.locate(pos)?;
        let (file, text) = match &source.origin {
            Origin::File(path) => (Some(path.to_vec()), self.text_of(path)?),
            Origin::Text(text) => (None, text.as_bytes().into()),
            Origin::Ours { .. } => return None,
        };
        let (line, start) = self.line(&source, offset, |_| Some(text.clone()))?;
        let rest = text.get(start..)?;
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let text = String::from_utf8_lossy(&rest[..end]).into_owned();
        Some(Place { file, line, column: offset - start + 1, text })
    }

    /// As [`Self::place`], without the text of the line, for which the file must be at hand.
    pub fn line_and_column(&self, pos: Pos) -> Option<(Source, usize, usize)> {
        let (source, offset) = self.locate(pos)?;
        let read = |source: &Source| match &source.origin {
            Origin::File(path) => self.text_of(path),
            Origin::Text(text) => Some(text.as_bytes().into()),
            Origin::Ours { text, .. } => Some(text.as_bytes().into()),
        };
        let (line, start) = self.line(&source, offset, read)?;
        Some((source, line, offset - start + 1))
    }

    /// The number of the line that an offset is in, and where it starts. Where a source's lines start is found once.
    fn line(
        &self,
        source: &Source,
        offset: usize,
        text: impl FnOnce(&Source) -> Option<Arc<[u8]>>,
    ) -> Option<(usize, usize)> {
        let known = self.lines.read().unwrap_or_else(PoisonError::into_inner).get(&source.base).cloned();
        let starts = match known {
            Some(starts) => starts,
            None => {
                let text = text(source)?;
                // A carriage return ends a line, too, together with a line feed behind it.
                let ends = |at: usize| match text[at] {
                    b'\n' => true,
                    b'\r' => text.get(at + 1) != Some(&b'\n'),
                    _ => false,
                };
                let after = (0..text.len()).filter(|at| ends(*at)).map(|at| at as u32 + 1);
                let starts: Lines = std::iter::once(0).chain(after).collect();
                let mut lines = self.lines.write().unwrap_or_else(PoisonError::into_inner);
                lines.insert(source.base, starts.clone());
                starts
            }
        };
        let line = starts.partition_point(|start| *start as usize <= offset);
        Some((line, *starts.get(line.checked_sub(1)?)? as usize))
    }

    /// The text of a file that was parsed.
    fn text_of(&self, path: &Arc<[u8]>) -> Option<Arc<[u8]>> {
        const KEPT: usize = 8;
        const LARGE: usize = 1 << 20;
        let texts = || self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut texts = texts();
            if let Some(at) = texts.iter().position(|(known, _)| known == path) {
                texts[at..].rotate_left(1);
                return texts.last().map(|(_, text)| text.clone());
            }
        }
        let place = self.resolve(path, Last::Followed, &mut PlainDirs::default()).ok()?;
        let text: Arc<[u8]> = self.io.read_file(&self.real(&place)).ok()?.into();
        if text.len() <= LARGE {
            let mut texts = texts();
            if texts.len() >= KEPT {
                texts.remove(0);
            }
            texts.push((path.clone(), text.clone()));
        }
        Some(text)
    }

    /// The lock that whoever parses a file holds meanwhile.
    pub(super) fn turn(&self, file: &[u8]) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        match turns.get(file) {
            Some(turn) => turn.clone(),
            None => turns.entry(file.into()).or_default().clone(),
        }
    }

    /// A file is parsed, or cannot be.
    pub(super) fn turn_over(&self, file: &[u8]) {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).remove(file);
    }

    /// What was imported from a path before.
    pub(super) fn imported_from(&self, path: &[u8]) -> Option<Ref> {
        self.imports.read().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }

    /// Remembers what is imported from a path.
    pub(super) fn import_from(&self, path: &'static [u8], value: Ref) {
        self.imports.write().unwrap_or_else(PoisonError::into_inner).insert(path, value);
    }

    /// A flake that was called before.
    pub(crate) fn flake(&self, key: &str) -> Option<Value> {
        self.flakes.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    /// Remembers a flake; another thread's, if it was faster.
    pub(crate) fn remember_flake(&self, key: String, flake: Value) -> Value {
        *self.flakes.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(flake)
    }

    /// All values that the session itself goes on using.
    pub(super) fn add_roots(&self, roots: &mut Roots<'_>) {
        self.global_values.get().into_iter().flatten().for_each(|value| roots.thunk(value));
        let imports = self.imports.read().unwrap_or_else(PoisonError::into_inner);
        imports.values().for_each(|value| roots.thunk(value));
        let flakes = self.flakes.lock().unwrap_or_else(PoisonError::into_inner);
        flakes.values().for_each(|value| roots.value(*value));
        let handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        handles.kept.iter().flatten().for_each(|value| roots.thunk(value));
    }

    /// What is known of the derivation `base`.
    pub(crate) fn derivation(&self, base: &str) -> Option<&'static KnownDrv> {
        self.derivations.read().unwrap_or_else(PoisonError::into_inner).get(base).copied()
    }
}
