//! An expression as Nix prints it in "assertion '…' failed".

use rnix::SyntaxKind::*;

use nix_syntax::compact::{Element, Node};

/// The text; `…` for what is too unusual to bother.
pub fn show(node: Node<'_>) -> String {
    let mut out = String::new();
    expr(node, &mut out);
    out
}

fn all(node: Node<'_>, out: &mut String, format: &[&str]) {
    let mut children = node.nodes();
    for part in format {
        match *part {
            "$" => {
                if let Some(child) = children.next() {
                    expr(child, out);
                }
            }
            text => out.push_str(text),
        }
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn attr_path(node: Node<'_>, out: &mut String) {
    for (i, part) in node.nodes().enumerate() {
        if i > 0 {
            out.push('.');
        }
        match part.kind() {
            NODE_IDENT => plain(part, out),
            NODE_STRING if part.nodes().next().is_none() => {
                let text: String = content(part).collect();
                let bare =
                    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-' || b == b'\'')
                        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
                if bare { out.push_str(&text) } else { quoted(&text, out) }
            }
            _ => {
                out.push_str("\"${");
                expr(if part.kind() == NODE_DYNAMIC { part.node(0).unwrap_or(part) } else { part }, out);
                out.push_str("}\"");
            }
        }
    }
}

fn content<'g>(node: Node<'g>) -> impl Iterator<Item = &'g str> {
    node.elements().filter_map(|element| match element {
        Element::Token(TOKEN_STRING_CONTENT, text, _) => Some(text),
        _ => None,
    })
}

fn plain(node: Node<'_>, out: &mut String) {
    if let Some((_, text, _)) = node.token() {
        out.push_str(text);
    }
}

fn expr(node: Node<'_>, out: &mut String) {
    match node.kind() {
        NODE_PAREN => all(node, out, &["$"]),
        NODE_IDENT | NODE_LITERAL => plain(node, out),
        NODE_STRING if node.nodes().next().is_none() => quoted(&content(node).collect::<String>(), out),
        NODE_STRING => {
            out.push('(');
            let mut first = true;
            for element in node.elements() {
                let part = match element {
                    Element::Token(TOKEN_STRING_CONTENT, ..) | Element::Node(_) => element,
                    Element::Token(..) => continue,
                };
                if !std::mem::take(&mut first) {
                    out.push_str(" + ");
                }
                match part {
                    Element::Token(_, text, _) => quoted(text, out),
                    Element::Node(node) => all(node, out, &["$"]),
                }
            }
            out.push(')');
        }
        NODE_LIST => {
            out.push_str("[ ");
            for item in node.nodes() {
                out.push('(');
                expr(item, out);
                out.push_str(") ");
            }
            out.push(']');
        }
        NODE_APPLY => {
            let (mut args, mut function) = (Vec::new(), node);
            while let (NODE_APPLY, Some(inner), Some(arg)) =
                (function.kind(), function.node(0), function.node(1))
            {
                args.push(arg);
                function = inner;
            }
            out.push('(');
            expr(function, out);
            for arg in args.into_iter().rev() {
                out.push(' ');
                expr(arg, out);
            }
            out.push(')');
        }
        NODE_SELECT | NODE_HAS_ATTR => {
            let (open, middle) = if node.kind() == NODE_SELECT { ("(", ").") } else { ("((", ") ? ") };
            out.push_str(open);
            if let (Some(base), Some(path)) = (node.node(0), node.node(1)) {
                expr(base, out);
                out.push_str(middle);
                attr_path(path, out);
            }
            if node.kind() == NODE_HAS_ATTR {
                out.push(')');
            } else if let Some(default) = node.node(2) {
                out.push_str(" or (");
                expr(default, out);
                out.push(')');
            }
        }
        NODE_UNARY_OP if node.has(TOKEN_INVERT) => all(node, out, &["(! ", "$", ")"]),
        NODE_UNARY_OP => all(node, out, &["(__sub 0 ", "$", ")"]),
        NODE_IF_ELSE => all(node, out, &["(if ", "$", " then ", "$", " else ", "$", ")"]),
        NODE_WITH => all(node, out, &["(with ", "$", "; ", "$", ")"]),
        NODE_ASSERT => all(node, out, &["assert ", "$", "; ", "$"]),
        NODE_BIN_OP => binary(node, out),
        _ => out.push('…'),
    }
}

fn binary(node: Node<'_>, out: &mut String) {
    let (Some((token, text, _)), Some(left), Some(right)) = (node.token(), node.node(0), node.node(1)) else {
        return;
    };
    let mut call = |before: &str, left: Node<'_>, right: Node<'_>, after: &str| {
        out.push_str(before);
        expr(left, out);
        out.push(' ');
        expr(right, out);
        out.push_str(after);
    };
    match token {
        TOKEN_LESS => call("(__lessThan ", left, right, ")"),
        TOKEN_MORE => call("(__lessThan ", right, left, ")"),
        TOKEN_LESS_OR_EQ => call("(! (__lessThan ", right, left, "))"),
        TOKEN_MORE_OR_EQ => call("(! (__lessThan ", left, right, "))"),
        TOKEN_SUB => call("(__sub ", left, right, ")"),
        TOKEN_MUL => call("(__mul ", left, right, ")"),
        TOKEN_DIV => call("(__div ", left, right, ")"),
        _ => {
            out.push('(');
            expr(left, out);
            out.push(' ');
            out.push_str(text);
            out.push(' ');
            expr(right, out);
            out.push(')');
        }
    }
}
