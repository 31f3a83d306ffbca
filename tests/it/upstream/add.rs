//! `add`, `verify`, the other places that versions come from, and pgrx extensions.

use data_encoding::HEXLOWER;
use sha2::Digest as _;

use crate::upstream::archives::Tar;
use crate::upstream::bump::{Place, VECTOR, vector};
use crate::upstream::repository::Repository;
use crate::upstream::server::Answer;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn hypothetical() -> Repository {
    let repository = Repository::new();
    repository
        .write("hypo.control", "comment = 'An extension for hypotheses.'\ndefault_version = '1.4'\nrequires = 'pgcrypto, vector'\nschema = hypo\n")
        .write("Makefile", "EXTENSION = hypo\nMODULE_big = hypo\nOBJS = hypo.o\nSHLIB_LINK += -lcurl \\\n  -lsodium\nifdef USE_PGXS\nPG_CONFIG = pg_config\nPGXS := $(shell $(PG_CONFIG) --pgxs)\ninclude $(PGXS)\nendif\n")
        .write("META.json", r#"{"abstract": "x", "prereqs": {"runtime": {"requires": {"PostgreSQL": "16.0.0"}}}}"#)
        .write("hypo.c", "if (!process_shared_preload_libraries_in_progress) elog(ERROR, \"shared_preload_libraries\");\n")
        .write("LICENSE", "Permission is hereby granted, free of charge, to any person\nobtaining a copy\n");
    repository.commit("first");
    for tag in ["1.4.0", "1.4.1", "1.5.0-beta1", "old"] {
        repository.tag(tag);
    }
    repository
}

#[test]
fn a_first_entry_says_what_it_guessed() {
    let place = Place::new();
    place.serve("owner/hypo", &hypothetical());
    let (code, out, err) = place.said(&["add", "owner/hypo"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(out, "catalogue/extensions/hypo.toml\n", "{err}");
    let text = place.read("catalogue/extensions/hypo.toml");
    for line in [
        "description = \"Extension for hypotheses\"  # guessed from hypo.control",
        "license = \"mit\"  # guessed from LICENSE",
        "kind = \"pgxs\"  # guessed from the Makefile includes PGXS",
        "requires = [\"pgcrypto\", \"vector\"]",
        "preload = [\"hypo\"]  # guessed from hypo.c",
        "control = { schema = \"hypo\" }\n",
        "source = { github = \"owner/hypo\", tag = \"{version}\" }",
        "build-inputs = [\"curl\", \"libsodium\"]",
        "make-flags = [\"USE_PGXS=1\"]",
        "version = \"1.4.1\"",
        "postgresql = \">=16\"  # guessed from META.json",
        "sql-version = \"1.4\"",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(err.contains("schema hypo"), "{err}");
    assert!(place.path("generated/extensions/hypo.nix").exists());
    assert_eq!(place.said(&["outdated", "hypo"]).0, 0);
    let (code, _, err) = place.said(&["add", "https://github.com/owner/hypo"]);
    assert_eq!(code, 1);
    assert!(err.contains("is there already"), "{err}");
    assert_eq!(place.said(&["add", "nonsense"]).0, 2);
    let (code, _, err) = place.said(&["add", "owner/nowhere"]);
    assert_eq!((code, err.contains("owner/nowhere")), (1, true), "{err}");
}

#[test]
fn tags_for_each_postgresql() {
    let place = Place::new();
    let repository = Repository::new();
    for (tag, text) in
        [("REL15_1_5_3", "a"), ("REL17_1_7_0", "b"), ("REL17_1_7_1", "c"), ("REL13_1_3_9", "d")]
    {
        repository
            .write("x.control", format!("comment = '{text}'\n"))
            .write("Makefile", "PGXS\nMODULE_big = x\n");
        repository.commit(tag);
        repository.tag(tag);
    }
    place.serve("owner/x", &repository);
    let (code, out, err) = place.said(&["add", "owner/x"]);
    assert_eq!(code, 0, "{out}{err}");
    let text = place.read("catalogue/extensions/x.toml");
    let versions = format!(
        "\n[[version]]\nversion = \"1.5.3\"\npostgresql = [\"15\"]\ntag = \"REL15_1_5_3\"\nhash = \"{}\"\n\n[[version]]\nversion = \"1.7.1\"\npostgresql = [\"17\"]\ntag = \"REL17_1_7_1\"\nhash = \"{}\"\n",
        place.hash("owner/x", "REL15_1_5_3"),
        place.hash("owner/x", "REL17_1_7_1"),
    );
    assert!(text.ends_with(&versions), "{text}");
    assert!(text.contains("tags = [\"REL{postgresql}_{version_}\"]"), "{text}");
}

/// The same version for two PostgreSQLs, by two tags; `bump` goes on with each.
#[test]
fn a_version_with_a_tag_for_each_postgresql() {
    let place = Place::new();
    let repository = Repository::new();
    let release = |tag: &str| {
        repository
            .write("x.control", format!("comment = '{tag}'\ndefault_version = '1.2'\n"))
            .write("Makefile", "PGXS\nMODULE_big = x\n");
        repository.commit(tag);
        repository.tag(tag);
    };
    ["v1.2.3-pg15", "v1.2.3-pg17"].into_iter().for_each(release);
    place.serve("owner/x", &repository);
    let (code, out, err) = place.said(&["add", "owner/x"]);
    assert_eq!(code, 0, "{out}{err}");
    let text = place.read("catalogue/extensions/x.toml");
    let entry = |version: &str, major: &str| {
        let tag = format!("v{version}-pg{major}");
        let hash = place.hash("owner/x", &tag);
        format!(
            "\n[[version]]\nversion = \"{version}\"\npostgresql = [\"{major}\"]\ntag = \"{tag}\"\nhash = \"{hash}\"\nsql-version = \"1.2\"\n"
        )
    };
    assert!(text.ends_with(&[entry("1.2.3", "15"), entry("1.2.3", "17")].concat()), "{text}");
    assert!(text.contains("tags = [\"v{version}-pg{postgresql}\"]"), "{text}");

    release("v1.2.4-pg17");
    place.serve("owner/x", &repository);
    let (code, out, err) = place.said(&["bump", "x"]);
    assert_eq!(code, 0, "{out}{err}");
    // Also where nobody has said what the tags look like.
    let bumped = place.read("catalogue/extensions/x.toml");
    let without = text.lines().filter(|line| !line.starts_with("tags")).collect::<Vec<_>>().join("\n") + "\n";
    place.write("catalogue/extensions/x.toml", &without);
    let (code, out, err) = place.said(&["bump", "x"]);
    assert_eq!(code, 0, "{out}{err}");
    for text in [bumped, place.read("catalogue/extensions/x.toml")] {
        assert!(text.ends_with(&[entry("1.2.3", "17"), entry("1.2.4", "17")].concat()), "{text}");
        assert!(text.contains(&entry("1.2.3", "15")), "{text}");
        assert_eq!(text.matches("version = \"1.2.4\"").count(), 1, "{text}");
    }
}

/// One repository for several things: the extension's own tags, by its name; else the head of the branch, and why.
#[test]
fn tags_of_several_things() {
    let place = Place::new();
    let (out, _) = added(&place, "one", "", &["one-v1.0", "lib-v2.0"]);
    assert!(out.contains("source = { github = \"owner/one\", tag = \"one-v{version}\" }"), "{out}");
    assert!(out.contains("version = \"1.0\"\n"), "{out}");
    added(&place, "two", "", &["cli-v1.0", "lib-v2.0"]);
    let (code, out, err) = place.said(&["add", "owner/two"]);
    assert_eq!(code, 0, "{out}{err}");
    let text = place.read("catalogue/extensions/two.toml");
    assert!(text.contains("versions-from = \"branch\""), "{text}");
    let said = "its tags are of several things (cli-v{version}, lib-v{version}), so this is the head of the default \
                branch: to follow one, write tags = [\"cli-v{version}\"] in place of versions-from, and bump";
    assert!(format!("{out}{err}").contains(said), "{out}{err}");
}

#[test]
fn sources_are_read_as_they_are_laid_out() {
    let place = Place::new();
    // The build is at the top, the control file is not; another control file is for an old version.
    let nested = Repository::new();
    nested
        .write("Makefile", "SUBDIRS = bin lib\ninclude $(PGXS)\n")
        .write("lib/Makefile", "MODULES = src/nested_worker\nEXTENSION = nested\nLIBS += -lxml2\ninclude $(PGXS)\n")
        .write("lib/nested.control", "comment = 'NESTED: keeps tables in other tables, and these in others'\n")
        .write("lib/nested--1.0.control", "requires = 'hstore'\n")
        .write("lib/src/w.c", "if (process_shared_preload_libraries_in_progress) say(\"shared_preload_libraries\");")
        .write("LICENSE", "Somebody\n\n* Permission to use, copy, modify, and distribute this software for any\n* purpose with or without fee\n");
    nested.commit("x");
    for tag in ["REL1_9_1", "REL1_10_0", "REL8_4", "x_1_0"] {
        nested.tag(tag);
    }
    place.serve("owner/nested", &nested);
    let (code, out, err) = place.said(&["add", "-n", "owner/nested"]);
    assert_eq!(code, 0, "{err}");
    for line in [
        "description = \"Keeps tables in other tables, and these in others\"",
        "license = \"isc\"",
        "kind = \"pgxs\"",
        "preload = [\"nested_worker\"]",
        "build-inputs = [\"libxml2\"]",
        "version = \"8.4\"",
        "tags = [\"REL{version_}\"]",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert!(!out.contains("source-root") && !out.contains("hstore") && !out.contains("\nsql ="), "{out}");
    // What a distribution made of a release is no release.
    let tagged = Repository::new();
    tagged.write("y.control", "default_version = '5.5'\n").write("Makefile", "include $(PGXS)\n");
    tagged.commit("x");
    tagged.tag("v5.5.0").tag("v5.5.0+deb1").tag("v5.6.0rc1");
    place.serve("owner/y", &tagged);
    let (_, out, _) = place.said(&["add", "-n", "owner/y"]);
    assert!(out.contains("version = \"5.5.0\"\n"), "{out}");
}

/// What `add` makes of a small extension with this META.json and these tags.
fn added(place: &Place, name: &str, meta: &str, tags: &[&str]) -> (String, String) {
    let repository = Repository::new();
    repository
        .write(&format!("{name}.control"), "default_version = '1.0'\ncomment = 'Small thing'\n")
        .write("Makefile", format!("EXTENSION = {name}\nDATA = {name}--1.0.sql\ninclude $(PGXS)\n"));
    if !meta.is_empty() {
        repository.write("META.json", meta);
    }
    repository.commit("x");
    for tag in tags {
        repository.tag(tag);
    }
    place.serve(&format!("owner/{name}"), &repository);
    let (code, out, err) = place.said(&["add", "-n", &format!("owner/{name}")]);
    assert_eq!(code, 0, "{err}");
    (out, err)
}

#[test]
fn bounds_and_licences_of_meta_json() {
    let place = Place::new();
    let lowest = 15;
    for (n, (bounds, range)) in [
        ("< 17.0.0", format!(">={lowest}, <17")),
        ("<= 16.99.0", format!(">={lowest}, <17")),
        ("== 16.4.0", ">=16, <17".to_owned()),
        (">= 15.0.0, < 17.0.0", ">=15, <17".to_owned()),
        ("> 16.99", ">=17".to_owned()),
        ("16.2", ">=16".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let meta = format!(
            r#"{{"license": "postgresql", "prereqs": {{"runtime": {{"requires": {{"PostgreSQL": "{bounds}"}}}}}}}}"#
        );
        let (out, _) = added(&place, &format!("bound{n}"), &meta, &["v1.0.0"]);
        let line = format!("postgresql = \"{range}\"  # guessed from META.json\n");
        assert!(out.contains(&line), "{bounds}: {line}\n{out}");
    }
    for (n, (license, attribute)) in [
        (r#""postgresql""#, "postgresql"),
        (r#"["unknown", "apache_2_0"]"#, "asl20"),
        (r#"{"mit": "https://example.org/licence"}"#, "mit"),
        (r#""MIT OR Apache-2.0""#, "mit"),
    ]
    .into_iter()
    .enumerate()
    {
        let (out, _) =
            added(&place, &format!("licence{n}"), &format!("{{\"license\": {license}}}"), &["v1.0.0"]);
        let line = format!("license = \"{attribute}\"  # guessed from META.json\n");
        assert!(out.contains(&line), "{license}: {out}");
    }
    let (out, _) = added(&place, "restricted", r#"{"license": "restricted"}"#, &["v1.0.0"]);
    assert!(
        out.contains("license = \"unfree\"  # guessed from nothing: no licence was recognized\n"),
        "{out}"
    );
}

#[test]
fn what_is_no_release_yet_is_not_taken() {
    let place = Place::new();
    let early = [
        "-prerelease",
        "-rc.1",
        ".dev1",
        "-canary.1",
        "-next.0",
        "-M1",
        "-experimental",
        "-EAP2",
        "-whatever",
    ];
    for (n, early) in early.into_iter().enumerate() {
        let (out, _) =
            added(&place, &format!("early{n}"), "", &["v1.0.0", "v1.1.0", &format!("v1.2.0{early}")]);
        assert!(out.contains("version = \"1.1.0\"\n"), "{early}: {out}");
    }
    // Where releases have letters, they are releases.
    let (out, _) = added(&place, "letters", "", &["v1.0.0a", "v1.0.0b", "v1.0.0c", "v1.0.0"]);
    assert!(out.contains("version = \"1.0.0c\"\n"), "{out}");
}

#[test]
fn a_postgresql_with_what_moves_along() {
    let place = Place::new();
    let page = "<a href=\"v18.0/\"></a><a href=\"v18.1/\"></a><a href=\"v18beta1/\"></a>";
    place.server.on("/postgresql/", Answer::Bytes(page.into()));
    place.server.on("/postgresql/v18.1/postgresql-18.1.tar.bz2", Answer::Bytes(b"18.1".to_vec()));
    let repository = vector(&["v0.7.0", "v0.8.0"]);
    place.serve("pgvector/pgvector", &repository);
    let capped = Repository::new();
    capped.write(
        "META.json",
        r#"{"prereqs": {"runtime": {"requires": {"PostgreSQL": ">= 12.0.0, < 18.0.0"}}}}"#,
    );
    capped.commit("x");
    capped.tag("v1.0.0");
    place.serve("owner/capped", &capped);
    let entry = "description = \"Capped\"\nlicense = \"mit\"\nkind = \"sql\"\nsource = { github = \"owner/capped\", tag = \"v{version}\" }\n\n[[version]]\nversion = \"1.0.0\"\npostgresql = [\"15\", \"17\"]\nhash = \"sha256-webZWgWZGnSoXwTpk816tjbtHV1UIlXkogpBDAEL4gM=\"\n";
    place.write("catalogue/extensions/capped.toml", entry);
    let (code, out, err) = place.said(&["add", "postgresql", "18", "--from", "17"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("postgresql 18 (18.1)"), "{out}");
    assert!(out.contains("capped 1.0.0: stays behind: its META.json says >= 12.0.0, < 18.0.0"), "{out}");
    assert!(out.contains("pgvector 0.8.0: moves along"), "{out}");
    assert!(
        place.read("catalogue/postgresql.toml").contains("name = \"18\"\nmajor = 18\nversion = \"18.1\"\n")
    );
    let text = place.read("catalogue/extensions/pgvector.toml");
    assert_eq!(text, VECTOR.replace("\"17\",\n", "\"17\", \"18\",\n"));
    assert_eq!(place.read("catalogue/extensions/capped.toml"), entry);
    let (code, _, err) = place.said(&["add", "postgresql", "99"]);
    assert_eq!((code, err.contains("99")), (1, true), "{err}");
}

#[test]
fn verify_finds_what_differs() {
    let place = Place::new();
    place.serve("pgvector/pgvector", &vector(&["v0.7.0", "v0.8.0"]));
    let right = |tag: &str| place.hash("pgvector/pgvector", tag);
    let text = VECTOR
        .replace("sha256-qwPaguQUdDHV8q6GDneLq5MuhVroPizpbqt7f08gKJI=", &right("v0.7.0"))
        .replace("sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=", &right("v0.8.0"));
    place.write("catalogue/extensions/pgvector.toml", &text);
    let (code, _, err) = place.said(&["verify", "pgvector"]);
    assert_eq!((code, err.trim()), (0, "2 sources as the catalogue says, 0 not, 0 not to be had"));
    place.write(
        "catalogue/extensions/pgvector.toml",
        &text.replace(&right("v0.8.0"), "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q="),
    );
    let (code, _, err) = place.said(&["verify", "pgvector"]);
    assert_eq!(code, 1);
    assert!(err.contains(&format!("pgvector 0.8.0 is {} today", right("v0.8.0"))), "{err}");
    let cache = tempfile::tempdir().unwrap();
    let tar = gzip(&Tar::default().file("pgvector-0.7.0/x", "y").bytes());
    std::fs::write(cache.path().join("pgvector-0.7.0.tar.gz"), tar).unwrap();
    let (code, _, err) =
        place.said(&["verify", "pgvector", "--offline", "--cache", cache.path().to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(err.contains("pgvector 0.7.0 is sha256-"), "{err}");
}

#[test]
fn releases_pgxn_and_crates_say_versions() {
    let place = Place::new();
    place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1", "v0.8.2", "v0.8.3"]));
    let releases = r#"[{"tag_name":"v0.8.3","draft":true},{"tag_name":"v0.8.2","prerelease":true},{"tag_name":"v0.8.1"}]"#;
    place.server.on("/api/repos/pgvector/pgvector/releases?per_page=100", Answer::Bytes(releases.into()));
    place.server.on(
        "/pgxn/dist/vector.json",
        Answer::Bytes(br#"{"releases":{"stable":[{"version":"0.8.2"}],"testing":[{"version":"0.9.0"}],"unstable":[{"version":"0.9.0-b1"}]}}"#.to_vec()),
    );
    let index = "{\"vers\":\"0.8.3\",\"yanked\":false}\n{\"vers\":\"0.8.4\",\"yanked\":true}\n";
    place.server.on("/index/ve/ct/vector", Answer::Bytes(index.into()));
    for (from, expected) in
        [("releases", "0.8.1"), ("pgxn:vector", "0.8.2"), ("crates:vector", "0.8.3"), ("tags", "0.8.3")]
    {
        let text = VECTOR.replace("kind =", &format!("versions-from = \"{from}\"\nkind ="));
        place.write("catalogue/extensions/pgvector.toml", &text);
        let (_, out, err) = place.said(&["bump", "-n", "pgvector"]);
        assert!(out.contains(&format!("→ {expected} ")), "{from}: {out}{err}");
    }
}

#[test]
fn a_rust_extension_brings_its_toolchain() {
    let place = Place::new();
    let krate = |name: &str, version: &str, files: &[(&str, &str)]| {
        let tar = files
            .iter()
            .fold(Tar::default(), |tar, (path, text)| tar.file(&format!("{name}-{version}/{path}"), text));
        let bytes = gzip(&tar.bytes());
        place.server.on(&format!("/crates/{name}/{name}-{version}.crate"), Answer::Bytes(bytes.clone()));
        bytes
    };
    let pgrx = krate("pgrx", "0.16.1", &[("Cargo.toml", "")]);
    let entry = |name: &str, version: &str, bytes: &[u8]| {
        let sum = HEXLOWER.encode(&sha2::Sha256::digest(bytes));
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{sum}\"\n\n"
        )
    };
    let lock = format!(
        "version = 4\n\n{}[[package]]\nname = \"mine\"\nversion = \"0.2.0\"\n",
        entry("pgrx", "0.16.1", &pgrx)
    );
    krate("cargo-pgrx", "0.16.1", &[("Cargo.lock", &lock), ("Cargo.toml", "")]);
    let repository = Repository::new();
    repository
        .write("Cargo.lock", &lock)
        .write("Cargo.toml", "[dependencies]\npgrx = \"=0.16.1\"\n[features]\npg17 = []\n");
    repository.commit("x");
    repository.tag("v0.2.0");
    place.serve("owner/mine", &repository);
    place.write("catalogue/pgrx.toml", "# tools\n\n[[cargo-pgrx]]\nversion = \"0.12.6\"\nhash = \"sha256-7aQkrApALZe6EoQGVShGBj0UIATnfOy2DytFj9IWdEA=\"\ncargo-hash = \"sha256-pnMxWWfvr1/AEp8DvG4awig8zjdHizJHoZ5RJA8CL08=\"\n");
    let extension = |vendor: &str| {
        format!(
            "description = \"Mine\"\nlicense = \"mit\"\nkind = \"pgrx\"\nsource = {{ github = \"owner/mine\", tag = \"v{{version}}\" }}\n\n[[version]]\nversion = \"0.1.0\"\npostgresql = [\"17\"]\nhash = \"sha256-webZWgWZGnSoXwTpk816tjbtHV1UIlXkogpBDAEL4gM=\"\npgrx = \"0.12.6\"\n{vendor}\n"
        )
    };
    place.write(
        "catalogue/extensions/mine.toml",
        &extension("cargo-hash = \"sha256-KM1d/RsSY54EC56O1+8/mS8ilwP8xfLK8QNH74hpZ/w=\""),
    );
    let (code, out, err) = place.said(&["bump", "mine"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("mine 0.1.0 → 0.2.0 (17)"), "{out}");
    // The layout of nixpkgs' fetchCargoVendor, hashed by its folder.
    let staging = tempfile::tempdir().unwrap();
    std::fs::create_dir(staging.path().join("tarballs")).unwrap();
    std::fs::write(staging.path().join("Cargo.lock"), &lock).unwrap();
    std::fs::write(staging.path().join("tarballs/pgrx-0.16.1.tar.gz"), &pgrx).unwrap();
    let hash = pgflakegen::store::nar::hash_path(staging.path(), pgflakegen::store::hash::Algorithm::Sha256)
        .unwrap();
    let text = place.read("catalogue/extensions/mine.toml");
    assert!(text.contains(&format!("pgrx = \"0.16.1\"\ncargo-hash = \"{hash}\"\n")), "{text}");
    let tools = place.read("catalogue/pgrx.toml");
    assert!(
        tools.contains("version = \"0.16.1\"") && tools.contains(&format!("cargo-hash = \"{hash}\"")),
        "{tools}"
    );
    assert_eq!(place.said(&["verify", "mine"]).0, 1, "0.1.0 is not there");
    // With a committed lock file, the new version gets one, too.
    place.write("catalogue/locks/mine-0.1.0.lock", &lock);
    place.write("catalogue/extensions/mine.toml", &extension("cargo-lock = \"locks/mine-0.1.0.lock\""));
    let (code, _, err) = place.said(&["bump", "mine"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(place.read("catalogue/locks/mine-0.2.0.lock"), lock);
    assert!(place.read("catalogue/extensions/mine.toml").contains("cargo-lock = \"locks/mine-0.2.0.lock\""));
    // A crate that is not what the lock file says.
    place.server.on("/crates/pgrx/pgrx-0.16.1.crate", Answer::Bytes(b"other".to_vec()));
    place.write(
        "catalogue/extensions/mine.toml",
        &extension("cargo-hash = \"sha256-KM1d/RsSY54EC56O1+8/mS8ilwP8xfLK8QNH74hpZ/w=\""),
    );
    let (code, _, err) = place.said(&["bump", "mine"]);
    assert_eq!(code, 1);
    assert!(err.contains("PGF506") && err.contains("checksum"), "{err}");
}
