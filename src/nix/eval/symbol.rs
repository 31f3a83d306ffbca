//! Interned names. One table for all threads; each thread keeps a mirror of the texts so that
//! reading a name takes no lock.

use std::hash::BuildHasher;
use std::sync::{PoisonError, RwLock};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::value::Str;

/// An interned name. The order is that of interning, not of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub u32);

macro_rules! known {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// Names that the evaluator itself uses, interned first.
        #[allow(missing_docs, non_upper_case_globals)]
        pub mod sym {
            use super::Symbol;
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            #[repr(u32)]
            enum Index { $($name),* }
            $(pub const $name: Symbol = Symbol(Index::$name as u32);)*
        }
        const KNOWN: &[&str] = &[$($text),*];
    };
}

known! {
    empty = "",
    name = "name",
    value = "value",
    functor = "__functor",
    to_string = "__toString",
    out_path = "outPath",
    drv_path = "drvPath",
    type_ = "type",
    meta = "meta",
    system = "system",
    outputs = "outputs",
    output_name = "outputName",
    overrides = "__overrides",
    right = "right",
    wrong = "wrong",
    success = "success",
    file = "file",
    line = "line",
    column = "column",
    key = "key",
    start_set = "startSet",
    operator = "operator",
    path = "path",
    prefix = "prefix",
    builder = "builder",
    args = "args",
    structured_attrs = "__structuredAttrs",
    ignore_nulls = "__ignoreNulls",
    content_addressed = "__contentAddressed",
    impure = "__impure",
    output_hash = "outputHash",
    output_hash_algo = "outputHashAlgo",
    output_hash_mode = "outputHashMode",
    json = "__json",
    out = "out",
    all_outputs = "allOutputs",
    version = "version",
    filter = "filter",
    recursive = "recursive",
    sha256 = "sha256",
    hash = "hash",
    hash_algo = "hashAlgo",
    to_hash_format = "toHashFormat",
    url = "url",
    unpack = "unpack",
    recurse_for_derivations = "recurseForDerivations",
    allowed_references = "allowedReferences",
    cur_pos = "__curPos",
    body = "body",
    sub = "__sub",
    mul = "__mul",
    div = "__div",
    less_than = "__lessThan",
    find_file = "__findFile",
    nix_path = "__nixPath",
    timestamp = "_timestamp",
    type_attr = "_type",
    self_ = "self",
    inputs = "inputs",
    source_info = "sourceInfo",
    nar_hash = "narHash",
    last_modified = "lastModified",
    last_modified_date = "lastModifiedDate",
    rev = "rev",
    short_rev = "shortRev",
    dirty_rev = "dirtyRev",
    dirty_short_rev = "dirtyShortRev",
    rev_count = "revCount",
    submodules = "submodules",
    // Of no use here, but Nix has it from the start, and which attribute fails first is seen.
    x = "x",
}

struct Name {
    text: Str,
    id: u32,
}

#[derive(Default)]
struct Table {
    by_text: HashTable<&'static Name>,
    texts: Vec<&'static Str>,
}

/// The table of all names.
pub struct Symbols(RwLock<Table>);

impl Default for Symbols {
    fn default() -> Self {
        let symbols = Self(RwLock::default());
        for text in KNOWN {
            symbols.intern(text.as_bytes());
        }
        symbols
    }
}

fn hash(text: &[u8]) -> u64 {
    FxBuildHasher.hash_one(text)
}

impl Symbols {
    /// The symbol for `text`.
    pub fn intern(&self, text: &[u8]) -> Symbol {
        let hash_value = hash(text);
        {
            let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = table.by_text.find(hash_value, |name| name.text.bytes == text) {
                return Symbol(found.id);
            }
        }
        let mut guard = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Table { by_text, texts } = &mut *guard;
        if let Some(found) = by_text.find(hash_value, |name| name.text.bytes == text) {
            return Symbol(found.id);
        }
        let id = texts.len() as u32;
        let bytes: &'static [u8] = Box::leak(text.into());
        let name: &'static Name = Box::leak(Box::new(Name { text: Str::plain(bytes), id }));
        texts.push(&name.text);
        by_text.insert_unique(hash_value, name, |name| hash(name.text.bytes));
        Symbol(id)
    }

    /// The symbol for `text` if there is one already.
    pub fn find(&self, text: &[u8]) -> Option<Symbol> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.by_text.find(hash(text), |name| name.text.bytes == text).map(|name| Symbol(name.id))
    }

    /// The text of `symbol`.
    pub fn text(&self, symbol: Symbol) -> &'static Str {
        self.0.read().unwrap_or_else(PoisonError::into_inner).texts[symbol.0 as usize]
    }

    /// Appends the texts that `mirror` lacks.
    pub fn refresh(&self, mirror: &mut Vec<&'static Str>) {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        mirror.extend_from_slice(&table.texts[mirror.len()..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interning() {
        let symbols = Symbols::default();
        assert_eq!(symbols.intern(b"__functor"), sym::functor);
        assert_eq!(symbols.text(sym::submodules).bytes, b"submodules");
        let x = symbols.intern(b"x-y");
        assert_eq!((symbols.intern(b"x-y"), symbols.find(b"x-y")), (x, Some(x)));
        assert_eq!(symbols.find(b"nothing of the kind"), None);
    }
}
