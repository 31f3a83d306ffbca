//! Generating: the rendering alone, and the whole program as a process, from 64 extensions to 10,000 versions.
//! The throughput (versions per second) must stay the same as catalogues grow.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pgflakegen::catalogue::files::Node;
use pgflakegen::catalogue::{self, Files, model::Catalogue};
use pgflakegen::diag::{Diagnostics, SourceMap};
use pgflakegen::render;

mod synthetic;

const SIZES: [usize; 3] = [100, 1_000, 10_000];

fn loaded(files: &Files) -> Catalogue {
    catalogue::load_from(files, &mut SourceMap::new(), &mut Diagnostics::new()).expect("a right catalogue")
}

fn write(files: &Files, root: &Path) {
    for (path, node) in files.iter() {
        let target = root.join("catalogue").join(path);
        // Of other files it only counts that they are there.
        let bytes: &[u8] = if let Node::Text(bytes) = node { bytes } else { &[] };
        fs::create_dir_all(target.parent().expect("below the root")).expect("a directory");
        fs::write(&target, bytes).expect("a file");
    }
}

fn pgflakegen(root: &Path, argument: &str) {
    let status = Command::new(env!("CARGO_BIN_EXE_pgflakegen"))
        .args(["--quiet", "--root"])
        .arg(root)
        .arg(argument)
        .stdin(Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success());
}

fn rendering(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("render");
    group.sample_size(10);
    for versions in SIZES {
        let catalogue = loaded(&synthetic::catalogue(versions));
        group.throughput(Throughput::Elements(versions as u64));
        group.bench_with_input(BenchmarkId::from_parameter(versions), &catalogue, |bencher, catalogue| {
            bencher.iter(|| black_box(render::render(catalogue)));
        });
    }
    group.finish();
}

fn process(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("process");
    group.sample_size(10);
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    group.bench_function("check/default", |bencher| bencher.iter(|| pgflakegen(ours, "check")));
    for versions in SIZES {
        let dir = tempfile::tempdir().expect("a temporary directory");
        write(&synthetic::catalogue(versions), dir.path());
        pgflakegen(dir.path(), "generate");
        group.throughput(Throughput::Elements(versions as u64));
        group.bench_function(BenchmarkId::new("check", versions), |bencher| {
            bencher.iter(|| pgflakegen(dir.path(), "check"));
        });
        group.bench_function(BenchmarkId::new("generate", versions), |bencher| {
            bencher.iter_batched(
                || {
                    let _ = fs::remove_dir_all(dir.path().join("generated"));
                    let _ = fs::remove_file(dir.path().join("flake.lock"));
                },
                |()| pgflakegen(dir.path(), "generate"),
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, rendering, process);
criterion_main!(benches);
