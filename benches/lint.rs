//! How long parsing and judging Nix files takes, on one core: the throughput (files per second) must not
//! depend on how many there are. `validate` does the same on all cores.
//!
//! nixpkgs has about 40,000 files; 20 seconds on two cores are 1,000 files a second here.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pgflakegen::diag::{Diagnostics, SourceMap};
use pgflakegen::overrides::{OverrideFacts, lint_file, lint_override};

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

criterion_group!(benches, lint);
criterion_main!(benches);
