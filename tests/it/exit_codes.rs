//! The exit codes of all commands, as docs/reports.md has them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

use crate::support::program::{copy, git, run, stderr, stdout};

/// What is in the folder that a command is typed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Folder {
    /// Nothing.
    Empty,
    /// A repository with a catalogue and what is generated of it, all committed.
    Good,
    /// As that, with a newer version in the catalogue alone.
    Edited,
    /// As that, with a mistake in the catalogue.
    Wrong,
}
use Folder::{Edited, Empty, Good, Wrong};

/// A flake of its own, a file of Nix, a derivation to import.
const FILES: [(&str, &str); 5] = [
    (
        "flake.d/flake.nix",
        "{ outputs = _: { packages.x86_64-linux.a = derivation { name = \"a\"; system = \"x86_64-linux\"; builder = \"/b\"; }; }; }\n",
    ),
    ("good.nix", "{ a = 1; }\n"),
    ("bad.nix", "{ a = 1; a = 2; }\n"),
    ("fails.nix", "throw \"no\"\n"),
    ("names", "openssl\n"),
];

fn fill(folder: &Path, state: Folder) {
    for (path, text) in FILES {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    if state == Empty {
        return;
    }
    assert_eq!(run(folder, &["init", "--quiet"]).status.code(), Some(0));
    assert_eq!(run(folder, &["--quiet"]).status.code(), Some(0));
    git(folder, &["init", "-q"]);
    git(folder, &["add", "."]);
    git(folder, &["commit", "-qm", "first"]);
    let entry = folder.join("catalogue/extensions/pgvector.toml");
    let text = std::fs::read_to_string(&entry).expect("an entry");
    let text = match state {
        Edited => text.replace("similarity search", "search"),
        Wrong => text.replace("hash = ", "hsah = "),
        _ => return,
    };
    std::fs::write(entry, text).expect("an entry");
}

const CASES: &[(Folder, &[&str], i32)] = &[
    (Good, &[], 0),
    (Wrong, &[], 1),
    (Empty, &[], 1),
    (Edited, &["generate"], 0),
    (Wrong, &["generate"], 1),
    (Empty, &["generate"], 1),
    (Good, &["check"], 0),
    (Edited, &["check"], 1),
    (Wrong, &["check", "--format", "json"], 1),
    (Empty, &["check"], 1),
    (Good, &["check", "--evaluate"], 2),
    (Edited, &["check", "--fix"], 0),
    (Empty, &["init", "new"], 0),
    (Good, &["init"], 2),
    (Good, &["list"], 0),
    (Wrong, &["list"], 1),
    (Empty, &["list"], 1),
    (Good, &["list", "--postgresql", "9"], 2),
    (Good, &["show", "pgvector"], 0),
    (Wrong, &["show", "pgvector"], 1),
    (Good, &["show", "absent"], 2),
    (Good, &["matrix"], 0),
    (Wrong, &["matrix", "--json"], 1),
    (Empty, &["matrix"], 1),
    (Good, &["add", "postgresql", "18", "--offline"], 1),
    (Wrong, &["add", "postgresql", "18", "--offline"], 1),
    (Good, &["add", "owner/other", "--offline"], 1),
    (Good, &["bump", "pg_cron", "--offline"], 1),
    (Good, &["bump", "pgvector", "--offline"], 1),
    (Good, &["bump", "absent", "--offline"], 1),
    (Good, &["import", "nix", "good.nix", "--offline"], 1),
    (Good, &["import", "nix", "absent.nix", "--offline"], 1),
    (Empty, &["import", "nix", "good.nix"], 1),
    (Good, &["outdated", "pgvector", "--offline"], 1),
    (Good, &["outdated", "absent", "--offline"], 1),
    (Good, &["verify", "pgvector", "--offline"], 1),
    (Good, &["verify", "absent", "--offline"], 2),
    (Good, &["prefetch", "--offline", "github:o/r/v1"], 1),
    (Empty, &["explain", "PGF104"], 0),
    (Empty, &["explain", "PGF999"], 2),
    (Empty, &["schema", "extension"], 0),
    (Empty, &["schema", "absent"], 2),
    (Empty, &["validate", "good.nix"], 0),
    (Empty, &["validate", "bad.nix"], 1),
    (Empty, &["validate", "absent.nix"], 2),
    (Good, &["index", "--from", "names", "--revision", "r"], 0),
    (Good, &["index", "--from", "absent"], 2),
    (Empty, &["eval", "--expr", "1"], 0),
    (Empty, &["eval", "-f", "fails.nix"], 1),
    (Empty, &["eval"], 1),
    (Empty, &["drvs", "path:flake.d"], 0),
    (Empty, &["drvs", "-f", "fails.nix"], 2),
    (Empty, &["drvs", "path:absent"], 1),
    (Good, &["drv-diff", "--root", "flake.d"], 0),
    (Empty, &["drv-diff"], 2),
    (Good, &["merge-driver", "names", "names", "names", "good.nix"], 0),
    (Good, &["merge-driver", "absent", "absent", "absent", "good.nix"], 2),
    (Edited, &["diff"], 0),
    (Good, &["diff", "absent"], 2),
    (Good, &["sbom", "absent"], 2),
    (Good, &["size", "absent"], 2),
    (Good, &["licenses"], 0),
    (Wrong, &["licenses"], 1),
    (Good, &["audit", "--own", "--date", "2026-11-27"], 0),
    (Good, &["audit", "--offline"], 2),
    (Good, &["explorer", "-o", "page.html"], 0),
    (Wrong, &["explorer", "-o", "page.html"], 1),
    (Good, &["cache", "keygen", "cache.example.org-1", "--output", "key"], 0),
    (Good, &["cache", "gc", "absent"], 2),
    (Good, &["ci", "plan"], 2),
    (Empty, &["completions", "bash"], 0),
    (Empty, &["completions", "absent"], 2),
    (Empty, &["man"], 0),
    (Empty, &["absent"], 2),
    (Empty, &["--absent"], 2),
];

#[test]
fn every_command_ends_as_the_documentation_says() {
    let made = [Empty, Good, Edited, Wrong].map(|state| {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fill(dir.path(), state);
        dir
    });
    let one = |(state, arguments, expected): &(Folder, &[&str], i32)| {
        let dir = tempfile::tempdir().expect("a temporary directory");
        copy(made[*state as usize].path(), dir.path());
        let output = run(dir.path(), arguments);
        let code = output.status.code();
        let said = format!("{}{}", stdout(&output), stderr(&output));
        (code != Some(*expected))
            .then(|| format!("{state:?} {arguments:?}: {code:?} and not {expected}\n{said}"))
    };
    let wrong: Vec<String> = CASES.par_iter().filter_map(one).collect();
    let mut seen: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
    for (_, arguments, expected) in CASES {
        seen.entry(arguments.first().copied().unwrap_or("generate")).or_default().insert(*expected);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let page = include_str!("../../docs/reports.md");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let name = cells.next()?.split('`').next()?;
        let codes = cells.enumerate().filter(|(_, cell)| !cell.is_empty() && *cell != "–");
        Some((name, codes.map(|(code, _)| i32::try_from(code).expect("a column")).collect::<BTreeSet<_>>()))
    });
    let rows: BTreeMap<&str, BTreeSet<i32>> = rows.collect();
    let help = run(Path::new("/"), &["--help"]);
    let commands = stdout(&help);
    let commands = commands.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in commands
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
    {
        let name = line.split_whitespace().next().expect("a name");
        if name == "help" {
            continue;
        }
        let row = rows.get(name).unwrap_or_else(|| panic!("docs/reports.md has no row for {name}"));
        let tried = seen.get(name).unwrap_or_else(|| panic!("{name} is not tried"));
        assert!(tried.is_subset(row), "{name}: {tried:?} was tried, and documented is {row:?}");
    }
}
