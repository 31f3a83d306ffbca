//! How long loading a catalogue takes: reading is left out, parsing, checking and resolving are in.
//! The throughput (versions per second) must stay the same as catalogues grow.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pgflakegen::catalogue;
use pgflakegen::diag::{Diagnostics, SourceMap};

mod synthetic;

fn loader(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("loader");
    group.sample_size(20);
    for versions in [100, 1_000, 10_000] {
        let files = synthetic::catalogue(versions);
        group.throughput(Throughput::Elements(versions as u64));
        group.bench_with_input(BenchmarkId::new("load", versions), &files, |bencher, files| {
            bencher.iter(|| {
                let mut sources = SourceMap::new();
                let mut found = Diagnostics::new();
                let catalogue = catalogue::load_from(files, &mut sources, &mut found);
                assert!(found.is_empty(), "the synthetic catalogue is right");
                catalogue
            });
        });
    }
    group.finish();
}

criterion_group!(benches, loader);
criterion_main!(benches);
