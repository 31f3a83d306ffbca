//! Attribute sets: arrays sorted by symbol, in layers.
//!
//! `a // b` with a large `a` and a small `b` puts `b` as a layer upon `a` and copies nothing.

use std::borrow::Cow;

pub use super::heap::Attrs;
use super::heap::{Heap, Parts, Ref, Written};
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

/// The empty set.
pub static EMPTY: Attrs = Attrs::empty();

/// More layers than this are merged: each is looked through in turn.
const MAX_LAYERS: u32 = 8;
/// As many attributes become a layer, whatever the size of what they are laid upon.
const SMALL: usize = 32;

impl Attrs {
    /// A set from attributes that are sorted by name and have no duplicates.
    pub fn from_sorted(heap: &Heap, attrs: &[Attr]) -> &'static Attrs {
        debug_assert!(attrs.is_sorted_by(|a, b| a.name < b.name));
        if attrs.is_empty() {
            return &EMPTY;
        }
        heap.attrs(attrs.len(), |i| attrs[i])
    }

    /// A set from attributes in any order; of two with the same name the first stays.
    pub fn from_unsorted(heap: &Heap, mut attrs: Vec<Attr>) -> &'static Attrs {
        attrs.sort_by_key(|attr| attr.name);
        attrs.dedup_by_key(|attr| attr.name);
        Self::from_sorted(heap, &attrs)
    }

    /// Whether it is empty.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The attribute called `name`.
    #[inline]
    pub fn get(&self, name: Symbol) -> Option<Attr> {
        let mut set = self;
        loop {
            let (layer, base) = match set.parts() {
                Parts::More(top, base) => (top.parts(), Some(base)),
                layer => (layer, None),
            };
            let found = match layer {
                Parts::One(attrs) => find(attrs, |attr| attr.name, name).map(|at| attrs[at]),
                Parts::Written(written) => get_written(written, name),
                Parts::More(..) => None,
            };
            match base {
                Some(base) if found.is_none() => set = base,
                _ => return found,
            }
        }
    }

    /// The attributes of a set of one layer.
    fn one(&self) -> Cow<'static, [Attr]> {
        match self.parts() {
            Parts::One(attrs) => Cow::Borrowed(attrs),
            Parts::Written(written) => Cow::Owned(written.iter().collect()),
            Parts::More(..) => Cow::Borrowed(&[]),
        }
    }

    /// The attributes in one array, sorted by symbol.
    pub fn flat(&self) -> Cow<'static, [Attr]> {
        let Parts::More(top, mut below) = self.parts() else { return self.one() };
        // Merge from the top down: what lies lowest is the largest, and copied once.
        let mut above = top.one().into_owned();
        while let Parts::More(layer, base) = below.parts() {
            above = merged(&layer.one(), &above);
            below = base;
        }
        Cow::Owned(merged(&below.one(), &above))
    }

    /// `self // over`; neither is empty.
    pub fn update(&'static self, over: &'static Attrs, heap: &Heap) -> &'static Attrs {
        let (left, right) = (self.len(), over.len());
        let (over_is_small, self_is_small) = (small_beside(right, left), small_beside(left, right));
        // What becomes the upper layer has to be of one layer itself: the smaller one is copied.
        let copy_self = self_is_small && over.layers() > 1 && left < right;
        if over_is_small && !copy_self {
            let base = self.with_room(heap);
            let top = if over.layers() == 1 { over } else { Self::from_sorted(heap, &over.flat()) };
            let new = top.one().iter().filter(|attr| base.get(attr.name).is_none()).count();
            return heap.layered_attrs(top, base, (left + new) as u32);
        }
        if self_is_small {
            // What `over` lacks, as a layer upon it.
            let mut more = self.flat().into_owned();
            more.retain(|attr| over.get(attr.name).is_none());
            if more.is_empty() {
                return over;
            }
            let top = Self::from_sorted(heap, &more);
            return heap.layered_attrs(top, over.with_room(heap), (right + more.len()) as u32);
        }
        Self::from_sorted(heap, &merged(&self.flat(), &over.flat()))
    }

    /// The same set, upon which another layer may be put. The lowest layer, most often nearly all
    /// of the set, is copied only if those upon it are not small beside it.
    fn with_room(&'static self, heap: &Heap) -> &'static Attrs {
        if self.layers() < MAX_LAYERS {
            return self;
        }
        let (mut above, mut set): (Vec<Attr>, _) = (Vec::new(), self);
        while let Parts::More(top, base) = set.parts() {
            above = merged(&top.one(), &above);
            set = base;
        }
        if !small_beside(above.len(), set.len()) {
            return Self::from_sorted(heap, &merged(&set.one(), &above));
        }
        heap.layered_attrs(Self::from_sorted(heap, &above), set, self.len() as u32)
    }
}

/// Whether so few attributes are better a layer than copied together with so many.
fn small_beside(few: usize, many: usize) -> bool {
    few <= SMALL.max(many / 4)
}

/// Where in a sorted array the item of this name is.
#[inline]
fn find<T>(items: &[T], name_of: impl Fn(&T) -> Symbol, name: Symbol) -> Option<usize> {
    let (mut from, mut len) = (0, items.len());
    while len > 8 {
        let middle = len / 2;
        if name_of(&items[from + middle]) <= name {
            (from, len) = (from + middle, len - middle);
        } else {
            len = middle;
        }
    }
    (from..from + len).find(|at| name_of(&items[*at]) == name)
}

fn get_written(written: Written, name: Symbol) -> Option<Attr> {
    find(written.code, |attr| attr.name, name).map(|at| written.attr(at))
}

/// Two sorted arrays as one; `over` wins.
fn merged(under: &[Attr], over: &[Attr]) -> Vec<Attr> {
    let mut out = Vec::with_capacity(under.len() + over.len());
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
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Thunk;
    use crate::value::Value;
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn number(attr: &Attr) -> i64 {
        match attr.value.value() {
            Some(Value::Int(number)) => number,
            _ => -1,
        }
    }

    proptest! {
        /// `//` is what it is on maps, in however many layers and whichever way round.
        #[test]
        fn updates(maps in vec(btree_map(0u32..120, 0i64..1000, 1..90), 1..14), grouped in vec(any::<bool>(), 14)) {
            let heap = Heap::new(usize::MAX);
            let set = |map: &BTreeMap<u32, i64>| {
                let attrs: Vec<Attr> = map
                    .iter()
                    .map(|(name, value)| Attr {
                        name: Symbol(*name),
                        pos: 0,
                        value: heap.alloc(Thunk::new(Value::Int(*value))),
                    })
                    .collect();
                Attrs::from_sorted(&heap, &attrs)
            };
            let (mut whole, mut found) = (maps[0].clone(), set(&maps[0]));
            for (map, right) in maps[1..].iter().zip(grouped) {
                if right {
                    // `map // whole`
                    found = set(map).update(found, &heap);
                    let mut under = map.clone();
                    under.extend(&whole);
                    whole = under;
                } else {
                    found = found.update(set(map), &heap);
                    whole.extend(map);
                }
                let flat: BTreeMap<u32, i64> =
                    found.flat().iter().map(|attr| (attr.name.0, number(attr))).collect();
                prop_assert_eq!(&flat, &whole);
                prop_assert!(found.flat().is_sorted_by(|a, b| a.name < b.name));
                prop_assert_eq!(found.len(), whole.len());
                prop_assert!(found.layers() <= MAX_LAYERS);
                for name in 0..120 {
                    prop_assert_eq!(found.get(Symbol(name)).map(|attr| number(&attr)), whole.get(&name).copied());
                }
            }
        }
    }
}
