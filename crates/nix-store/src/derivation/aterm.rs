//! The text of a `.drv` file: `Derive([outputs],[inputs],[sources],platform,builder,[args],[env])`.

use std::collections::{BTreeMap, BTreeSet};

use bstr::BString;

use super::super::hash::{Algorithm, Hash, HashError};
use super::super::path::{IngestionMethod, StoreDir, StorePathError, check_name, output_path_name};
use super::{Derivation, DerivationOutput};

/// Why a text is not a derivation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Something else was expected at this byte.
    #[error("expected {expected} at byte {offset} of the derivation")]
    Expected {
        /// What.
        expected: &'static str,
        /// Where.
        offset: usize,
    },
    /// The text goes on after the closing parenthesis.
    #[error("the derivation goes on after its end, at byte {0}")]
    Trailing(usize),
    /// An output's hash can't be read.
    #[error("output '{output}': {error}")]
    Hash {
        /// Which output.
        output: String,
        /// Why.
        error: HashError,
    },
    /// A path is no store path.
    #[error(transparent)]
    Path(#[from] StorePathError),
}

/// `inputs` stands in for the input derivations' paths when hashing modulo.
pub(super) fn write(
    drv: &Derivation,
    store: &StoreDir,
    inputs: Option<&BTreeMap<String, BTreeSet<&str>>>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(4096);
    out.extend_from_slice(b"Derive([");
    list(&mut out, &drv.outputs, |out, (name, output)| write_output(out, store, name, output, false));
    out.extend_from_slice(b"],[");
    match inputs {
        Some(inputs) => list(&mut out, inputs, |out, (hash, outputs)| {
            write_input(out, hash, outputs.iter().copied());
        }),
        None => list(&mut out, &drv.input_drvs, |out, (path, outputs)| {
            write_input(out, &store.print(path), outputs.iter().map(String::as_str));
        }),
    }
    out.extend_from_slice(b"],[");
    list(&mut out, &drv.input_srcs, |out, path| store_path(out, store, path.base_name()));
    out.extend_from_slice(b"],");
    escaped(&mut out, &drv.platform);
    out.push(b',');
    escaped(&mut out, &drv.builder);
    out.extend_from_slice(b",[");
    list(&mut out, &drv.args, |out, arg| escaped(out, arg));
    out.extend_from_slice(b"],[");
    list(&mut out, &drv.env, |out, (name, value)| {
        out.push(b'(');
        escaped(out, name);
        out.push(b',');
        escaped(out, value);
        out.push(b')');
    });
    out.extend_from_slice(b"])");
    out
}

pub(super) fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut item: impl FnMut(&mut Vec<u8>, T),
) {
    for (i, value) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        item(out, value);
    }
}

pub(super) fn write_output(
    out: &mut Vec<u8>,
    store: &StoreDir,
    name: &str,
    output: &DerivationOutput,
    mask: bool,
) {
    out.push(b'(');
    plain(out, name);
    out.push(b',');
    match output.path().filter(|_| !mask) {
        Some(path) => store_path(out, store, path.base_name()),
        None => plain(out, ""),
    }
    let digest;
    let (method, algorithm, hash) = match output {
        DerivationOutput::InputAddressed(_) | DerivationOutput::Deferred => ("", "", ""),
        DerivationOutput::Floating { method, algorithm } => (method.prefix(), algorithm.name(), ""),
        DerivationOutput::Impure { method, algorithm } => (method.prefix(), algorithm.name(), "impure"),
        DerivationOutput::Fixed { method, hash, .. } => {
            digest = hash.to_base16();
            (method.prefix(), hash.algorithm().name(), digest.as_str())
        }
    };
    out.push(b',');
    quoted(out, &[method, algorithm]);
    out.push(b',');
    plain(out, hash);
    out.push(b')');
}

fn write_input<'a>(out: &mut Vec<u8>, path: &str, outputs: impl Iterator<Item = &'a str>) {
    out.push(b'(');
    plain(out, path);
    out.extend_from_slice(b",[");
    list(out, outputs, plain);
    out.extend_from_slice(b"])");
}

pub(super) fn plain(out: &mut Vec<u8>, text: &str) {
    quoted(out, &[text]);
}

/// A path by its base name.
pub(super) fn store_path(out: &mut Vec<u8>, store: &StoreDir, base: &str) {
    quoted(out, &[store.as_str(), "/", base]);
}

fn quoted(out: &mut Vec<u8>, pieces: &[&str]) {
    out.push(b'"');
    pieces.iter().for_each(|piece| out.extend_from_slice(piece.as_bytes()));
    out.push(b'"');
}

/// Where the first byte is that cannot stand for itself.
fn special(text: &[u8]) -> Option<usize> {
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t');
    let (words, rest) = text.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found =
            has(word, b'"') | has(word, b'\\') | has(word, b'\n') | has(word, b'\r') | has(word, b'\t');
        if found != 0 {
            return Some(n * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(special).map(|at| words.len() * 8 + at)
}

/// The highest bit of each byte of `word` that is `byte`; above the first, of others too.
fn has(word: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let zero = word ^ (ONES * u64::from(byte));
    zero.wrapping_sub(ONES) & !zero & (ONES << 7)
}

pub(super) fn escaped(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = special(rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(match rest[at] {
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            b'"' => b"\\\"",
            _ => b"\\\\",
        });
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn expect(&mut self, token: &'static str) -> Result<(), ParseError> {
        if self.text[self.at..].starts_with(token.as_bytes()) {
            self.at += token.len();
            Ok(())
        } else {
            Err(ParseError::Expected { expected: token, offset: self.at })
        }
    }

    fn string(&mut self) -> Result<BString, ParseError> {
        self.expect("\"")?;
        let mut out = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(stop) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else {
                return Err(ParseError::Expected { expected: "a closing quote", offset: self.text.len() });
            };
            out.extend_from_slice(&rest[..stop]);
            self.at += stop + 1;
            if rest[stop] == b'"' {
                return Ok(out.into());
            }
            out.push(match rest.get(stop + 1) {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(byte) => *byte,
                None => {
                    return Err(ParseError::Expected { expected: "a character", offset: self.text.len() });
                }
            });
            self.at += 1;
        }
    }

    fn utf8(&mut self) -> Result<String, ParseError> {
        let offset = self.at;
        String::from_utf8(self.string()?.into())
            .map_err(|_| ParseError::Expected { expected: "UTF-8", offset })
    }

    /// The name of an output, which is part of its path's name: written without escapes.
    fn output(&mut self, drv: &str) -> Result<String, ParseError> {
        let output = self.utf8()?;
        check_name(&output_path_name(drv.trim_end_matches(".drv"), &output))?;
        Ok(output)
    }

    fn list(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), ParseError>) -> Result<(), ParseError> {
        self.expect("[")?;
        let mut first = true;
        while self.text.get(self.at) != Some(&b']') {
            if !first {
                self.expect(",")?;
            }
            first = false;
            item(self)?;
        }
        self.expect("]")
    }
}

pub(super) fn parse(text: &[u8], name: &str, store: &StoreDir) -> Result<Derivation, ParseError> {
    let mut drv = Derivation {
        name: name.to_owned(),
        outputs: BTreeMap::new(),
        input_drvs: BTreeMap::new(),
        input_srcs: BTreeSet::new(),
        platform: BString::default(),
        builder: BString::default(),
        args: Vec::new(),
        env: BTreeMap::new(),
    };
    let mut reader = Reader { text, at: 0 };
    reader.expect("Derive(")?;
    reader.list(|reader| {
        reader.expect("(")?;
        let output = reader.output(name)?;
        let mut fields = [const { String::new() }; 3];
        for field in &mut fields {
            reader.expect(",")?;
            *field = reader.utf8()?;
        }
        reader.expect(")")?;
        let parsed = parse_output(&output, &fields, store)?;
        drv.outputs.insert(output, parsed);
        Ok(())
    })?;
    reader.expect(",")?;
    reader.list(|reader| {
        reader.expect("(")?;
        let path = store.parse(&reader.utf8()?)?;
        reader.expect(",")?;
        let mut outputs = BTreeSet::new();
        reader.list(|reader| {
            outputs.insert(reader.output(path.name())?);
            Ok(())
        })?;
        drv.input_drvs.insert(path, outputs);
        reader.expect(")")
    })?;
    reader.expect(",")?;
    reader.list(|reader| {
        drv.input_srcs.insert(store.parse(&reader.utf8()?)?);
        Ok(())
    })?;
    reader.expect(",")?;
    drv.platform = reader.string()?;
    reader.expect(",")?;
    drv.builder = reader.string()?;
    reader.expect(",")?;
    reader.list(|reader| {
        drv.args.push(reader.string()?);
        Ok(())
    })?;
    reader.expect(",")?;
    reader.list(|reader| {
        reader.expect("(")?;
        let name = reader.string()?;
        reader.expect(",")?;
        let value = reader.string()?;
        drv.env.insert(name, value);
        reader.expect(")")
    })?;
    reader.expect(")")?;
    if reader.at == text.len() { Ok(drv) } else { Err(ParseError::Trailing(reader.at)) }
}

fn parse_output(
    output: &str,
    fields: &[String; 3],
    store: &StoreDir,
) -> Result<DerivationOutput, ParseError> {
    let [path, kind, digest] = fields;
    let wrong = |error| ParseError::Hash { output: output.to_owned(), error };
    if kind.is_empty() {
        return Ok(match path.as_str() {
            "" => DerivationOutput::Deferred,
            path => DerivationOutput::InputAddressed(store.parse(path)?),
        });
    }
    let (method, algorithm) = if let Some(rest) = kind.strip_prefix("r:") {
        (IngestionMethod::Nar, rest)
    } else if let Some(rest) = kind.strip_prefix("text:") {
        (IngestionMethod::Text, rest)
    } else {
        (IngestionMethod::Flat, kind.as_str())
    };
    let algorithm = Algorithm::from_name(algorithm).map_err(wrong)?;
    Ok(match digest.as_str() {
        "" => DerivationOutput::Floating { method, algorithm },
        "impure" => DerivationOutput::Impure { method, algorithm },
        digest => DerivationOutput::Fixed {
            method,
            hash: Hash::parse_digest(digest, algorithm, false).map_err(wrong)?,
            path: store.parse(path)?,
        },
    })
}
