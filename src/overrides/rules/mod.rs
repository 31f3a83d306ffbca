//! The rules, one a file.

mod attribute_type;
mod build_tool;
mod builder_arguments;
mod catalogue_owned;
mod escapes;
mod fetchers;
mod form;
mod import_from_derivation;
mod impure;
mod list_replaced;
mod names;
mod nix_in_shell;
mod old_attribute;
mod old_hash_name;
mod old_name;
mod old_rev;
mod old_spelling;
mod paths;
mod phase_hooks;
mod pipe_operator;
mod rec_override;
mod unknown_attribute;
mod unknown_builtin;
mod unknown_package;
mod unused_binding;
mod unused_formal;
mod unused_with;
mod versions;
mod with_lib;
mod with_whole_file;

use rnix::TextRange;
use rnix::ast::{self, HasEntry};
use rowan::ast::AstNode;

use super::form::Seen;
use super::{Body, Ctx};
use crate::diag::Diagnostics;
use crate::nix::syntax::{scope::Target, text};

/// A rule of hand-written Nix.
pub type Rule = crate::rule::Rule<fn(&Ctx<'_>, &mut Diagnostics)>;

/// All rules. A test sees to it that every code of 21x and up and 3xx has one.
pub const RULES: &[Rule] = &[
    pipe_operator::RULE,
    names::RULE,
    unused_binding::RULE,
    unused_formal::RULE,
    unused_with::RULE,
    with_lib::RULE,
    escapes::RULE,
    fetchers::RULE,
    unknown_builtin::RULE,
    form::RULE,
    versions::RULE,
    unknown_package::RULE,
    catalogue_owned::RULE,
    old_attribute::RULE,
    unknown_attribute::RULE,
    list_replaced::RULE,
    attribute_type::RULE,
    paths::RULE,
    impure::RULE,
    import_from_derivation::RULE,
    with_whole_file::RULE,
    rec_override::RULE,
    old_hash_name::RULE,
    old_name::RULE,
    old_rev::RULE,
    old_spelling::RULE,
    build_tool::RULE,
    phase_hooks::RULE,
    nix_in_shell::RULE,
    builder_arguments::RULE,
];

/// An attribute that an override sets.
struct Attribute {
    name: String,
    /// Where its name stands.
    range: TextRange,
    /// Its value, unless it is inherited or only something below it is set (`env.X = …`).
    value: Option<ast::Expr>,
    /// Whether it stands in an `inherit`.
    inherited: bool,
}

/// The attributes a body sets, as far as they are written out.
fn attributes(body: &Body) -> Vec<Attribute> {
    let mut all = Vec::new();
    for entry in body.sets.iter().flat_map(HasEntry::entries) {
        match entry {
            ast::Entry::Inherit(inherit) => all.extend(inherit.attrs().filter_map(|attr| {
                let range = attr.syntax().text_range();
                Some(Attribute { name: text::attr_name(&attr)?, range, value: None, inherited: true })
            })),
            ast::Entry::AttrpathValue(binding) => {
                let Some(path) = binding.attrpath() else { continue };
                let mut names = text::path_names(&path);
                let Some(first) = path.attrs().next().filter(|_| !names.is_empty()) else { continue };
                let name = names.remove(0);
                let value = if path.attrs().count() == 1 { binding.value() } else { None };
                all.push(Attribute { name, range: first.syntax().text_range(), value, inherited: false });
            }
        }
    }
    all
}

/// Whether an expression is made of the old (or final) attributes, directly or through `let`.
fn uses_old(ctx: &Ctx<'_>, body: &Body, expr: &ast::Expr) -> bool {
    let old: Vec<TextRange> =
        body.old.iter().chain(&body.last).map(|ident| ident.syntax().text_range()).collect();
    let mut seen = Vec::new();
    let mut todo = vec![expr.syntax().text_range()];
    while let Some(range) = todo.pop() {
        for used in ctx.scopes.uses.iter().filter(|used| range.contains_range(used.range)) {
            match &used.target {
                Target::Binding(id) => {
                    let binding = &ctx.scopes.bindings[*id];
                    if old.contains(&binding.range) {
                        return true;
                    }
                    let inside = matches!(
                        binding.kind,
                        crate::nix::syntax::scope::BindingKind::Let
                            | crate::nix::syntax::scope::BindingKind::LetInherit
                            | crate::nix::syntax::scope::BindingKind::Rec
                    );
                    if inside && !seen.contains(id) {
                        seen.push(*id);
                        todo.push(binding.node.text_range());
                    }
                }
                // `with old;` may give it.
                Target::With(_) if ctx.scopes.withs.iter().any(|with| with_old(ctx, with, &old)) => {
                    return true;
                }
                _ => {}
            }
        }
    }
    false
}

fn with_old(ctx: &Ctx<'_>, with: &ast::With, old: &[TextRange]) -> bool {
    match with.namespace().map(text::peel) {
        Some(ast::Expr::Ident(ident)) => {
            ctx.scopes.binding_of(&ident).is_some_and(|binding| old.contains(&binding.range))
        }
        _ => false,
    }
}

/// An expression without parentheses, `with` and `let` around it, and a name bound by `let` as what
/// it stands for.
fn resolve(ctx: &Ctx<'_>, expr: ast::Expr) -> ast::Expr {
    let mut expr = super::form::inner(expr);
    for _ in 0..8 {
        let ast::Expr::Ident(ident) = &expr else { break };
        let Some(binding) = ctx.scopes.binding_of(ident) else { break };
        if binding.kind != crate::nix::syntax::scope::BindingKind::Let {
            break;
        }
        let value = ast::AttrpathValue::cast(binding.node.clone())
            .filter(|b| b.attrpath().is_some_and(|path| path.attrs().count() == 1))
            .and_then(|b| b.value());
        match value {
            Some(value) => expr = super::form::inner(value),
            None => break,
        }
    }
    expr
}

/// Ends of the names of arguments that are lists rather than packages.
const PLURAL: &[&str] = &[
    "Args", "Deps", "Features", "Flags", "Inputs", "Libs", "List", "Modules", "Options", "Packages",
    "Patches", "Paths", "Plugins", "Targets", "Tools", "flags", "patches",
];

/// Whether an identifier is an argument of the function that takes the packages, and by its name one
/// package.
fn is_package(ctx: &Ctx<'_>, expr: &ast::Expr) -> bool {
    let (ast::Expr::Ident(ident), Some(form)) = (expr, &ctx.form) else { return false };
    let Some(binding) = ctx.scopes.binding_of(ident) else { return false };
    let outer = binding.node.parent().and_then(|pattern| pattern.parent());
    let defaulted = ast::PatEntry::cast(binding.node.clone()).is_some_and(|entry| entry.default().is_some());
    if defaulted || PLURAL.iter().any(|end| binding.name.ends_with(end)) {
        return false;
    }
    binding.kind == crate::nix::syntax::scope::BindingKind::Formal
        && outer.as_ref() == Some(form.packages.syntax())
}

/// Calls in the file as (call, last name of the function, arguments); the outermost of `f a b` only.
fn calls(ctx: &Ctx<'_>) -> impl Iterator<Item = (ast::Apply, Vec<String>, Vec<ast::Expr>)> {
    ctx.all::<ast::Apply>(rnix::SyntaxKind::NODE_APPLY).filter_map(|apply| {
        let parent = apply.syntax().parent()?;
        let head = parent.first_child().as_ref() == Some(apply.syntax());
        if parent.kind() == rnix::SyntaxKind::NODE_APPLY && head {
            return None;
        }
        let (function, arguments) = text::application(&apply)?;
        Some((apply, text::dotted(&function)?, arguments))
    })
}
