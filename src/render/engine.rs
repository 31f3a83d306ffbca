//! Strict Handlebars over `templates/`, whose escape function is the Nix string escaper.
//!
//! Templates get data that is Nix text already (built from [`Nix`](crate::catalogue::expression::Nix)) by `{{{ }}}`; whatever a
//! template takes by `{{ }}` is escaped for the inside of a Nix string.

use std::sync::LazyLock;

use handlebars::Handlebars;
use serde::Serialize;

use crate::nix::syntax::quote;

/// Parts of workflows.
const PARTIALS: [(&str, &str); 5] = [
    ("checkout", include_str!("../../templates/workflows/checkout.yml.hbs")),
    ("checkout-all", include_str!("../../templates/workflows/checkout-all.yml.hbs")),
    ("login", include_str!("../../templates/workflows/login.yml.hbs")),
    ("nix", include_str!("../../templates/workflows/nix.yml.hbs")),
    ("program", include_str!("../../templates/workflows/program.yml.hbs")),
];

macro_rules! templates {
    ($($name:ident = $file:literal;)*) => {
        /// A template; each is named after the file it makes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Template { $(#[doc = $file] $name,)* }

        impl Template {
            const ALL: &'static [(Template, &'static str, &'static str)] =
                &[$((Template::$name, $file, include_str!(concat!("../../templates/", $file))),)*];
        }
    };
}

templates! {
    Builders = "builders.nix.hbs";
    Buildkite = "workflows/buildkite.yml.hbs";
    CargoPgrx = "cargo-pgrx.nix.hbs";
    Ci = "workflows/ci.yml.hbs";
    Custom = "custom.nix.hbs";
    Default = "default.nix.hbs";
    Extension = "extension.nix.hbs";
    Flake = "flake.nix.hbs";
    FromNixpkgs = "from-nixpkgs.nix.hbs";
    Gitlab = "workflows/gitlab-ci.yml.hbs";
    Postgresql = "postgresql.nix.hbs";
    Release = "workflows/release.yml.hbs";
    Update = "workflows/update.yml.hbs";
}

impl Template {
    fn name(self) -> &'static str {
        Template::ALL.iter().find(|(template, ..)| *template == self).map_or("", |(_, name, _)| name)
    }
}

static ENGINE: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(quote::string_content);
    for (name, text) in PARTIALS {
        engine.register_partial(name, text).expect("templates are part of the program");
    }
    for (_, name, text) in Template::ALL {
        engine.register_template_string(name, text).expect("templates are part of the program");
    }
    engine
});

/// Fills a template.
///
/// # Panics
/// When data and template do not fit, which is a mistake in this program and no input can cause.
pub fn fill<T: Serialize>(template: Template, data: &T) -> String {
    ENGINE
        .render(template.name(), data)
        .unwrap_or_else(|error| panic!("template {} and its data disagree: {error}", template.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_parses() {
        assert_eq!(ENGINE.get_templates().len(), Template::ALL.len() + PARTIALS.len());
    }
}
