//! How long parsing and judging Nix files takes, on one core: the throughput (files per second) must not
//! depend on how many there are. `validate` does the same on all cores.
//!
//! nixpkgs has about 40,000 files; 20 seconds on two cores are 1,000 files a second here. With a nixpkgs tree at
//! hand, all its files are judged, again and again until they are 40,000, on two threads:
//!
//!     PGFLAKEGEN_NIXPKGS=~/src/nixpkgs cargo bench --bench lint

use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pgflakegen::diag::{Diagnostics, SourceMap};
use pgflakegen::nix::syntax::decode;
use pgflakegen::overrides::{OverrideFacts, lint_file, lint_override};
use rayon::prelude::*;

const CASES: [&str; 3] = [
    include_str!("../tests/cases/mutations/one.nix"),
    include_str!("../tests/cases/mutations/two.nix"),
    include_str!("../tests/cases/mutations/three.nix"),
];

/// Files of about the size that nixpkgs' have (2 to 3 KB), each another.
fn files(count: usize) -> (SourceMap, Vec<pgflakegen::diag::SourceId>) {
    let mut sources = SourceMap::new();
    let ids = (0..count)
        .map(|n| {
            let more: String = (0..30)
                .map(|m| format!("    attribute{n}_{m} = lib.optional true \"${{zlib}}/{m}\";\n"))
                .collect();
            let text = CASES[n % CASES.len()]
                .replace("  doCheck = false;\n", &more)
                .replace("    doInstallCheck = true;\n", &more);
            sources.add(format!("{n}.nix"), text)
        })
        .collect();
    (sources, ids)
}

fn lint(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lint");
    group.sample_size(10);
    for count in [100, 1_000] {
        let (sources, ids) = files(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("any file/{count}"), |bencher| {
            bencher.iter(|| {
                let mut found = Diagnostics::new();
                ids.iter().for_each(|id| lint_file(*id, &sources, &mut found));
                found.len()
            });
        });
        let facts = OverrideFacts::default();
        group.bench_function(format!("override/{count}"), |bencher| {
            bencher.iter(|| {
                let mut found = Diagnostics::new();
                ids.iter().for_each(|id| lint_override(*id, &sources, &facts, &mut found));
                found.len()
            });
        });
    }
    group.finish();
}

/// Files of all nixpkgs.
const FILES: usize = 40_000;

/// User and system time of this process in seconds, as Linux counts it.
fn cpu() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let after_name: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |at: usize| after_name.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// Reads and judges 40,000 files as `validate` does.
fn nixpkgs(_: &mut Criterion) {
    let Ok(tree) = std::env::var("PGFLAKEGEN_NIXPKGS") else {
        println!("skipped: PGFLAKEGEN_NIXPKGS names no nixpkgs tree");
        return;
    };
    let entries = walkdir::WalkDir::new(&tree).sort_by_file_name().into_iter().flatten();
    let files: Vec<_> = entries
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "nix"))
        .collect();
    assert!(!files.is_empty(), "{tree} has no Nix files");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    for round in 1..=3 {
        let (start, before) = (Instant::now(), cpu());
        let (found, bytes) = pool.install(|| {
            let work = (0..FILES).into_par_iter().map(|n| {
                let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
                let bytes = std::fs::read(&files[n % files.len()]).unwrap_or_default();
                let length = bytes.len();
                let id = decode::add("file.nix", bytes, &mut sources, &mut found);
                lint_file(id, &sources, &mut found);
                (found.len(), length)
            });
            work.reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        });
        let wall = start.elapsed().as_secs_f64();
        let cpu = cpu().zip(before).map_or(f64::NAN, |(after, before)| after - before);
        println!(
            "{tree}, round {round}: {FILES} files ({} distinct), {:.0} MB, {found} findings: {wall:.1} s on two \
             threads, {cpu:.1} s of CPU",
            files.len(),
            bytes as f64 / 1e6,
        );
    }
}

criterion_group!(benches, nixpkgs, lint);
criterion_main!(benches);
