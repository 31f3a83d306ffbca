//! PGF217, PGF218, PGF219: malformed, fake and missing hashes.

use rnix::SyntaxKind::NODE_ATTRPATH_VALUE;
use rnix::ast::{self, HasEntry};
use rowan::ast::AstNode;

use super::{Rule, calls};
use crate::diag::{Code, Diagnostics};
use crate::nix::syntax::scope::BindingKind;
use crate::nix::syntax::text;
use crate::overrides::{Ctx, hashes, mk_derivation};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Nix, check;
    MalformedHash =
        "A hash is `sha256-` and 44 characters of base 64 (SRI; sha512- and 88), or in the older attributes \
         sha256/sha512 also base 32 or base 16 of the right length. This one has another length or characters that \
         its alphabet lacks, so the download could never be accepted.",
        bad: r#"
            { fetchpatch }: old: {
              patches = [
                (fetchpatch {
                  url = "https://example.org/a.patch";
                  hash = "sha256-abc";
                })
              ];
            }
        "#,
        says: "this is no hash",
        fixed: r#"
            { fetchpatch }: old: {
              patches = [
                (fetchpatch {
                  url = "https://example.org/a.patch";
                  hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=";
                })
              ];
            }
        "#;
    FakeHash =
        "`lib.fakeHash`, an empty string and hashes of zeros are there to make Nix print the right one. The build \
         stops there. Put in what Nix printed after `got:`.",
        bad: r#"
            { fetchpatch }: old: {
              patches = [
                (fetchpatch {
                  url = "https://example.org/a.patch";
                  hash = "";
                })
              ];
            }
        "#,
        says: "an empty hash is a placeholder, so that the build stops here",
        fixed: r#"
            { fetchpatch }: old: {
              patches = [
                (fetchpatch {
                  url = "https://example.org/a.patch";
                  hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=";
                })
              ];
            }
        "#;
    MissingHash =
        "A fetcher that is given no hash cannot run in the sandbox, and what it brings may change. Give `hash = \
         \"sha256-…\";`. `builtins.fetchGit` is pinned by a full `rev`.",
        bad: r#"
            { fetchpatch }: old: {
              patches = [
                (fetchpatch {
                  url = "https://example.org/a.patch";
                })
              ];
            }
        "#,
        says: "this `fetchpatch` has no hash",
        fixed: r#"
            { fetchpatch }: old: {
              patches = [
                (fetchpatch {
                  url = "https://example.org/a.patch";
                  hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=";
                })
              ];
            }
        "#;
};

/// Attributes that are hashes wherever they stand.
const ANYWHERE: &[&str] =
    &["cargoHash", "cargoSha256", "vendorHash", "vendorSha256", "npmDepsHash", "goModulesHash"];

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for (apply, names, arguments) in calls(ctx) {
        let Some(name) = names.last() else { continue };
        if !is_fetcher(name) {
            continue;
        }
        for argument in &arguments {
            let ast::Expr::AttrSet(set) = text::peel(argument.clone()) else { continue };
            for entry in set.attrpath_values() {
                fetcher_hash(ctx, &entry, sink);
            }
            if arguments.len() == 1
                && mk_derivation::FETCHERS.contains(&name.as_str())
                && !is_local(ctx, &apply)
            {
                missing(ctx, &apply, name, &set, sink);
            }
        }
    }
    for entry in ctx.all::<ast::AttrpathValue>(NODE_ATTRPATH_VALUE) {
        let Some(name) = name_of(&entry) else { continue };
        // buildRustPackage does not read cargoHash where it is given a lock file.
        if name.starts_with("cargo") && beside(&entry, "cargoLock") {
            continue;
        }
        if ANYWHERE.contains(&name.as_str()) {
            let algorithm = name.ends_with("Sha256").then(|| hashes::algorithm("sha256")).flatten();
            judge(ctx, &entry, algorithm, sink);
        }
    }
}

/// Whether the set that an entry stands in has an attribute of this name.
fn beside(entry: &ast::AttrpathValue, name: &str) -> bool {
    let Some(set) = entry.syntax().parent().and_then(ast::AttrSet::cast) else { return false };
    set.entries().any(|other| match other {
        ast::Entry::AttrpathValue(other) => other
            .attrpath()
            .is_some_and(|path| text::path_names(&path).first().is_some_and(|first| first == name)),
        ast::Entry::Inherit(inherit) => {
            inherit.attrs().any(|attr| text::attr_name(&attr).as_deref() == Some(name))
        }
    })
}

fn is_fetcher(name: &str) -> bool {
    name.starts_with("fetch") && name != "fetchGit" && name != "fetchMercurial" && name != "fetchTree"
}

/// Whether the function is one of the file's own, which may know the hash.
fn is_local(ctx: &Ctx<'_>, apply: &ast::Apply) -> bool {
    let Some((function, _)) = text::application(apply) else { return true };
    match function {
        ast::Expr::Ident(ident) => ctx
            .scopes
            .binding_of(&ident)
            .is_some_and(|binding| !matches!(binding.kind, BindingKind::Formal | BindingKind::LetInherit)),
        _ => false,
    }
}

fn name_of(entry: &ast::AttrpathValue) -> Option<String> {
    let path = entry.attrpath()?;
    let mut names = text::path_names(&path);
    (path.attrs().count() == 1).then(|| names.pop()).flatten()
}

fn fetcher_hash(ctx: &Ctx<'_>, entry: &ast::AttrpathValue, sink: &mut Diagnostics) {
    match name_of(entry).as_deref() {
        Some("hash") => judge(ctx, entry, None, sink),
        Some(name @ ("sha256" | "sha512" | "sha1" | "md5")) => {
            judge(ctx, entry, hashes::algorithm(name), sink)
        }
        _ => {}
    }
}

fn judge(
    ctx: &Ctx<'_>,
    entry: &ast::AttrpathValue,
    algorithm: Option<hashes::Algorithm>,
    sink: &mut Diagnostics,
) {
    let Some(value) = entry.value().map(text::peel) else { return };
    let range = value.syntax().text_range();
    let fake = |what: &str| {
        ctx.finding(Code::FakeHash, range, format!("{what} is a placeholder, so that the build stops here"))
            .help("build it once and put in the hash that Nix prints after `got:`")
    };
    if let Some(names) = text::dotted(&value) {
        if let Some(name) =
            names.last().filter(|name| matches!(name.as_str(), "fakeHash" | "fakeSha256" | "fakeSha512"))
        {
            sink.push(fake(&format!("`{name}`")));
        }
        return;
    }
    let ast::Expr::Str(string) = &value else { return };
    let Some(written) = text::constant(string) else { return };
    if hashes::is_fake(&written) {
        sink.push(fake(if written.is_empty() { "an empty hash" } else { "this hash" }));
        return;
    }
    // An SRI attribute may hold several, separated by blanks.
    for one in written.split_whitespace() {
        if let Err(why) = hashes::parse(one, algorithm) {
            sink.push(
                ctx.finding(Code::MalformedHash, range, "this is no hash")
                    .label(why)
                    .help("copy the hash again, with all of its characters: `sha256-` and 44 more"),
            );
            return;
        }
    }
}

fn missing(ctx: &Ctx<'_>, apply: &ast::Apply, name: &str, set: &ast::AttrSet, sink: &mut Diagnostics) {
    let mut names = Vec::new();
    for entry in set.entries() {
        match entry {
            ast::Entry::AttrpathValue(binding) => {
                match binding.attrpath().map(|path| text::path_names(&path)) {
                    Some(path) if !path.is_empty() => names.push(path[0].clone()),
                    // A computed name may be the hash.
                    _ => return,
                }
            }
            ast::Entry::Inherit(inherit) => {
                names.extend(inherit.attrs().filter_map(|attr| text::attr_name(&attr)))
            }
        }
    }
    let hashed = names.iter().any(|name| {
        mk_derivation::HASH_ATTRIBUTES.contains(&name.as_str()) || name.to_lowercase().ends_with("hash") || name.ends_with("sha256")
            // It prints the mirrors and downloads nothing.
            || name == "showURLs"
    });
    // `builtins.fetchurl` and friends may do without; so may a fetcher that gets its hash later.
    if hashed || set.rec_token().is_some() {
        return;
    }
    let start = apply.syntax().text_range().start();
    let len = u32::try_from(ctx.text[usize::from(start)..].find([' ', '{', '\n']).unwrap_or(1)).unwrap_or(1);
    sink.push(
        ctx.finding(
            Code::MissingHash,
            rnix::TextRange::at(start, len.into()),
            format!("this `{name}` has no hash"),
        )
        .help("add `hash = \"sha256-…\";`; with `hash = lib.fakeHash;` the first build prints it"),
    );
}
