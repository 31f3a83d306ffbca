//! Attribute sets: arrays sorted by symbol, in layers.
//!
//! `a // b` with a large `a` and a small `b` puts `b` as a layer upon `a` and copies nothing.

use super::heap::{Heap, Hollow, Ref};
use super::symbol::Symbol;

/// One attribute.
#[derive(Clone, Copy)]
pub struct Attr {
    /// Its name.
    pub name: Symbol,
    /// Where it was defined, as a position of the position table; 0 for nowhere.
    pub pos: u32,
    /// Its value.
    pub value: Ref,
}

/// An attribute set.
pub struct Attrs {
    /// The topmost layer, sorted by symbol.
    top: &'static [Attr],
    /// What lies below; attributes in `top` hide those of the same name here.
    base: Option<&'static Attrs>,
    /// How many attributes there are in all.
    len: u32,
    /// How many layers.
    layers: u32,
}

/// The empty set.
pub static EMPTY: Hollow<Attrs> = Hollow::new(Attrs { top: &[], base: None, len: 0, layers: 1 });

const MAX_LAYERS: u32 = 8;

impl Attrs {
    /// A set from attributes that are sorted by name and have no duplicates.
    pub fn from_sorted(heap: &Heap, attrs: &[Attr]) -> &'static Attrs {
        debug_assert!(attrs.is_sorted_by(|a, b| a.name < b.name));
        Self::from_slice(heap, heap.slice(attrs))
    }

    /// As [`Attrs::from_sorted`], for a slice that is on the heap already.
    pub fn from_slice(heap: &Heap, top: &'static [Attr]) -> &'static Attrs {
        heap.alloc(Self { top, base: None, len: top.len() as u32, layers: 1 })
    }

    /// A set from attributes in any order; of two with the same name the first stays.
    pub fn from_unsorted(heap: &Heap, mut attrs: Vec<Attr>) -> &'static Attrs {
        attrs.sort_by_key(|attr| attr.name);
        attrs.dedup_by_key(|attr| attr.name);
        Self::from_sorted(heap, &attrs)
    }

    /// How many attributes.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether it is empty.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The attribute called `name`.
    #[inline]
    pub fn get(&self, name: Symbol) -> Option<&'static Attr> {
        let mut layer = self;
        loop {
            if let Some(attr) = find(layer.top, name) {
                return Some(attr);
            }
            layer = layer.base?;
        }
    }

    /// The attributes in one array, sorted by symbol.
    pub fn flat(&self) -> std::borrow::Cow<'static, [Attr]> {
        match self.base {
            None => std::borrow::Cow::Borrowed(self.top),
            Some(base) => {
                // Merge from the bottom up; layers above are small.
                let mut layers = vec![self.top];
                let mut below = Some(base);
                while let Some(layer) = below {
                    layers.push(layer.top);
                    below = layer.base;
                }
                let mut merged: Vec<Attr> = Vec::with_capacity(self.len());
                let Some(bottom) = layers.pop() else { return std::borrow::Cow::Owned(merged) };
                let mut above: Vec<Attr> = Vec::new();
                for layer in layers.into_iter().rev() {
                    let mut next = Vec::with_capacity(above.len() + layer.len());
                    merge(&above, layer, &mut next);
                    above = next;
                }
                merge(bottom, &above, &mut merged);
                std::borrow::Cow::Owned(merged)
            }
        }
    }

    /// `self // over`; neither is empty.
    pub fn update(&'static self, over: &'static Attrs, heap: &Heap) -> &'static Attrs {
        if self.layers < MAX_LAYERS && over.len <= 16.max(self.len / 8) {
            let top = if over.base.is_none() { over.top } else { heap.slice(&over.flat()) };
            let new = top.iter().filter(|attr| self.get(attr.name).is_none()).count();
            return heap.alloc(Self {
                top,
                base: Some(self),
                len: self.len + new as u32,
                layers: self.layers + 1,
            });
        }
        let mut merged = Vec::with_capacity(self.len() + over.len());
        merge(&self.flat(), &over.flat(), &mut merged);
        Self::from_sorted(heap, &merged)
    }
}

#[inline]
fn find(attrs: &'static [Attr], name: Symbol) -> Option<&'static Attr> {
    let mut rest = attrs;
    while rest.len() > 8 {
        let middle = rest.len() / 2;
        rest = if rest[middle].name <= name { &rest[middle..] } else { &rest[..middle] };
    }
    rest.iter().find(|attr| attr.name == name)
}

/// Merges two sorted arrays; `over` wins.
fn merge(under: &[Attr], over: &[Attr], out: &mut Vec<Attr>) {
    let (mut i, mut j) = (0, 0);
    while i < under.len() && j < over.len() {
        let (a, b) = (&under[i], &over[j]);
        if a.name < b.name {
            out.push(*a);
            i += 1;
        } else {
            i += usize::from(a.name == b.name);
            out.push(*b);
            j += 1;
        }
    }
    out.extend_from_slice(&under[i..]);
    out.extend_from_slice(&over[j..]);
}
