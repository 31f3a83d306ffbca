//! Packages as C++ Nix's tools see them in a set whose `type` is "derivation": name, outputs and `meta` as its
//! attributes say, the platform and what a machine must be able to do as the derivation itself says.

use std::collections::BTreeMap;

use crate::attrs::Attrs;
use crate::coerce::{Coerce, ContextSet};
use crate::error::{Error, Kind};
use crate::heap::Ref;
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::symbol::sym;
use crate::value::Value;

/// A package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its derivation.
    pub drv_path: String,
    /// Its outputs and their paths, where they are known before the build.
    pub outputs: BTreeMap<String, Option<String>>,
    /// The platform that stands in the derivation.
    pub system: Option<String>,
    /// What the machine that builds it must be able to do, in order; `None` where the derivation is not known.
    pub features: Option<Vec<String>>,
    /// The derivations that it needs, and which of their outputs.
    pub inputs: Option<BTreeMap<String, Vec<String>>>,
}

/// What says which features the machine that builds must have.
pub(super) const FEATURES: &str = "requiredSystemFeatures";

/// What a derivation of Nix 2.34 asks of the machine: the list of its structured attributes, or the words of its
/// environment.
pub(super) fn features(structured: Option<&[u8]>, env: Option<&[u8]>, known_outputs: bool) -> Vec<String> {
    let mut all: Vec<String> = match (structured, env) {
        (Some(json), _) => serde_json::from_slice(json).unwrap_or_default(),
        (None, Some(text)) => {
            String::from_utf8_lossy(text).split_ascii_whitespace().map(str::to_owned).collect()
        }
        (None, None) => Vec::new(),
    };
    if !known_outputs {
        all.push("ca-derivations".to_owned());
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// As [`features`], where the structured attributes are one text.
pub(super) fn features_of_env<'a>(
    env: impl Fn(&[u8]) -> Option<&'a [u8]>,
    known_outputs: bool,
) -> Vec<String> {
    let json: Option<serde_json::Value> = env(b"__json").and_then(|json| serde_json::from_slice(json).ok());
    let list = json.map(|json| json.get(FEATURES).map(ToString::to_string).unwrap_or_default());
    features(list.as_ref().map(|list| list.as_bytes()), env(FEATURES.as_bytes()), known_outputs)
}

impl Ev {
    /// Whether to look for packages inside of a set, by its `recurseForDerivations`.
    pub fn is_recursive(&mut self, attrs: &'static Attrs) -> Result<bool> {
        let Some(attr) = attrs.get(sym::recurse_for_derivations) else { return Ok(false) };
        let context = "while evaluating the attribute `recurseForDerivations`";
        let value = self.force(attr.value).map_err(|error| error.frame(attr.pos, context))?;
        self.bool_value(value, attr.pos, context)
    }

    /// What a set that [is a package](Self::is_derivation) says.
    pub fn package(&mut self, attrs: &'static Attrs) -> Result<Package> {
        let Some(name) = attrs.get(sym::name) else {
            return Err(Error::new(Kind::Type, "derivation name missing"));
        };
        let name =
            self.plain_arg(name.value, name.pos, "while evaluating the 'name' attribute of a derivation")?;
        let Some(drv) = attrs.get(sym::drv_path) else {
            return Err(Error::new(Kind::Other, "derivation does not contain a 'drvPath' attribute"));
        };
        let context = "while evaluating the 'drvPath' attribute of a derivation";
        let drv_path = self.store_path(drv.value, drv.pos, context)?;
        if !drv_path.ends_with(".drv") {
            let message = format!("store path '{drv_path}' is not a valid derivation path");
            return Err(Error::new(Kind::Other, message).frame(drv.pos, context));
        }
        // Of what only the store has nobody else may have asked yet.
        let base = drv_path.rsplit('/').next().unwrap_or_default();
        let known = self.known_derivation(base).ok();
        let outputs = self.package_outputs(attrs, known.is_none_or(|known| known.known_outputs))?;
        let system = match known {
            Some(known) => Some(known.platform.to_owned()),
            None => match attrs.get(sym::system) {
                Some(system) => {
                    let context = "while evaluating the 'system' attribute of a derivation";
                    let system = self.plain_arg(system.value, system.pos, context)?;
                    Some(String::from_utf8_lossy(system).into_owned())
                }
                None => None,
            },
        };
        Ok(Package {
            name: String::from_utf8_lossy(name).into_owned(),
            outputs,
            system,
            features: known.map(|known| known.features.iter().map(|&feature| feature.to_owned()).collect()),
            inputs: self.input_drvs(&drv_path),
            drv_path,
        })
    }

    /// Outputs that are named and not there are passed over, as in Nix.
    fn package_outputs(
        &mut self,
        attrs: &'static Attrs,
        known: bool,
    ) -> Result<BTreeMap<String, Option<String>>> {
        let mut all = BTreeMap::new();
        let Some(outputs) = attrs.get(sym::outputs) else {
            let path = match attrs.get(sym::out_path) {
                Some(out) if known => {
                    let context = "while evaluating the output path of a derivation";
                    Some(self.store_path(out.value, out.pos, context)?)
                }
                _ => None,
            };
            all.insert("out".to_owned(), path);
            return Ok(all);
        };
        let context = "while evaluating the 'outputs' attribute of a derivation";
        for item in self.list_arg(outputs.value, outputs.pos, context)?.items {
            let context = "while evaluating the name of an output of a derivation";
            let name = self.plain_arg(item, outputs.pos, context)?;
            let mut path = None;
            if known {
                let symbol = self.shared.symbols.find(name);
                let Some(output) = symbol.and_then(|symbol| attrs.get(symbol)) else { continue };
                let context = "while evaluating an output of a derivation";
                let output = self.attrs_arg(output.value, output.pos, context)?;
                let Some(out) = output.get(sym::out_path) else { continue };
                let context = "while evaluating an output path of a derivation";
                path = Some(self.store_path(out.value, out.pos, context)?);
            }
            all.insert(String::from_utf8_lossy(name).into_owned(), path);
        }
        Ok(all)
    }

    fn store_path(&mut self, value: Ref, pos: Pos, context: &'static str) -> Result<String> {
        let value = self.force(value).map_err(|error| error.frame(pos, context))?;
        let how = Coerce { more: false, copy: false };
        let bytes = self.coerce(value, &mut ContextSet::default(), how, pos, context)?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        if self.shared.store.parse(&text).is_err() {
            let message = format!("path '{text}' is not in the Nix store");
            return Err(Error::at(Kind::Other, message, pos).frame(pos, context));
        }
        Ok(text)
    }

    /// A package's `meta`, but for what is none to Nix: functions, derivations, `null`, paths, and what has such
    /// inside.
    pub fn package_meta(
        &mut self,
        attrs: &'static Attrs,
    ) -> Result<serde_json::Map<String, serde_json::Value>> {
        let mut all = serde_json::Map::new();
        let Some(meta) = attrs.get(sym::meta) else { return Ok(all) };
        let context = "while evaluating the 'meta' attribute of a derivation";
        let meta = self.attrs_arg(meta.value, meta.pos, context)?;
        for attr in self.sorted(meta) {
            let value = self.force(attr.value)?;
            if !self.is_meta(value)? {
                continue;
            }
            let mut text = Vec::new();
            self.write_json(value, true, &mut ContextSet::default(), &mut text, attr.pos)?;
            let json = serde_json::from_slice(&text).map_err(|error| {
                Error::at(Kind::Other, format!("this cannot be read back as JSON: {error}"), attr.pos)
            })?;
            all.insert(self.text(attr.name).lossy().into_owned(), json);
        }
        Ok(all)
    }

    fn is_meta(&mut self, value: Value) -> Result<bool> {
        let inner: Vec<Ref> = match value {
            Value::List(list) => list.items.to_vec(),
            Value::Attrs(attrs) if attrs.get(sym::out_path).is_some() => return Ok(false),
            Value::Attrs(attrs) => self.sorted(attrs).into_iter().map(|attr| attr.value).collect(),
            value => {
                return Ok(matches!(
                    value,
                    Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::String(_)
                ));
            }
        };
        for item in inner {
            let value = self.force(item)?;
            if !self.deeper(0, |ev| ev.is_meta(value))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
