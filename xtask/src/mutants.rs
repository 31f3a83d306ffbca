//! `cargo xtask mutants`: code is changed in one place after the other, and a test must notice. All of it takes days on two
//! processors, so it is done area by area and in parts: each week another one.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};

use crate::copy::Copy;
use crate::repository::{cargo_has, root};

/// Options of `mutants`.
#[derive(clap::Args)]
pub struct Args {
    /// Only this area: builtins, rules, store, tree, upstream.
    #[arg(long)]
    area: Option<String>,
    /// Only the part K of N: K/N, from 0.
    #[arg(long, value_name = "K/N")]
    part: Option<String>,
}

/// What is changed, and the tests that are to notice.
struct Area {
    name: &'static str,
    package: &'static str,
    files: &'static [&'static str],
    /// Packages whose tests run.
    tested: &'static [&'static str],
    tests: &'static str,
}

const AREAS: [Area; 5] = [
    Area {
        name: "builtins",
        package: "nix-eval",
        files: &["crates/nix-eval/src/builtins/**"],
        tested: &["nix-eval", "pgflakegen"],
        tests: "package(nix-eval) | test(/^eval_|^nix::/)",
    },
    Area {
        name: "rules",
        package: "pgflakegen",
        files: &["src/catalogue/rules/**", "src/overrides/rules/**"],
        tested: &["pgflakegen"],
        tests: "test(/^(catalogue|overrides)/) | test(/^(examples|check_fix|messages)::/)",
    },
    Area {
        name: "store",
        package: "nix-store",
        files: &["crates/nix-store/src/**"],
        tested: &["nix-store"],
        tests: "all()",
    },
    Area {
        name: "tree",
        package: "pgflakegen",
        files: &["src/tree/**"],
        tested: &["pgflakegen"],
        tests: "test(/^(tree|team|cli|power_cut|hostile|escapes)::/)",
    },
    Area {
        name: "upstream",
        package: "pgflakegen",
        files: &["src/upstream/**"],
        tested: &["pgflakegen"],
        tests: "test(/^upstream::/)",
    },
];

/// Survivors without a reason, of a hundred mutants.
const MOST: usize = 5;

pub fn run(args: &Args) -> ExitCode {
    if !cargo_has("mutants") {
        println!("ignored: cargo-mutants is not installed (cargo install cargo-mutants --locked)");
        return ExitCode::SUCCESS;
    }
    crate::ended(all(args))
}

fn all(args: &Args) -> anyhow::Result<String> {
    let wanted = |area: &&Area| args.area.as_ref().is_none_or(|name| area.name == name);
    let areas: Vec<&Area> = AREAS.iter().filter(wanted).collect();
    ensure!(!areas.is_empty(), "there is no such area; there are builtins, rules, store, tree, upstream");
    let known = reasons(&std::fs::read_to_string(root().join("tests/mutants.txt"))?);
    let mut said = Vec::new();
    for area in areas {
        said.push(one(area, args.part.as_deref(), &known)?);
    }
    Ok(said.join("\n"))
}

fn one(area: &Area, part: Option<&str>, known: &BTreeMap<String, String>) -> anyhow::Result<String> {
    let copy = Copy::new("mutants", true)?;
    let out = root().join("target/mutants.out").join(area.name);
    std::fs::create_dir_all(&out)?;
    let mut command = copy.command("cargo");
    command.args(["mutants", "--in-place", "--no-shuffle", "--test-tool", "nextest", "--colors", "never"]);
    command.args(["--package", area.package, "--test-package", &area.tested.join(",")]);
    command.arg("--output").arg(&out);
    area.files.iter().for_each(|files| {
        command.args(["--file", files]);
    });
    part.iter().for_each(|part| {
        command.args(["--shard", part]);
    });
    let status = command.args(["--", "-E", area.tests]).status().context("cargo cannot be started")?;
    // 2: some survived; 3: some took too long, which is to be noticed.
    ensure!(matches!(status.code(), Some(0 | 2 | 3)), "cargo-mutants failed; {} has its logs", out.display());
    let list = |name: &str| -> anyhow::Result<Vec<String>> {
        let file = out.join("mutants.out").join(format!("{name}.txt"));
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Ok(text.lines().map(without_place).collect())
    };
    let (missed, caught, late) = (list("missed")?, list("caught")?, list("timeout")?);
    let unexplained: Vec<&String> = missed.iter().filter(|mutant| !known.contains_key(*mutant)).collect();
    unexplained.iter().for_each(|mutant| println!("survives without a reason: {mutant}"));
    let count = missed.len() + caught.len() + late.len();
    let said = format!(
        "mutants of {}: {count}, of which {} were noticed, {} survive with a reason, {} without",
        area.name,
        caught.len() + late.len(),
        missed.len() - unexplained.len(),
        unexplained.len()
    );
    ensure!(unexplained.len() * 100 <= count * MOST, "{said}: more than {MOST} %");
    Ok(said)
}

/// `src/a.rs: replace f -> bool with true`, of a mutant with line and column, which change.
fn without_place(mutant: &str) -> String {
    let mut parts = mutant.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(line), Some(column), Some(what))
            if [line, column].iter().all(|number| number.bytes().all(|byte| byte.is_ascii_digit())) =>
        {
            format!("{file}:{what}")
        }
        _ => mutant.to_owned(),
    }
}

/// Survivors and why they may: a line each, then lines of reason that begin with two blanks.
fn reasons(text: &str) -> BTreeMap<String, String> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        match (line.strip_prefix("  "), all.last_mut()) {
            (Some(reason), Some((_, last))) => last.push_str(reason),
            _ => all.push((line.to_owned(), String::new())),
        }
    }
    all.into_iter().filter(|(_, reason)| !reason.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survivor_wants_a_reason() {
        let known =
            reasons("# what\nsrc/a.rs: replace f -> bool with true\n  it is so\nsrc/b.rs: no reason\n");
        assert!(known.contains_key(&without_place("src/a.rs:12:5: replace f -> bool with true")));
        assert!(!known.contains_key(&without_place("src/b.rs:1:1: no reason")));
    }
}
