//! PGF320: phases written out without their hooks.

use rnix::ast;

use super::{Rule, attributes, resolve};
use crate::diag::{Code, Diagnostics};
use crate::overrides::Ctx;
use crate::rule::rule;
use rowan::ast::AstNode;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    PhaseHooks =
        "A phase that is written out replaces the standard one with its hooks, so that `preInstall` and \
         `postInstall`, and the set-up hooks of inputs, no longer run. Begin with `runHook preInstall` and end with \
         `runHook postInstall`.",
        bad: r#"
            { }: old: {
              buildPhase = ''
                runHook preBuild
                make
              '';
            }
        "#,
        says: "this `buildPhase` does not run postBuild",
        fixed: r#"
            { }: old: {
              buildPhase = ''
                runHook preBuild
                make
                runHook postBuild
              '';
            }
        "#;
};

const PHASES: &[(&str, &str)] = &[
    ("unpackPhase", "Unpack"),
    ("patchPhase", "Patch"),
    ("configurePhase", "Configure"),
    ("buildPhase", "Build"),
    ("checkPhase", "Check"),
    ("installPhase", "Install"),
    ("installCheckPhase", "InstallCheck"),
];

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for attribute in ctx.bodies().iter().flat_map(attributes) {
        let Some((_, hook)) = PHASES.iter().find(|(phase, _)| *phase == attribute.name) else { continue };
        let Some(value) = attribute.value.map(|value| resolve(ctx, value)) else { continue };
        // Anything but one string may get its hooks from elsewhere.
        if !matches!(value, ast::Expr::Str(_)) {
            continue;
        }
        let script = value.syntax().text().to_string();
        let missing: Vec<String> = ["pre", "post"]
            .iter()
            .map(|when| format!("{when}{hook}"))
            .filter(|hook| !script.contains(hook.as_str()))
            .collect();
        if !missing.is_empty() {
            sink.push(
                ctx.finding(
                    Code::PhaseHooks,
                    attribute.range,
                    format!("this `{}` does not run {}", attribute.name, missing.join(" and ")),
                )
                .help(format!("begin with `runHook pre{hook}` and end with `runHook post{hook}`")),
            );
        }
    }
}
