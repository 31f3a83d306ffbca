//! `builtins`: the table of all of them, and how they get at their arguments.

mod context;
mod control;
mod derivation;
mod fetch;
mod files;
mod hashes;
pub(super) mod json;
mod json_errors;
mod lists;
mod package;
mod regexes;
mod sets;
mod sorted;
mod strings;
mod toml;
mod types;
mod versions;
mod xml;

use super::attrs::{Attr, Attrs};
use super::heap::{Ref, Thunk};
use super::ir::Pos;
use super::machine::{Ev, Result};
use super::shared::Settings;
use super::symbol::Symbol;
pub use super::value::Builtin;
use super::value::{List, Run, Str, Value};

pub use package::Package;
pub use versions::compare as compare_versions;

/// The version that `builtins.nixVersion` claims: the one whose behaviour this is.
pub const NIX_VERSION: &str = "2.34.8";

/// How many words there are, between single blanks.
const fn words(text: &str) -> u8 {
    let (bytes, mut at, mut count) = (text.as_bytes(), 0, 1);
    while at < bytes.len() {
        count += (bytes[at] == b' ') as u8;
        at += 1;
    }
    count
}

/// One that is global under `__name`.
const fn prefixed(name: &'static str, args: &'static str, doc: &'static str, run: Run) -> Builtin {
    Builtin { name, arity: words(args), bare: false, impure: false, args, doc, run }
}

/// One that is global under its own name.
const fn bare(name: &'static str, args: &'static str, doc: &'static str, run: Run) -> Builtin {
    Builtin { bare: true, ..prefixed(name, args, doc, run) }
}

const fn prefixed_impure(name: &'static str, args: &'static str, doc: &'static str, run: Run) -> Builtin {
    Builtin { impure: true, ..prefixed(name, args, doc, run) }
}

const fn bare_impure(name: &'static str, args: &'static str, doc: &'static str, run: Run) -> Builtin {
    Builtin { impure: true, ..bare(name, args, doc, run) }
}

const TABLES: [&[Builtin]; 14] = [
    lists::TABLE,
    sets::TABLE,
    strings::TABLE,
    types::TABLE,
    control::TABLE,
    context::TABLE,
    versions::TABLE,
    regexes::TABLE,
    hashes::TABLE,
    files::TABLE,
    json::TABLE,
    xml::TABLE,
    derivation::TABLE,
    fetch::TABLE,
];

/// All builtin functions, each as its family's file has it.
pub fn all() -> impl Iterator<Item = &'static Builtin> {
    TABLES.into_iter().flatten().chain(toml::TABLE)
}

/// Constants: name in `builtins`, whether it is global under its own name.
fn constants(settings: &Settings) -> Vec<(&'static str, bool)> {
    let mut names = vec![
        ("builtins", true),
        ("true", true),
        ("false", true),
        ("null", true),
        ("derivation", true),
        ("langVersion", false),
        ("nixVersion", false),
        ("storeDir", false),
        ("nixPath", false),
    ];
    if !settings.pure {
        names.extend([("currentSystem", false), ("currentTime", false)]);
    }
    names
}

/// The names that are always in scope, in the order of their index.
pub fn global_names(settings: &Settings) -> Vec<String> {
    let named = |name: &str, bare: bool| if bare { name.to_owned() } else { format!("__{name}") };
    let constants: Vec<_> = constants(settings).into_iter().map(|(name, bare)| named(name, bare)).collect();
    constants.into_iter().chain(all().map(|builtin| named(builtin.name, builtin.bare))).collect()
}

/// Makes the globals of a session.
pub fn globals(ev: &mut Ev) -> Vec<Ref> {
    let settings = ev.shared.settings.clone();
    let builtins: Ref = ev.heap.alloc(Thunk::promised(ev.me.number()));
    let mut attrs = Vec::new();
    let mut globals = Vec::new();
    for (name, _) in constants(&settings) {
        let value = match name {
            "builtins" => builtins,
            "true" => ev.at(Value::Bool(true)),
            "false" => ev.at(Value::Bool(false)),
            "langVersion" => ev.at(Value::Int(6)),
            "nixVersion" => ev.at(ev.string(NIX_VERSION.as_bytes())),
            "storeDir" => ev.at(ev.string(ev.shared.store.as_str().as_bytes())),
            "currentSystem" => ev.at(ev.string(settings.system.as_bytes())),
            "currentTime" => ev.at(Value::Int(ev.shared.io.now())),
            "nixPath" => {
                let path = files::nix_path(ev);
                ev.at(path)
            }
            "derivation" => derivation::wrapper(ev),
            _ => ev.at(Value::Null),
        };
        globals.push(value);
        attrs.push(ev.attr_ref(name, value));
    }
    for builtin in all() {
        let value = ev.at(Value::Builtin(builtin));
        globals.push(value);
        attrs.push(ev.attr_ref(builtin.name, value));
    }
    builtins.keep(ev.me.number(), Value::Attrs(Attrs::from_unsorted(ev.heap, attrs)));
    globals
}

pub(super) const FIRST: &str = "while evaluating the first argument";
pub(super) const SECOND: &str = "while evaluating the second argument";
pub(super) const THIRD: &str = "while evaluating the third argument";

/// Getting at arguments.
impl Ev {
    pub(super) fn attr(&self, name: Symbol, value: Value) -> Attr {
        Attr { name, pos: 0, value: self.at(value) }
    }

    pub(super) fn attr_ref(&self, name: &str, value: Ref) -> Attr {
        Attr { name: self.intern(name.as_bytes()), pos: 0, value }
    }

    pub(super) fn attr_named(&self, name: &str, value: Value) -> Attr {
        self.attr_ref(name, self.at(value))
    }

    pub(super) fn attrs_arg(&mut self, arg: Ref, pos: Pos, context: &'static str) -> Result<&'static Attrs> {
        match self.force(arg)? {
            Value::Attrs(attrs) => Ok(attrs),
            value => Err(self.expected("a set", value, pos).frame(pos, context)),
        }
    }

    pub(super) fn list_arg(&mut self, arg: Ref, pos: Pos, context: &'static str) -> Result<&'static List> {
        let value = self.force(arg)?;
        self.as_list(value, pos, context)
    }

    pub(super) fn int_arg(&mut self, arg: Ref, pos: Pos, context: &'static str) -> Result<i64> {
        match self.force(arg)? {
            Value::Int(number) => Ok(number),
            value => Err(self.expected("an integer", value, pos).frame(pos, context)),
        }
    }

    pub(super) fn bool_value(&mut self, value: Value, pos: Pos, context: &'static str) -> Result<bool> {
        match value {
            Value::Bool(value) => Ok(value),
            value => Err(self.expected("a Boolean", value, pos).frame(pos, context)),
        }
    }

    pub(super) fn string_arg(&mut self, arg: Ref, pos: Pos, context: &'static str) -> Result<&'static Str> {
        let value = self.force(arg)?;
        self.any_string(value, pos, context)
    }

    pub(super) fn plain_arg(&mut self, arg: Ref, pos: Pos, context: &'static str) -> Result<&'static [u8]> {
        let value = self.force(arg)?;
        self.string_no_context(value, pos, context)
    }

    /// A function, or a set that can be called.
    pub(super) fn function_arg(&mut self, arg: Ref, pos: Pos, context: &'static str) -> Result<Value> {
        let value = self.force(arg)?;
        let callable = match value {
            Value::Attrs(attrs) => attrs.get(super::symbol::sym::functor).is_some(),
            value => value.is_function(),
        };
        if callable { Ok(value) } else { Err(self.expected("a function", value, pos).frame(pos, context)) }
    }

    /// Calls `function` and wants a Boolean.
    pub(super) fn call_bool(
        &mut self,
        function: Value,
        args: &[Ref],
        pos: Pos,
        context: &'static str,
    ) -> Result<bool> {
        let value = self.call(function, args, pos)?;
        self.bool_value(value, pos, context)
    }
}
