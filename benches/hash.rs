//! How fast sources are hashed, against `sha256sum` on the same bytes.
//!
//! `cargo bench --bench hash` prints medians and ratios. PGFLAKEGEN_BENCH_MIB sets the size (default 256).

use std::hint::black_box;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pgflakegen::store::hash::{Algorithm, Hash, Hasher};
use pgflakegen::store::nar;
use pgflakegen::upstream::archive::{self, Limits, StripRoot};
use pgflakegen::upstream::spool::Spool;

const ROUNDS: usize = 7;

fn median(mut run: impl FnMut()) -> Duration {
    run();
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

fn main() {
    let mib: usize =
        std::env::var("PGFLAKEGEN_BENCH_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(256);
    let mut bytes = vec![0u8; mib << 20];
    let mut state = 1u64;
    for chunk in bytes.chunks_exact_mut(8) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        chunk.copy_from_slice(&state.to_le_bytes());
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tree = folder.path().join("top");
    std::fs::create_dir(&tree).expect("a folder");
    // Sizes as in source trees: many small files, a few large ones.
    let (mut at, mut count) = (0, 0usize);
    while at < bytes.len() {
        let size = [700, 4_000, 12_000, 40_000, 300_000][count % 5].min(bytes.len() - at);
        std::fs::write(tree.join(format!("{count:06}.c")), &bytes[at..at + size]).expect("a file");
        at += size;
        count += 1;
    }
    let tar = folder.path().join("top.tar");
    let status = Command::new("tar").arg("-C").arg(folder.path()).arg("-cf").arg(&tar).arg("top").status();
    assert!(status.is_ok_and(|status| status.success()), "tar is needed");
    let tar_bytes = std::fs::read(&tar).expect("the archive");
    let nar_path = folder.path().join("top.nar");
    let out = std::fs::File::create(&nar_path).expect("a file");
    nar::write_path(&tree, std::io::BufWriter::new(out), &mut |_, _| Ok::<_, std::io::Error>(true))
        .expect("a NAR");

    let sum = |path: &std::path::Path| {
        let path = path.to_owned();
        median(move || {
            let status = Command::new("sha256sum").arg(&path).stdout(Stdio::null()).status();
            assert!(status.is_ok_and(|status| status.success()), "sha256sum is needed");
        })
    };
    let sha_tar = sum(&tar);
    let sha_nar = sum(&nar_path);
    let report = |what: &str, size: usize, time: Duration, against: Duration| {
        let rate = size as f64 / time.as_secs_f64() / 1e6;
        println!(
            "{what:48} {rate:8.0} MB/s   {:5.2} × sha256sum",
            against.as_secs_f64() / time.as_secs_f64()
        );
    };
    println!("{count} files, {mib} MiB");
    report("sha256sum of the archive", tar_bytes.len(), sha_tar, sha_tar);
    report(
        "SHA-256 in memory",
        tar_bytes.len(),
        median(|| {
            black_box(Hash::of(Algorithm::Sha256, &tar_bytes));
        }),
        sha_tar,
    );
    let file = median(|| {
        let mut input = std::fs::File::open(&tar).expect("the archive");
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = std::io::Read::read(&mut input, &mut buffer) {
            hasher.update(&buffer[..count]);
        }
        black_box(hasher.finish());
    });
    report("SHA-256 of a file", tar_bytes.len(), file, sha_tar);
    let mut spool = Spool::default();
    spool.write_all(&tar_bytes).expect("the spool");
    let read = || {
        archive::read(spool.reader(spool.all()), Limits::default())
            .and_then(|tree| tree.strip(StripRoot::Required))
    };
    let whole = median(|| {
        let tree = read().expect("a good archive");
        black_box(tree.nar_hash(Algorithm::Sha256).expect("a hash"));
    });
    report("tar → NAR → SHA-256, in all", tar_bytes.len(), whole, sha_nar);
    let kept = read().expect("a good archive");
    let hashing = median(|| {
        black_box(kept.nar_hash(Algorithm::Sha256).expect("a hash"));
    });
    report("NAR → SHA-256 of a tree that is read already", tar_bytes.len(), hashing, sha_nar);
    let folder_time = median(|| {
        black_box(nar::hash_path(&tree, Algorithm::Sha256).expect("a hash"));
    });
    report("a folder's NAR → SHA-256", tar_bytes.len(), folder_time, sha_nar);
}
