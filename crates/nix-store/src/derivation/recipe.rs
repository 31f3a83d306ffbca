//! A derivation as evaluation makes it: its parts are borrowed, its text is written once, and the
//! three hashes it needs (modulo with the outputs left out, of the file, modulo) are taken from
//! the pieces of that text.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::super::hash::{Algorithm, Hash, Hasher};
use super::super::path::{StoreDir, placeholder};
use super::{DerivationOutput, DrvHash, StorePath, StorePathError, aterm, modulo};

/// A derivation to be named. Paths are base names that were checked before.
#[derive(Clone, Debug, Default)]
pub struct Recipe<'a> {
    /// Its name, without `.drv`.
    pub name: &'a str,
    /// In order of their names. Their variables need not be in `env`: they follow from this.
    pub outputs: Vec<(&'a str, DerivationOutput)>,
    /// Outputs of other derivations: the base name of the `.drv`, the output's name; in order, each once.
    pub inputs: Vec<(&'a str, &'a str)>,
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
    tail: Tail,
    /// The path of the `.drv` file.
    pub path: StorePath,
    /// The hash modulo fixed outputs.
    pub hash: DrvHash,
}

/// All that follows the inputs, without the paths of the outputs: where in it they go, one after another.
struct Tail {
    text: Vec<u8>,
    gaps: Vec<usize>,
}

impl<'a> Recipe<'a> {
    /// Computes the paths of all [`DerivationOutput::Deferred`] outputs, where the inputs allow
    /// it, the derivation's own path and its hash. `input` gives the hash of each input derivation.
    /// `room` is memory to write in, of a derivation named before.
    pub fn name<E: From<StorePathError>>(
        mut self,
        store: &StoreDir,
        room: Vec<u8>,
        input: impl FnMut(&'a str) -> Result<&'a DrvHash, E>,
    ) -> Result<Named<'a>, E> {
        let tail = self.tail(store, room);
        let fixed = match self.outputs.as_slice() {
            [("out", DerivationOutput::Fixed { method, hash, path })] => {
                Some(modulo::fixed(*method, hash, path, store))
            }
            _ => None,
        };
        let mut out = Vec::with_capacity(256 + 128 * self.inputs.len());
        let hash = match fixed {
            Some(hash) => hash,
            None => {
                let mut deferred = self.outputs.iter().any(|(_, output)| modulo::is_floating(output));
                self.hashed_inputs(&mut out, &mut deferred, input)?;
                if !deferred {
                    let masked = self.hash(store, &out, &tail, true);
                    for (output, value) in &mut self.outputs {
                        if *value == DerivationOutput::Deferred {
                            let path = store.output_path(output, &masked, self.name)?;
                            *value = DerivationOutput::InputAddressed(path);
                        }
                    }
                }
                DrvHash::Regular { hash: self.hash(store, &out, &tail, false), deferred }
            }
        };
        out.clear();
        self.named_inputs(&mut out, store);
        let text = self.hash(store, &out, &tail, false);
        let mut kind = vec!["text"];
        for reference in self.references() {
            kind.extend([":", store.as_str(), "/", reference]);
        }
        let path = store.path_of(&kind, &text, &[self.name, ".drv"])?;
        Ok(Named { recipe: self, tail, path, hash })
    }

    /// Base names of what it refers to, in order, each once.
    fn references(&self) -> Vec<&'a str> {
        let mut all = Vec::with_capacity(self.inputs.len() + self.sources.len());
        all.extend(self.inputs.iter().map(|(path, _)| *path));
        all.extend_from_slice(&self.sources);
        all.sort_unstable();
        all.dedup();
        all
    }

    fn tail(&self, store: &StoreDir, room: Vec<u8>) -> Tail {
        let mut tail = Tail { text: room, gaps: Vec::with_capacity(self.outputs.len()) };
        let text = &mut tail.text;
        text.clear();
        text.extend_from_slice(b"],[");
        aterm::list(text, &self.sources, |out, base| aterm::store_path(out, store, base));
        text.extend_from_slice(b"],");
        aterm::escaped(text, self.platform);
        text.push(b',');
        aterm::escaped(text, self.builder);
        text.extend_from_slice(b",[");
        aterm::list(text, &self.args, |out, arg| aterm::escaped(out, arg));
        text.extend_from_slice(b"],[");
        // Each output has a variable, whether `env` has one or not.
        let mut outputs = self.outputs.iter().map(|(name, _)| *name).peekable();
        let mut first = true;
        for (name, value) in &self.env {
            while let Some(output) = outputs.next_if(|output| output.as_bytes() < *name) {
                tail.gap(output, &mut first);
            }
            if let Some(output) = outputs.next_if(|output| output.as_bytes() == *name) {
                tail.gap(output, &mut first);
                continue;
            }
            tail.variable(name, &mut first);
            aterm::escaped(&mut tail.text, value);
            tail.text.push(b')');
        }
        outputs.for_each(|output| tail.gap(output, &mut first));
        tail.text.extend_from_slice(b"])");
        tail
    }

    fn named_inputs(&self, out: &mut Vec<u8>, store: &StoreDir) {
        aterm::list(out, self.inputs.chunk_by(|a, b| a.0 == b.0), |out, same| {
            out.push(b'(');
            aterm::store_path(out, store, same[0].0);
            out.extend_from_slice(b",[");
            aterm::list(out, same, |out, (_, output)| aterm::plain(out, output));
            out.extend_from_slice(b"])");
        });
    }

    fn hashed_inputs<E>(
        &self,
        out: &mut Vec<u8>,
        any_deferred: &mut bool,
        mut hash: impl FnMut(&'a str) -> Result<&'a DrvHash, E>,
    ) -> Result<(), E> {
        let mut inputs: Vec<(&Hash, &str)> = Vec::with_capacity(self.inputs.len());
        for same in self.inputs.chunk_by(|a, b| a.0 == b.0) {
            let hash = match hash(same[0].0)? {
                DrvHash::Regular { hash, deferred } => {
                    *any_deferred |= deferred;
                    hash
                }
                DrvHash::Fixed(hash) => hash,
            };
            inputs.extend(same.iter().map(|(_, output)| (hash, *output)));
        }
        // All of one algorithm, so in the order of their hexadecimal form. Several may have the same.
        inputs.sort_unstable();
        inputs.dedup();
        aterm::list(out, inputs.chunk_by(|a, b| a.0 == b.0), |out, same| {
            out.extend_from_slice(b"(\"");
            same[0].0.write_base16(out);
            out.extend_from_slice(b"\",[");
            aterm::list(out, same, |out, (_, output)| aterm::plain(out, output));
            out.extend_from_slice(b"])");
        });
        Ok(())
    }

    fn hash(&self, store: &StoreDir, inputs: &[u8], tail: &Tail, mask: bool) -> Hash {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        self.pieces(store, inputs, tail, mask, |piece| hasher.update(piece));
        hasher.finish()
    }

    fn pieces(&self, store: &StoreDir, inputs: &[u8], tail: &Tail, mask: bool, mut piece: impl FnMut(&[u8])) {
        let mut head = Vec::with_capacity(256);
        head.extend_from_slice(b"Derive([");
        aterm::list(&mut head, &self.outputs, |out, (name, output)| {
            aterm::write_output(out, store, name, output, mask);
        });
        head.extend_from_slice(b"],[");
        piece(&head);
        piece(inputs);
        let mut from = 0;
        if !mask {
            // There is a gap for each output, in the same order.
            for (to, (name, output)) in tail.gaps.iter().zip(&self.outputs) {
                piece(&tail.text[from..*to]);
                from = *to;
                match output {
                    DerivationOutput::Floating { .. } | DerivationOutput::Impure { .. } => {
                        piece(placeholder(name).as_bytes());
                    }
                    known => {
                        if let Some(path) = known.path() {
                            for part in [store.as_str(), "/", path.base_name()] {
                                piece(part.as_bytes());
                            }
                        }
                    }
                }
            }
        }
        piece(&tail.text[from..]);
    }
}

impl Tail {
    /// Begins the next variable.
    fn variable(&mut self, name: &[u8], first: &mut bool) {
        if !std::mem::take(first) {
            self.text.push(b',');
        }
        self.text.push(b'(');
        aterm::escaped(&mut self.text, name);
        self.text.push(b',');
    }

    /// Leaves room for the path of an output.
    fn gap(&mut self, output: &str, first: &mut bool) {
        self.variable(output.as_bytes(), first);
        self.gaps.push(self.text.len() + 1);
        self.text.extend_from_slice(b"\"\")");
    }
}

impl<'a> Named<'a> {
    /// The outputs, with the paths that are known.
    pub fn outputs(&self) -> &[(&'a str, DerivationOutput)] {
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
        let mut inputs = Vec::new();
        self.recipe.named_inputs(&mut inputs, store);
        self.recipe.pieces(store, &inputs, &self.tail, false, |piece| out.extend_from_slice(piece));
        out
    }

    /// The memory it was written in, for the next one.
    pub fn into_room(self) -> Vec<u8> {
        self.tail.text
    }
}
