//! What must not grow faster than its input: findings in one file, versions of one extension, tags of one repository.
//! The throughput (elements per second) must stay the same from the first size to the last.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pgflakegen::catalogue::{self, Files};
use pgflakegen::diag::{self, Code, Diagnostic, Diagnostics, Format, SourceMap, Span};
use pgflakegen::render;
use pgflakegen::upstream::pattern::Pattern;
use pgflakegen::upstream::versions::read_tags;

const SIZES: [usize; 3] = [5_000, 20_000, 60_000];

/// As many findings as lines, each about its line and the first.
fn findings(count: usize) -> (Diagnostics, SourceMap) {
    let mut text = String::new();
    let mut spans = Vec::new();
    for number in 0..count {
        let start = text.len();
        let _ = writeln!(text, "k{number} = 1");
        spans.push(start..text.len() - 1);
    }
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    let id = sources.add("catalogue/extensions/k.toml", text);
    let first = Span::new(id, spans[0].clone());
    for span in spans {
        let message = format!("unknown key `k{}`", span.start);
        found.push(
            Diagnostic::new(Code::UnknownKey, Span::new(id, span), message)
                .also(first, "the first is here")
                .help("remove it"),
        );
    }
    (found, sources)
}

fn of_findings(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("findings");
    group.sample_size(10);
    for count in SIZES {
        let (found, sources) = findings(count);
        group.throughput(Throughput::Elements(count as u64));
        for format in [Format::Text, Format::Github, Format::Sarif] {
            let name = BenchmarkId::new(format!("{format:?}"), count);
            group.bench_with_input(name, &format, |bencher, format| {
                bencher.iter(|| {
                    let mut out = Vec::new();
                    diag::emit(&found, &sources, *format, false, &mut out).expect("a Vec takes everything");
                    black_box(out)
                });
            });
        }
    }
    group.finish();
}

fn catalogue_of(versions: usize) -> Files {
    let mut files = Files::new();
    files.insert("flake.toml", "default-postgresql = \"17\"\n");
    files.insert("postgresql.toml", "[[postgresql]]\nname = \"17\"\n");
    let mut text = String::from(
        "description = \"Thing\"\nlicense = \"postgresql\"\nkind = \"pgxs\"\nsource = { github = \"owner/thing\", tag = \"v{version}\" }\n",
    );
    for number in 0..versions {
        let hash = data_encoding::BASE64.encode(&{
            let mut bytes = [7; 32];
            bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
            bytes
        });
        let _ = write!(
            text,
            "\n[[version]]\nversion = \"1.{number}\"\npostgresql = [\"17\"]\nhash = \"sha256-{hash}\"\n"
        );
    }
    files.insert("extensions/thing.toml", text);
    files
}

fn of_versions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("versions");
    group.sample_size(10);
    for versions in SIZES {
        let files = catalogue_of(versions);
        group.throughput(Throughput::Elements(versions as u64));
        group.bench_with_input(BenchmarkId::from_parameter(versions), &files, |bencher, files| {
            bencher.iter(|| {
                let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
                let loaded = catalogue::load_from(files, &mut sources, &mut found);
                black_box(loaded.map(|loaded| render::render(&loaded)))
            });
        });
    }
    group.finish();
}

fn of_tags(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tags");
    group.sample_size(10);
    for count in SIZES {
        let tags: Vec<String> = (0..count).map(|number| format!("v1.{number}")).collect();
        let patterns: Vec<Pattern> = Pattern::parse("v{version}").into_iter().collect();
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::from_parameter(count), &tags, |bencher, tags| {
            bencher.iter(|| black_box(read_tags(tags.iter().map(String::as_str), &patterns)));
        });
    }
    group.finish();
}

criterion_group!(benches, of_findings, of_versions, of_tags);
criterion_main!(benches);
