//! Archives, kind and hostile.

use std::io::Write;

use pgflakegen::store::archive::{self, ArchiveError, Limits, SourceTree, StripRoot};
use pgflakegen::store::hash::Algorithm;
use pgflakegen::store::spool::Spool;

/// Entries of a tar archive, written byte by byte so that nothing is too odd to be written.
#[derive(Default)]
pub struct Tar(Vec<u8>);

impl Tar {
    pub fn entry(mut self, kind: u8, name: &[u8], mode: u32, link: &[u8], data: &[u8]) -> Self {
        let mut header = [0u8; 512];
        header[..name.len()].copy_from_slice(name);
        header[100..107].copy_from_slice(format!("{mode:07o}").as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", data.len()).as_bytes());
        header[156] = kind;
        header[157..157 + link.len()].copy_from_slice(link);
        header[257..263].copy_from_slice(b"ustar\0");
        header[263..265].copy_from_slice(b"00");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        self.0.extend_from_slice(&header);
        self.0.extend_from_slice(data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub fn file(self, name: &str, text: &str) -> Self {
        self.entry(b'0', name.as_bytes(), 0o644, b"", text.as_bytes())
    }

    pub fn program(self, name: &str, text: &str) -> Self {
        self.entry(b'0', name.as_bytes(), 0o755, b"", text.as_bytes())
    }

    pub fn directory(self, name: &str) -> Self {
        self.entry(b'5', name.as_bytes(), 0o755, b"", b"")
    }

    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(b'2', name.as_bytes(), 0o777, target.as_bytes(), b"")
    }

    pub fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(b'1', name.as_bytes(), 0o644, target.as_bytes(), b"")
    }

    pub fn pax(self, records: &[(&str, &str)]) -> Self {
        let mut data = String::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let length = (1..).find(|digits| (rest + digits).to_string().len() == *digits).unwrap() + rest;
            data += &format!("{length} {key}={value}\n");
        }
        self.entry(b'x', b"pax", 0o644, b"", data.as_bytes())
    }

    pub fn bytes(mut self) -> Vec<u8> {
        self.0.extend_from_slice(&[0; 1024]);
        self.0
    }
}

fn read_with(bytes: &[u8], limits: Limits) -> Result<SourceTree, ArchiveError> {
    let mut spool = Spool::new(100);
    spool.write_all(bytes).unwrap();
    archive::read(spool.reader(spool.all()), limits)
}

fn read(bytes: &[u8]) -> Result<SourceTree, ArchiveError> {
    read_with(bytes, Limits::default()).and_then(|tree| tree.strip(StripRoot::No))
}

fn hash(bytes: &[u8], strip: StripRoot) -> String {
    let tree = read_with(bytes, Limits { memory: 7, ..Limits::default() }).unwrap();
    tree.strip(strip).unwrap().nar_hash(Algorithm::Sha256).unwrap().to_sri()
}

fn sample() -> Tar {
    Tar::default()
        .directory("top/")
        .file("top/z.c", "last\n")
        .program("top/a/run", "#!/bin/sh\n")
        .file("top/a.c", "between a and a/\n")
        .symlink("top/link", "a/run")
        .directory("top/empty")
}

#[test]
fn the_order_of_entries_does_not_matter() {
    let other = Tar::default()
        .directory("./top/empty")
        .symlink("./top/link", "a/run")
        .file("./top/a.c", "to be replaced")
        .file("./top/a.c", "between a and a/\n")
        .program("./top/a/run", "#!/bin/sh\n")
        .directory("./top/a")
        .file("./top/z.c", "last\n");
    for strip in [StripRoot::No, StripRoot::IfSingle, StripRoot::Required] {
        assert_eq!(hash(&sample().bytes(), strip), hash(&other.0, strip));
    }
    assert_ne!(hash(&sample().bytes(), StripRoot::No), hash(&sample().bytes(), StripRoot::Required));
}

/// The same bytes in every compression that a tar archive may have.
pub fn packed(plain: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let gzip = |part: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(part).unwrap();
        gzip.finish().unwrap()
    };
    let bzip2 = |part: &[u8]| {
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(part).unwrap();
        bzip2.finish().unwrap()
    };
    let zstd =
        |part: &[u8]| ruzstd::encoding::compress_to_vec(part, ruzstd::encoding::CompressionLevel::Fastest);
    let xz = |part: &[u8]| {
        let mut xz = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
        xz.write_all(part).unwrap();
        xz.finish().unwrap()
    };
    // As `zstd -T0` and `gzip a; gzip b >> a` write them: several parts, one after another.
    let (first, second) = plain.split_at(plain.len() / 2);
    vec![
        ("gz", gzip(plain)),
        ("gz twice", [gzip(first), gzip(second)].concat()),
        ("bz2", bzip2(plain)),
        ("bz2 twice", [bzip2(first), bzip2(second)].concat()),
        ("xz", xz(plain)),
        ("xz twice", [xz(first), xz(second)].concat()),
        ("zst", zstd(plain)),
        ("zst twice", [zstd(first), zstd(second)].concat()),
    ]
}

#[test]
fn every_compression_gives_the_same() {
    let plain = sample().bytes();
    let expected = hash(&plain, StripRoot::Required);
    for (name, bytes) in packed(&plain) {
        assert_eq!(hash(&bytes, StripRoot::Required), expected, "{name}");
        // One byte too few is noticed in all of them, and one in the middle that is wrong.
        assert!(matches!(read(&bytes[..bytes.len() - 1]), Err(ArchiveError::Damaged(_))), "{name}");
        let mut wrong = bytes.clone();
        let middle = wrong.len() / 2;
        wrong[middle] ^= 0x55;
        if let Ok(tree) = read(&wrong) {
            let hash = tree.strip(StripRoot::Required).unwrap().nar_hash(Algorithm::Sha256).unwrap();
            assert_ne!(hash.to_sri(), expected, "{name}");
        }
        // What follows the archive is no part of it that could be passed over.
        let rubbish = [&bytes[..], b"rubbish"].concat();
        if let Ok(tree) = read(&rubbish) {
            assert!(name.starts_with("gz"), "{name}");
            let hash = tree.strip(StripRoot::Required).unwrap().nar_hash(Algorithm::Sha256).unwrap();
            assert_eq!(hash.to_sri(), expected, "{name}");
        }
    }
}

#[test]
fn zip_files_give_the_same_tree() {
    let options = zip::write::SimpleFileOptions::default();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.add_directory("top/empty", options).unwrap();
    for (name, mode, text) in [
        ("top/z.c", 0o644, "last\n"),
        ("top/a/run", 0o755, "#!/bin/sh\n"),
        ("top/a.c", 0o600, "between a and a/\n"),
    ] {
        zip.start_file(name, options.unix_permissions(mode)).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.add_symlink("top/link", "a/run", options).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    assert_eq!(hash(&bytes, StripRoot::Required), hash(&sample().bytes(), StripRoot::Required));
    let mut hostile = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    hostile.start_file("../x", options).unwrap();
    let hostile = hostile.finish().unwrap().into_inner();
    assert!(matches!(read(&hostile), Err(ArchiveError::BadName { .. })));
}

#[test]
fn long_names_of_both_kinds() {
    let long = format!("top/{}/{}", "d".repeat(150), "f".repeat(200));
    let gnu = Tar::default()
        .entry(b'L', b"././@LongLink", 0o644, b"", format!("{long}\0").as_bytes())
        .file("cut", "text")
        .entry(b'K', b"././@LongLink", 0o644, b"", format!("{}\0", "t".repeat(300)).as_bytes())
        .symlink("top/link", "cut");
    let pax = Tar::default()
        .entry(
            b'g',
            b"pax_global_header",
            0o644,
            b"",
            b"21 comment=0123456789\n".get(..21).unwrap_or_default(),
        )
        .0;
    assert!(read(&pax).is_err(), "the record says it is one byte longer");
    let pax = Tar::default()
        .entry(b'g', b"pax_global_header", 0o644, b"", b"22 comment=0123456789\n")
        .pax(&[("path", &long), ("mtime", "1.5"), ("x", "line\nbreak")])
        .file("cut", "text")
        .pax(&[("linkpath", &"t".repeat(300))])
        .symlink("top/link", "cut");
    assert_eq!(hash(&gnu.bytes(), StripRoot::No), hash(&pax.bytes(), StripRoot::No));
}

#[test]
fn a_hard_link_is_a_second_file() {
    let linked = Tar::default()
        .program("t/a", "one")
        .hard_link("t/b", "t/a")
        .file("t/a", "two")
        .symlink("t/s", "a")
        .hard_link("t/l", "t/s");
    let copied =
        Tar::default().file("t/a", "two").program("t/b", "one").symlink("t/s", "a").symlink("t/l", "a");
    assert_eq!(hash(&linked.bytes(), StripRoot::No), hash(&copied.bytes(), StripRoot::No));
}

#[test]
fn what_is_hostile_is_refused() {
    let t = Tar::default;
    type Expected = fn(&ArchiveError) -> bool;
    let cases: Vec<(&str, Tar, Expected)> = vec![
        ("parent", t().file("a/../../x", ""), |e| matches!(e, ArchiveError::BadName { .. })),
        ("harmless parent", t().file("a/../x", ""), |e| matches!(e, ArchiveError::BadName { .. })),
        ("absolute", t().file("/etc/passwd", ""), |e| matches!(e, ArchiveError::BadName { .. })),
        ("absolute by pax", t().pax(&[("path", "/etc/passwd")]).file("x", ""), |e| {
            matches!(e, ArchiveError::BadName { .. })
        }),
        ("absolute link", t().symlink("a", "/etc/passwd"), |e| matches!(e, ArchiveError::LinkOut { .. })),
        ("link up", t().symlink("a/b", "../../x"), |e| matches!(e, ArchiveError::LinkOut { .. })),
        ("link down and up", t().symlink("a/b", "c/../../../x"), |e| {
            matches!(e, ArchiveError::LinkOut { .. })
        }),
        ("through a link", t().symlink("a", "b").file("a/x", ""), |e| {
            matches!(e, ArchiveError::Conflict { .. })
        }),
        ("through a file", t().file("a", "").file("a/x", ""), |e| matches!(e, ArchiveError::Conflict { .. })),
        ("over a directory", t().file("a/x", "").file("a", ""), |e| {
            matches!(e, ArchiveError::Conflict { .. })
        }),
        ("hard link out", t().hard_link("a", "/etc/passwd"), |e| matches!(e, ArchiveError::BadName { .. })),
        ("hard link up", t().hard_link("a", "../x"), |e| matches!(e, ArchiveError::BadName { .. })),
        ("hard link to nothing", t().hard_link("a", "x"), |e| {
            matches!(e, ArchiveError::DanglingHardLink { .. })
        }),
        ("hard link to a directory", t().directory("d").hard_link("a", "d"), |e| {
            matches!(e, ArchiveError::Conflict { .. })
        }),
        ("device", t().entry(b'3', b"null", 0o666, b"", b""), |e| matches!(e, ArchiveError::BadType { .. })),
        ("block device", t().entry(b'4', b"sda", 0o666, b"", b""), |e| {
            matches!(e, ArchiveError::BadType { .. })
        }),
        ("pipe", t().entry(b'6', b"p", 0o666, b"", b""), |e| matches!(e, ArchiveError::BadType { .. })),
        ("sparse", t().entry(b'S', b"s", 0o666, b"", b""), |e| matches!(e, ArchiveError::BadType { .. })),
        ("empty target", t().symlink("a", ""), |e| matches!(e, ArchiveError::BadName { .. })),
        ("two sizes", t().pax(&[("size", "0")]).file("x", "y"), |e| matches!(e, ArchiveError::Damaged(_))),
        ("one name for all", t().entry(b'g', b"g", 0o644, b"", b"9 path=x\n"), |e| {
            matches!(e, ArchiveError::Damaged(_))
        }),
        ("file without a name", t().file(".", ""), |e| matches!(e, ArchiveError::BadName { .. })),
    ];
    for (name, tar, expected) in cases {
        let plain = tar.bytes();
        let error = read(&plain).expect_err(name);
        assert!(expected(&error), "{name}: {error:?}");
        for (how, bytes) in packed(&plain) {
            let error = read(&bytes).expect_err(name);
            assert!(expected(&error), "{name}, {how}: {error:?}");
        }
    }
    let checksum = {
        let mut bytes = t().file("a", "x").bytes();
        bytes[0] = b'b';
        bytes
    };
    assert!(read(&checksum).is_err());
    assert!(matches!(read(b"<html>"), Err(ArchiveError::UnknownFormat)));
    assert!(matches!(read(b""), Err(ArchiveError::UnknownFormat)));
}

#[test]
fn links_out_are_taken_when_asked_for() {
    let bytes = Tar::default().symlink("t/a", "/etc/passwd").file("t/b", "").bytes();
    let limits = Limits { links_out: true, ..Limits::default() };
    read_with(&bytes, limits).unwrap().strip(StripRoot::Required).unwrap();
}

#[test]
fn bombs_do_not_go_off() {
    let limits = Limits { size: 1000, entries: 10, depth: 5, ..Limits::default() };
    let too_much = |bytes: &[u8]| {
        let error = read_with(bytes, limits).expect_err("it is too much");
        assert!(matches!(error, ArchiveError::TooMuch { .. }), "{error:?}");
    };
    too_much(&Tar::default().file("a", &"x".repeat(1001)).bytes());
    too_much(&Tar::default().file("a", &"x".repeat(600)).file("a", &"x".repeat(600)).bytes());
    too_much(&Tar::default().file("a", &"x".repeat(600)).hard_link("b", "a").bytes());
    too_much(&(0..20).fold(Tar::default(), |tar, n| tar.file(&n.to_string(), "")).bytes());
    too_much(&Tar::default().file("1/2/3/4/5/6/7", "").bytes());
    too_much(&Tar::default().entry(b'L', b"l", 0, b"", &vec![b'x'; 2 << 20]).file("x", "").bytes());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&Tar::default().file("a", "").bytes()).unwrap();
    for _ in 0..8 {
        gzip.write_all(&[0; 1 << 20]).unwrap();
    }
    too_much(&gzip.finish().unwrap());
    let zeros = [Tar::default().file("a", "").bytes(), vec![0; 8 << 20]].concat();
    for bytes in [zeros, Tar::default().file("a", &"x".repeat(1 << 20)).bytes()] {
        for (how, bytes) in packed(&bytes) {
            let error = read_with(&bytes, limits).expect_err(how);
            assert!(matches!(error, ArchiveError::TooMuch { .. }), "{how}: {error:?}");
        }
    }
    // A dictionary of 1 GiB, announced in the head of the block, is more than `xz -9` ever asks for.
    let mut greedy = packed(&Tar::default().file("a", "").bytes()).swap_remove(4).1;
    greedy[16] = 36;
    let sum = crc32(&greedy[12..20]);
    greedy[20..24].copy_from_slice(&sum.to_le_bytes());
    assert!(read_with(&greedy, limits).is_err());
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("a", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(&vec![0; 1 << 20]).unwrap();
    too_much(&zip.finish().unwrap().into_inner());
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    })
}

type Zip = zip::ZipWriter<std::io::Cursor<Vec<u8>>>;

fn zipped(fill: impl FnOnce(&mut Zip, zip::write::SimpleFileOptions)) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    fill(&mut zip, zip::write::SimpleFileOptions::default());
    zip.finish().unwrap().into_inner()
}

/// Changes bytes of each header: `local` and `central` are offsets in the two kinds.
fn patched(mut bytes: Vec<u8>, local: Option<usize>, central: usize, new: &[u8]) -> Vec<u8> {
    let starts = |mark: &[u8]| -> Vec<usize> {
        (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(mark)).collect()
    };
    let (locals, centrals) = (starts(b"PK\x03\x04"), starts(b"PK\x01\x02"));
    let places = local.iter().flat_map(|offset| locals.iter().map(move |at| at + offset));
    for at in places.chain(centrals.iter().map(|at| at + central)).collect::<Vec<_>>() {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
    bytes
}

#[test]
fn hostile_zip_files_are_refused() {
    let one = |name: &'static str| {
        zipped(|zip, options| {
            zip.start_file(name, options).unwrap();
            zip.write_all(b"text").unwrap();
        })
    };
    let link = |name: &'static str, target: &'static str| {
        zipped(|zip, options| zip.add_symlink(name, target, options).unwrap())
    };
    let through = zipped(|zip, options| {
        zip.add_symlink("a", "b", options).unwrap();
        zip.start_file("a/x", options).unwrap();
    });
    let deep = zipped(|zip, options| zip.start_file("d/".repeat(200) + "x", options).unwrap());
    let mode = |mode: u32| patched(one("x"), None, 38, &(mode << 16).to_le_bytes());
    type Expected = fn(&ArchiveError) -> bool;
    let name: Expected = |e| matches!(e, ArchiveError::BadName { .. });
    let out: Expected = |e| matches!(e, ArchiveError::LinkOut { .. });
    let damaged: Expected = |e| matches!(e, ArchiveError::Damaged(_));
    let cases: [(&str, Vec<u8>, Expected); 17] = [
        ("parent", one("a/../../x"), name),
        ("absolute", one("/etc/passwd"), name),
        ("dots alone", one(".."), name),
        ("file without a name", one("."), name),
        ("NUL", patched(one("x"), Some(30), 46, b"\0"), name),
        ("absolute link", link("a", "/etc/passwd"), out),
        ("link up", link("a/b", "../../x"), out),
        ("empty target", link("a", ""), name),
        ("through a link", through, |e| matches!(e, ArchiveError::Conflict { .. })),
        ("deep", deep, |e| matches!(e, ArchiveError::TooMuch { .. })),
        ("device", mode(0o020_666), |e| matches!(e, ArchiveError::BadType { .. })),
        ("pipe", mode(0o010_666), |e| matches!(e, ArchiveError::BadType { .. })),
        ("socket", mode(0o140_666), |e| matches!(e, ArchiveError::BadType { .. })),
        ("encrypted", patched(one("x"), Some(6), 8, &[1, 0]), damaged),
        ("compressed as nobody does", patched(one("x"), Some(8), 10, &[97, 0]), damaged),
        ("another checksum", patched(one("x"), Some(14), 16, &[1, 2, 3, 4]), damaged),
        ("cut off", one("x")[..60].to_vec(), damaged),
    ];
    for (what, bytes, expected) in cases {
        let error = read(&bytes).expect_err(what);
        assert!(expected(&error), "{what}: {error:?}");
    }
    // Sizes in the directory are only what somebody says.
    let limits = Limits { size: 1000, entries: 10, ..Limits::default() };
    let large = zipped(|zip, options| {
        zip.start_file("x", options).unwrap();
        zip.write_all(&[0; 100_000]).unwrap();
    });
    assert!(read_with(&patched(large, Some(22), 24, &[10, 0, 0, 0]), limits).is_err());
    // Many names for one and the same data.
    let many = zipped(|zip, options| {
        for n in 0..9 {
            zip.start_file(n.to_string(), options).unwrap();
            zip.write_all(&[0; 200]).unwrap();
        }
    });
    let overlapping = patched(many.clone(), None, 42, &[0; 4]);
    assert!(read_with(&overlapping, limits).is_err());
    assert!(matches!(read_with(&many, limits), Err(ArchiveError::TooMuch { .. })));
    let entries =
        zipped(|zip, options| (0..20).for_each(|n| zip.start_file(n.to_string(), options).unwrap()));
    assert!(matches!(read_with(&entries, limits), Err(ArchiveError::TooMuch { .. })));
}

#[test]
fn zip_files_without_modes_have_no_executables() {
    let plain = zipped(|zip, options| {
        for name in ["top/a.c", "top/run.sh"] {
            zip.start_file(name, options).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
    });
    // Made on DOS, with no mode at all.
    let dos = patched(patched(plain, None, 4, &[20, 0]), None, 38, &[0x20, 0, 0, 0]);
    let expected = Tar::default().file("a.c", "top/a.c").file("run.sh", "top/run.sh").bytes();
    assert_eq!(hash(&dos, StripRoot::Required), hash(&expected, StripRoot::No));
}

#[test]
fn fetchzip_wants_one_entry_at_the_top() {
    let two = Tar::default().file("a", "").file("b", "").bytes();
    let tree = || read_with(&two, Limits::default()).unwrap();
    assert!(matches!(tree().strip(StripRoot::Required), Err(ArchiveError::NoSingleRoot(2))));
    assert_eq!(tree().strip(StripRoot::IfSingle).unwrap().paths(), ["a", "b"]);
    let one = Tar::default().file("only", "text").bytes();
    let tree = read_with(&one, Limits::default()).unwrap().strip(StripRoot::Required).unwrap();
    assert_eq!(tree.paths(), [""]);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(kind in 0usize..6, bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2000)) {
        let magic: [&[u8]; 6] = [b"", b"\x1f\x8b\x08\0", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"];
        let _ = read(&[magic[kind], &bytes].concat());
    }

    #[test]
    fn no_damage_makes_it_panic(at in 0usize..4000, byte in proptest::prelude::any::<u8>()) {
        let mut bytes = sample().pax(&[("path", "top/long")]).file("x", "y").bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = read(&bytes);
    }
}
