//! Keys of ours in a real Nix's hands, and what is pushed by one to a folder: signed, only what was built, taken by whom
//! trusts the key and by nobody else. Without a `nix` on the PATH this shows as ignored.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Failed, Trial};

use crate::support::program::run;

/// One, with the Nix that is there.
pub fn trials() -> Vec<Trial> {
    let found = crate::workflows::linter("nix");
    let jq = Command::new("jq").arg("--version").output().is_ok();
    [("nix", found)]
        .into_iter()
        .map(|(name, nix)| {
            let missing = nix.is_none() || !jq;
            let check = move || pushed(&nix.unwrap_or_default());
            Trial::test(format!("cache::{name}"), check).with_ignored_flag(missing)
        })
        .collect()
}

/// A store of its own.
struct Store {
    folder: PathBuf,
    nix: PathBuf,
}

impl Store {
    fn command(&self, program: &str) -> Command {
        let at = |name: &str| self.folder.join(name);
        let mut command = Command::new(if program == "nix" { self.nix.clone() } else { program.into() });
        let path = format!(
            "{}:{}",
            self.nix.parent().unwrap_or(Path::new("/")).display(),
            std::env::var("PATH").unwrap_or_default()
        );
        command
            .env("NIX_STORE_DIR", at("store"))
            .env("NIX_STATE_DIR", at("var"))
            .env("NIX_LOG_DIR", at("log"))
            .env("NIX_CONF_DIR", at("etc"))
            .env("NIX_REMOTE", "")
            .env("HOME", &self.folder)
            .env("PATH", path)
            .env("NIX_CONFIG", "sandbox = false\nbuild-users-group =\nsubstituters =\nextra-experimental-features = nix-command");
        command
    }

    fn nix(&self, args: &[&str]) -> Output {
        self.command("nix").args(args).output().expect("nix starts")
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn pushed(nix: &Path) -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let root = dir.path().canonicalize()?;
    // Both have the same name for their store, and so the same paths.
    let store = Store { folder: root.clone(), nix: nix.to_owned() };
    let key = run(&root, &["cache", "keygen", "a.example-1", "--output", "key"]);
    assert!(key.status.success());
    let public = String::from_utf8(key.stdout)?.trim().to_owned();
    let secret = fs::read_to_string(root.join("key"))?;
    let seen = {
        use std::io::Write as _;
        let mut child = store
            .command("nix")
            .args(["key", "convert-secret-to-public"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()?;
        child.stdin.take().ok_or("no stdin")?.write_all(secret.as_bytes())?;
        String::from_utf8(child.wait_with_output()?.stdout)?
    };
    assert_eq!(seen.trim(), public, "Nix has the same public key");
    let program = "derivation { name = \"built\"; system = builtins.currentSystem; builder = \"/bin/sh\"; preferLocalBuild = true; \
                   args = [ \"-c\" \"echo hello > $out\" ]; }";
    let built = store.nix(&["build", "--impure", "--expr", program, "--no-link", "--print-out-paths"]);
    let built = match built.status.success() {
        true => built,
        // An older Nix does not print them.
        false => store.nix(&["build", "--impure", "--expr", program, "--no-link"]),
    };
    if !built.status.success() {
        return Err(text(&built).into());
    }
    fs::write(root.join("source"), "a source\n")?;
    let source = store.nix(&["store", "add-file", &root.join("source").display().to_string()]);
    assert!(source.status.success(), "{}", text(&source));
    let cache = root.join("cache");
    let places =
        format!("[{{\"kind\":\"store\",\"store\":\"file://{}?compression=none\"}}]", cache.display());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/ci/push.sh");
    let push = |secret: &str| {
        let mut command = store.command("bash");
        command.arg(&script).env("PUSH", &places).env("NIX_SIGNING_KEY", secret).env("PAUSE", "0");
        command.output().expect("bash starts")
    };
    let missing = push("");
    assert!(
        !missing.status.success() && text(&missing).contains("NIX_SIGNING_KEY is not set"),
        "{}",
        text(&missing)
    );
    // Twice: what is there stays.
    for _ in 0..2 {
        let output = push(&secret);
        assert!(output.status.success(), "{}", text(&output));
        assert!(
            !text(&output).contains(secret.rsplit(':').next().unwrap_or(&secret)),
            "the key is in the log"
        );
    }
    let mut narinfos = Vec::new();
    for entry in fs::read_dir(&cache)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "narinfo") {
            narinfos.push(fs::read_to_string(path)?);
        }
    }
    assert_eq!(narinfos.len(), 1, "what was built, and no source: {narinfos:?}");
    assert!(narinfos[0].contains("-built\n") && narinfos[0].contains("Sig: a.example-1:"), "{}", narinfos[0]);
    let path = narinfos[0].lines().find_map(|line| line.strip_prefix("StorePath: ")).ok_or("no path")?;
    // Somebody else's empty store: with the key, with another, with none.
    let other = run(&root, &["cache", "keygen", "a.example-1", "--output", "other"]);
    let wrong = String::from_utf8(other.stdout)?.trim().to_owned();
    for (trusted, good) in [(wrong.as_str(), false), ("", false), (public.as_str(), true)] {
        let from = format!("file://{}", cache.display());
        let to = root.join(format!("reader-{good}-{}", trusted.len()));
        let to = format!(
            "local?store={}&state={}&log={}&real={}",
            root.join("store").display(),
            to.join("var").display(),
            to.join("log").display(),
            to.join("real").display()
        );
        let output = store.nix(&[
            "copy",
            "--option",
            "trusted-public-keys",
            trusted,
            "--from",
            &from,
            "--to",
            &to,
            path,
        ]);
        assert_eq!(output.status.success(), good, "{trusted}: {}", text(&output));
    }
    Ok(())
}
