//! `cargo xtask walkthroughs`: the changes that CONTRIBUTING.md describes are made to a copy of the tree, all of them, and
//! what each says to run is run.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use crate::copy::Copy;

/// The lines of a patch's text that are to be typed.
fn commands(text: &str) -> Vec<String> {
    let prose = text.split("\ndiff --git ").next().unwrap_or_default();
    prose.lines().filter_map(|line| line.strip_prefix("    $ ")).map(str::to_owned).collect()
}

/// Does it; gives what there is to say.
pub fn run() -> anyhow::Result<String> {
    let copy = Copy::new("walkthroughs", false)?;
    let mut patches: Vec<PathBuf> = std::fs::read_dir(copy.root().join("docs/walkthroughs"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    patches.sort();
    ensure!(patches.len() >= 4, "only {} walk-throughs", patches.len());
    for patch in &patches {
        says(&copy, "git", &["apply", &patch.to_string_lossy()])?;
    }
    for patch in &patches {
        let commands = commands(&std::fs::read_to_string(patch)?);
        ensure!(!commands.is_empty(), "{} says nothing to type", patch.display());
        for command in commands {
            println!("$ {command}");
            says(&copy, "bash", &["-ec", &command])?;
        }
    }
    says(
        &copy,
        "bash",
        &["-ec", "cargo fmt --all --check && cargo clippy --workspace --all-targets -- -D warnings"],
    )?;
    Ok(format!("{} walk-throughs work", patches.len()))
}

fn says(copy: &Copy, program: &str, args: &[&str]) -> anyhow::Result<()> {
    let status = copy.command(program).args(args).status();
    let status = status.with_context(|| format!("{program} cannot be started"))?;
    ensure!(status.success(), "{program} {} fails", args.join(" "));
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn commands_are_those_of_the_prose() {
        let text = "A rule.\n\n    $ one 'a b'\n    $ two\n\ndiff --git a/x b/x\n+    $ three\n";
        assert_eq!(super::commands(text), ["one 'a b'", "two"]);
    }
}
