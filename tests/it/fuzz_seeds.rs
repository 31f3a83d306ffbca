//! The checks of the fuzz targets on the seeds that are committed, and on seeds that are cut or have bits changed:
//! what fuzzing found once is found again without it.

#[path = "../../fuzz/checks/cargo_lock.rs"]
mod cargo_lock;
#[path = "../../fuzz/checks/flake_lock.rs"]
mod flake_lock;
#[path = "../../fuzz/checks/git_output.rs"]
mod git_output;
#[path = "../../fuzz/checks/http.rs"]
mod http;
#[path = "../../fuzz/checks/index.rs"]
mod index;
#[path = "../../fuzz/checks/osv.rs"]
mod osv;

use std::path::Path;

/// Runs a check on each seed of its folder, as it is and mutilated in `changes` places.
fn seeds(name: &str, changes: usize, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).expect("seeds").map(|entry| entry.expect("a seed").path()).collect();
    files.sort();
    assert!(files.len() >= 4, "{} has too few seeds", folder.display());
    for file in files {
        let seed = std::fs::read(&file).expect("a seed");
        check(&seed);
        // The same places in every run.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below.max(1) as u64).expect("small")
        };
        for _ in 0..changes.min(seed.len() * 4) {
            let mut other = seed.clone();
            match random(3) {
                0 => other.truncate(random(seed.len())),
                1 => other[random(seed.len())] ^= 1 << random(8),
                _ => {
                    let (from, to) = (random(seed.len()), random(seed.len()));
                    let piece = seed[from.min(to)..from.max(to)].to_vec();
                    let at = random(other.len());
                    other.splice(at..at, piece);
                }
            }
            check(&other);
        }
    }
}

#[test]
fn cargo_locks() {
    seeds("cargo_lock", 2_000, cargo_lock::check);
}

#[test]
fn indices() {
    seeds("index", 2_000, index::check);
}

#[test]
fn what_git_prints() {
    seeds("git_output", 2_000, git_output::check);
}

#[test]
fn answers_of_servers() {
    seeds("http", 100, http::check);
}

#[test]
fn records_of_vulnerabilities() {
    seeds("osv", 2_000, osv::check);
}

#[test]
fn flake_locks() {
    seeds("flake_lock", 60, flake_lock::check);
}
