//! Attribute sets, `let` and `inherit`: merging of attribute paths, then lowering.

use crate::quoting::attr_name;
use rnix::SyntaxKind::*;
use rustc_hash::FxHashMap;

use super::super::heap::Thin;
use super::super::ir::*;
use super::super::symbol::{Symbol, sym};
use super::{Code, Kind, Lowering, Result};
use nix_syntax::compact::{Element, Node};

/// What an attribute is, before lowering.
pub(super) enum Def<'g> {
    Expr(Node<'g>),
    Set(SetDef<'g>),
    /// `inherit name;`
    Inherit,
    /// `inherit (from) name;`: which `from`.
    From(usize),
}

pub(super) struct Attribute<'g> {
    pub(super) name: Symbol,
    start: u32,
    pub(super) def: Def<'g>,
}

#[derive(Default)]
pub(super) struct SetDef<'g> {
    pub(super) rec: bool,
    pub(super) attrs: Vec<Attribute<'g>>,
    index: FxHashMap<Symbol, usize>,
    pub(super) dynamic: Vec<(Node<'g>, Def<'g>, u32)>,
    pub(super) froms: Vec<Node<'g>>,
}

impl<'g> SetDef<'g> {
    fn position(&mut self, name: Symbol) -> Option<usize> {
        if self.attrs.len() < 16 {
            return self.attrs.iter().position(|attr| attr.name == name);
        }
        if self.index.len() != self.attrs.len() {
            self.index = self.attrs.iter().enumerate().map(|(i, attr)| (attr.name, i)).collect();
        }
        self.index.get(&name).copied()
    }

    fn push(&mut self, attr: Attribute<'g>) {
        if self.index.len() == self.attrs.len() && !self.index.is_empty() {
            self.index.insert(attr.name, self.attrs.len());
        }
        self.attrs.push(attr);
    }
}

/// How the set of one `inherit (from)` is reached.
enum From {
    /// It is a plain variable: name and place.
    Name(Symbol, u32),
    /// That, lowered.
    Code(Code),
    /// It has a slot of its own.
    Slot(u32),
}

/// The attributes of a `rec` or `let`, lowered.
struct Slots {
    /// Whether the environment is new.
    new: bool,
    /// The slot of the first attribute by symbol; the others follow in that order.
    first: u32,
    /// The attributes as they are written.
    attrs: Vec<(Symbol, Pos, LetBinding)>,
    /// Slots that are no attributes, and what they are.
    hidden: Vec<(u32, Code)>,
    shadowed: super::Shadowed,
}

impl Lowering<'_> {
    pub(super) fn collect<'g>(&self, node: Node<'g>) -> Result<SetDef<'g>> {
        let mut set = SetDef { rec: node.has(TOKEN_REC), ..SetDef::default() };
        for entry in node.nodes() {
            match entry.kind() {
                NODE_ATTRPATH_VALUE => {
                    let (path, value) = (self.child(entry, 0)?, self.child(entry, 1)?);
                    let parts: Vec<_> = path.nodes().collect();
                    let def = self.def(value)?;
                    self.insert(&mut set, &parts, path.start(), def, &mut Vec::new())?;
                }
                NODE_INHERIT => self.inherit(&mut set, entry)?,
                _ => {}
            }
        }
        Ok(set)
    }

    fn def<'g>(&self, value: Node<'g>) -> Result<Def<'g>> {
        let value = value.peel();
        Ok(if value.kind() == NODE_ATTR_SET { Def::Set(self.collect(value)?) } else { Def::Expr(value) })
    }

    fn inherit<'g>(&self, set: &mut SetDef<'g>, entry: Node<'g>) -> Result<()> {
        let mut from = None;
        for child in entry.nodes() {
            if child.kind() == NODE_INHERIT_FROM {
                from = Some(set.froms.len());
                set.froms.push(self.child(child, 0)?);
                continue;
            }
            let Some(name) = self.static_name(child)? else {
                return self.fail(Kind::Syntax, "dynamic attributes not allowed in inherit", child.start());
            };
            if let Some(old) = set.position(name) {
                return self.duplicate(&[name], set.attrs[old].start, child.start());
            }
            let def = from.map_or(Def::Inherit, Def::From);
            set.push(Attribute { name, start: child.start(), def });
        }
        Ok(())
    }

    fn duplicate<T>(&self, path: &[Symbol], old: u32, new: u32) -> Result<T> {
        let path: Vec<_> =
            path.iter().map(|name| attr_name(self.context.symbols.text(*name).bytes)).collect();
        let mut error = super::Error::at(
            Kind::Syntax,
            format!("attribute '{}' already defined", path.join(".")),
            self.pos(new),
        );
        error.other_pos = Some(self.pos(old));
        Err(error)
    }

    fn insert<'g>(
        &self,
        set: &mut SetDef<'g>,
        parts: &[Node<'g>],
        start: u32,
        def: Def<'g>,
        path: &mut Vec<Symbol>,
    ) -> Result<()> {
        let Some((first, rest)) = parts.split_first() else {
            return self.fail(Kind::Syntax, "syntax error, expected an attribute name", start);
        };
        let nested = |this: &Self, def| -> Result<Def<'g>> {
            if rest.is_empty() {
                return Ok(def);
            }
            let mut inner = SetDef::default();
            this.insert(&mut inner, rest, start, def, &mut Vec::new())?;
            Ok(Def::Set(inner))
        };
        let Some(name) = self.static_name(*first)? else {
            let def = nested(self, def)?;
            set.dynamic.push((*first, def, start));
            return Ok(());
        };
        path.push(name);
        match set.position(name) {
            None => {
                let def = nested(self, def)?;
                set.push(Attribute { name, start, def });
            }
            Some(old) => {
                let old_start = set.attrs[old].start;
                match (&mut set.attrs[old].def, rest.is_empty(), def) {
                    (Def::Set(inner), false, def) => self.insert(inner, rest, start, def, path)?,
                    (Def::Set(inner), true, Def::Set(new)) => self.merge(inner, new, path)?,
                    _ => return self.duplicate(path, old_start, start),
                }
            }
        }
        path.pop();
        Ok(())
    }

    /// Both `a = { … }` and `a = { … }`: the second's `rec` is dropped, as Nix does.
    fn merge<'g>(&self, into: &mut SetDef<'g>, new: SetDef<'g>, path: &mut Vec<Symbol>) -> Result<()> {
        let shift = into.froms.len();
        into.froms.extend(new.froms);
        into.dynamic.extend(new.dynamic);
        for mut attr in new.attrs {
            path.push(attr.name);
            if let Def::From(from) = &mut attr.def {
                *from += shift;
            }
            match into.position(attr.name) {
                None => into.push(attr),
                Some(old) => {
                    let old_start = into.attrs[old].start;
                    match (&mut into.attrs[old].def, attr.def) {
                        (Def::Set(inner), Def::Set(more)) => self.merge(inner, more, path)?,
                        _ => return self.duplicate(path, old_start, attr.start),
                    }
                }
            }
            path.pop();
        }
        Ok(())
    }

    pub(super) fn attr_set(&mut self, node: Node<'_>) -> Result<Code> {
        let set = self.collect(node)?;
        self.lower_set(set)
    }

    fn lower_def(&mut self, name: Symbol, def: Def<'_>) -> Result<Code> {
        match def {
            Def::Expr(node) => {
                self.name = Some(name);
                self.lazy(node)
            }
            Def::Set(set) => self.in_region(|this| this.lower_set(set)),
            Def::Inherit | Def::From(_) => self.fail(Kind::Syntax, "syntax error in inherit", 0),
        }
    }

    /// Where the sets of `inherit (from)` are: plain variables as they are, others in slots that
    /// are counted from `first`.
    fn froms(&self, nodes: &[Node<'_>], first: u32) -> Result<Vec<From>> {
        let mut slot = first;
        let mut froms = Vec::with_capacity(nodes.len());
        for node in nodes {
            let node = node.peel();
            froms.push(if node.kind() == NODE_IDENT {
                From::Name(self.ident(node)?, node.start())
            } else {
                slot += 1;
                From::Slot(slot - 1)
            });
        }
        Ok(froms)
    }

    fn hidden_count(nodes: &[Node<'_>]) -> u32 {
        nodes.iter().filter(|node| node.peel().kind() != NODE_IDENT).count() as u32
    }

    /// The code for the slots of `froms`.
    fn hidden(&mut self, nodes: &[Node<'_>], froms: &[From]) -> Result<Vec<(u32, Code)>> {
        let mut hidden = Vec::new();
        for (node, from) in nodes.iter().zip(froms) {
            if let From::Slot(slot) = from {
                hidden.push((*slot, self.lazy(*node)?));
            }
        }
        Ok(hidden)
    }

    fn select_from(&mut self, from: &mut From, name: Symbol, start: u32) -> Result<Code> {
        let pos = self.pos(start);
        let base = match *from {
            From::Name(variable, at) => {
                let code = self.var(variable, at)?;
                *from = From::Code(code);
                code
            }
            From::Code(code) => code,
            From::Slot(slot) => self.make(Expr::Var0 { slot, pos }),
        };
        Ok(self.make(Expr::SelectOne { base, name, pos }))
    }

    fn lower_set(&mut self, set: SetDef<'_>) -> Result<Code> {
        if set.rec {
            return self.lower_rec(set);
        }
        let count = Self::hidden_count(&set.froms);
        if count == 0 {
            let mut froms = self.froms(&set.froms, 0)?;
            return self.lower_plain(set, &mut froms);
        }
        let (new, first) = self.enter(count);
        let mut froms = self.froms(&set.froms, first)?;
        let hidden = self.hidden(&set.froms, &froms)?;
        let body = self.lower_plain(set, &mut froms)?;
        let slots = self.leave(new);
        let here = |(slot, value)| LetBinding { slot, outside: false, value };
        let bindings: Vec<_> = hidden.into_iter().map(here).collect();
        let bindings = self.heap().thin(&bindings);
        Ok(self.make(Expr::Let(self.heap().alloc(Let { slots, bindings, body }))))
    }

    fn lower_plain(&mut self, set: SetDef<'_>, froms: &mut [From]) -> Result<Code> {
        let mut attrs = Vec::with_capacity(set.attrs.len());
        for Attribute { name, start, def } in set.attrs {
            let value = match def {
                Def::Inherit => self.var(name, start)?,
                Def::From(from) => self.select_from(&mut froms[from], name, start)?,
                def => self.lower_def(name, def)?,
            };
            attrs.push(AttrExpr { name, pos: self.pos(start), value });
        }
        attrs.sort_by_key(|attr| attr.name);
        match (attrs.is_empty(), set.dynamic.is_empty()) {
            (true, true) => return Ok(self.empty_set()),
            (false, true) => return Ok(self.make(Expr::Set(self.heap().thin(&attrs)))),
            _ => {}
        }
        let dynamic = self.lower_dynamic(set.dynamic)?;
        let attrs = AttrsExpr { attrs: self.heap().thin(&attrs), dynamic, rec: None };
        Ok(self.make(Expr::Attrs(self.heap().alloc(attrs))))
    }

    fn lower_dynamic(&mut self, dynamic: Vec<(Node<'_>, Def<'_>, u32)>) -> Result<Thin<DynamicAttr>> {
        let mut lowered = Vec::with_capacity(dynamic.len());
        for (name, def, start) in dynamic {
            let inner = if name.kind() == NODE_DYNAMIC { self.child(name, 0)? } else { name };
            let name = self.expr(inner)?;
            let value = self.lower_def(sym::empty, def)?;
            lowered.push(DynamicAttr { name, value, pos: self.pos(start) });
        }
        Ok(self.heap().thin(&lowered))
    }

    /// Lowers the attributes of a `rec` or `let` into slots.
    fn lower_slots(&mut self, set: &mut SetDef<'_>) -> Result<Slots> {
        // `inherit x;` sees the scope outside.
        let mut outside = Vec::new();
        for attr in &set.attrs {
            if matches!(attr.def, Def::Inherit) {
                outside.push(self.var(attr.name, attr.start)?);
            }
        }
        let count = set.attrs.len() as u32;
        let (new, first) = self.enter(count + Self::hidden_count(&set.froms));
        let mut names: Vec<_> = set.attrs.iter().map(|attr| attr.name).collect();
        names.sort_unstable();
        let shadowed = self.bind(names.iter().copied().zip(first..));
        let mut froms = self.froms(&set.froms, first + count)?;
        let hidden = self.hidden(&set.froms, &froms)?;
        let mut outside = outside.into_iter();
        let mut attrs = Vec::with_capacity(set.attrs.len());
        for Attribute { name, start, def } in std::mem::take(&mut set.attrs) {
            let (outside, value) = match def {
                Def::Inherit => match outside.next() {
                    Some(code) => (true, code),
                    None => return self.fail(Kind::Syntax, "syntax error in inherit", start),
                },
                Def::From(from) => (false, self.select_from(&mut froms[from], name, start)?),
                def => (false, self.lower_def(name, def)?),
            };
            let slot = first + names.partition_point(|other| *other < name) as u32;
            attrs.push((name, self.pos(start), LetBinding { slot, outside, value }));
        }
        Ok(Slots { new, first, attrs, hidden, shadowed })
    }

    fn lower_rec(&mut self, mut set: SetDef<'_>) -> Result<Code> {
        let Slots { new, first, mut attrs, hidden, shadowed } = self.lower_slots(&mut set)?;
        attrs.sort_by_key(|(name, ..)| *name);
        let dynamic = self.lower_dynamic(std::mem::take(&mut set.dynamic))?;
        self.unbind(shadowed);
        let slots = self.leave(new);
        let overrides = attrs.iter().position(|(name, ..)| *name == sym::overrides).map(|i| i as u32);
        let outside = (0u32..).zip(&attrs).filter(|(_, (.., code))| code.outside).map(|(i, _)| i);
        let outside = self.heap().thin(&outside.collect::<Vec<_>>());
        let attrs = attrs.into_iter().map(|(name, pos, code)| AttrExpr { name, pos, value: code.value });
        let attrs: Vec<_> = attrs.collect();
        let hidden = self.heap().thin(&hidden);
        let rec = self.context.heap.alloc(RecInfo { slots, first, outside, hidden, overrides });
        let attrs = AttrsExpr { attrs: self.heap().thin(&attrs), dynamic, rec: Some(rec) };
        Ok(self.make(Expr::Attrs(self.heap().alloc(attrs))))
    }

    pub(super) fn let_in(&mut self, node: Node<'_>) -> Result<Code> {
        let mut set = self.collect(node)?;
        if let Some((name, ..)) = set.dynamic.first() {
            return self.fail(Kind::Syntax, "dynamic attributes not allowed in let", name.start());
        }
        let body = node.elements().filter_map(|element| match element {
            Element::Node(node) if !matches!(node.kind(), NODE_ATTRPATH_VALUE | NODE_INHERIT) => Some(node),
            _ => None,
        });
        let Some(body) = body.last() else {
            return self.fail(Kind::Syntax, "syntax error, unexpected end of file", node.start());
        };
        let Slots { new, attrs, hidden, shadowed, .. } = self.lower_slots(&mut set)?;
        let body = self.expr(body)?;
        self.unbind(shadowed);
        let slots = self.leave(new);
        let here = |(slot, value)| LetBinding { slot, outside: false, value };
        let mut bindings: Vec<_> = hidden.into_iter().map(here).collect();
        bindings.extend(attrs.into_iter().map(|(.., binding)| binding));
        let bindings = self.heap().thin(&bindings);
        Ok(self.make(Expr::Let(self.heap().alloc(Let { slots, bindings, body }))))
    }

    /// `let { x = 1; body = x; }`.
    pub(super) fn legacy_let(&mut self, node: Node<'_>) -> Result<Code> {
        let mut set = self.collect(node)?;
        set.rec = true;
        let base = self.lower_rec(set)?;
        Ok(self.make(Expr::SelectOne { base, name: sym::body, pos: self.pos(node.start()) }))
    }
}
