//! Any bytes as an archive: it is refused or becomes a tree within the limits, whose NAR can be hashed.
#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use pgflakegen::store::archive::{self, Limits, StripRoot};
use pgflakegen::store::hash::Algorithm;
use pgflakegen::store::spool::Spool;

fuzz_target!(|data: &[u8]| {
    let limits = Limits {
        size: 1 << 20,
        entries: 1000,
        depth: 20,
        memory: 1 << 10,
        links_out: false,
        names_out: false,
    };
    let mut spool = Spool::new(1 << 16);
    spool.write_all(data).expect("memory can be written");
    let Ok(tree) = archive::read(spool.reader(spool.all()), limits) else { return };
    for path in tree.paths() {
        assert!(!path.split('/').any(|part| part == ".."), "{path}");
    }
    if let Ok(tree) = tree.strip(StripRoot::IfSingle) {
        tree.nar_hash(Algorithm::Sha256).expect("a tree can be hashed");
    }
});
