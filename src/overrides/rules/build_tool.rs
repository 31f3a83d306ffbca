//! PGF319: programs of the build among `buildInputs`.

use rnix::ast;
use rowan::ast::AstNode;

use super::{Rule, attributes};
use crate::diag::{Code, Diagnostics};
use crate::nix::syntax::text;
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    BuildTool =
        "Programs that run during the build belong in `nativeBuildInputs`; in `buildInputs` they are for the \
         machine that will run the result, which breaks cross builds and strictDeps.",
        bad: r#"
            { cmake }: old: {
              buildInputs = old.buildInputs ++ [ cmake ];
            }
        "#,
        says: "`cmake` runs during the build",
        fixed: r#"
            { cmake }: old: {
              nativeBuildInputs = old.nativeBuildInputs ++ [ cmake ];
            }
        "#;
};

/// Packages that are nothing but programs or hooks of the build.
const TOOLS: &[&str] = &[
    "autoPatchelfHook",
    "autoconf",
    "automake",
    "autoreconfHook",
    "bison",
    "cmake",
    "flex",
    "gnum4",
    "installShellFiles",
    "makeBinaryWrapper",
    "makeWrapper",
    "meson",
    "ninja",
    "patchelf",
    "pkg-config",
    "pkgconfig",
    "removeReferencesTo",
    "rustc",
    "unzip",
    "which",
];

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for attribute in ctx.bodies().iter().flat_map(attributes).filter(|a| a.name == "buildInputs") {
        let Some(value) = attribute.value else { continue };
        for list in value.syntax().descendants().filter_map(ast::List::cast) {
            for item in list.items() {
                let Some(name) = text::dotted(&item).and_then(|names| names.last().cloned()) else {
                    continue;
                };
                if TOOLS.contains(&name.as_str()) {
                    sink.push(
                        ctx.finding(
                            Code::BuildTool,
                            item.syntax().text_range(),
                            format!("`{name}` runs during the build"),
                        )
                        .help("move it to `nativeBuildInputs`"),
                    );
                }
            }
        }
    }
}
