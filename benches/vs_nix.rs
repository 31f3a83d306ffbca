//! Our evaluator beside C++ Nix: CPU time and peak memory of whole processes on the same expressions,
//! in one run, as medians and ratios.
//!
//!     PGFLAKEGEN_NIX=/path/to/nix-instantiate PGFLAKEGEN_NIXPKGS=/path/to/nixpkgs \
//!         cargo bench --bench vs_nix
//!
//! `PGFLAKEGEN_BENCH_LARGE=1` adds whole package sets. Needs GNU time.

use std::process::Command;

const RUNS: usize = 5;

struct Measure {
    cpu: f64,
    wall: f64,
    memory: f64,
    output: Vec<u8>,
}

fn measure(program: &str, args: &[&str]) -> Option<Measure> {
    let report = std::env::temp_dir().join(format!("pgflakegen-bench-{}", std::process::id()));
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%U %S %e %M", "-o"])
        .arg(&report)
        .arg(program)
        .args(args)
        .output()
        .ok()?;
    let text = std::fs::read_to_string(&report).ok()?;
    std::fs::remove_file(&report).ok()?;
    let numbers: Vec<f64> = text.lines().last()?.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [user, system, wall, memory] = numbers[..] else { return None };
    if !output.status.success() {
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

fn main() {
    let (Ok(nix), Ok(nixpkgs)) = (std::env::var("PGFLAKEGEN_NIX"), std::env::var("PGFLAKEGEN_NIXPKGS"))
    else {
        println!(
            "skipped: PGFLAKEGEN_NIX (a nix-instantiate) and PGFLAKEGEN_NIXPKGS (a nixpkgs tree) are not set"
        );
        return;
    };
    let ours = env!("CARGO_BIN_EXE_pgflakegen");
    let each = |set: &str, filter: &str| {
        format!(
            "let set = {set}; names = builtins.filter (n: {filter}) (builtins.attrNames set); \
             get = n: let t = builtins.tryEval (if set.${{n}} ? drvPath then set.${{n}}.drvPath else null); \
             in if t.success then t.value else null; in map get names"
        )
    };
    let pkgs = format!("(import {nixpkgs} {{ config = {{ allowAliases = false; }}; }})");
    let mut cases = vec![
        ("1 + 1".to_owned(), "1 + 1".to_owned()),
        ("lib".to_owned(), format!("builtins.attrNames (import {nixpkgs}/lib)")),
        ("hello".to_owned(), format!("{pkgs}.hello.drvPath")),
        ("postgresql_12".to_owned(), format!("{pkgs}.postgresql_12.drvPath")),
        ("firefox".to_owned(), format!("{pkgs}.firefox.drvPath")),
        (
            "perlPackages A*".to_owned(),
            each(&format!("{pkgs}.perlPackages"), "builtins.substring 0 1 n == \"A\""),
        ),
    ];
    if std::env::var_os("PGFLAKEGEN_BENCH_LARGE").is_some() {
        cases.push(("perlPackages".to_owned(), each(&format!("{pkgs}.perlPackages"), "true")));
    }
    println!(
        "{:<18} {:>20} {:>24} {:>26}",
        "", "CPU s (ours/Nix)", "memory MiB (ours/Nix)", "wall s (ours/Nix)"
    );
    for (name, expr) in &cases {
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        // Turn by turn, so that a busy machine is busy for both.
        for _ in 0..RUNS {
            mine.extend(measure(ours, &["eval", "--strict", "-E", expr]));
            theirs.extend(measure(&nix, &["--eval", "--readonly-mode", "--strict", "-E", expr]));
        }
        let same = match (mine.first(), theirs.first()) {
            (Some(a), Some(b)) if a.output == b.output => "",
            (Some(_), Some(_)) => "  DIFFERENT RESULTS",
            _ => "  failed",
        };
        let column = |pick: fn(&Measure) -> f64| {
            let (a, b) = (median(mine.iter().map(pick)), median(theirs.iter().map(pick)));
            format!("{a:.2} / {b:.2} = {:.2}", a / b)
        };
        let (cpu, memory, wall) = (column(|m| m.cpu), column(|m| m.memory), column(|m| m.wall));
        println!("{name:<18} {cpu:>20} {memory:>24} {wall:>26}{same}");
    }
}
