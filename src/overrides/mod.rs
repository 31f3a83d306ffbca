//! Hand-written Nix judged on its syntax: overrides of the catalogue, and any other Nix file.
//!
//! One rule is one file in `rules/`, over a shared analysis of the file ([`Ctx`]). Rules about Nix at
//! large hold for every file; rules about overrides, and matters of style, for overrides only. Must
//! not know how findings are shown nor where files come from; it looks at the disk only to see
//! whether a path that an override names is there.

pub mod evaluated;
mod facts;
mod form;
mod hashes;
pub mod index;
mod mk_derivation;
pub mod names;
pub mod postgresql_facts;
mod rules;
mod suppress;

use std::collections::HashMap;

use rnix::ast;
use rnix::{SyntaxKind, SyntaxNode, TextRange};
use rowan::ast::AstNode;

use crate::diag::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span};
use crate::nix::syntax::{self, scope::Scopes};
use crate::rule::{Finder, Scope};

pub use facts::{OverrideFacts, Role, facts_of};
pub use form::{Body, Form};
pub use rules::RULES;

/// What finds something here and is no rule; what evaluates has its own.
pub const FINDERS: &[Finder] = &[suppress::FINDER];

/// A file that parses, with everything the rules share.
pub struct Ctx<'a> {
    /// The file.
    pub file: SourceId,
    /// Its text.
    pub text: &'a str,
    /// Its tree.
    pub root: ast::Root,
    /// Its names.
    pub scopes: Scopes,
    /// When it is an override: of what.
    pub facts: Option<&'a OverrideFacts>,
    /// When it is an override of a known form.
    pub form: Option<Form>,
    nodes: HashMap<SyntaxKind, Vec<SyntaxNode>>,
}

impl Ctx<'_> {
    /// All nodes of a kind, in the order of the text.
    pub fn nodes(&self, kind: SyntaxKind) -> &[SyntaxNode] {
        self.nodes.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// All nodes of a type.
    pub fn all<N: AstNode<Language = rnix::NixLanguage>>(&self, kind: SyntaxKind) -> impl Iterator<Item = N> {
        self.nodes(kind).iter().cloned().filter_map(N::cast)
    }

    /// A place in this file.
    pub fn span(&self, range: TextRange) -> Span {
        syntax::span(self.file, range)
    }

    /// A finding at a place in this file.
    pub fn finding(&self, code: Code, range: TextRange, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, self.span(range), message)
    }

    /// The override's bodies; none for other files.
    pub fn bodies(&self) -> &[Body] {
        self.form.as_ref().map_or(&[], |form| &form.bodies)
    }
}

/// Judges an override of the extension that `facts` tells of.
pub fn lint_override(file: SourceId, sources: &SourceMap, facts: &OverrideFacts, sink: &mut Diagnostics) {
    lint(file, sources, Some(facts), sink);
}

/// Judges any Nix file by the rules that hold for all of them.
pub fn lint_file(file: SourceId, sources: &SourceMap, sink: &mut Diagnostics) {
    lint(file, sources, None, sink);
}

fn lint(file: SourceId, sources: &SourceMap, facts: Option<&OverrideFacts>, sink: &mut Diagnostics) {
    let text = sources.text(file);
    match syntax::with_stack(text, || judge(file, text, facts)) {
        Ok(found) => sink.extend(found.into_vec()),
        Err(_) => sink.push(
            Diagnostic::new(
                Code::NixTooDeep,
                Span::new(file, 0..0),
                "no memory for a stack to parse this file",
            )
            .help("bind inner parts with `let … in`"),
        ),
    }
}

fn judge(file: SourceId, text: &str, facts: Option<&OverrideFacts>) -> Diagnostics {
    let mut found = Diagnostics::new();
    let Some(root) = syntax::parse(file, text, &mut found) else { return found };
    let mut nodes: HashMap<SyntaxKind, Vec<SyntaxNode>> = HashMap::new();
    for node in root.syntax().descendants() {
        nodes.entry(node.kind()).or_default().push(node);
    }
    let scopes = Scopes::of(&root);
    let form = facts.and_then(|facts| form::recognise(&root, facts.role).ok());
    let ctx = Ctx { file, text, root, scopes, facts, form, nodes };
    for rule in RULES {
        if facts.is_some() || rule.scope == Scope::Nix {
            (rule.check)(&ctx, &mut found);
        }
    }
    suppress::apply(&ctx, found)
}
