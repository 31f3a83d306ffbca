//! Interned names. One table for all threads; each thread keeps a mirror of the texts so that
//! reading a name takes no lock.

use std::hash::BuildHasher;
use std::sync::{OnceLock, PoisonError, RwLock};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::heap::Shelf;
use super::value::{EMPTY_STR, Str};

/// An interned name. The order is that of interning, not of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(pub u32);

macro_rules! known {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// Names that the evaluator itself uses, interned first.
        // Nix has them all from the start, in this order, and which attribute fails first is seen.
        #[allow(dead_code, missing_docs, non_upper_case_globals)]
        pub mod sym {
            use super::Symbol;
            #[allow(dead_code, non_camel_case_types, clippy::upper_case_acronyms)]
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
    or = "or",
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

/// As many names as a set of packages the size of nixpkgs has: the tables need not grow, which
/// would leave holes behind. What is not used of them takes no memory.
const EXPECTED: usize = 28_000;
/// Names and their bytes are put into pieces of this many. They are so large that the system's
/// allocator keeps them apart from what comes and goes.
const PIECE: usize = 4096;
const PIECE_BYTES: usize = 128 << 10;

/// Texts by symbol, in pieces that all threads share.
#[derive(Default)]
pub struct Texts(Vec<&'static [OnceLock<Str>]>);

impl Texts {
    /// The text of `symbol`, if it is known here.
    #[inline]
    pub fn get(&self, symbol: Symbol) -> Option<&'static Str> {
        self.0.get(symbol.0 as usize / PIECE)?[symbol.0 as usize % PIECE].get()
    }

    fn bytes(&self, id: u32) -> &'static [u8] {
        self.get(Symbol(id)).map_or(&[], |text| text.bytes)
    }

    /// Takes over what `all` has more.
    fn follow(&mut self, all: &Self) {
        self.0.extend_from_slice(&all.0[self.0.len()..]);
    }
}

struct Table {
    by_text: HashTable<u32>,
    texts: Texts,
    /// Room for more bytes.
    room: &'static mut [u8],
    /// What `room` and `texts` are parts of.
    pieces: Shelf<OnceLock<Str>>,
    bytes: Shelf<u8>,
}

impl Default for Table {
    fn default() -> Self {
        // SAFETY: names are the session's, as values are; who makes an evaluator promises for both: see `Ev::new`.
        // Without an evaluator nobody gets at a text but here.
        let (pieces, bytes) = unsafe { (Shelf::new(), Shelf::new()) };
        let by_text = HashTable::with_capacity(EXPECTED);
        Self { by_text, texts: Texts::default(), room: &mut [], pieces, bytes }
    }
}

impl Table {
    fn find(&self, hash_value: u64, text: &[u8]) -> Option<Symbol> {
        let found = self.by_text.find(hash_value, |id| self.texts.bytes(*id) == text);
        found.map(|id| Symbol(*id))
    }

    fn add(&mut self, hash_value: u64, text: &[u8]) -> Symbol {
        if self.room.len() < text.len() {
            self.room = self.bytes.put(vec![0; PIECE_BYTES.max(text.len())].into());
        }
        let (bytes, rest) = std::mem::take(&mut self.room).split_at_mut(text.len());
        self.room = rest;
        bytes.copy_from_slice(text);
        let number = self.by_text.len();
        if number.is_multiple_of(PIECE) {
            self.texts.0.push(self.pieces.put((0..PIECE).map(|_| OnceLock::new()).collect()));
        }
        self.texts.0[number / PIECE][number % PIECE].get_or_init(|| Str::plain(bytes));
        let texts = &self.texts;
        self.by_text.insert_unique(hash_value, number as u32, |id| hash(texts.bytes(*id)));
        Symbol(number as u32)
    }
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
        if let Some(found) = self.0.read().unwrap_or_else(PoisonError::into_inner).find(hash_value, text) {
            return found;
        }
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster.
        let found = table.find(hash_value, text);
        found.unwrap_or_else(|| table.add(hash_value, text))
    }

    /// The symbol for `text` if there is one already.
    pub fn find(&self, text: &[u8]) -> Option<Symbol> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).find(hash(text), text)
    }

    /// The text of `symbol`.
    pub(crate) fn text(&self, symbol: Symbol) -> &'static Str {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.texts.get(symbol).unwrap_or(&EMPTY_STR)
    }

    /// Appends the texts that `mirror` lacks.
    pub fn refresh(&self, mirror: &mut Texts) {
        mirror.follow(&self.0.read().unwrap_or_else(PoisonError::into_inner).texts);
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
        for number in 0..2 * PIECE {
            let text = number.to_string().into_bytes();
            let symbol = symbols.intern(&text);
            assert_eq!((symbols.text(symbol).bytes, symbols.find(&text)), (&text[..], Some(symbol)));
        }
        let mut mirror = Texts::default();
        for number in 0..3 * PIECE {
            let symbol = symbols.intern(format!("more {number}").as_bytes());
            if number % 700 == 0 {
                symbols.refresh(&mut mirror);
                assert_eq!(mirror.get(symbol).unwrap().bytes, symbols.text(symbol).bytes);
                assert_eq!(mirror.get(sym::functor).unwrap().bytes, b"__functor");
            }
        }
        let long = vec![b'y'; 3 * PIECE_BYTES];
        assert_eq!(symbols.text(symbols.intern(&long)).bytes, long);
        let x = symbols.intern(b"x-y");
        assert_eq!((symbols.intern(b"x-y"), symbols.find(b"x-y")), (x, Some(x)));
        assert_eq!(symbols.find(b"nothing of the kind"), None);
    }
}
