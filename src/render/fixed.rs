//! Files of `generated/` that are the same for every catalogue: Nix functions, scripts, SQL.

use std::borrow::Cow;

use serde::Serialize;

use super::engine::{Template, fill};
use super::{marker, nix_file};
use crate::catalogue::kinds::Kind;

macro_rules! fixed {
    ($($path:literal from $file:literal,)*) => {
        /// Path below `generated/`, and text without its head.
        const FILES: &[(&str, &str)] = &[$(($path, include_str!(concat!("../../", $file))),)*];
    };
}

fixed! {
    ".gitattributes" from "templates/gitattributes",
    "checks/default.nix" from "templates/checks/default.nix",
    "checks/definitions.sql" from "templates/checks/definitions.sql",
    "checks/extension.sql" from "templates/checks/extension.sql",
    "checks/installcheck.nix" from "templates/checks/installcheck.nix",
    "checks/installcheck.sh" from "templates/checks/installcheck.sh",
    "checks/side-by-side.sh" from "templates/checks/side-by-side.sh",
    "checks/slim-closure.sh" from "templates/checks/slim-closure.sh",
    "checks/smoke.sh" from "templates/checks/smoke.sh",
    "checks/update.sh" from "templates/checks/update.sh",
    "checks/updated.sh" from "templates/checks/updated.sh",
    "docker/entrypoint.sh" from "templates/docker/entrypoint.sh",
    "docker/first-start.sh" from "templates/docker/first-start.sh",
    "docker/functions.sh" from "templates/docker/functions.sh",
    "lib/apply-override.nix" from "templates/lib/apply-override.nix",
    "lib/build-extension.nix" from "templates/lib/build-extension.nix",
    "lib/docker.nix" from "templates/lib/docker.nix",
    "lib/extension-image.nix" from "templates/lib/extension-image.nix",
    "lib/extension-image.sh" from "templates/lib/extension-image.sh",
    "lib/hydra.nix" from "templates/lib/hydra.nix",
    "lib/from-nixpkgs.nix" from "templates/lib/from-nixpkgs.nix",
    "lib/image-labels.nix" from "templates/lib/image-labels.nix",
    "lib/make-postgresql.nix" from "templates/lib/make-postgresql.nix",
    "lib/pinned.nix" from "templates/lib/pinned.nix",
    "lib/refusal.nix" from "templates/lib/refusal.nix",
    "lib/side-by-side.nix" from "templates/lib/side-by-side.nix",
    "lib/side-by-side.sh" from "templates/lib/side-by-side.sh",
    "lib/slim.nix" from "templates/lib/slim.nix",
    "lib/switch-extension-version.sh" from "templates/lib/switch-extension-version.sh",
    "lib/with-features.nix" from "templates/lib/with-features.nix",
    "lib/without-server.nix" from "templates/lib/without-server.nix",
    "machine/backup.sh" from "templates/machine/backup.sh",
    "machine/build.sh" from "templates/machine/build.sh",
    "machine/default.nix" from "templates/machine/default.nix",
    "machine/files.sh" from "templates/machine/files.sh",
    "machine/image.nix" from "templates/machine/image.nix",
    "machine/messages.sh" from "templates/machine/messages.sh",
    "machine/module.nix" from "templates/machine/module.nix",
    "machine/password.sh" from "templates/machine/password.sh",
    "machine/places.sh" from "templates/machine/places.sh",
    "machine/prepare.sh" from "templates/machine/prepare.sh",
    "machine/units.nix" from "templates/machine/units.nix",
    "machine/upgrade.sh" from "templates/machine/upgrade.sh",
    "machine/volume.sh" from "templates/machine/volume.sh",
    "tools/access.sh" from "templates/tools/access.sh",
    "tools/builds.sh" from "templates/tools/builds.sh",
    "tools/catalogue.sh" from "templates/tools/catalogue.sh",
    "tools/claim.sh" from "templates/tools/claim.sh",
    "tools/cluster.sh" from "templates/tools/cluster.sh",
    "tools/compare.sh" from "templates/tools/compare.sh",
    "tools/content.sh" from "templates/tools/content.sh",
    "tools/data.nix" from "templates/tools/data.nix",
    "tools/default.nix" from "templates/tools/default.nix",
    "tools/extension-versions.sh" from "templates/tools/extension-versions.sh",
    "tools/fingerprint.sql" from "templates/tools/fingerprint.sql",
    "tools/members.sql" from "templates/tools/members.sql",
    "tools/methods.sh" from "templates/tools/methods.sh",
    "tools/migrate.sh" from "templates/tools/migrate.sh",
    "tools/migration-test.sh" from "templates/tools/migration-test.sh",
    // For repositories that have no data of their own.
    "tools/migrations/changes.sql" from "tests/migrations/changes.sql",
    "tools/migrations/data.sql" from "tests/migrations/data.sql",
    "tools/new-options.sh" from "templates/tools/new-options.sh",
    "tools/obstacles.sh" from "templates/tools/obstacles.sh",
    "tools/obstacles.sql" from "templates/tools/obstacles.sql",
    "tools/own-data.sh" from "templates/tools/own-data.sh",
    "tools/pg.sh" from "templates/tools/pg.sh",
    "tools/plant.sh" from "templates/tools/plant.sh",
    "tools/primary.sh" from "templates/tools/primary.sh",
    "tools/report.sh" from "templates/tools/report.sh",
    "tools/server-options.sh" from "templates/tools/server-options.sh",
    "tools/server.sh" from "templates/tools/server.sh",
    "tools/start-client.sh" from "templates/tools/start-client.sh",
    "tools/start-replica.sh" from "templates/tools/start-replica.sh",
    "tools/start-server.sh" from "templates/tools/start-server.sh",
    "tools/state.sh" from "templates/tools/state.sh",
    "tools/two-servers.sh" from "templates/tools/two-servers.sh",
    "tools/upgrade-place.sh" from "templates/tools/upgrade-place.sh",
    "tools/upgrade-run.sh" from "templates/tools/upgrade-run.sh",
    "tools/upgrade-settings.sh" from "templates/tools/upgrade-settings.sh",
    "tools/upgrade.sh" from "templates/tools/upgrade.sh",
}

/// Paths below `generated/`, and texts without their heads: what is always the same, and the kinds' builders.
pub fn files() -> impl Iterator<Item = (Cow<'static, str>, Cow<'static, str>)> {
    let kinds = Kind::all().filter_map(|kind| Some((kind, kind.builder()?)));
    let builders = kinds.map(|(kind, builder)| (format!("lib/{}", kind.file()).into(), builder.text.into()));
    let fixed = FILES.iter().map(|(path, text)| (Cow::from(*path), Cow::from(*text)));
    fixed.chain(builders).chain([("lib/builders.nix".into(), builders_nix().into())])
}

/// The function of each kind, called with what it needs.
fn builders_nix() -> String {
    #[derive(Serialize)]
    struct Entry {
        function: String,
        file: String,
        arguments: &'static str,
    }
    #[derive(Serialize)]
    struct Data {
        builders: Vec<Entry>,
    }
    let entry = |kind: Kind| {
        let arguments = kind.builder()?.arguments;
        Some(Entry { function: kind.function(), file: format!("./{}", kind.file()), arguments })
    };
    let mut builders: Vec<Entry> = Kind::all().filter_map(entry).collect();
    builders.sort_by(|a, b| a.function.cmp(&b.function));
    fill(Template::Builders, &Data { builders })
}

/// The whole text of a file, with its head.
pub fn text(path: &str, body: &str) -> String {
    let comment = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("nix") => return nix_file(None, body),
        Some("sql") => "--",
        _ => "#",
    };
    format!("{comment} {}; changes would be lost.\n\n{body}", marker::MARK)
}
