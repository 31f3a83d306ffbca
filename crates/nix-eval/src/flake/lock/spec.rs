//! What `flake.nix` says of its inputs.

use std::collections::BTreeMap;

use super::super::reference::{Attribute, Reference};
use super::super::{Kind, fail};
use super::{Builder, Path};
use crate::attrs::Attrs;
use crate::heap::Ref;
use crate::machine::Result;
use crate::value::Value;

/// What `flake.nix` says of an input.
#[derive(Clone, Debug, Default)]
pub(super) struct Spec {
    pub(super) url: Option<Reference>,
    /// Counted from the root.
    pub(super) follows: Option<Path>,
    pub(super) flake: Option<bool>,
    pub(super) inputs: BTreeMap<String, Spec>,
    /// It stands on the command line.
    pub(super) by_user: bool,
    /// The flake that says it, which a relative path starts from: its node, and where that is.
    pub(super) parent: Option<(usize, Path)>,
}

/// Counts what the flake at `path` says of an input from the root, and remembers who says it.
pub(super) fn place(spec: &mut Spec, index: usize, path: &[String]) {
    if let Some(follows) = &mut spec.follows {
        *follows = [path, follows].concat();
    }
    spec.parent = Some((index, path.to_vec()));
    for spec in spec.inputs.values_mut() {
        place(spec, index, path);
    }
}

impl Builder<'_> {
    pub(super) fn text(&mut self, value: Ref, what: &str) -> Result<String> {
        match self.ev.force(value)? {
            Value::String(text) => Ok(text.lossy().into_owned()),
            other => {
                let found = other.describe();
                fail(Kind::Type, format!("{what} of a flake must be a string, but it is {found}"))
            }
        }
    }

    /// The inputs of the flake in `folder`.
    pub(super) fn specs(&mut self, attrs: &'static Attrs, folder: &str) -> Result<BTreeMap<String, Spec>> {
        let mut specs = BTreeMap::new();
        for attr in self.ev.sorted(attrs) {
            let name = self.ev.text(attr.name).lossy().into_owned();
            let spec = match self.ev.force(attr.value)? {
                Value::Attrs(inner) => self.spec(inner, &name, folder)?,
                other => {
                    let found = other.describe();
                    return fail(
                        Kind::Type,
                        format!("expected a set but got {found} for flake input '{name}'"),
                    );
                }
            };
            specs.insert(name, spec);
        }
        Ok(specs)
    }

    pub(super) fn spec(&mut self, attrs: &'static Attrs, input: &str, folder: &str) -> Result<Spec> {
        let mut spec = Spec::default();
        let mut reference = Reference::default();
        let mut url = None;
        for attr in self.ev.sorted(attrs) {
            let name = self.ev.text(attr.name).lossy().into_owned();
            match name.as_str() {
                "url" => {
                    let written = match self.ev.force(attr.value)? {
                        Value::Path(path) => {
                            let path = path.lossy().into_owned();
                            let below = path.strip_prefix(folder).map(|rest| rest.trim_start_matches('/'));
                            format!("path:{}", below.map_or(path.clone(), |rest| format!("./{rest}")))
                        }
                        _ => self.text(attr.value, "an input's url")?,
                    };
                    url = Some(written);
                }
                "follows" => {
                    let follows = self.text(attr.value, "an input's follows")?;
                    spec.follows =
                        Some(follows.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect());
                }
                "flake" => match self.ev.force(attr.value)? {
                    Value::Bool(flag) => spec.flake = Some(flag),
                    _ => return fail(Kind::Type, format!("'flake' of input '{input}' must be a Boolean")),
                },
                "inputs" => {
                    if let Value::Attrs(inner) = self.ev.force(attr.value)? {
                        if inner.get(self.ev.intern(b"self")).is_some() {
                            return fail(Kind::Other, "'self' input attribute not allowed");
                        }
                        spec.inputs = self.specs(inner, folder)?;
                    }
                }
                _ => {
                    let value = match self.ev.force(attr.value)? {
                        Value::String(text) => Attribute::Text(text.lossy().into_owned()),
                        Value::Int(number) => Attribute::Number(number),
                        Value::Bool(flag) => Attribute::Flag(flag),
                        _ => {
                            return fail(
                                Kind::Other,
                                format!("unsupported attribute '{name}' of flake input '{input}'"),
                            );
                        }
                    };
                    reference.attrs.insert(name, value);
                }
            }
        }
        if reference.attrs.contains_key("type") {
            if let Some(url) = url {
                reference.set("url", &url);
            }
            let dir = reference.attrs.remove("dir");
            reference.check()?;
            reference.attrs.extend(dir.map(|dir| ("dir".to_owned(), dir)));
            spec.url = Some(reference);
        } else if input != "self" {
            if let Some((name, _)) = reference.attrs.first_key_value() {
                return fail(Kind::Other, format!("unexpected flake input attribute '{name}'"));
            }
            if let Some(url) = url {
                spec.url = Some(Reference::parse_input(&url, spec.flake.unwrap_or(true))?);
            }
        } else {
            // What a flake wants of its own source.
            spec.url = Some(reference);
        }
        if spec.url.is_some() && spec.follows.is_some() {
            return fail(Kind::Other, "flake input has both a flake reference and a follows attribute");
        }
        Ok(spec)
    }
}
