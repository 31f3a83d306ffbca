//! Objects of one header and as many items right behind it: attribute sets and thin slices.

use std::marker::PhantomData;
use std::mem::{align_of, size_of, size_of_val};
use std::ptr::{self, NonNull};

use super::thunk::Thunk;
use super::{ALIGN, Heap};
use crate::attrs::Attr;
use crate::ir::AttrExpr;

/// An attribute set. Right behind it in memory is what it says: see `Parts`.
#[repr(C, align(8))]
pub struct Attrs {
    len: u32,
    /// In how many layers, or [`WRITTEN`].
    layers: u32,
    rest: [u64; 0],
}

const WRITTEN: u32 = 0;

/// What an attribute set is made of.
pub enum Parts {
    /// Its attributes.
    One(&'static [Attr]),
    /// What was written, and the values.
    Written(Written),
    /// A set of one layer, which hides what has the same name below, and what lies below.
    More(&'static Attrs, &'static Attrs),
}

/// The attributes of a set that has the names of its code and nothing else.
#[derive(Clone, Copy)]
pub struct Written {
    /// Names and positions.
    pub code: &'static [AttrExpr],
    /// A value for each, or where it is.
    pub(super) thunks: &'static [Thunk],
}

impl Written {
    /// The n-th attribute.
    #[inline]
    pub fn attr(self, n: usize) -> Attr {
        let (AttrExpr { name, pos, .. }, thunk) = (self.code[n], &self.thunks[n]);
        Attr { name, pos, value: thunk.elsewhere().unwrap_or(thunk) }
    }

    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = Attr> {
        (0..self.code.len()).map(move |n| self.attr(n))
    }
}

impl Heap {
    /// The set that `code` says. Its values are where `make` says, or thunks that `make` gives.
    pub fn written_attrs(
        &self,
        code: &'static [AttrExpr],
        mut make: impl FnMut(&'static AttrExpr) -> Thunk,
    ) -> &'static Attrs {
        let header = size_of::<Attrs>() + size_of::<*const AttrExpr>();
        let place =
            self.raw(size_of::<Thunk>().saturating_mul(code.len()).saturating_add(header)).cast::<Attrs>();
        // SAFETY: room for the header, a pointer and a thunk for each attribute, all written before anybody
        // sees them; as in `attrs` for the rest.
        unsafe {
            let first = (&raw mut (*place.as_ptr()).rest).cast::<*const AttrExpr>();
            first.write(code.as_ptr());
            let thunks = first.add(1).cast::<Thunk>();
            for (n, attr) in code.iter().enumerate() {
                thunks.add(n).write(make(attr));
            }
            place.write(Attrs {
                len: u32::try_from(code.len()).unwrap_or(u32::MAX),
                layers: WRITTEN,
                rest: [],
            });
            self.keep_last();
            place.as_ref()
        }
    }

    /// A set of one layer, whose attributes `make` gives one by one, sorted by symbol.
    #[inline]
    pub fn attrs(&self, len: usize, mut make: impl FnMut(usize) -> Attr) -> &'static Attrs {
        const { assert!(align_of::<Attr>() <= align_of::<Attrs>()) };
        let size = size_of::<Attr>().saturating_mul(len).saturating_add(size_of::<Attrs>());
        let place = self.raw(size).cast::<Attrs>();
        // SAFETY: room for the header and `len` attributes, which are written before anybody sees
        // them. If `make` panics the memory is lost, not read. More than 2^32 of them would be cut
        // off, never read beyond.
        unsafe {
            let first = (&raw mut (*place.as_ptr()).rest).cast::<Attr>();
            for i in 0..len {
                first.add(i).write(make(i));
            }
            place.write(Attrs { len: u32::try_from(len).unwrap_or(u32::MAX), layers: 1, rest: [] });
            place.as_ref()
        }
    }

    /// A set of `len` attributes in all: those of `top`, which has one layer, upon `base`.
    pub fn layered_attrs(&self, top: &'static Attrs, base: &'static Attrs, len: u32) -> &'static Attrs {
        debug_assert!(top.layers() == 1);
        let place = self.raw(size_of::<Attrs>() + 2 * size_of::<&Attrs>()).cast::<Attrs>();
        // SAFETY: room for the header and two references, all written here. There is no
        // overflow: layers are counted up by one from one, and `update` stops at a few.
        unsafe {
            place.write(Attrs { len, layers: base.layers().saturating_add(1), rest: [] });
            let first = (&raw mut (*place.as_ptr()).rest).cast::<&'static Attrs>();
            first.write(top);
            first.add(1).write(base);
            place.as_ref()
        }
    }
}

impl Attrs {
    /// The empty set.
    pub(crate) const fn empty() -> Self {
        Self { len: 0, layers: 1, rest: [] }
    }

    /// How many attributes.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// In how many layers.
    #[inline]
    pub fn layers(&self) -> u32 {
        if self.layers == WRITTEN { 1 } else { self.layers }
    }

    /// Where it is and how many bytes it takes.
    pub(super) fn place(&self) -> (usize, usize) {
        let rest = match self.layers {
            WRITTEN => size_of::<*const AttrExpr>() + size_of::<Thunk>() * self.len(),
            1 => size_of::<Attr>() * self.len(),
            _ => 2 * size_of::<&Attrs>(),
        };
        (ptr::from_ref(self).addr(), size_of::<Attrs>() + rest)
    }

    /// What it is made of.
    #[inline]
    pub fn parts(&self) -> Parts {
        let first = &raw const self.rest;
        let len = self.len as usize;
        // SAFETY: of one layer, made by `Heap::attrs` with `len` attributes behind the header, or by
        // `empty` with none; written, by `Heap::written_attrs` with as many of each; of several, by
        // `Heap::layered_attrs` with two references there.
        unsafe {
            match self.layers {
                1 => Parts::One(std::slice::from_raw_parts(first.cast(), len)),
                WRITTEN => {
                    let first = first.cast::<*const AttrExpr>();
                    Parts::Written(Written {
                        code: std::slice::from_raw_parts(*first, len),
                        thunks: std::slice::from_raw_parts(first.add(1).cast(), len),
                    })
                }
                _ => {
                    let first = first.cast::<&'static Attrs>();
                    Parts::More(*first, *first.add(1))
                }
            }
        }
    }
}

static NO_ITEMS: usize = 0;

/// A slice on the heap behind one word; see [`Heap::thin`].
pub struct Thin<T: 'static>(NonNull<usize>, PhantomData<&'static [T]>);

impl<T> Clone for Thin<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Thin<T> {}

// SAFETY: it is a `&'static [T]` written another way.
unsafe impl<T: Sync> Send for Thin<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Thin<T> {}

impl<T> Thin<T> {
    /// No items.
    #[inline]
    pub fn empty() -> Self {
        Self(NonNull::from(&NO_ITEMS), PhantomData)
    }

    /// Where it is and how many bytes it takes.
    pub(super) fn place(self) -> (usize, usize) {
        (self.0.as_ptr().addr(), size_of::<usize>() + size_of_val(self.get()))
    }

    /// The items.
    #[inline]
    pub fn get(self) -> &'static [T] {
        // SAFETY: made by `Heap::thin` only: a length and as many items behind it, there as long as the session, never
        // written again; or a length of zero, for which any aligned pointer does.
        unsafe { std::slice::from_raw_parts(self.0.add(1).cast().as_ptr(), *self.0.as_ref()) }
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Thin<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.get().fmt(f)
    }
}

impl Heap {
    /// A slice whose length stands before its items, behind one word.
    pub fn thin<T: Copy>(&self, items: &[T]) -> Thin<T> {
        const { assert!(align_of::<T>() <= ALIGN) };
        if items.is_empty() {
            return Thin::empty();
        }
        let place = self.raw(size_of::<usize>() + size_of_val(items)).cast::<usize>();
        // SAFETY: as in `slice`, with room for the length before the items; both are aligned, as `T`
        // needs no more than a word does.
        unsafe {
            place.write(items.len());
            ptr::copy_nonoverlapping(items.as_ptr(), place.add(1).cast().as_ptr(), items.len());
        }
        Thin(place, PhantomData)
    }
}
