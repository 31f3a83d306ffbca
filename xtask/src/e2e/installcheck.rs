//! `make installcheck` of real sources, in clusters inside builds: some that pass, a planted test that fails, and lists of
//! failures that are right and wrong.

use std::fs;

use anyhow::{Context as _, Result, bail};

use super::command::refused;
use super::nix::{build, on_flake, reference};
use super::{Context, Outcome, catalogue};

/// A test that fails, for an extension whose Makefile takes whatever lies in its folder.
const PLANTED: &str = "\
--- /dev/null
+++ b/test/sql/planted.sql
@@ -0,0 +1 @@
+select 'as it is' as planted;
--- /dev/null
+++ b/test/expected/planted.out
@@ -0,0 +1,6 @@
+select 'as it is' as planted;
+  planted  
+-----------
+ otherwise
+(1 row)
+
";

/// Builds what must pass and looks into its report, then what must fail.
pub fn prove(context: &Context) -> Result<Outcome> {
    let flake = context.state.join("flake-installcheck");
    let pair = context.pair()?;
    let [older, newer] = pair.names();
    // Of one extension the planted test is known with the newer PostgreSQL, of another a test is skipped there and said to
    // fail with the older, where it passes.
    let planted = format!(
        "patches = [\"patches/planted.patch\"]\n[[installcheck.known-failures]]\ntest = \"planted\"\n\
         reason = \"it is planted\"\npostgresql = \"{newer}\"\n"
    );
    let passes = format!(
        "[[installcheck.known-failures]]\ntest = \"ip4r\"\nreason = \"it does not\"\npostgresql = \"{older}\"\n\
         [[installcheck.skip]]\ntest = \"ip4r-v11\"\nreason = \"it is skipped\"\npostgresql = \"{newer}\"\n\
         [[installcheck.skip]]\ntest = \"ip4r-v10\"\nreason = \"there is none\"\npostgresql = \"{older}\"\n"
    );
    let keys = [("pg-semver", planted.as_str()), ("ip4r", &passes)];
    catalogue::generate_with_keys(context, &flake, &keys, ("planted.patch", PLANTED))?;

    let asked = |name: &str, extension: &str| format!("psql_{name}.installcheck.{extension}");
    let checked =
        |name: &str, extension: &str| format!("checks.x86_64-linux.psql_{name}-installcheck-{extension}");
    let good = [
        // Its list has a test that fails, and the checks have it.
        (older, "pg_repack", checked(older, "pg_repack"), "known: tablespace fails (needs"),
        (older, "periods", checked(older, "periods"), " tests pass"),
        (newer, "pg-semver", asked(newer, "pg-semver"), "known: planted fails (it is planted)"),
        (newer, "ip4r", asked(newer, "ip4r"), "skipped: ip4r-v11 (it is skipped)"),
        (older, "pg_partman", asked(older, "pg_partman"), "this source has no tests of its own"),
    ];
    let attributes: Vec<String> = good.iter().map(|(.., attribute, _)| attribute.clone()).collect();
    let reports = build(context, "pass", &flake, &attributes)?;
    for (name, extension, attribute, wanted) in &good {
        // Nix gives the paths of several in an order of its own.
        let called = format!("-psql_{name}-installcheck-{extension}-");
        let path = reports.iter().find(|path| path.contains(&called));
        let path = path.with_context(|| format!("{attribute} has no path"))?;
        let report = fs::read_to_string(path).with_context(|| path.clone())?;
        fs::write(context.log(attribute), &report)?;
        if !report.contains(wanted) || report.contains("not ok:") {
            bail!("{attribute} does not say `{wanted}`: {report}");
        }
    }
    let bad: [(String, &[&str]); 2] = [
        (asked(older, "pg-semver"), &["- otherwise", "+ as it is", "not ok: planted fails", "--keep-failed"]),
        (
            asked(older, "ip4r"),
            &[
                "not ok: ip4r passes now: take it from the list of known failures",
                "not ok: ip4r-v10 is to be skipped, and this source has no such test",
            ],
        ),
    ];
    for (attribute, said) in &bad {
        let mut command = on_flake(context, &["build", "--no-link", "-L"], &[reference(&flake, attribute)]);
        refused(&mut command, &context.log(attribute), said)?;
    }
    Ok(Outcome::Done(format!(
        "{} sources as they should; a planted failure and {} wrong lists are found",
        good.len(),
        bad.len()
    )))
}
