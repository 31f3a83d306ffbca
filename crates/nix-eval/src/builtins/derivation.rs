//! `derivation`, `derivationStrict` and `placeholder`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use rustc_hash::FxHashSet;

use super::hashes::hash_or_zeros;
use super::package::{FEATURES, features, features_of_env};
use super::{Builtin, FIRST, bare};
use crate::attrs::{Attr, Attrs};
use crate::coerce::{Coerce, ContextSet};
use crate::error::{Error, Kind};
use crate::heap::{Ref, Thunk};
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::shared::{KnownDrv, Origin};
use crate::symbol::sym;
use crate::value::{Context, ContextElement, Str, Value};
use nix_store::derivation::Recipe;
use nix_store::path::{check_name, downstream_placeholder, placeholder};
use nix_store::{Algorithm, Derivation, DerivationOutput, IngestionMethod, StorePath, StorePathError};

pub(super) const TABLE: &[Builtin] = &[
    bare(
        "derivationStrict",
        "!attrs",
        "Makes a derivation: the paths of it and of its outputs. `derivation` is what programs call.",
        derivation_strict,
    ),
    bare(
        "placeholder",
        "!output",
        "A text that a build finds replaced by the path of its own output.",
        |ev, args, pos| {
            let output = ev.plain_arg(args[0], pos, FIRST)?;
            Ok(ev.string(placeholder(&String::from_utf8_lossy(output)).as_bytes()))
        },
    ),
];

/// `derivation` itself is Nix code around `derivationStrict`. Programs see where its attributes are: as in Nix, where
/// `all` is at 43:7 of this file, `drvAttrs` at 44:15, the value of an output at 49:5.
const WRAPPER_FILE: &str = "/derivation-internal.nix";

const WRAPPER: &str = concat!(
    "args@{ outputs ? [ \"out\" ], ... }:\nlet\n  strict = derivationStrict args;",
    "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
    r#"  shared = args // builtins.listToAttrs byName // {
      all = map (output: output.value) byName;
              drvAttrs = args;
  };
  byName = map
    (name: { inherit name;

    value = shared // {
      outPath = builtins.getAttr name strict;
      drvPath = strict.drvPath;
      type = "derivation";
              outputName = name;
    }; })
    outputs;
in
(builtins.head byName).value
"#
);

/// The thunk of `derivation`.
pub(super) fn wrapper(ev: &mut Ev) -> Ref {
    ev.lazy_text(WRAPPER, WRAPPER_FILE)
}

impl Ev {
    /// A thunk that is the value of `text`.
    pub(super) fn lazy_text(&mut self, text: &'static str, file: &'static str) -> Ref {
        match self.parse(text, Origin::Ours { text, file }, b"/") {
            Ok(code) => self.lazy(code),
            Err(error) => self.heap.alloc(Thunk::failed(self.lasting.keep_error(error))),
        }
    }

    /// An output of a derivation as a string.
    pub(crate) fn output_string(&self, path: &str, drv: &'static str, output: &'static str) -> Value {
        let elements = self.heap.slice(&[ContextElement::Output { drv, output }]);
        let context = Some(&*self.heap.alloc(Context { elements }));
        Value::String(self.heap.alloc(Str { bytes: self.heap.slice(path.as_bytes()), context }))
    }
}

impl From<StorePathError> for Box<Error> {
    fn from(error: StorePathError) -> Self {
        Error::new(Kind::Other, error.to_string())
    }
}

fn derivation_strict(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let attrs = ev.attrs_arg(args[0], pos, FIRST)?;
    let Some(name) = attrs.get(sym::name) else { return ev.missing(attrs, sym::name, pos) };
    let text = ev
        .plain_arg(
            name.value,
            pos,
            "while evaluating the `name` attribute passed to builtins.derivationStrict",
        )
        .map_err(|error| error.frame(name.pos, "while evaluating the derivation attribute 'name'"))?;
    let text = ev.lossy(text);
    strict(ev, attrs, text, pos)
        .map_err(|error| error.frame(name.pos, format!("while evaluating derivation '{text}'")))
}

/// What the attributes say, before it becomes a derivation.
#[derive(Default)]
struct Draft {
    json: Option<Vec<(Vec<u8>, Vec<u8>)>>,
    content_addressed: bool,
    hash: Option<String>,
    algorithm: Option<Algorithm>,
    method: Option<IngestionMethod>,
    outputs: Vec<&'static str>,
    context: ContextSet,
    /// Bytes of all texts so far.
    size: usize,
}

impl Draft {
    /// Counts a text, which is about to be copied several times.
    fn take(&mut self, ev: &Ev, bytes: &[u8]) -> Result<()> {
        self.size += bytes.len();
        ev.room_for(self.size.saturating_mul(3))
    }
}

fn fail<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::new(Kind::Other, message))
}

fn strict(ev: &mut Ev, attrs: &'static Attrs, name: &'static str, pos: Pos) -> Result<Value> {
    if let Err(error) = check_name(name) {
        return fail(format!("invalid derivation name: {error}. Please pass a different 'name'."));
    }
    let mut flag = |symbol| match attrs.get(symbol) {
        Some(attr) => {
            let value = ev.force(attr.value)?;
            ev.bool_value(value, pos, "while evaluating an attribute passed to builtins.derivationStrict")
        }
        None => Ok(false),
    };
    let structured = flag(sym::structured_attrs)?;
    let ignore_nulls = flag(sym::ignore_nulls)?;
    let mut draft = Draft { json: structured.then(Vec::new), outputs: vec!["out"], ..Draft::default() };
    let sorted = ev.sorted(attrs);
    let mut drv = Recipe { name, env: Vec::with_capacity(sorted.len() + 1), ..Recipe::default() };
    for attr in sorted {
        if attr.name == sym::ignore_nulls {
            continue;
        }
        if ignore_nulls
            && matches!(ev.force(attr.value).map_err(|e| in_attr(ev, e, &attr, name))?, Value::Null)
        {
            continue;
        }
        attribute(ev, &attr, &mut drv, &mut draft).map_err(|error| in_attr(ev, error, &attr, name))?;
    }
    if let Some(json) = &draft.json {
        let mut text = b"{".to_vec();
        for (i, (key, value)) in json.iter().enumerate() {
            if i > 0 {
                text.push(b',');
            }
            super::json::string(key, &mut text)?;
            text.push(b':');
            text.extend_from_slice(value);
        }
        text.push(b'}');
        drv.env.push((b"__json", text.into()));
    }
    inputs(ev, std::mem::take(&mut draft.context), &mut drv)?;
    if drv.builder.is_empty() {
        return fail("required attribute 'builder' missing");
    }
    if drv.platform.is_empty() {
        return fail("required attribute 'system' missing");
    }
    if name.ends_with(".drv") {
        return fail(
            "derivation names are allowed to end in '.drv' only if they produce a single derivation file",
        );
    }
    outputs(ev, &mut drv, &draft)?;
    finish(ev, drv, &draft)
}

fn in_attr(ev: &mut Ev, error: Box<Error>, attr: &Attr, name: &str) -> Box<Error> {
    let key = ev.text(attr.name).lossy();
    error.frame(attr.pos, format!("while evaluating attribute '{key}' of derivation '{name}'"))
}

/// What an item of a list mostly takes as text, a store path.
const LIST_ITEM: usize = 80;

const IN_ENV: Coerce = Coerce { more: true, copy: true };

fn attribute(ev: &mut Ev, attr: &Attr, drv: &mut Recipe<'static>, draft: &mut Draft) -> Result<()> {
    match attr.name {
        sym::content_addressed | sym::impure => {
            let value = ev.force(attr.value)?;
            if ev.bool_value(value, 0, "")? {
                if attr.name == sym::impure {
                    return fail(
                        "experimental Nix feature 'impure-derivations' is disabled; add '--extra-experimental-features impure-derivations' to enable it",
                    );
                }
                if !ev.shared.settings.ca_derivations {
                    return fail(
                        "experimental Nix feature 'ca-derivations' is disabled; add '--extra-experimental-features ca-derivations' to enable it",
                    );
                }
                draft.content_addressed = true;
            }
            return Ok(());
        }
        sym::args => {
            for arg in ev.list_arg(attr.value, 0, "")?.items {
                let value = ev.force(arg)?;
                let context = "while evaluating an element of the argument list";
                let bytes = ev.coerce(value, &mut draft.context, IN_ENV, 0, context)?;
                draft.take(ev, bytes)?;
                drv.args.push(bytes);
            }
            return Ok(());
        }
        sym::structured_attrs if draft.json.is_some() => return Ok(()),
        _ => {}
    }
    let key = ev.text(attr.name).bytes;
    if let Some(json) = &mut draft.json {
        let value = ev.force(attr.value)?;
        let mut text = Vec::new();
        ev.write_json(value, true, &mut draft.context, &mut text, 0)?;
        json.push((key.to_vec(), text));
        return structured(ev, attr, value, drv, draft);
    }
    let value = ev.force(attr.value)?;
    // The texts of lists, which are the longest, are of no use beyond the derivation.
    let bytes = match value {
        Value::List(list) => {
            let mut text = Vec::with_capacity(list.items.len() * LIST_ITEM);
            ev.coerce_list(list, &mut draft.context, IN_ENV, 0, "", &mut text)?;
            Cow::Owned(text)
        }
        value => Cow::Borrowed(ev.coerce(value, &mut draft.context, IN_ENV, 0, "")?),
    };
    draft.take(ev, &bytes)?;
    if attr.name == sym::json {
        ev.shared.message("warning: setting structured attributes via '__json' is deprecated, and may be disallowed in future versions of Nix. Set '__structuredAttrs = true' instead.");
        if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_err()
            && let Some(why) = super::json_errors::explain(&bytes)
        {
            return fail(format!("cannot process __json attribute: {why}"));
        }
    }
    let text = || String::from_utf8_lossy(&bytes);
    let kept = |ev: &Ev| match bytes {
        Cow::Owned(ref bytes) => ev.heap.slice(bytes),
        Cow::Borrowed(bytes) => bytes,
    };
    match attr.name {
        sym::builder => drv.builder = kept(ev),
        sym::system => drv.platform = kept(ev),
        sym::output_hash => draft.hash = Some(text().into_owned()),
        sym::output_hash_algo => draft.algorithm = Algorithm::from_name(&text()).ok(),
        sym::output_hash_mode => draft.method = Some(method(&text(), drv.name)?),
        sym::outputs => {
            let names = ev.lossy(kept(ev));
            set_outputs(draft, names.split([' ', '\t', '\n', '\r']).filter(|name| !name.is_empty()))?;
        }
        _ => {}
    }
    // The attributes come in the order of their names.
    drv.env.push((key, bytes));
    Ok(())
}

fn structured(
    ev: &mut Ev,
    attr: &Attr,
    value: Value,
    drv: &mut Recipe<'static>,
    draft: &mut Draft,
) -> Result<()> {
    match attr.name {
        sym::builder => {
            let string = ev.any_string(value, 0, "")?;
            draft.context.add(string.context);
            drv.builder = string.bytes;
        }
        sym::system => drv.platform = ev.string_no_context(value, 0, "")?,
        sym::output_hash => {
            draft.hash = Some(String::from_utf8_lossy(ev.string_no_context(value, 0, "")?).into_owned());
        }
        sym::output_hash_algo => {
            let name = ev.string_no_context(value, 0, "")?;
            draft.algorithm = Algorithm::from_name(&String::from_utf8_lossy(name)).ok();
        }
        sym::output_hash_mode => {
            let name = ev.string_no_context(value, 0, "")?;
            draft.method = Some(method(&String::from_utf8_lossy(name), drv.name)?);
        }
        sym::outputs => {
            let mut names = Vec::new();
            for item in ev.as_list(value, 0, "")?.items {
                let name = ev.plain_arg(item, 0, "")?;
                names.push(ev.lossy(name));
            }
            set_outputs(draft, names.into_iter())?;
        }
        _ => {}
    }
    Ok(())
}

fn method(text: &str, name: &str) -> Result<IngestionMethod> {
    match text {
        "recursive" | "nar" => Ok(IngestionMethod::Nar),
        "flat" => Ok(IngestionMethod::Flat),
        "text" => fail(format!(
            "experimental Nix feature 'dynamic-derivations' is disabled (text-hashed derivation '{name}', outputHashMode = \"text\"); add '--extra-experimental-features dynamic-derivations' to enable it"
        )),
        "git" => fail(
            "experimental Nix feature 'git-hashing' is disabled; add '--extra-experimental-features git-hashing' to enable it",
        ),
        other => fail(format!("invalid value '{other}' for 'outputHashMode' attribute")),
    }
}

fn set_outputs(draft: &mut Draft, names: impl Iterator<Item = &'static str>) -> Result<()> {
    draft.outputs.clear();
    for name in names {
        if draft.outputs.contains(&name) {
            return fail(format!("duplicate derivation output '{name}'"));
        }
        if name == "drvPath" {
            return fail("invalid derivation output name 'drvPath'");
        }
        draft.outputs.push(name);
    }
    if draft.outputs.is_empty() {
        return fail("derivation cannot have an empty set of outputs");
    }
    Ok(())
}

/// Whatever the strings refer to becomes an input.
fn inputs(ev: &mut Ev, context: ContextSet, drv: &mut Recipe<'static>) -> Result<()> {
    let mut todo: Vec<&'static str> = Vec::new();
    for element in context.into_elements() {
        match element {
            ContextElement::Path(path) => drv.sources.push(path),
            ContextElement::Output { drv: path, output } => drv.inputs.push((path, output)),
            ContextElement::DrvDeep(path) => todo.push(path),
        }
    }
    let mut seen = FxHashSet::default();
    while let Some(base) = todo.pop() {
        if !seen.insert(base) {
            continue;
        }
        drv.sources.push(base);
        if base.ends_with(".drv") {
            let known = ev.known_derivation(base)?;
            drv.inputs.extend(known.outputs.iter().map(|output| (base, *output)));
            todo.extend(known.sources);
            todo.extend(known.inputs.iter().map(|(input, _)| input));
        }
    }
    drv.sources.sort_unstable();
    drv.sources.dedup();
    drv.inputs.sort_unstable();
    drv.inputs.dedup();
    Ok(())
}

fn outputs(ev: &mut Ev, drv: &mut Recipe<'static>, draft: &Draft) -> Result<()> {
    let store = ev.shared.store.clone();
    if let Some(text) = &draft.hash {
        if draft.outputs != ["out"] {
            return fail("multiple outputs are not supported in fixed-output derivations");
        }
        let hash =
            hash_or_zeros(ev, text, draft.algorithm).map_err(|error| Error::new(Kind::Other, error))?;
        let method = draft.method.unwrap_or(IngestionMethod::Flat);
        let path = store.fixed_output_path(method, &hash, drv.name, &BTreeSet::new())?;
        drv.outputs.push(("out", DerivationOutput::Fixed { method, hash, path }));
        return Ok(());
    }
    for output in &draft.outputs {
        let kind = if draft.content_addressed {
            let method = draft.method.unwrap_or(IngestionMethod::Nar);
            let algorithm = draft.algorithm.unwrap_or(Algorithm::Sha256);
            DerivationOutput::Floating { method, algorithm }
        } else {
            DerivationOutput::Deferred
        };
        drv.outputs.push((*output, kind));
    }
    drv.outputs.sort_unstable_by_key(|(name, _)| *name);
    Ok(())
}

/// The texts of derivations are written in the same memory if they do not take more than this.
const MOST_ROOM: usize = 64 << 10;

fn finish(ev: &mut Ev, drv: Recipe<'static>, draft: &Draft) -> Result<Value> {
    let store = ev.shared.store.clone();
    let room = std::mem::take(&mut ev.drv_text);
    let drv = drv.name(&store, room, |input| Ok::<_, Box<Error>>(&ev.known_derivation(input)?.hash))?;
    let path = &drv.path;
    if let Some(dir) = &ev.shared.settings.write_to {
        let text = drv.text(&store);
        crate::written::derivation(dir, &store, path, &text, &drv.references()?)?;
        for source in &drv.recipe().sources {
            ev.write_needed(dir, &StorePath::from_base_name(source)?)?;
        }
    }
    let base = match ev.shared.derivation(path.base_name()) {
        Some(known) => known.base,
        None => {
            let recipe = drv.recipe();
            let outputs: Vec<_> = drv.outputs().iter().map(|(output, _)| ev.lasting_name(output)).collect();
            let sources: Vec<_> = recipe.sources.iter().map(|path| ev.lasting(path)).collect();
            let lasting =
                |(path, output): &(&'static str, &'static str)| (ev.lasting(path), ev.lasting_name(output));
            let inputs: Vec<_> = recipe.inputs.iter().map(lasting).collect();
            let known_outputs = drv.outputs().iter().all(|(_, output)| output.path().is_some());
            let in_env = |name: &[u8]| {
                recipe.env.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_ref())
            };
            let features = match &draft.json {
                Some(json) => {
                    let list = json.iter().find(|(key, _)| key == FEATURES.as_bytes());
                    features(list.map(|(_, list)| list.as_slice()), None, known_outputs)
                }
                None => features_of_env(in_env, known_outputs),
            };
            let features = ev.lasting_names(&features);
            ev.remember_derivation(KnownDrv {
                base: ev.keep(path.base_name()),
                hash: drv.hash.clone(),
                outputs: ev.lasting.slice(&outputs),
                sources: ev.lasting.slice(&sources),
                inputs: ev.lasting.slice(&inputs),
                platform: ev.lasting_name(&String::from_utf8_lossy(recipe.platform)),
                features,
                known_outputs,
            })
            .base
        }
    };
    let elements = ev.heap.slice(&[ContextElement::DrvDeep(base)]);
    let context = Some(&*ev.heap.alloc(Context { elements }));
    let bytes = ev.heap.slice(store.print(path).as_bytes());
    let mut attrs = vec![ev.attr(sym::drv_path, Value::String(ev.heap.alloc(Str { bytes, context })))];
    for (name, output) in drv.outputs() {
        let out_path = match output.path() {
            Some(path) => store.print(path),
            None => downstream_placeholder(path, name),
        };
        let value = ev.output_string(&out_path, base, name);
        attrs.push(ev.attr_named(name, value));
    }
    let room = drv.into_room();
    if room.capacity() <= MOST_ROOM {
        ev.drv_text = room;
    }
    Ok(Value::Attrs(Attrs::from_unsorted(ev.heap, attrs)))
}

impl Ev {
    fn lasting_names(&self, names: &[String]) -> &'static [&'static str] {
        if names.is_empty() {
            return &[];
        }
        self.lasting.slice(&names.iter().map(|name| self.lasting_name(name)).collect::<Vec<_>>())
    }

    /// Remembers what others need of a derivation.
    fn remember_derivation(&self, known: KnownDrv) -> &'static KnownDrv {
        let known: &'static KnownDrv = self.lasting.alloc(known);
        let mut all = self.shared.derivations.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(known.base).or_insert(known)
    }

    /// The derivations that a derivation of this session needs, as full paths.
    pub fn input_drvs(&self, drv_path: &str) -> Option<BTreeMap<String, Vec<String>>> {
        let path = self.shared.store.parse(drv_path).ok()?;
        let known = self.shared.derivation(path.base_name())?;
        let dir = self.shared.store.as_str();
        let mut inputs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (base, output) in known.inputs {
            inputs.entry(format!("{dir}/{base}")).or_default().push((*output).to_owned());
        }
        Some(inputs)
    }

    /// What is known of a derivation, from this session or from the store.
    pub(crate) fn known_derivation(&mut self, base: &str) -> Result<&'static KnownDrv> {
        if let Some(known) = self.shared.derivation(base) {
            return Ok(known);
        }
        let path = StorePath::from_base_name(base)?;
        let store = self.shared.store.clone();
        let full = store.print(&path);
        let Ok(text) = self.shared.io.read_file(full.as_bytes()) else {
            return Err(Error::new(Kind::Unavailable, format!("path '{full}' is not valid")));
        };
        let name = path.name().strip_suffix(".drv").unwrap_or(path.name());
        let drv = Derivation::from_aterm(&text, name, &store).map_err(|error| {
            Error::new(Kind::Other, format!("error parsing derivation '{full}': {error}"))
        })?;
        let hash = self.with_stack(|ev| {
            drv.hash_modulo(&store, |input| Ok(ev.known_derivation(input.base_name())?.hash.clone()))
        })?;
        let outputs: Vec<_> = drv.outputs.keys().map(|output| self.lasting_name(output)).collect();
        let sources: Vec<_> = drv.input_srcs.iter().map(|path| self.keep(path.base_name())).collect();
        let mut inputs = Vec::new();
        for (path, outputs) in &drv.input_drvs {
            let path = self.keep(path.base_name());
            inputs.extend(outputs.iter().map(|output| (path, self.lasting_name(output))));
        }
        let known_outputs = drv.outputs.values().all(|output| output.path().is_some());
        let features = features_of_env(|name| drv.env.get(name).map(AsRef::as_ref), known_outputs);
        Ok(self.remember_derivation(KnownDrv {
            platform: self.lasting_name(&String::from_utf8_lossy(&drv.platform)),
            features: self.lasting_names(&features),
            known_outputs,
            base: self.keep(base),
            hash,
            outputs: self.lasting.slice(&outputs),
            sources: self.lasting.slice(&sources),
            inputs: self.lasting.slice(&inputs),
        }))
    }

    /// Bytes as a text.
    fn lossy(&self, bytes: &'static [u8]) -> &'static str {
        std::str::from_utf8(bytes).unwrap_or_else(|_| self.on_heap(&String::from_utf8_lossy(bytes)))
    }
}
