//! Builtins on hashes.

use super::{Builtin, FIRST, SECOND, prefixed, prefixed_impure};
use crate::error::{Error, Kind};
use crate::heap::Ref;
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::symbol::sym;
use crate::value::Value;
use nix_store::{Algorithm, Hash};

pub(super) const TABLE: &[Builtin] = &[
    prefixed("hashString", "!algorithm !string", "The hash of a string, in base 16.", |ev, args, pos| {
        let algorithm = algorithm(ev, args[0], pos)?;
        let text = ev.string_arg(args[1], pos, SECOND)?;
        Ok(ev.string(Hash::of(algorithm, text.bytes).to_base16().as_bytes()))
    }),
    prefixed_impure("hashFile", "!algorithm !path", "The hash of a file, in base 16.", |ev, args, pos| {
        let algorithm = algorithm(ev, args[0], pos)?;
        let bytes = ev.read_file_arg(args[1], pos)?;
        Ok(ev.string(Hash::of(algorithm, bytes).to_base16().as_bytes()))
    }),
    prefixed(
        "convertHash",
        "!args",
        "A hash in another writing: `{ hash; hashAlgo; toHashFormat; }`.",
        convert_hash,
    ),
];

/// A hash that is to come out; an empty text is that of zeros, which nothing has.
pub(super) fn hash_or_zeros(
    ev: &Ev,
    text: &str,
    algorithm: Option<Algorithm>,
) -> std::result::Result<Hash, String> {
    if !text.is_empty() {
        return Hash::parse(text, algorithm).map_err(|error| error.to_string());
    }
    let hash = Hash::zero(algorithm.ok_or("empty hash requires explicit hash algorithm")?);
    ev.shared.message(&format!("warning: found empty hash, assuming '{hash}'"));
    Ok(hash)
}

fn algorithm(ev: &mut Ev, arg: Ref, pos: Pos) -> Result<Algorithm> {
    let name = ev.plain_arg(arg, pos, FIRST)?;
    let name = String::from_utf8_lossy(name);
    Algorithm::from_name(&name).map_err(|error| Error::at(Kind::Other, error.to_string(), pos))
}

fn convert_hash(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let attrs = ev.attrs_arg(args[0], pos, FIRST)?;
    let fail = |message: String| Error::at(Kind::Other, message, pos);
    let Some(hash) = attrs.get(sym::hash) else { return ev.missing(attrs, sym::hash, pos) };
    let hash = ev.plain_arg(hash.value, pos, "while evaluating the attribute 'hash'")?;
    let hash = String::from_utf8_lossy(hash);
    let expected = match attrs.get(sym::hash_algo) {
        Some(attr) => {
            let name = ev.plain_arg(attr.value, pos, "while evaluating the attribute 'hashAlgo'")?;
            Some(
                Algorithm::from_name(&String::from_utf8_lossy(name))
                    .map_err(|error| fail(error.to_string()))?,
            )
        }
        None => None,
    };
    let Some(format) = attrs.get(sym::to_hash_format) else {
        return ev.missing(attrs, sym::to_hash_format, pos);
    };
    let format = ev.plain_arg(format.value, pos, "while evaluating the attribute 'toHashFormat'")?;
    let hash = Hash::parse(&hash, expected).map_err(|error| fail(error.to_string()))?;
    let text = match format {
        b"base16" => hash.to_base16(),
        b"nix32" => hash.to_base32(),
        b"base32" => {
            ev.shared.message("warning: \"base32\" is a deprecated alias for hash format \"nix32\".");
            hash.to_base32()
        }
        b"base64" => hash.to_base64(),
        b"sri" => hash.to_sri(),
        other => {
            let other = String::from_utf8_lossy(other);
            return Err(fail(format!(
                "unknown hash format '{other}', expect 'base16', 'base32', 'base64', or 'sri'"
            )));
        }
    };
    Ok(ev.string(text.as_bytes()))
}
