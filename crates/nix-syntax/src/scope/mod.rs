//! Which name means which binding, exactly as Nix resolves it.
//!
//! A name is looked up in the enclosing `let`, `rec`, and function scopes, then among the globals;
//! only a name found in none of them is left to the enclosing `with`s, which is why those can never
//! shadow a binding. Formals see each other in their defaults; `inherit x` looks around its set, and
//! `inherit (e) x` in a `let` or `rec` evaluates `e` within it.

mod globals;

use std::collections::HashMap;

use rnix::SyntaxKind::*;
use rnix::ast::{self, HasEntry};
use rnix::{SyntaxNode, TextRange};
use rowan::ast::AstNode;

use super::text;
pub use globals::{builtins, is_builtin, is_global, plain};

/// What introduces a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingKind {
    /// `let a = …; in`.
    Let,
    /// `let inherit a; in` or `let inherit (e) a; in`.
    LetInherit,
    /// `rec { a = …; }` and the old `let { … }`, `inherit` included.
    Rec,
    /// `{ a }:`.
    Formal,
    /// `a@{ … }:`.
    Whole,
    /// `a:`.
    Param,
}

/// A name introduced somewhere.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The name.
    pub name: String,
    /// By what.
    pub kind: BindingKind,
    /// Where its name stands first.
    pub range: TextRange,
    /// The whole definition: a binding, a formal with its default, a lambda for [`BindingKind::Param`]
    /// and [`BindingKind::Whole`], an `inherit`.
    pub node: SyntaxNode,
    /// How often it is used outside its own definition.
    pub uses: usize,
}

/// Index into [`Scopes::bindings`].
pub type BindingId = usize;

/// What a use means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A binding of the file.
    Binding(BindingId),
    /// A global of Nix.
    Global,
    /// Not bound lexically, inside `with`: whatever their namespaces (innermost first) have.
    With(Vec<usize>),
    /// Bound nowhere.
    Unbound,
}

/// A name used as a variable.
#[derive(Clone, Debug)]
pub struct Use {
    /// The name.
    pub name: String,
    /// Where.
    pub range: TextRange,
    /// What it means.
    pub target: Target,
    /// Names that could have been written here, innermost scope first.
    scope: Option<usize>,
}

struct Scope {
    parent: Option<usize>,
    names: HashMap<String, BindingId>,
    /// Index into [`Scopes::withs`] when this is a `with`.
    with: Option<usize>,
}

/// All names of a file.
#[derive(Default)]
pub struct Scopes {
    /// In the order of their introduction.
    pub bindings: Vec<Binding>,
    /// In the order of the text, nearly.
    pub uses: Vec<Use>,
    /// The `with`s.
    pub withs: Vec<ast::With>,
    /// How many names were left to each `with`.
    pub with_uses: Vec<usize>,
    by_range: HashMap<TextRange, usize>,
    scopes: Vec<Scope>,
}

impl Scopes {
    /// Resolves every name of a file.
    pub fn of(root: &ast::Root) -> Self {
        let mut scopes = Self::default();
        scopes.visit(root.syntax(), None);
        scopes.by_range = scopes.uses.iter().enumerate().map(|(i, u)| (u.range, i)).collect();
        scopes
    }

    /// What the identifier at `range` means.
    pub fn target(&self, range: TextRange) -> Option<&Target> {
        self.by_range.get(&range).map(|i| &self.uses[*i].target)
    }

    /// The binding an identifier expression means, if it means one.
    pub fn binding_of(&self, ident: &ast::Ident) -> Option<&Binding> {
        match self.target(ident.syntax().text_range())? {
            Target::Binding(id) => self.bindings.get(*id),
            _ => None,
        }
    }

    /// The names lexically visible at a use.
    pub fn visible(&self, used: &Use) -> Vec<&str> {
        let mut names = Vec::new();
        let mut scope = used.scope;
        while let Some(at) = scope {
            names.extend(self.scopes[at].names.keys().map(String::as_str));
            scope = self.scopes[at].parent;
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    fn open(&mut self, parent: Option<usize>) -> usize {
        self.scopes.push(Scope { parent, names: HashMap::new(), with: None });
        self.scopes.len() - 1
    }

    fn bind(&mut self, scope: usize, name: String, kind: BindingKind, range: TextRange, node: &SyntaxNode) {
        // `let a.b = 1; a.c = 2;` binds `a` once.
        if self.scopes[scope].names.contains_key(&name) {
            return;
        }
        self.scopes[scope].names.insert(name.clone(), self.bindings.len());
        self.bindings.push(Binding { name, kind, range, node: node.clone(), uses: 0 });
    }

    fn used(&mut self, name: String, range: TextRange, scope: Option<usize>) {
        let mut withs = Vec::new();
        let mut at = scope;
        let mut target = None;
        while let Some(current) = at {
            if let Some(id) = self.scopes[current].names.get(&name) {
                target = Some(Target::Binding(*id));
                break;
            }
            withs.extend(self.scopes[current].with);
            at = self.scopes[current].parent;
        }
        let target = target.unwrap_or_else(|| match () {
            () if is_global(&name) => Target::Global,
            () if !withs.is_empty() => Target::With(withs),
            () => Target::Unbound,
        });
        match &target {
            Target::Binding(id) => {
                let binding = &mut self.bindings[*id];
                let own = match binding.kind {
                    BindingKind::Let => binding.node.text_range().contains_range(range),
                    _ => false,
                };
                binding.uses += usize::from(!own);
            }
            Target::With(withs) => withs.iter().for_each(|with| self.with_uses[*with] += 1),
            _ => {}
        }
        self.uses.push(Use { name, range, target, scope });
    }

    fn visit(&mut self, node: &SyntaxNode, scope: Option<usize>) {
        match node.kind() {
            NODE_IDENT => self.used(node.text().to_string(), node.text_range(), scope),
            NODE_ATTR_SET => self.set(node, scope),
            NODE_LET_IN | NODE_LEGACY_LET => self.bindings_of(node, scope),
            NODE_LAMBDA => self.lambda(node, scope),
            NODE_WITH => self.with(node, scope),
            NODE_ATTRPATH => self.path(node, scope),
            NODE_INHERIT => self.inherit(node, scope, scope),
            _ => node.children().for_each(|child| self.visit(&child, scope)),
        }
    }

    /// Attribute names are no uses; what is interpolated in them is.
    fn path(&mut self, node: &SyntaxNode, scope: Option<usize>) {
        for attr in node.children().filter(|attr| attr.kind() != NODE_IDENT) {
            self.visit(&attr, scope);
        }
    }

    fn inherit(&mut self, node: &SyntaxNode, around: Option<usize>, within: Option<usize>) {
        let Some(inherit) = ast::Inherit::cast(node.clone()) else { return };
        if let Some(from) = inherit.from() {
            from.syntax().children().for_each(|child| self.visit(&child, within));
            return;
        }
        for attr in inherit.attrs() {
            if let Some(name) = text::attr_name(&attr) {
                self.used(name, attr.syntax().text_range(), around);
            }
        }
    }

    fn set(&mut self, node: &SyntaxNode, scope: Option<usize>) {
        let recursive = ast::AttrSet::cast(node.clone()).is_some_and(|set| set.rec_token().is_some());
        if recursive {
            return self.bindings_of(node, scope);
        }
        node.children().for_each(|child| self.visit(&child, scope));
    }

    fn bindings_of(&mut self, node: &SyntaxNode, around: Option<usize>) {
        let inner = self.open(around);
        let kinds = match node.kind() {
            NODE_LET_IN => (BindingKind::Let, BindingKind::LetInherit),
            _ => (BindingKind::Rec, BindingKind::Rec),
        };
        let entries: Vec<ast::Entry> = match node.kind() {
            NODE_LET_IN => ast::LetIn::cast(node.clone()).into_iter().flat_map(|n| n.entries()).collect(),
            NODE_LEGACY_LET => {
                ast::LegacyLet::cast(node.clone()).into_iter().flat_map(|n| n.entries()).collect()
            }
            _ => ast::AttrSet::cast(node.clone()).into_iter().flat_map(|n| n.entries()).collect(),
        };
        for entry in &entries {
            match entry {
                ast::Entry::AttrpathValue(binding) => {
                    let first = binding.attrpath().and_then(|path| path.attrs().next());
                    if let Some(attr) = first
                        && let Some(name) = text::attr_name(&attr)
                    {
                        self.bind(inner, name, kinds.0, attr.syntax().text_range(), binding.syntax());
                    }
                }
                ast::Entry::Inherit(inherit) => {
                    for attr in inherit.attrs() {
                        if let Some(name) = text::attr_name(&attr) {
                            self.bind(inner, name, kinds.1, attr.syntax().text_range(), inherit.syntax());
                        }
                    }
                }
            }
        }
        if node.kind() == NODE_LEGACY_LET
            && let Some(body) = self.scopes[inner].names.get("body")
        {
            self.bindings[*body].uses += 1;
        }
        for child in node.children() {
            match child.kind() {
                NODE_INHERIT => self.inherit(&child, around, Some(inner)),
                _ => self.visit(&child, Some(inner)),
            }
        }
    }

    fn lambda(&mut self, node: &SyntaxNode, around: Option<usize>) {
        let Some(lambda) = ast::Lambda::cast(node.clone()) else { return };
        let inner = self.open(around);
        match lambda.param() {
            Some(ast::Param::IdentParam(param)) => {
                if let Some(ident) = param.ident() {
                    let range = ident.syntax().text_range();
                    self.bind(inner, text::ident_text(&ident), BindingKind::Param, range, node);
                }
            }
            Some(ast::Param::Pattern(pattern)) => {
                if let Some(ident) = pattern.pat_bind().and_then(|bind| bind.ident()) {
                    let range = ident.syntax().text_range();
                    self.bind(inner, text::ident_text(&ident), BindingKind::Whole, range, node);
                }
                for entry in pattern.pat_entries() {
                    if let Some(ident) = entry.ident() {
                        let range = ident.syntax().text_range();
                        self.bind(
                            inner,
                            text::ident_text(&ident),
                            BindingKind::Formal,
                            range,
                            entry.syntax(),
                        );
                    }
                }
                for default in pattern.pat_entries().filter_map(|entry| entry.default()) {
                    self.visit(default.syntax(), Some(inner));
                }
            }
            None => {}
        }
        if let Some(body) = lambda.body() {
            self.visit(body.syntax(), Some(inner));
        }
    }

    fn with(&mut self, node: &SyntaxNode, around: Option<usize>) {
        let Some(with) = ast::With::cast(node.clone()) else { return };
        if let Some(namespace) = with.namespace() {
            self.visit(namespace.syntax(), around);
        }
        let inner = self.open(around);
        self.scopes[inner].with = Some(self.withs.len());
        self.with_uses.push(0);
        let body = with.body();
        self.withs.push(with);
        if let Some(body) = body {
            self.visit(body.syntax(), Some(inner));
        }
    }
}
