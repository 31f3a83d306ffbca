//! PGF318: names that nixpkgs has given up.

use rnix::SyntaxKind::NODE_SELECT;
use rnix::ast;
use rowan::ast::AstNode;

use super::{Rule, is_package};
use crate::diag::{Code, Diagnostics, Edit};
use crate::nix::syntax::scope::BindingKind;
use crate::nix::syntax::text;
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    OldSpelling =
        "The name was renamed in nixpkgs; the old one is an alias that is refused in nixpkgs' own files \
         (`allowAliases = false`) or gone altogether. The help line has today's name.",
        bad: r#"
            { pkgconfig }: old: {
              nativeBuildInputs = old.nativeBuildInputs ++ [ pkgconfig ];
            }
        "#,
        says: "nixpkgs calls `pkgconfig` `pkg-config` now",
        fixed: r#"
            { pkg-config }: old: {
              nativeBuildInputs = old.nativeBuildInputs ++ [ pkg-config ];
            }
        "#;
};

/// Packages and functions by their old names, with today's.
const RENAMED: &[(&str, &str)] = &[
    ("autoconf269", "autoconf"),
    ("buildPostgresqlExtension", "postgresqlBuildExtension"),
    ("jre8_headless", "jdk8_headless"),
    ("lib_output", "lib"),
    ("nix_2_3", "nixVersions.stable"),
    ("pkgconfig", "pkg-config"),
    ("pkgconfigUpstream", "pkg-config"),
    ("utillinux", "util-linux"),
    ("utillinuxMinimal", "util-linuxMinimal"),
];

/// `stdenv.isLinux` and its like, which are `stdenv.hostPlatform.isLinux` now.
const PLATFORM: &[&str] = &[
    "is32bit",
    "is64bit",
    "isAarch32",
    "isAarch64",
    "isBSD",
    "isBigEndian",
    "isCygwin",
    "isDarwin",
    "isFreeBSD",
    "isLinux",
    "isMips",
    "isOpenBSD",
    "isSunOS",
    "isi686",
    "isx86_32",
    "isx86_64",
];

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for binding in ctx.scopes.bindings.iter().filter(|binding| binding.kind == BindingKind::Formal) {
        let outer = binding.node.parent().and_then(|pattern| pattern.parent());
        let Some(form) = ctx.form.as_ref().filter(|form| outer.as_ref() == Some(form.packages.syntax()))
        else {
            continue;
        };
        let _ = form;
        if let Some((_, now)) = RENAMED.iter().find(|(old, _)| *old == binding.name) {
            sink.push(
                ctx.finding(
                    Code::OldSpelling,
                    binding.range,
                    format!("nixpkgs calls `{}` `{now}` now", binding.name),
                )
                .help(format!("write `{now}` here and where it is used")),
            );
        }
    }
    for select in ctx.all::<ast::Select>(NODE_SELECT) {
        let (Some(of), Some(path)) = (select.expr(), select.attrpath()) else { continue };
        let stdenv = matches!(&of, ast::Expr::Ident(ident) if text::ident_text(ident) == "stdenv");
        if !stdenv || !is_package(ctx, &of) {
            continue;
        }
        let Some(attr) = path.attrs().next() else { continue };
        let Some(name) = text::attr_name(&attr) else { continue };
        let range = attr.syntax().text_range();
        if name == "lib" {
            sink.push(
                ctx.finding(Code::OldSpelling, range, "`stdenv.lib` is gone from nixpkgs")
                    .help("add `lib` to the arguments and write `lib` alone"),
            );
        } else if PLATFORM.contains(&name.as_str()) {
            let start = usize::from(range.start());
            let at = crate::diag::Span::new(ctx.file, start..start);
            sink.push(
                ctx.finding(
                    Code::OldSpelling,
                    range,
                    format!("`stdenv.{name}` is an alias that nixpkgs has given up"),
                )
                .help(format!("write `stdenv.hostPlatform.{name}`"))
                .fix(
                    format!("write `stdenv.hostPlatform.{name}`"),
                    vec![Edit { span: at, replacement: "hostPlatform.".into() }],
                ),
            );
        }
    }
}
