//! Functions and their patterns.

use rnix::SyntaxKind::*;

use super::super::ir::*;
use super::super::symbol::Symbol;
use super::{Code, EnvInfo, Kind, Lowering, Result, Shadowed};
use nix_syntax::compact::Node;

impl Lowering<'_> {
    pub(super) fn lambda(&mut self, node: Node<'_>) -> Result<Code> {
        let name = self.name.take();
        self.in_region(|this| this.lambda_here(node, name))
    }

    pub(super) fn lambda_here(&mut self, node: Node<'_>, name: Option<Symbol>) -> Result<Code> {
        let pos = self.pos(node.start());
        let param = self.child(node, 0)?;
        let (params, body_node, shadowed) = if param.kind() == NODE_PATTERN {
            let (pattern, shadowed) = self.pattern(param)?;
            (Params::Pattern(pattern), self.child(node, 1)?, shadowed)
        } else {
            let (mut names, mut positions) = (Vec::new(), Vec::new());
            let mut lambda = node;
            // `a: b: …` is one function of several arguments.
            let body = loop {
                let ident = self.child(lambda, 0)?;
                names.push(self.ident(self.child(ident, 0)?)?);
                positions.push(self.pos(lambda.start()));
                let body = self.child(lambda, 1)?;
                let next = body.peel();
                if next.kind() != NODE_LAMBDA || next.node(0).is_none_or(|param| param.kind() == NODE_PATTERN)
                {
                    break body;
                }
                lambda = next;
            };
            self.envs.push(EnvInfo { region: self.region, slots: names.len() as u32 });
            let bound: Vec<_> = names.iter().zip(0u32..).map(|(name, slot)| (*name, slot)).collect();
            let shadowed = self.bind(bound);
            let params =
                Params::Names { names: self.heap().slice(&names), positions: self.heap().slice(&positions) };
            (params, body, shadowed)
        };
        let body = self.expr(body_node);
        self.unbind(shadowed);
        let slots = self.envs.pop().map_or(0, |env| env.slots);
        let body = body?;
        let lambda = Lambda { params, body, slots, pos, name };
        Ok(self.make(Expr::Lambda(self.heap().alloc(lambda))))
    }

    pub(super) fn pattern(&mut self, node: Node<'_>) -> Result<(Pattern, Shadowed)> {
        let mut whole = None;
        let mut entries = Vec::new();
        for child in node.nodes() {
            match child.kind() {
                NODE_PAT_BIND => whole = Some(self.ident(self.child(child, 0)?)?),
                NODE_PAT_ENTRY => {
                    let name_node = self.child(child, 0)?;
                    entries.push((self.ident(name_node)?, name_node.start(), child.node(1)));
                }
                _ => return self.fail(Kind::Syntax, "syntax error in a function's pattern", child.start()),
            }
        }
        entries.sort_by_key(|(name, start, _)| (*name, *start));
        let twice = entries.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| (pair[1].0, pair[1].1));
        let twice = twice.or_else(|| {
            let whole = whole?;
            entries.iter().any(|(name, ..)| *name == whole).then_some((whole, node.start()))
        });
        if let Some((name, start)) = twice {
            let name = self.context.symbols.text(name).lossy();
            return self.fail(Kind::Syntax, format!("duplicate formal function argument '{name}'"), start);
        }
        let first = u32::from(whole.is_some());
        self.envs.push(EnvInfo { region: self.region, slots: first + entries.len() as u32 });
        let mut bound: Vec<_> = whole.map(|name| (name, 0)).into_iter().collect();
        bound.extend(entries.iter().zip(first..).map(|((name, ..), slot)| (*name, slot)));
        let shadowed = self.bind(bound);
        let mut formals = Vec::with_capacity(entries.len());
        for (name, start, default) in entries {
            let default = match default {
                Some(default) => {
                    self.name = Some(name);
                    Some(self.lazy(default)?)
                }
                None => None,
            };
            formals.push(Formal { name, pos: self.pos(start), default });
        }
        let formals = self.context.heap.slice(&formals);
        let pattern = Pattern {
            formals,
            ellipsis: node.has(TOKEN_ELLIPSIS),
            whole: whole.is_some(),
            whole_name: whole,
        };
        Ok((pattern, shadowed))
    }
}
