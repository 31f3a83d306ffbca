//! What rnix accepts and Nix does not.
//!
//! Each check is one that `nix-instantiate --parse` makes; the differential test keeps it so.

use std::collections::HashMap;

use rnix::SyntaxKind::*;
use rnix::ast::{self, HasEntry};
use rowan::ast::AstNode;

use super::{span, text};
use crate::problem::{ErrorKind, Span, SyntaxError};

/// Reports it all.
pub(super) fn check(root: &ast::Root, sink: &mut Vec<SyntaxError>) {
    for node in root.syntax().descendants() {
        match node.kind() {
            NODE_LAMBDA => {
                misplaced_lambda(&node, sink);
                if let Some(lambda) = ast::Lambda::cast(node) {
                    duplicate_formals(&lambda, sink);
                }
            }
            NODE_LITERAL => integer(&node, sink),
            NODE_ATTR_SET => {
                // A set bound to an attribute is merged into what its parent binds there.
                if let Some(set) = ast::AttrSet::cast(node.clone())
                    && node.parent().is_none_or(|parent| parent.kind() != NODE_ATTRPATH_VALUE)
                {
                    duplicates(&mut Bound::set(), set.entries(), "", sink);
                }
            }
            NODE_LET_IN => {
                if let Some(bindings) = ast::LetIn::cast(node) {
                    duplicates(&mut Bound::set(), bindings.entries(), "", sink);
                    dynamic(bindings.entries(), sink);
                }
            }
            NODE_LEGACY_LET => {
                if let Some(bindings) = ast::LegacyLet::cast(node) {
                    duplicates(&mut Bound::set(), bindings.entries(), "", sink);
                }
            }
            NODE_INHERIT => inherited(&node, sink),
            _ => {}
        }
    }
}

fn misplaced_lambda(node: &rnix::SyntaxNode, sink: &mut Vec<SyntaxError>) {
    let Some(parent) = node.parent() else { return };
    if matches!(
        parent.kind(),
        NODE_APPLY | NODE_LIST | NODE_SELECT | NODE_BIN_OP | NODE_UNARY_OP | NODE_HAS_ATTR
    ) {
        let place = node.children().next().map_or(node.text_range(), |parameter| parameter.text_range());
        sink.push(
            SyntaxError::new(ErrorKind::Syntax, span(place), "a function stands in parentheses here")
                .help("write `(x: …)` around the function, from its argument to its end"),
        );
    }
}

fn integer(node: &rnix::SyntaxNode, sink: &mut Vec<SyntaxError>) {
    let Some(token) = node.first_token().filter(|token| token.kind() == TOKEN_INTEGER) else { return };
    if token.text().parse::<i64>().is_err() {
        sink.push(
            SyntaxError::new(ErrorKind::Syntax, span(token.text_range()), "this number is too large")
                .help(format!("integers go up to {}", i64::MAX)),
        );
    }
}

fn duplicate_formals(lambda: &ast::Lambda, sink: &mut Vec<SyntaxError>) {
    let Some(ast::Param::Pattern(pattern)) = lambda.param() else { return };
    let mut seen: HashMap<String, Span> = HashMap::new();
    let entries = pattern.pat_entries().filter_map(|entry| entry.ident());
    for ident in entries.chain(pattern.pat_bind().and_then(|bind| bind.ident())) {
        let (name, place) = (text::ident_text(&ident), span(ident.syntax().text_range()));
        if let Some(first) = seen.get(&name) {
            sink.push(
                SyntaxError::new(
                    ErrorKind::DuplicateFormal,
                    place,
                    format!("the argument `{name}` is named twice"),
                )
                .also(*first, "first named here")
                .help("remove one of the two"),
            );
        } else {
            seen.insert(name, place);
        }
    }
}

/// What a set binds so far.
enum Bound {
    /// Something that nothing can be added to.
    Value,
    /// A set written out, or the prefix of a path: more can be added.
    Set(HashMap<String, (Span, Bound)>),
}

impl Bound {
    fn set() -> Self {
        Bound::Set(HashMap::new())
    }
}

fn duplicates(
    into: &mut Bound,
    entries: impl Iterator<Item = ast::Entry>,
    prefix: &str,
    sink: &mut Vec<SyntaxError>,
) {
    for entry in entries {
        match entry {
            ast::Entry::Inherit(inherit) => {
                for attr in inherit.attrs() {
                    let Some(name) = text::attr_name(&attr) else { continue };
                    let place = span(attr.syntax().text_range());
                    bind(into, &[(name, place)], None, prefix, sink);
                }
            }
            ast::Entry::AttrpathValue(binding) => {
                let Some(path) = binding.attrpath() else { continue };
                let names: Vec<_> = path
                    .attrs()
                    .map_while(|attr| Some((text::attr_name(&attr)?, span(attr.syntax().text_range()))))
                    .collect();
                // Behind a computed name nothing is known; what it binds is judged alone.
                if names.len() < path.attrs().count() {
                    if let Some(ast::Expr::AttrSet(set)) = binding.value() {
                        duplicates(&mut Bound::set(), set.entries(), "", sink);
                    }
                    continue;
                }
                bind(into, &names, binding.value(), prefix, sink);
            }
        }
    }
}

fn bind(
    into: &mut Bound,
    names: &[(String, Span)],
    value: Option<ast::Expr>,
    prefix: &str,
    sink: &mut Vec<SyntaxError>,
) {
    let (Bound::Set(attributes), Some((name, place))) = (into, names.first()) else { return };
    let full = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
    let mut again = |first: Span| {
        sink.push(
            SyntaxError::new(ErrorKind::DuplicateAttribute, *place, format!("`{full}` is already defined"))
                .also(first, "first defined here")
                .help("remove one of the two, or merge them"),
        );
    };
    let set = match (&value, names.len()) {
        (Some(ast::Expr::AttrSet(set)), 1) => Some(set.clone()),
        _ => None,
    };
    let leaf = names.len() == 1;
    if let Some((first, Bound::Value)) = attributes.get(name) {
        again(*first);
        return;
    }
    if leaf && set.is_none() {
        if let Some((first, _)) = attributes.get(name) {
            again(*first);
        } else {
            attributes.insert(name.clone(), (*place, Bound::Value));
        }
        return;
    }
    let (_, inner) = attributes.entry(name.clone()).or_insert_with(|| (*place, Bound::set()));
    match set {
        Some(set) => duplicates(inner, set.entries(), &full, sink),
        None => bind(inner, &names[1..], value, &full, sink),
    }
}

fn dynamic(entries: impl Iterator<Item = ast::Entry>, sink: &mut Vec<SyntaxError>) {
    for entry in entries {
        let ast::Entry::AttrpathValue(binding) = entry else { continue };
        if let Some(attr) = binding.attrpath().and_then(|path| path.attrs().next())
            && text::attr_name(&attr).is_none()
        {
            sink.push(
                SyntaxError::new(
                    ErrorKind::Syntax,
                    span(attr.syntax().text_range()),
                    "a name bound by `let` cannot be computed",
                )
                .help("bind a set and compute the name in it"),
            );
        }
    }
}

fn inherited(node: &rnix::SyntaxNode, sink: &mut Vec<SyntaxError>) {
    let Some(inherit) = ast::Inherit::cast(node.clone()) else { return };
    for attr in inherit.attrs().filter(|attr| text::attr_name(attr).is_none()) {
        sink.push(
            SyntaxError::new(
                ErrorKind::Syntax,
                span(attr.syntax().text_range()),
                "an inherited name cannot be computed",
            )
            .help("write `${name} = set.${name};`"),
        );
    }
}
