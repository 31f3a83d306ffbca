//! A derivation as evaluation makes it: its parts are borrowed, its text is written once, and the
//! three hashes it needs (modulo with the outputs left out, of the file, modulo) are taken from
//! the pieces of that text.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::super::hash::{Algorithm, Hash, Hasher};
use super::super::path::{StoreDir, placeholder};
use super::{DerivationOutput, DrvHash, StorePath, StorePathError, aterm, modulo};

/// A derivation that is needed, and which of its outputs.
#[derive(Clone, Debug)]
pub struct RecipeInput<'a> {
    /// The base name of its `.drv`.
    pub path: &'a str,
    /// Names of outputs, in order, each once.
    pub outputs: Vec<&'a str>,
}

/// A derivation to be named. Paths are base names that were checked before.
#[derive(Clone, Debug, Default)]
pub struct Recipe<'a> {
    /// Its name, without `.drv`.
    pub name: &'a str,
    /// By output name. Their variables need not be in `env`: they follow from this.
    pub outputs: BTreeMap<&'a str, DerivationOutput>,
    /// In order of their paths, each once.
    pub inputs: Vec<RecipeInput<'a>>,
    /// Sources needed, in order, each once.
    pub sources: Vec<&'a str>,
    /// The system it builds on.
    pub platform: &'a [u8],
    /// The program that builds.
    pub builder: &'a [u8],
    /// Its arguments.
    pub args: Vec<&'a [u8]>,
    /// Its environment, in order of the names, each once.
    pub env: Vec<(&'a [u8], Cow<'a, [u8]>)>,
}

/// A derivation with its names.
pub struct Named<'a> {
    recipe: Recipe<'a>,
    tail: Tail<'a>,
    /// The path of the `.drv` file.
    pub path: StorePath,
    /// The hash modulo fixed outputs.
    pub hash: DrvHash,
}

/// All that follows the inputs, without the paths of the outputs: where in it which one goes.
struct Tail<'a> {
    text: Vec<u8>,
    gaps: Vec<(usize, &'a str)>,
}

impl<'a> Recipe<'a> {
    /// Computes the paths of all [`DerivationOutput::Deferred`] outputs, where the inputs allow
    /// it, the derivation's own path and its hash. `input` gives the hash of each input derivation.
    pub fn name<E: From<StorePathError>>(
        mut self,
        store: &StoreDir,
        input: impl FnMut(&'a str) -> Result<DrvHash, E>,
    ) -> Result<Named<'a>, E> {
        let tail = self.tail(store);
        let fixed = match self.outputs.get("out") {
            Some(DerivationOutput::Fixed { method, hash, path }) if self.outputs.len() == 1 => {
                Some(modulo::fixed(*method, hash, path, store))
            }
            _ => None,
        };
        let hash = match fixed {
            Some(hash) => hash,
            None => {
                let mut deferred = self.outputs.values().any(modulo::is_floating);
                let inputs = self.hashed_inputs(&mut deferred, input)?;
                if !deferred {
                    let masked = self.hash(store, &inputs, &tail, true);
                    for (output, value) in &mut self.outputs {
                        if *value == DerivationOutput::Deferred {
                            let path = store.output_path(output, &masked, self.name)?;
                            *value = DerivationOutput::InputAddressed(path);
                        }
                    }
                }
                DrvHash::Regular { hash: self.hash(store, &inputs, &tail, false), deferred }
            }
        };
        let inputs = self.named_inputs(store);
        let text = self.hash(store, &inputs, &tail, false);
        let mut kind = "text".to_owned();
        for reference in self.references() {
            kind.extend([":", store.as_str(), "/", reference]);
        }
        let path = store.make_store_path(&kind, &text, &format!("{}.drv", self.name))?;
        Ok(Named { recipe: self, tail, path, hash })
    }

    /// Base names of what it refers to, in order, each once.
    fn references(&self) -> BTreeSet<&'a str> {
        self.inputs.iter().map(|input| input.path).chain(self.sources.iter().copied()).collect()
    }

    fn tail(&self, store: &StoreDir) -> Tail<'a> {
        let mut env: Vec<(&[u8], &[u8])> = self.env.iter().map(|(name, value)| (*name, &**value)).collect();
        for output in self.outputs.keys() {
            if let Err(at) = env.binary_search_by_key(&output.as_bytes(), |(name, _)| name) {
                env.insert(at, (output.as_bytes(), b""));
            }
        }
        let mut text = Vec::with_capacity(4096);
        let mut gaps = Vec::with_capacity(self.outputs.len());
        text.extend_from_slice(b"],[");
        aterm::list(&mut text, &self.sources, |out, base| store_path(out, store, base));
        text.extend_from_slice(b"],");
        aterm::escaped(&mut text, self.platform);
        text.push(b',');
        aterm::escaped(&mut text, self.builder);
        text.extend_from_slice(b",[");
        aterm::list(&mut text, &self.args, |out, arg| aterm::escaped(out, arg));
        text.extend_from_slice(b"],[");
        aterm::list(&mut text, env, |out, (name, value)| {
            out.push(b'(');
            aterm::escaped(out, name);
            out.push(b',');
            match self.outputs.keys().find(|output| output.as_bytes() == name) {
                Some(output) => {
                    gaps.push((out.len() + 1, *output));
                    out.extend_from_slice(b"\"\"");
                }
                None => aterm::escaped(out, value),
            }
            out.push(b')');
        });
        text.extend_from_slice(b"])");
        Tail { text, gaps }
    }

    fn named_inputs(&self, store: &StoreDir) -> Vec<u8> {
        let mut out = Vec::with_capacity(128 * self.inputs.len());
        aterm::list(&mut out, &self.inputs, |out, input| {
            out.push(b'(');
            store_path(out, store, input.path);
            out.extend_from_slice(b",[");
            aterm::list(out, &input.outputs, |out, output| aterm::plain(out, output));
            out.extend_from_slice(b"])");
        });
        out
    }

    fn hashed_inputs<E>(
        &self,
        any_deferred: &mut bool,
        mut hash: impl FnMut(&'a str) -> Result<DrvHash, E>,
    ) -> Result<Vec<u8>, E> {
        let mut inputs: BTreeMap<Hash, BTreeSet<&str>> = BTreeMap::new();
        for input in &self.inputs {
            let hash = match hash(input.path)? {
                DrvHash::Regular { hash, deferred } => {
                    *any_deferred |= deferred;
                    hash
                }
                DrvHash::Fixed(hash) => hash,
            };
            // All of one algorithm, so in the order of their hexadecimal form.
            inputs.entry(hash).or_default().extend(&input.outputs);
        }
        let mut out = Vec::with_capacity(80 * inputs.len());
        aterm::list(&mut out, &inputs, |out, (hash, outputs)| {
            out.push(b'(');
            aterm::plain(out, &hash.to_base16());
            out.extend_from_slice(b",[");
            aterm::list(out, outputs, |out, output| aterm::plain(out, output));
            out.extend_from_slice(b"])");
        });
        Ok(out)
    }

    fn hash(&self, store: &StoreDir, inputs: &[u8], tail: &Tail<'_>, mask: bool) -> Hash {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        self.pieces(store, inputs, tail, mask, |piece| hasher.update(piece));
        hasher.finish()
    }

    fn pieces(
        &self,
        store: &StoreDir,
        inputs: &[u8],
        tail: &Tail<'_>,
        mask: bool,
        mut piece: impl FnMut(&[u8]),
    ) {
        let mut head = b"Derive([".to_vec();
        aterm::list(&mut head, &self.outputs, |out, (name, output)| {
            aterm::write_output(out, store, name, output, mask);
        });
        head.extend_from_slice(b"],[");
        piece(&head);
        piece(inputs);
        let mut from = 0;
        if !mask {
            for (to, output) in &tail.gaps {
                piece(&tail.text[from..*to]);
                from = *to;
                match &self.outputs[output] {
                    DerivationOutput::Floating { .. } | DerivationOutput::Impure { .. } => {
                        piece(placeholder(output).as_bytes());
                    }
                    known => {
                        if let Some(path) = known.path() {
                            piece(store.print(path).as_bytes());
                        }
                    }
                }
            }
        }
        piece(&tail.text[from..]);
    }
}

impl<'a> Named<'a> {
    /// The outputs, with the paths that are known.
    pub fn outputs(&self) -> &BTreeMap<&'a str, DerivationOutput> {
        &self.recipe.outputs
    }

    /// What it was named from.
    pub fn recipe(&self) -> &Recipe<'a> {
        &self.recipe
    }

    /// What its file refers to.
    pub fn references(&self) -> Result<BTreeSet<StorePath>, StorePathError> {
        self.recipe.references().into_iter().map(StorePath::from_base_name).collect()
    }

    /// The text of the `.drv` file.
    pub fn text(&self, store: &StoreDir) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.tail.text.len() + 4096);
        let inputs = self.recipe.named_inputs(store);
        self.recipe.pieces(store, &inputs, &self.tail, false, |piece| out.extend_from_slice(piece));
        out
    }
}

fn store_path(out: &mut Vec<u8>, store: &StoreDir, base: &str) {
    out.push(b'"');
    out.extend_from_slice(store.as_str().as_bytes());
    out.push(b'/');
    out.extend_from_slice(base.as_bytes());
    out.push(b'"');
}
