//! Operators with two sides.

use rnix::SyntaxKind::{self, *};

use super::super::ir::*;
use super::super::symbol::sym;
use super::{Code, Kind, Lowering, Result};
use nix_syntax::compact::Node;

impl Lowering<'_> {
    pub(super) fn binary(&mut self, node: Node<'_>) -> Result<Code> {
        let (left, right) = (self.child(node, 0)?, self.child(node, 1)?);
        let Some((token, _, at)) = node.token() else {
            return self.fail(Kind::Syntax, "syntax error, expected an operator", node.start());
        };
        if matches!(token, TOKEN_PIPE_LEFT | TOKEN_PIPE_RIGHT) {
            return self.pipe(token, left, right, at);
        }
        let starts = (self.pos(left.start()), self.pos(right.start()));
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let pos = self.pos(at);
        let op = match token {
            TOKEN_ADD => {
                let (left, right) = (Part { code: left, pos: starts.0 }, Part { code: right, pos: starts.1 });
                let parts = self.heap().thin(&[left, right]);
                return Ok(self.make(Expr::Concat { parts, string: false, pos }));
            }
            TOKEN_SUB => return self.arithmetic(BinaryOp::Sub, left, right, at),
            TOKEN_MUL => return self.arithmetic(BinaryOp::Mul, left, right, at),
            TOKEN_DIV => return self.arithmetic(BinaryOp::Div, left, right, at),
            TOKEN_LESS => return self.arithmetic(BinaryOp::Less, left, right, at),
            TOKEN_LESS_OR_EQ => return self.arithmetic(BinaryOp::LessOrEqual, left, right, at),
            TOKEN_MORE => return self.arithmetic(BinaryOp::More, left, right, at),
            TOKEN_MORE_OR_EQ => return self.arithmetic(BinaryOp::MoreOrEqual, left, right, at),
            TOKEN_AND_AND => BinaryOp::And,
            TOKEN_OR_OR => BinaryOp::Or,
            TOKEN_IMPLICATION => BinaryOp::Implies,
            TOKEN_EQUAL => BinaryOp::Equal,
            TOKEN_NOT_EQUAL => BinaryOp::NotEqual,
            TOKEN_UPDATE => BinaryOp::Update,
            TOKEN_CONCAT => BinaryOp::Append,
            _ => return self.fail(Kind::Syntax, format!("syntax error, unexpected {token:?}"), at),
        };
        Ok(self.make(Expr::Binary { op, left, right, pos }))
    }

    /// Operators that Nix reads as calls of `__sub` and the like, which a program can shadow.
    pub(super) fn arithmetic(&mut self, op: BinaryOp, left: Code, right: Code, at: u32) -> Result<Code> {
        let (name, swap, negate) = match op {
            BinaryOp::Sub => (sym::sub, false, false),
            BinaryOp::Mul => (sym::mul, false, false),
            BinaryOp::Div => (sym::div, false, false),
            BinaryOp::Less => (sym::less_than, false, false),
            BinaryOp::LessOrEqual => (sym::less_than, true, true),
            BinaryOp::More => (sym::less_than, true, false),
            _ => (sym::less_than, false, true),
        };
        let pos = self.pos(at);
        if !self.vars.contains_key(&name) {
            return Ok(self.make(Expr::Binary { op, left, right, pos }));
        }
        let function = self.var(name, at)?;
        let args = if swap { [right, left] } else { [left, right] };
        let call = self.make(Expr::Call2 { function, args: self.heap().alloc(args), pos });
        Ok(if negate { self.make(Expr::Not(call)) } else { call })
    }

    pub(super) fn pipe(
        &mut self,
        token: SyntaxKind,
        left: Node<'_>,
        right: Node<'_>,
        at: u32,
    ) -> Result<Code> {
        if !self.context.pipes {
            let message = "experimental Nix feature 'pipe-operators' is disabled; add '--extra-experimental-features pipe-operators' to enable it";
            return self.fail(Kind::Other, message, at);
        }
        let (function, arg) = if token == TOKEN_PIPE_LEFT { (left, right) } else { (right, left) };
        let function = self.expr(function)?;
        let arg = self.lazy(arg)?;
        Ok(self.make(Expr::Call1 { function, arg, pos: self.pos(at) }))
    }
}
