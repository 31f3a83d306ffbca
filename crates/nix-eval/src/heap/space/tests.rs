//! Collections against a model: whatever is made, forced and let go of, what the roots lead to stays as
//! it is. What is freed is overwritten in these builds, so that anything still leading there shows.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::attrs::{Attr, Attrs};
use crate::heap::{Env, Found, Heap, Lazy, Parts, Ref, Thin, Thunk};
use crate::ir::{AttrExpr, Expr, Lambda, Params};
use crate::symbol::Symbol;
use crate::value::{Closure, Context, ContextElement, List, Str, Value};

/// What a thunk is to hold; numbers are other nodes.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(usize, bool),
    List(Vec<usize>),
    Attrs(Vec<usize>, Vec<usize>),
    Closure(Vec<usize>, Vec<usize>),
    Code(Vec<usize>, Vec<usize>),
    Apply(usize, usize),
    Apply2(usize, usize, usize),
}

#[derive(Clone, Debug)]
enum Step {
    Make { kind: u8, size: usize, a: Vec<Index>, b: Vec<Index>, root: bool },
    Force(Index, Vec<Index>),
    Fill(Index, Index),
    LetGo(Index),
    Collect,
}

struct World {
    heap: Heap,
    lasting: Heap,
    code: &'static Expr,
    lambda: &'static Lambda,
    nodes: Vec<(Ref, Node)>,
    /// Nodes that may still be used: everything made since the last collection, and what it left.
    usable: Vec<usize>,
    roots: Vec<usize>,
}

fn text(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i ^ len) as u8).collect()
}

impl World {
    fn new() -> Self {
        Self::with_limit(usize::MAX)
    }

    fn with_limit(limit: usize) -> Self {
        let space = Arc::new(Space::new(limit));
        let (heap, lasting) = (Heap::collected(space.clone()), Heap::lasting(space));
        let code: &'static Expr = lasting.alloc(Expr::CurPos { pos: 1 });
        let params = Params::Names { names: &[Symbol(0)], positions: &[0] };
        let lambda = lasting.alloc(Lambda { params, body: code, slots: 1, pos: 0, name: None });
        let mut world = Self { heap, lasting, code, lambda, nodes: vec![], usable: vec![], roots: vec![] };
        world.make(Node::Text(3, false), true);
        world
    }

    fn refs(&self, nodes: &[usize]) -> Vec<Ref> {
        nodes.iter().map(|node| self.nodes[*node].0).collect()
    }

    fn pick(&self, indexes: &[Index]) -> Vec<usize> {
        indexes.iter().map(|index| *index.get(&self.usable)).collect()
    }

    fn env(&self, slots: &[usize], up: Option<&'static Env>) -> &'static Env {
        let env = self.heap.env(up, slots.len() + 1);
        for (slot, thunk) in (1..).zip(self.refs(slots)) {
            env.set(slot, thunk);
        }
        env
    }

    fn set(&self, nodes: &[usize]) -> &'static Attrs {
        let attrs = (0..).zip(self.refs(nodes)).map(|(n, value)| Attr { name: Symbol(n), pos: n, value });
        Attrs::from_sorted(&self.heap, &attrs.collect::<Vec<_>>())
    }

    fn value(&self, node: &Node) -> Option<Value> {
        let heap = &self.heap;
        Some(match node {
            Node::Text(len, context) => {
                let elements =
                    |bytes| heap.slice(&[ContextElement::Path(std::str::from_utf8(bytes).unwrap())]);
                let context: Option<&'static Context> =
                    context.then(|| &*heap.alloc(Context { elements: elements(heap.slice(b"abc-context")) }));
                Value::String(heap.alloc(Str { bytes: heap.slice(&text(*len)), context }))
            }
            Node::List(items) => Value::List(heap.alloc(List { items: heap.slice(&self.refs(items)) })),
            Node::Attrs(base, top) if top.is_empty() => Value::Attrs(self.set(base)),
            Node::Attrs(base, top) => Value::Attrs(heap.layered_attrs(
                self.set(top),
                self.set(base),
                base.len().max(top.len()) as u32,
            )),
            Node::Closure(args, slots) => {
                let args: Thin<Ref> = heap.thin(&self.refs(args));
                Value::Closure(heap.alloc(Closure {
                    lambda: self.lambda,
                    env: Some(self.env(slots, None)),
                    args,
                }))
            }
            Node::Code(..) | Node::Apply(..) | Node::Apply2(..) => return None,
        })
    }

    /// A set as it is written: some of its thunks are elsewhere, others, which are nodes of their own, in it.
    fn make_written(&mut self, elsewhere: &[usize], inside: &[usize], root: bool) {
        let name = |n| AttrExpr { name: Symbol(n), pos: n, value: self.code };
        let names: Vec<AttrExpr> = (0..(elsewhere.len() + inside.len()) as u32).map(name).collect();
        let others = elsewhere.iter().map(|id| Thunk::instead_of(self.nodes[*id].0));
        let arg = self.usable[0];
        let own = inside.iter().map(|id| Thunk::lazy(Lazy::Apply(self.nodes[*id].0, self.nodes[arg].0)));
        let mut thunks = others.chain(own);
        let set = self.heap.written_attrs(self.lasting.slice(&names), |_| thunks.next().unwrap());
        drop(thunks);
        let mut all = elsewhere.to_vec();
        for (attr, id) in set.flat()[elsewhere.len()..].iter().zip(inside) {
            all.push(self.nodes.len());
            self.usable.push(self.nodes.len());
            self.nodes.push((attr.value, Node::Apply(*id, arg)));
        }
        self.add(Thunk::new(Value::Attrs(set)), Node::Attrs(all, vec![]), root);
    }

    fn make(&mut self, node: Node, root: bool) {
        let thunk = match (&node, self.value(&node)) {
            (_, Some(value)) => Thunk::new(value),
            (Node::Code(inner, outer), _) => {
                Thunk::lazy(Lazy::Code(self.code, Some(self.env(inner, Some(self.env(outer, None))))))
            }
            (Node::Apply(f, x), _) => Thunk::lazy(Lazy::Apply(self.nodes[*f].0, self.nodes[*x].0)),
            (Node::Apply2(f, x, y), _) => {
                let parts = [self.nodes[*f].0, self.nodes[*x].0, self.nodes[*y].0];
                Thunk::lazy(Lazy::Apply2(self.heap.alloc(parts)))
            }
            _ => unreachable!("all others have values"),
        };
        self.add(thunk, node, root);
    }

    fn add(&mut self, thunk: Thunk, node: Node, root: bool) {
        let id = self.nodes.len();
        self.nodes.push((self.heap.alloc(thunk), node));
        self.usable.push(id);
        if root {
            self.roots.push(id);
        }
    }

    /// As `Ev::force` does: a lazy node becomes a list.
    fn force(&mut self, id: usize, items: Vec<usize>) {
        let thunk = self.nodes[id].0;
        if let Found::Lazy(lazy, claim) = thunk.claim(1) {
            if claim.is_old() {
                self.heap.changes(thunk, if let Lazy::Code(_, env) = lazy { env } else { None });
            }
            let node = Node::List(items);
            claim.finish(self.value(&node).unwrap());
            self.nodes[id].1 = node;
        }
    }

    /// A variable of the environment that a lazy node brings is bound while the node is forced, which
    /// does not succeed this time.
    fn fill(&mut self, id: usize, value: usize) {
        let (thunk, filler) = (self.nodes[id].0, self.nodes[value].0);
        if let Found::Lazy(lazy, claim) = thunk.claim(1) {
            if let (Lazy::Code(_, Some(env)), Node::Code(inner, _)) = (lazy, &mut self.nodes[id].1) {
                if claim.is_old() {
                    self.heap.changes(thunk, Some(env));
                }
                env.set(inner.len() as u32, filler);
                if let Some(last) = inner.last_mut() {
                    *last = value;
                } else {
                    env.set(0, filler);
                }
            }
            claim.put_back();
        }
    }

    fn reachable(&self) -> Vec<usize> {
        let mut seen = vec![false; self.nodes.len()];
        let mut todo = self.roots.clone();
        while let Some(id) = todo.pop() {
            if !std::mem::replace(&mut seen[id], true) {
                match &self.nodes[id].1 {
                    Node::Text(..) => {}
                    Node::List(a) => todo.extend(a),
                    Node::Attrs(a, b) | Node::Closure(a, b) | Node::Code(a, b) => {
                        todo.extend(a.iter().chain(b))
                    }
                    Node::Apply(f, x) => todo.extend([f, x]),
                    Node::Apply2(f, x, y) => todo.extend([f, x, y]),
                }
            }
        }
        (0..seen.len()).filter(|id| seen[*id]).collect()
    }

    fn collect(&mut self) {
        let roots: Vec<Ref> = self.refs(&self.roots);
        if self.heap.exceeded() {
            self.heap.space().run_short();
        }
        // SAFETY: from here on only nodes are used that the roots lead to.
        unsafe {
            self.heap
                .space()
                .collect(1, self.heap.take_changes(), |to| roots.iter().for_each(|root| to.thunk(root)));
        }
        self.heap.restart();
        self.usable = self.reachable();
    }

    fn same(&self, found: &[Ref], wanted: &[usize]) -> bool {
        found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| ptr::eq(*a, self.nodes[*b].0))
    }

    fn slots(&self, env: Option<&Env>, wanted: &[usize]) -> bool {
        env.is_some_and(|env| {
            let found: Vec<Ref> = (1..=wanted.len() as u32).filter_map(|slot| env.get(slot)).collect();
            self.same(&found, wanted)
        })
    }

    fn layer(&self, attrs: &Attrs, wanted: &[usize]) -> bool {
        self.same(&attrs.flat().iter().map(|attr| attr.value).collect::<Vec<_>>(), wanted)
    }

    fn is_right(&self, id: usize) -> bool {
        let (thunk, node) = &self.nodes[id];
        match (thunk.claim(1), node) {
            (Found::Value(Value::String(found)), Node::Text(len, context)) => {
                let element = found.context.map(|context| context.elements);
                let known = [ContextElement::Path("abc-context")];
                found.bytes == text(*len) && element == context.then_some(&known[..])
            }
            (Found::Value(Value::List(list)), Node::List(items)) => self.same(list.items, items),
            (Found::Value(Value::Attrs(found)), Node::Attrs(base, top)) => match found.parts() {
                Parts::One(_) | Parts::Written(_) => top.is_empty() && self.layer(found, base),
                Parts::More(above, below) => self.layer(above, top) && self.layer(below, base),
            },
            (Found::Value(Value::Closure(found)), Node::Closure(args, slots)) => {
                self.same(found.args.get(), args) && self.slots(found.env, slots)
            }
            (Found::Lazy(lazy, claim), node) => {
                claim.put_back();
                match (lazy, node) {
                    (Lazy::Code(_, env), Node::Code(inner, outer)) => {
                        self.slots(env, inner) && self.slots(env.and_then(Env::up), outer)
                    }
                    (Lazy::Apply(f, x), Node::Apply(a, b)) => self.same(&[f, x], &[*a, *b]),
                    (Lazy::Apply2(parts), Node::Apply2(a, b, c)) => self.same(parts, &[*a, *b, *c]),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Make { kind, size, a, b, root } => {
                let (a, b) = (self.pick(a), self.pick(b));
                let one = |n: usize| *a.get(n).unwrap_or(&self.usable[0]);
                let node = match kind % 9 {
                    0 => Node::Text(*size, size % 2 == 0),
                    1 => Node::List(
                        a.iter().cycle().copied().take(if a.is_empty() { 0 } else { *size }).collect(),
                    ),
                    2 => Node::Attrs(a, vec![]),
                    3 if !a.is_empty() && !b.is_empty() => Node::Attrs(a, b),
                    4 => Node::Closure(a, b),
                    5 => Node::Apply(one(0), one(1)),
                    6 => Node::Apply2(one(0), one(1), one(2)),
                    7 => return self.make_written(&a, &b, *root),
                    _ => Node::Code(a, b),
                };
                self.make(node, *root);
            }
            Step::Force(index, items) => self.force(*index.get(&self.usable), self.pick(items)),
            Step::Fill(index, value) => self.fill(*index.get(&self.usable), *value.get(&self.usable)),
            Step::LetGo(index) if self.roots.len() > 1 => {
                self.roots.swap_remove(index.index(self.roots.len()));
            }
            Step::LetGo(_) => {}
            Step::Collect => self.collect(),
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let few = || vec(any::<Index>(), 0..6);
    let size = prop_oneof![20 => 0usize..40, 4 => 100usize..3_000, 1 => 20_000usize..90_000];
    let make = (any::<u8>(), size, few(), few(), any::<bool>());
    prop_oneof![
        12 => make.prop_map(|(kind, size, a, b, root)| Step::Make { kind, size, a, b, root }),
        3 => (any::<Index>(), few()).prop_map(|(index, items)| Step::Force(index, items)),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(index, value)| Step::Fill(index, value)),
        4 => any::<Index>().prop_map(Step::LetGo),
        1 => Just(Step::Collect),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_used_stays(
        limit in prop_oneof![Just(usize::MAX), Just(8), Just(1 << 20), Just(4 << 20)],
        steps in vec(step(), 1..400),
    ) {
        let mut world = World::with_limit(limit);
        for step in &steps {
            world.take(step);
            if matches!(step, Step::Collect) {
                for id in &world.usable {
                    prop_assert!(world.is_right(*id), "node {id}: {:?}", world.nodes[*id].1);
                }
            }
        }
        prop_assert!(world.lasting.space().taken() > 0);
    }
}

/// What is let go of is used again: with a little in use, any amount of garbage takes little memory.
#[test]
fn memory_is_used_again() {
    let mut world = World::new();
    for round in 0..200 {
        for n in 0..1000 {
            world.make(Node::Text(n, n % 2 == 0), n == round);
        }
        world.make(Node::Text(100_000, false), false);
        world.collect();
    }
    let used = world.heap.space().state().used;
    assert!(used < 8 << 20, "{used} bytes for {} objects", world.roots.len());
    assert!(world.usable.iter().all(|id| world.is_right(*id)));
}

#[test]
fn environments_of_any_size() {
    let mut world = World::new();
    let slots: Vec<usize> = vec![0; 70_000];
    world.make(Node::Code(slots.clone(), vec![0; 65_534]), true);
    world.make(Node::Closure(vec![], vec![0; 65_533]), true);
    world.collect();
    world.make(Node::Text(9_000, false), false);
    assert!(world.usable.iter().all(|id| world.is_right(*id)));
}

/// Who took all there is leaves it to the next.
#[test]
fn memory_is_given_back() {
    let mut world = World::with_limit(8 << 20);
    for _ in 0..20 {
        while !world.heap.exceeded() {
            world.make(Node::Text(50_000, false), false);
        }
        let before = world.heap.space().taken();
        world.heap.space().fill_up();
        world.collect();
        assert!(!world.heap.exceeded());
        let after = world.heap.space().taken();
        assert!(after < before / 4, "{before} bytes, then {after}");
    }
    assert!(world.heap.space().state().used < 16 << 20);
    assert!(world.usable.iter().all(|id| world.is_right(*id)));
}
