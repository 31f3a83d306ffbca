//! How fast sources are hashed, against `sha256sum` and `openssl dgst -sha256` on the same bytes.
//!
//! `cargo bench --bench hash` prints medians and ratios; rounds of all take turns, so that a busy machine slows
//! all alike. PGFLAKEGEN_BENCH_MIB sets the size (default 256).

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pgflakegen::store::archive::{self, Limits, StripRoot};
use pgflakegen::store::hash::{Algorithm, Hash};
use pgflakegen::store::nar;
use pgflakegen::store::spool::Spool;

const ROUNDS: usize = 9;

/// What is measured: its name, how many bytes it hashes, and whose time it is held against.
struct Run<'a> {
    what: &'a str,
    size: usize,
    against: usize,
    run: Box<dyn FnMut() + 'a>,
}

fn program(arguments: &[&str]) -> bool {
    let status =
        Command::new(arguments[0]).args(&arguments[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn measure(runs: &mut [Run<'_>]) {
    let mut times: Vec<Vec<Duration>> = runs.iter().map(|_| Vec::new()).collect();
    for round in 0..=ROUNDS {
        for (run, times) in runs.iter_mut().zip(&mut times) {
            let start = Instant::now();
            (run.run)();
            // The first round fills the page cache.
            if round > 0 {
                times.push(start.elapsed());
            }
        }
    }
    let median = |times: &Vec<Duration>| {
        let mut times = times.clone();
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    };
    // Of two that ran one after the other, the ratio is steadier than either time.
    let ratio = |own: &Vec<Duration>, other: &Vec<Duration>| {
        let mut ratios: Vec<f64> =
            own.iter().zip(other).map(|(own, other)| other.as_secs_f64() / own.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    };
    for (run, own) in runs.iter().zip(&times) {
        println!(
            "{:46} {:8.0} MB/s   {:5.2} × {}",
            run.what,
            run.size as f64 / median(own) / 1e6,
            ratio(own, &times[run.against]),
            runs[run.against].what,
        );
    }
}

fn main() {
    let mib: usize =
        std::env::var("PGFLAKEGEN_BENCH_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(256);
    // Text-like: gzip makes about a third of it, as of C.
    let mut bytes = vec![0u8; mib << 20];
    let mut state = 1u64;
    for chunk in bytes.chunks_exact_mut(8) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = [&b"static  "[..], b"int     ", b"return  ", b"struct  "][(state >> 60) as usize % 4];
        chunk.copy_from_slice(word);
        chunk[6..].copy_from_slice(&[b' ' + (state >> 33) as u8 % 64, b' ' + (state >> 41) as u8 % 64]);
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
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (tar, gz, nar) = (path("top.tar"), path("top.tar.gz"), path("top.nar"));
    assert!(program(&["tar", "-C", &path(""), "-cf", &tar, "top"]), "tar is needed");
    assert!(program(&["tar", "-C", &path(""), "-czf", &gz, "top"]), "gzip is needed");
    let tar_bytes = std::fs::read(&tar).expect("the archive");
    let gz_bytes = std::fs::read(&gz).expect("the archive");
    let out = std::fs::File::create(&nar).expect("a file");
    nar::write_path(&tree, std::io::BufWriter::new(out), &mut |_, _| Ok::<_, std::io::Error>(true))
        .expect("a NAR");
    let size = tar_bytes.len();
    let spool = |bytes: &[u8]| {
        let mut spool = Spool::new(usize::MAX);
        spool.write_all(bytes).expect("memory");
        spool
    };
    let (tar_spool, gz_spool) = (spool(&tar_bytes), spool(&gz_bytes));
    let read = |spool: &Spool| {
        archive::read(spool.reader(spool.all()), Limits { memory: usize::MAX, ..Limits::default() })
            .and_then(|tree| tree.strip(StripRoot::Required))
            .expect("a good archive")
    };
    let kept = read(&tar_spool);
    let ours = env!("CARGO_BIN_EXE_pgflakegen");
    let tool = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        Box::new(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            assert!(program(&arguments), "{arguments:?} does not work here");
        }) as Box<dyn FnMut()>
    };
    println!("{count} files, {mib} MiB, {:.0} MiB as .tar.gz", gz_bytes.len() as f64 / (1 << 20) as f64);
    println!("Programs, from start to end:");
    let mut runs = vec![
        Run { what: "sha256sum", size, against: 0, run: tool(&["sha256sum", &tar]) },
        Run { what: "prefetch FILE", size, against: 0, run: tool(&[ours, "prefetch", "-q", &tar]) },
        Run {
            what: "prefetch --unpack FILE.tar",
            size,
            against: 0,
            run: tool(&[ours, "prefetch", "-q", "--unpack", &tar]),
        },
        Run { what: "prefetch FOLDER", size, against: 0, run: tool(&[ours, "prefetch", "-q", &path("top")]) },
        Run { what: "gunzip", size, against: 4, run: tool(&["gzip", "-dc", &gz]) },
        Run {
            what: "prefetch --unpack FILE.tar.gz",
            size,
            against: 4,
            run: tool(&[ours, "prefetch", "-q", "--unpack", &gz]),
        },
    ];
    if program(&["openssl", "version"]) {
        let at = runs.len();
        runs.push(Run {
            what: "openssl dgst -sha256",
            size,
            against: 0,
            run: tool(&["openssl", "dgst", "-sha256", &tar]),
        });
        runs.push(Run {
            what: "prefetch FILE, again",
            size,
            against: at,
            run: tool(&[ours, "prefetch", "-q", &tar]),
        });
    } else {
        println!("skipped: openssl is not installed");
    }
    measure(&mut runs);
    println!("Inside, on one thread:");
    let plain = |path: &Path| std::fs::File::open(path).expect("a file");
    let mut inside = vec![
        Run {
            what: "SHA-256 in memory",
            size,
            against: 0,
            run: Box::new(|| {
                black_box(Hash::of(Algorithm::Sha256, &tar_bytes));
            }),
        },
        Run {
            what: "tar → tree",
            size,
            against: 0,
            run: Box::new(|| {
                black_box(read(&tar_spool));
            }),
        },
        Run {
            what: "tree → NAR → SHA-256",
            size,
            against: 0,
            run: Box::new(|| {
                black_box(kept.nar_hash(Algorithm::Sha256).expect("a hash"));
            }),
        },
        Run {
            what: "gunzip alone",
            size,
            against: 0,
            run: Box::new(|| {
                let mut reader = flate2::bufread::MultiGzDecoder::new(&gz_bytes[..]);
                let mut buffer = vec![0; 1 << 16];
                while reader.read(&mut buffer).expect("a good archive") > 0 {}
            }),
        },
        Run {
            what: "tar.gz → tree → NAR → SHA-256",
            size,
            against: 3,
            run: Box::new(|| {
                black_box(read(&gz_spool).nar_hash(Algorithm::Sha256).expect("a hash"));
            }),
        },
        Run {
            what: "folder → NAR → SHA-256",
            size,
            against: 0,
            run: Box::new(|| {
                black_box(nar::hash_path(&tree, Algorithm::Sha256).expect("a hash"));
            }),
        },
        Run {
            what: "reading a file, not hashing it",
            size,
            against: 0,
            run: Box::new(|| {
                let mut file = plain(Path::new(&tar));
                let mut buffer = vec![0; pgflakegen::store::spool::BUFFER];
                while file.read(&mut buffer).expect("a file") > 0 {}
            }),
        },
    ];
    measure(&mut inside);
}
