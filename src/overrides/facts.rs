//! What the linter needs to know of the extension that an override is for.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::Utf8PathBuf;

use super::index::Index;
use crate::catalogue::model::{Catalogue, Extension, Fetcher, Version};

/// What an override file of this extension gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// A function of the generated derivation's attributes.
    #[default]
    Attributes,
    /// The whole derivation (`kind = "custom"`).
    Derivation,
}

/// The extension an override is for, as far as the rules need it.
#[derive(Clone, Debug, Default)]
pub struct OverrideFacts {
    /// The extension's name.
    pub extension: String,
    /// What the file is to give.
    pub role: Role,
    /// The versions in the catalogue; `None` when not known.
    pub versions: Option<Vec<String>>,
    /// The attributes that the generated derivation hands to mkDerivation, which are those of `old`;
    /// `None` when not known.
    pub attributes: Option<BTreeSet<String>>,
    /// Catalogue-owned attributes (`src`, `version`, …) that the catalogue lets this override set.
    pub owns: BTreeSet<String>,
    /// The directory the override stands in, to look for the paths it names.
    pub directory: Utf8PathBuf,
    /// The repository's root; paths may not lead out of it.
    pub repository: Utf8PathBuf,
    /// The other names of the package set that calls the override: the catalogue's extensions.
    pub packages: BTreeSet<String>,
    /// nixpkgs' attribute names, if there is an index.
    pub index: Option<Arc<Index>>,
}

impl OverrideFacts {
    /// Whether the generated derivation certainly or, failing knowledge, presumably sets `name`.
    pub fn generates(&self, name: &str) -> bool {
        self.attributes.as_ref().is_none_or(|names| names.contains(name))
    }
}

/// What mkDerivation is handed for every generated derivation. What builders add the kind says.
const ALWAYS: &[&str] = &["pname", "version", "src", "meta", "passthru", "buildInputs", "nativeBuildInputs"];

/// What there is to know of a catalogue's extension; the directories and the index are the caller's.
pub fn facts_of(extension: &Extension, catalogue: &Catalogue) -> OverrideFacts {
    let role = if extension.kind.is_hand_written() { Role::Derivation } else { Role::Attributes };
    // The package set's own recipe may have any attribute.
    let attributes = extension.kind.handed().is_some().then(|| attributes(extension));
    OverrideFacts {
        extension: extension.name.to_string(),
        role,
        versions: Some(extension.versions.iter().map(|version| version.version.clone()).collect()),
        attributes,
        owns: extension.override_owns.iter().cloned().collect(),
        packages: catalogue.extensions.iter().map(|extension| extension.name.to_string()).collect(),
        ..OverrideFacts::default()
    }
}

/// Attributes that any version has: a finding must be right for all of them.
fn attributes(extension: &Extension) -> BTreeSet<String> {
    let mut names: BTreeSet<&str> = ALWAYS.iter().copied().collect();
    names.extend(extension.kind.handed().unwrap_or_default());
    let own = extension.kind.attributes();
    let tarball = |version: &Version| matches!(version.source.fetcher, Fetcher::Url { .. });
    let source_root = if extension.versions.iter().any(tarball) { "setSourceRoot" } else { "sourceRoot" };
    for build in extension.versions.iter().map(|version| &version.build) {
        let flags = extension.kind.flags().iter();
        names.extend(flags.filter(|flags| !(flags.of)(build).is_empty()).map(|flags| flags.attribute));
        names.extend(own.iter().filter(|(_, value)| value(build).is_some()).map(|(name, _)| name));
        let set = [
            ("makeFlags", !build.make_flags.is_empty()),
            ("env", !build.env.is_empty()),
            ("patches", !build.patches.is_empty()),
            (source_root, build.source_root.is_some()),
        ];
        names.extend(set.iter().filter(|(_, there)| *there).map(|(name, _)| name));
    }
    names.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use camino::Utf8Path;

    use super::*;
    use crate::diag::{Diagnostics, SourceMap};
    use crate::nix::eval::Settings;
    use crate::overrides::evaluated::{builds, names_before};

    /// What nixpkgs' builder adds and that of the tests' package set does not.
    const NIXPKGS_ONLY: &str = "passthru";
    /// What our own template adds for pgrx; the rest of what is handed on is for nixpkgs' builders to add.
    const OF_TEMPLATE: &[&str] = &["doCheck", "cargo-pgrx", "buildFeatures", "buildAndTestSubdir"];

    #[test]
    fn attributes_are_those_that_evaluation_gives() {
        let here = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.join("tests/cases/evaluated");
        let loaded = crate::catalogue::load(&root, &mut SourceMap::new(), &mut Diagnostics::new());
        let catalogue = loaded.expect("a readable catalogue").expect("one without errors");
        let files = crate::render::render(&catalogue).into_iter().map(|file| (file.path, file.text));
        let inputs = vec![("nixpkgs".to_owned(), format!("path:{here}/tests/hostpkgs"))];
        let whole = |build: &crate::overrides::evaluated::Build| !build.custom && build.extension != "absent";
        let builds: Vec<_> = builds(&catalogue).into_iter().filter(whole).collect();
        let settings = Settings { pure: true, ..Settings::default() };
        let given = names_before(&root, files, settings, inputs, &builds, "x86_64-linux");
        let mut evaluated: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (build, names) in builds.iter().zip(given) {
            evaluated.entry(&build.extension).or_default().extend(names);
        }
        assert!(evaluated.len() >= 9, "every kind, with and without build keys");
        let mut wrong = Vec::new();
        for (extension, names) in evaluated {
            let extension = catalogue.extension(extension).expect("a build's");
            let known = facts_of(extension, &catalogue).attributes.expect("a generated derivation's");
            let pgrx = &extension.versions[0].build.pgrx;
            let ours = |name: &&str| {
                !extension.kind.has_crates()
                    || !extension.kind.handed().unwrap_or_default().contains(name)
                    || OF_TEMPLATE.contains(name)
                        && pgrx.as_ref().is_some_and(|pgrx| match *name {
                            "buildFeatures" => !pgrx.features.is_empty(),
                            "buildAndTestSubdir" => pgrx.cargo_package.is_some(),
                            _ => true,
                        })
            };
            let unknown: Vec<_> = names.difference(&known).collect();
            let gone = known.difference(&names).map(String::as_str);
            let gone: Vec<_> = gone.filter(|name| *name != NIXPKGS_ONLY).filter(ours).collect();
            if !unknown.is_empty() || !gone.is_empty() {
                wrong.push(format!("{}: +{unknown:?} -{gone:?}", extension.name));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
