//! Our evaluator beside C++ Nix: CPU time and peak memory of whole processes on the same expressions,
//! in one run, as medians and ratios; and how much sooner two threads are done than one.
//!
//!     PGFLAKEGEN_NIX=/path/to/nix-instantiate PGFLAKEGEN_NIXPKGS=/path/to/nixpkgs \
//!         cargo bench --bench vs_nix
//!
//! `PGFLAKEGEN_NIX` may be a script around nix-instantiate, as long as `PGFLAKEGEN_NIXPKGS` is the same
//! path for both. `PGFLAKEGEN_BENCH_LARGE=1` adds all packages, which takes minutes and 3 GiB. Needs
//! GNU time. `cargo xtask bench` makes docs/speed.md of what it prints.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

struct Measure {
    cpu: f64,
    wall: f64,
    memory: f64,
    output: Vec<u8>,
}

const OURS: &str = env!("CARGO_BIN_EXE_pgflakegen");

fn measure(program: &str, args: &[&str], input: &Path) -> Option<Measure> {
    let report = std::env::temp_dir().join(format!("pgflakegen-bench-{}", std::process::id()));
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%U %S %e %M", "-o"])
        .arg(&report)
        .arg(program)
        .args(args)
        .stdin(File::open(input).ok()?)
        .output()
        .ok()?;
    let text = std::fs::read_to_string(&report).ok()?;
    std::fs::remove_file(&report).ok()?;
    let numbers: Vec<f64> = text.lines().last()?.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [user, system, wall, memory] = numbers[..] else { return None };
    // `drvs` reports packages that do not evaluate with exit 1.
    if !output.status.success() && args.first() != Some(&"drvs") {
        println!("{program} failed: {}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    Some(Measure { cpu: user + system, wall, memory: memory / 1024.0, output: output.stdout })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The derivations directly in `set` that evaluate, as a Nix list of their names.
fn names(set: &str, prefix: &str) -> (usize, String) {
    let output = Command::new(OURS).args(["drvs", "--json", "-E", set]).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    let mut names: Vec<String> = String::from_utf8_lossy(&text)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|job| job.get("drvPath").is_some())
        .filter_map(|job| match job.get("attrPath")?.as_array()?.as_slice() {
            [name] => Some(name.as_str()?.to_owned()),
            _ => None,
        })
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    let list: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    (names.len(), format!("[ {} ]", list.join(" ")))
}

fn compare(name: &str, nix: &str, expr: &str, runs: usize) {
    let input = std::env::temp_dir().join(format!("pgflakegen-bench-{}.nix", std::process::id()));
    if File::create(&input).and_then(|mut file| file.write_all(expr.as_bytes())).is_err() {
        println!("{name}: the expression cannot be written");
        return;
    }
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    // Turn by turn, so that a busy machine is busy for both.
    for _ in 0..runs {
        mine.extend(measure(OURS, &["eval", "--strict", "-f", "-"], &input));
        theirs.extend(measure(nix, &["--eval", "--readonly-mode", "--strict", "-"], &input));
    }
    // The temporary folder is emptied by others.
    let _ = std::fs::remove_file(&input);
    let same = match (mine.first(), theirs.first()) {
        (Some(a), Some(b)) if a.output == b.output => "equal",
        (Some(_), Some(_)) => "DIFFERENT",
        _ => "failed",
    };
    let column = |pick: fn(&Measure) -> f64| {
        let (a, b) = (median(mine.iter().map(pick)), median(theirs.iter().map(pick)));
        format!("{a:.2} / {b:.2} | {:.2}", a / b)
    };
    println!("| {name} | {} | {} | {same} |", column(|m| m.cpu), column(|m| m.memory));
}

fn threads(name: &str, set: &str, runs: usize) {
    let nothing = Path::new("/dev/null");
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        one.extend(measure(OURS, &["drvs", "--threads", "1", "-E", set], nothing));
        two.extend(measure(OURS, &["drvs", "--threads", "2", "-E", set], nothing));
    }
    let same = one.first().zip(two.first()).is_some_and(|(one, two)| one.output == two.output);
    let (a, b) = (median(two.iter().map(|m| m.wall)), median(one.iter().map(|m| m.wall)));
    println!("| {name} | {a:.2} / {b:.2} | {:.2} | {} |", a / b, if same { "equal" } else { "DIFFERENT" });
}

fn main() {
    let (Ok(nix), Ok(nixpkgs)) = (std::env::var("PGFLAKEGEN_NIX"), std::env::var("PGFLAKEGEN_NIXPKGS"))
    else {
        println!(
            "skipped: PGFLAKEGEN_NIX (a nix-instantiate) and PGFLAKEGEN_NIXPKGS (a nixpkgs tree) are not set"
        );
        return;
    };
    let large = std::env::var_os("PGFLAKEGEN_BENCH_LARGE").is_some();
    let pkgs = format!(
        "(import {nixpkgs} {{ config = {{ allowAliases = false; allowUnfree = true; allowBroken = true; \
         allowUnsupportedSystem = true; allowInsecurePredicate = _: true; }}; }})"
    );
    let python = format!("{pkgs}.python3Packages");
    let perl = format!("{pkgs}.perlPackages");
    println!("| Ours / Nix | CPU, s | ratio | memory, MiB | ratio | results |");
    println!("| --- | ---: | ---: | ---: | ---: | --- |");
    compare("`1 + 1`", &nix, "1 + 1", 9);
    for name in ["hello", "postgresql", "firefox"] {
        compare(name, &nix, &format!("{pkgs}.{name}.drvPath"), 9);
    }
    let mut sets = vec![("lib*", pkgs.as_str(), "lib", 5), ("python3Packages", python.as_str(), "", 5)];
    if large {
        sets.push(("all packages", pkgs.as_str(), "", 3));
    }
    for (title, set, prefix, runs) in &sets {
        let (count, names) = names(set, prefix);
        let expr = format!("let set = {set}; in map (name: set.${{name}}.drvPath) {names}");
        compare(&format!("{title} ({count})"), &nix, &expr, *runs);
    }
    let (count, names) = names(&perl, "");
    let expr = format!("let set = {perl}; in map (name: set.${{name}}.meta.position or null) {names}");
    compare(&format!("positions of perlPackages ({count})"), &nix, &expr, 5);
    let machines = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/nixos");
    let machines = format!("(import {machines} {{ nixpkgs = {nixpkgs}; }})");
    for name in ["small", "ssh", "web", "database", "mail", "containers", "desktop"] {
        compare(&format!("NixOS: {name}"), &nix, &format!("{machines}.machines.{name}"), 5);
    }
    compare("24 NixOS hosts in one value", &nix, &format!("{machines}.hosts"), 3);
    println!("\n| Two threads / one | wall, s | ratio | results |");
    println!("| --- | ---: | ---: | --- |");
    threads("python3Packages", &python, 5);
    if large {
        threads("all packages", &pkgs, 3);
    }
}
