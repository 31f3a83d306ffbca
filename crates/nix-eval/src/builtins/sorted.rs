//! Orders that a program decides: which elements are compared, and in which turn, is as in Nix, as
//! a comparison may fail, print, or be no order at all.

use crate::machine::Result;

/// Up to this many elements are sorted by insertion.
const FEW: usize = 16;

/// The sort that Nix uses, peeksort: it merges runs that are there already, found from the middle.
pub fn sort<T: Copy>(items: &mut [T], less: &mut impl FnMut(T, T) -> Result<bool>) -> Result<()> {
    let len = items.len();
    if len < 2 {
        return Ok(());
    }
    let mut sorter = Sorter { items, less, buffer: Vec::with_capacity(len) };
    sorter.run(0, len, 0, len)
}

struct Sorter<'i, T, F> {
    items: &'i mut [T],
    less: &'i mut F,
    buffer: Vec<T>,
}

impl<T: Copy, F: FnMut(T, T) -> Result<bool>> Sorter<'_, T, F> {
    fn is_less(&mut self, one: usize, other: usize) -> Result<bool> {
        (self.less)(self.items[one], self.items[other])
    }

    /// Sorts `begin..end`, of which `begin..left` and `right..end` are sorted.
    fn run(&mut self, begin: usize, end: usize, left: usize, right: usize) -> Result<()> {
        if left == end || right == begin {
            return Ok(());
        }
        let len = end - begin;
        if len <= FEW {
            return self.insertion(begin, end);
        }
        let middle = begin + len / 2;
        if middle <= left {
            self.run(left, end, left + 1, right)?;
            return self.merge(begin, left, end);
        }
        if middle >= right {
            self.run(begin, right, left, right - 1)?;
            return self.merge(begin, right, end);
        }
        // The run around the middle: one that falls is turned round.
        let falling = self.is_less(middle, middle - 1)?;
        let first = self.run_before(left, middle, falling)?;
        let last = self.run_behind(middle - 1, right, falling)?;
        if falling {
            self.items[first..last].reverse();
        }
        if first == begin && last == end {
            return Ok(());
        }
        if middle - first < last - middle {
            self.run(begin, first, left, first.wrapping_sub(1))?;
            self.run(first, end, last, right)?;
            self.merge(begin, first, end)
        } else {
            self.run(begin, last, left, first)?;
            self.run(last, end, last + 1, right)?;
            self.merge(begin, last, end)
        }
    }

    fn insertion(&mut self, begin: usize, end: usize) -> Result<()> {
        for current in begin + 1..end {
            let mut at = current;
            while at > begin && self.is_less(at, at - 1)? {
                self.items.swap(at, at - 1);
                at -= 1;
            }
        }
        Ok(())
    }

    /// Where the run that ends at `end` begins.
    fn run_before(&mut self, begin: usize, mut end: usize, falling: bool) -> Result<usize> {
        if begin == end {
            return Ok(end);
        }
        while end - 1 > begin && self.is_less(end - 1, end - 2)? == falling {
            end -= 1;
        }
        Ok(end - 1)
    }

    /// Where the run that begins at `begin` ends.
    fn run_behind(&mut self, mut begin: usize, end: usize, falling: bool) -> Result<usize> {
        if begin == end {
            return Ok(begin);
        }
        while begin + 1 != end && self.is_less(begin + 1, begin)? == falling {
            begin += 1;
        }
        Ok(begin + 1)
    }

    fn merge(&mut self, begin: usize, middle: usize, end: usize) -> Result<()> {
        self.buffer.clear();
        self.buffer.extend_from_slice(&self.items[begin..end]);
        let (split, len) = (middle - begin, end - begin);
        let (mut left, mut right) = (0, split);
        for at in begin..end {
            // Equal elements keep their order: the left one goes first.
            let take_left = match (left < split, right < len) {
                (true, true) => !(self.less)(self.buffer[right], self.buffer[left])?,
                (first, _) => first,
            };
            let from = if take_left { &mut left } else { &mut right };
            self.items[at] = self.buffer[*from];
            *from += 1;
        }
        Ok(())
    }
}

/// No node.
const NONE: usize = usize::MAX;

struct Node<T> {
    key: T,
    red: bool,
    parent: usize,
    children: [usize; 2],
}

/// A set of keys, as a red-black tree: which key a new one is compared with depends on its shape.
pub struct Keys<T> {
    nodes: Vec<Node<T>>,
    root: usize,
}

impl<T> Default for Keys<T> {
    fn default() -> Self {
        Self { nodes: Vec::new(), root: NONE }
    }
}

impl<T: Copy> Keys<T> {
    /// Puts a key in; whether it is new.
    pub fn insert(&mut self, key: T, mut less: impl FnMut(T, T) -> Result<bool>) -> Result<bool> {
        let (mut at, mut parent, mut side) = (self.root, NONE, 0);
        // The last node that the way went to the right of: the greatest of those before the key.
        let mut before = NONE;
        while at != NONE {
            parent = at;
            side = usize::from(!less(key, self.nodes[at].key)?);
            if side == 1 {
                before = at;
            }
            at = self.nodes[at].children[side];
        }
        if before != NONE && !less(self.nodes[before].key, key)? {
            return Ok(false);
        }
        let new = self.nodes.len();
        self.nodes.push(Node { key, red: true, parent, children: [NONE; 2] });
        match parent {
            NONE => self.root = new,
            parent => self.nodes[parent].children[side] = new,
        }
        self.balance(new);
        Ok(true)
    }

    fn is_red(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| node.red)
    }

    fn balance(&mut self, mut at: usize) {
        while at != self.root && self.is_red(self.nodes[at].parent) {
            let mut parent = self.nodes[at].parent;
            let grandparent = self.nodes[parent].parent;
            let side = usize::from(self.nodes[grandparent].children[1] == parent);
            let uncle = self.nodes[grandparent].children[1 - side];
            if self.is_red(uncle) {
                self.nodes[parent].red = false;
                self.nodes[uncle].red = false;
                self.nodes[grandparent].red = true;
                at = grandparent;
                continue;
            }
            if self.nodes[parent].children[1 - side] == at {
                self.rotate(parent, side);
                (at, parent) = (parent, at);
            }
            self.nodes[parent].red = false;
            self.nodes[grandparent].red = true;
            self.rotate(grandparent, 1 - side);
        }
        let root = self.root;
        self.nodes[root].red = false;
    }

    /// Turns a node down to the given side; its other child takes its place.
    fn rotate(&mut self, down: usize, side: usize) {
        let up = self.nodes[down].children[1 - side];
        let inner = self.nodes[up].children[side];
        self.nodes[down].children[1 - side] = inner;
        if inner != NONE {
            self.nodes[inner].parent = down;
        }
        let parent = self.nodes[down].parent;
        self.nodes[up].parent = parent;
        match parent {
            NONE => self.root = up,
            parent => {
                let which = usize::from(self.nodes[parent].children[1] == down);
                self.nodes[parent].children[which] = up;
            }
        }
        self.nodes[up].children[side] = down;
        self.nodes[down].parent = up;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sorts_and_keeps_the_order_of_equals(keys in proptest::collection::vec(0u8..40, 0..200), runs in 1usize..50) {
            // Runs, rising and falling, among them.
            let mut items: Vec<(u8, usize)> = keys.iter().copied().zip(0..).collect();
            for (n, run) in items.chunks_mut(runs).enumerate() {
                run.sort_by_key(|(key, _)| if n % 2 == 0 { i32::from(*key) } else { -i32::from(*key) });
            }
            for (n, item) in items.iter_mut().enumerate() {
                item.1 = n;
            }
            let mut expected = items.clone();
            expected.sort_by_key(|(key, _)| *key);
            sort(&mut items, &mut |a: (u8, usize), b: (u8, usize)| Ok(a.0 < b.0)).unwrap();
            prop_assert_eq!(items, expected);
        }

        #[test]
        fn bears_what_is_no_order(answers in proptest::collection::vec(any::<bool>(), 1..50), len in 0usize..200) {
            let mut items: Vec<usize> = (0..len).collect();
            let mut n = 0;
            sort(&mut items, &mut |_, _| { n += 1; Ok(answers[n % answers.len()]) }).unwrap();
            items.sort_unstable();
            prop_assert_eq!(items, (0..len).collect::<Vec<_>>());
        }

        #[test]
        fn a_set_has_each_key_once(keys in proptest::collection::vec(0u16..300, 0..300)) {
            let mut set = Keys::default();
            let mut known = std::collections::BTreeSet::new();
            let mut compared = 0;
            for key in keys {
                let new = set.insert(key, |a, b| { compared += 1; Ok(a < b) }).unwrap();
                prop_assert_eq!(new, known.insert(key));
            }
            // Its depth is at most twice the logarithm.
            prop_assert!(compared <= 300 * 20);
        }
    }
}
