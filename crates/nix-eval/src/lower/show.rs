//! An expression as Nix prints it in "assertion '…' failed": after parsing, so with merged sets and without brackets.

use rnix::SyntaxKind::*;

use super::attrs::{Def, SetDef};
use super::strings::Piece;
use super::{Lowering, Result, Symbol};
use crate::quoting::{attr_name_into, float, quote_into};
use nix_syntax::compact::{Element, Node};

type Out = Vec<u8>;

impl Lowering<'_> {
    /// The text. What is wrong with the expression is said when it is lowered.
    pub(super) fn shown(&self, node: Node<'_>) -> Result<Out> {
        let mut out = Out::new();
        self.show(node, &mut out)?;
        Ok(out)
    }

    fn show(&self, node: Node<'_>, out: &mut Out) -> Result<()> {
        stacker::maybe_grow(64 << 10, 4 << 20, || self.show_here(node, out))
    }

    /// Texts, and `$` for the next of the node's children.
    fn show_all(&self, node: Node<'_>, out: &mut Out, format: &[&str]) -> Result<()> {
        let mut child = 0;
        for part in format {
            match *part {
                "$" => {
                    self.show(self.child(node, child)?, out)?;
                    child += 1;
                }
                text => out.extend_from_slice(text.as_bytes()),
            }
        }
        Ok(())
    }

    fn show_here(&self, node: Node<'_>, out: &mut Out) -> Result<()> {
        match node.kind() {
            NODE_PAREN => self.show_all(node, out, &["$"]),
            NODE_IDENT => {
                show_token(node, out);
                Ok(())
            }
            NODE_LITERAL => {
                show_literal(node, out);
                Ok(())
            }
            NODE_STRING => self.show_string(node, out),
            NODE_PATH_ABS | NODE_PATH_HOME | NODE_PATH_REL => self.show_path(node, out),
            NODE_PATH_SEARCH => {
                let text = node.token().map_or("", |(_, text, _)| text);
                out.extend_from_slice(b"(__findFile __nixPath ");
                quote_into(text.trim_start_matches('<').trim_end_matches('>').as_bytes(), usize::MAX, out);
                out.push(b')');
                Ok(())
            }
            NODE_LIST => {
                out.extend_from_slice(b"[ ");
                for item in node.nodes() {
                    out.push(b'(');
                    self.show(item, out)?;
                    out.extend_from_slice(b") ");
                }
                out.push(b']');
                Ok(())
            }
            NODE_APPLY => {
                let (mut args, mut function) = (Vec::new(), node);
                while function.kind() == NODE_APPLY {
                    args.push(self.child(function, 1)?);
                    function = self.child(function, 0)?;
                }
                out.push(b'(');
                self.show(function, out)?;
                for arg in args.into_iter().rev() {
                    out.push(b' ');
                    self.show(arg, out)?;
                }
                out.push(b')');
                Ok(())
            }
            NODE_SELECT => {
                self.show_all(node, out, &["(", "$", ")."])?;
                self.show_attr_path(self.child(node, 1)?, out)?;
                if let Some(default) = node.node(2) {
                    out.extend_from_slice(b" or (");
                    self.show(default, out)?;
                    out.push(b')');
                }
                Ok(())
            }
            NODE_HAS_ATTR => {
                self.show_all(node, out, &["((", "$", ") ? "])?;
                self.show_attr_path(self.child(node, 1)?, out)?;
                out.push(b')');
                Ok(())
            }
            NODE_UNARY_OP if node.has(TOKEN_INVERT) => self.show_all(node, out, &["(! ", "$", ")"]),
            NODE_UNARY_OP => self.show_all(node, out, &["(__sub 0 ", "$", ")"]),
            NODE_IF_ELSE => self.show_all(node, out, &["(if ", "$", " then ", "$", " else ", "$", ")"]),
            NODE_WITH => self.show_all(node, out, &["(with ", "$", "; ", "$", ")"]),
            NODE_ASSERT => self.show_all(node, out, &["assert ", "$", "; ", "$"]),
            NODE_BIN_OP => self.show_binary(node, out),
            NODE_LAMBDA => self.show_lambda(node, out),
            NODE_ATTR_SET => self.show_set(&self.collect(node)?, out),
            NODE_LET_IN => {
                out.extend_from_slice(b"(let ");
                self.show_bindings(&self.collect(node)?, out)?;
                out.extend_from_slice(b"in ");
                let body = node.nodes().last().unwrap_or(node);
                self.show(body, out)?;
                out.push(b')');
                Ok(())
            }
            NODE_LEGACY_LET => {
                out.push(b'(');
                let mut set = self.collect(node)?;
                set.rec = true;
                self.show_set(&set, out)?;
                out.extend_from_slice(b").body");
                Ok(())
            }
            // No more kinds are expressions.
            _ => Ok(()),
        }
    }

    fn show_string(&self, node: Node<'_>, out: &mut Out) -> Result<()> {
        let parts = self.string_parts(node);
        match parts.as_slice() {
            [] => out.extend_from_slice(b"\"\""),
            [Piece::Bytes(bytes)] => quote_into(bytes, usize::MAX, out),
            parts => {
                out.push(b'(');
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        out.extend_from_slice(b" + ");
                    }
                    match part {
                        Piece::Bytes(bytes) => quote_into(bytes, usize::MAX, out),
                        Piece::Code(node, _) => self.show(*node, out)?,
                    }
                }
                out.push(b')');
            }
        }
        Ok(())
    }

    fn show_path(&self, node: Node<'_>, out: &mut Out) -> Result<()> {
        let interpolated = node.nodes().next().is_some();
        if interpolated {
            out.push(b'(');
        }
        for (at, element) in node.elements().enumerate() {
            if at > 0 {
                out.extend_from_slice(b" + ");
            }
            match element {
                Element::Token(kind, text, start) if at == 0 => {
                    out.extend_from_slice(&self.path_text(kind, text, start)?);
                }
                Element::Token(_, text, _) => quote_into(text.as_bytes(), usize::MAX, out),
                Element::Node(interpolation) => self.show(self.child(interpolation, 0)?, out)?,
            }
        }
        if interpolated {
            out.push(b')');
        }
        Ok(())
    }

    fn show_name(&self, name: Symbol, out: &mut Out) {
        attr_name_into(self.context.symbols.text(name).bytes, out);
    }

    fn show_attr_path(&self, node: Node<'_>, out: &mut Out) -> Result<()> {
        for (at, part) in node.nodes().enumerate() {
            if at > 0 {
                out.push(b'.');
            }
            match self.static_name(part)? {
                Some(name) => self.show_name(name, out),
                None => self.show_dynamic(part, out)?,
            }
        }
        Ok(())
    }

    fn show_dynamic(&self, part: Node<'_>, out: &mut Out) -> Result<()> {
        out.extend_from_slice(b"\"${");
        self.show(if part.kind() == NODE_DYNAMIC { self.child(part, 0)? } else { part }, out)?;
        out.extend_from_slice(b"}\"");
        Ok(())
    }

    fn show_set(&self, set: &SetDef<'_>, out: &mut Out) -> Result<()> {
        if set.rec {
            out.extend_from_slice(b"rec ");
        }
        out.extend_from_slice(b"{ ");
        self.show_bindings(set, out)?;
        out.push(b'}');
        Ok(())
    }

    fn show_bindings(&self, set: &SetDef<'_>, out: &mut Out) -> Result<()> {
        let mut attrs: Vec<_> = set.attrs.iter().collect();
        attrs.sort_by_key(|attr| self.context.symbols.text(attr.name).bytes);
        let mut inherited = |before: Option<Node<'_>>, is: &dyn Fn(&Def<'_>) -> bool| -> Result<()> {
            let mut names = attrs.iter().filter(|attr| is(&attr.def)).peekable();
            if names.peek().is_none() {
                return Ok(());
            }
            out.extend_from_slice(b"inherit");
            if let Some(from) = before {
                out.extend_from_slice(b" (");
                self.show(from, out)?;
                out.push(b')');
            }
            for attr in names {
                out.push(b' ');
                self.show_name(attr.name, out);
            }
            out.extend_from_slice(b"; ");
            Ok(())
        };
        inherited(None, &|def| matches!(def, Def::Inherit))?;
        for (at, from) in set.froms.iter().enumerate() {
            inherited(Some(*from), &|def| matches!(def, Def::From(of) if *of == at))?;
        }
        for attr in attrs {
            if !matches!(attr.def, Def::Inherit | Def::From(_)) {
                self.show_name(attr.name, out);
                self.show_definition(&attr.def, out)?;
            }
        }
        for (name, def, _) in &set.dynamic {
            self.show_dynamic(*name, out)?;
            self.show_definition(def, out)?;
        }
        Ok(())
    }

    fn show_definition(&self, def: &Def<'_>, out: &mut Out) -> Result<()> {
        out.extend_from_slice(b" = ");
        match def {
            Def::Expr(node) => self.show(*node, out)?,
            Def::Set(set) => self.show_set(set, out)?,
            Def::Inherit | Def::From(_) => {}
        }
        out.extend_from_slice(b"; ");
        Ok(())
    }

    fn show_lambda(&self, node: Node<'_>, out: &mut Out) -> Result<()> {
        let param = self.child(node, 0)?;
        out.push(b'(');
        if param.kind() == NODE_PATTERN {
            let (mut whole, mut entries) = (None, Vec::new());
            for child in param.nodes() {
                let name = self.ident(self.child(child, 0)?)?;
                match child.kind() {
                    NODE_PAT_BIND => whole = Some(name),
                    _ => entries.push((self.context.symbols.text(name).bytes, child.node(1))),
                }
            }
            entries.sort_by_key(|(name, _)| *name);
            out.extend_from_slice(b"{ ");
            for (at, (name, default)) in entries.iter().enumerate() {
                if at > 0 {
                    out.extend_from_slice(b", ");
                }
                attr_name_into(name, out);
                if let Some(default) = default {
                    out.extend_from_slice(b" ? ");
                    self.show(*default, out)?;
                }
            }
            if param.has(TOKEN_ELLIPSIS) {
                out.extend_from_slice(if entries.is_empty() { b"..." } else { b", ..." });
            }
            out.extend_from_slice(b" }");
            if let Some(whole) = whole {
                out.extend_from_slice(b" @ ");
                self.show_name(whole, out);
            }
        } else {
            show_token(self.child(param, 0)?, out);
        }
        out.extend_from_slice(b": ");
        self.show(self.child(node, 1)?, out)?;
        out.push(b')');
        Ok(())
    }

    fn show_binary(&self, node: Node<'_>, out: &mut Out) -> Result<()> {
        let Some((token, text, _)) = node.token() else { return Ok(()) };
        let (left, right) = (self.child(node, 0)?, self.child(node, 1)?);
        let operator = format!(" {text} ");
        let (before, first, between, second, after) = match token {
            TOKEN_LESS => ("(__lessThan ", left, " ", right, ")"),
            TOKEN_MORE => ("(__lessThan ", right, " ", left, ")"),
            TOKEN_LESS_OR_EQ => ("(! (__lessThan ", right, " ", left, "))"),
            TOKEN_MORE_OR_EQ => ("(! (__lessThan ", left, " ", right, "))"),
            TOKEN_SUB => ("(__sub ", left, " ", right, ")"),
            TOKEN_MUL => ("(__mul ", left, " ", right, ")"),
            TOKEN_DIV => ("(__div ", left, " ", right, ")"),
            TOKEN_PIPE_LEFT => ("(", left, " ", right, ")"),
            TOKEN_PIPE_RIGHT => ("(", right, " ", left, ")"),
            _ => ("(", left, operator.as_str(), right, ")"),
        };
        out.extend_from_slice(before.as_bytes());
        self.show(first, out)?;
        out.extend_from_slice(between.as_bytes());
        self.show(second, out)?;
        out.extend_from_slice(after.as_bytes());
        Ok(())
    }
}

fn show_token(node: Node<'_>, out: &mut Out) {
    if let Some((_, text, _)) = node.token() {
        out.extend_from_slice(text.as_bytes());
    }
}

fn show_literal(node: Node<'_>, out: &mut Out) {
    match node.token() {
        Some((TOKEN_INTEGER, text, _)) => {
            let digits = text.trim_start_matches('0');
            out.extend_from_slice(if digits.is_empty() { "0" } else { digits }.as_bytes());
        }
        Some((TOKEN_FLOAT, text, _)) => match text.parse() {
            Ok(number) => out.extend_from_slice(float(number).as_bytes()),
            Err(_) => show_token(node, out),
        },
        Some((TOKEN_URI, text, _)) => quote_into(text.as_bytes(), usize::MAX, out),
        _ => show_token(node, out),
    }
}
