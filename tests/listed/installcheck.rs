//! What `generated/checks/installcheck.sh` makes of what make prints, over Makefiles of made-up sources and a server that
//! is none. Real sources are for the end-to-end test. Where there is no `jq` or `make`, these show as ignored.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

/// A made-up source.
struct Case {
    name: &'static str,
    /// Its Makefile: what `make installcheck` prints, and how each list ends.
    makefile: &'static str,
    /// What the catalogue says of its tests.
    tests: &'static str,
    passes: bool,
    /// What is said, in this order.
    says: &'static [&'static str],
}

const NONE: &str = r#"{"known": [], "skip": []}"#;

const CASES: &[Case] = &[
    Case {
        name: "no_makefile",
        makefile: "",
        tests: NONE,
        passes: true,
        says: &["this source has no tests of its own"],
    },
    Case {
        name: "no_target",
        makefile: "all: ;\n",
        tests: NONE,
        passes: true,
        says: &["this source has no tests of its own"],
    },
    Case {
        name: "a_target_without_tests",
        makefile: "installcheck: ;\n",
        tests: NONE,
        passes: true,
        says: &["this source has no tests of its own"],
    },
    Case {
        name: "a_makefile_that_is_broken",
        makefile: "$(error nothing works)\n",
        tests: NONE,
        passes: false,
        says: &["nothing works", "not ok: make cannot tell"],
    },
    Case {
        name: "all_pass_as_15_prints_it",
        makefile: "installcheck:\n\t@: pg_regress a b\n\
            \t@echo 'test a                            ... ok           12 ms'\n\
            \t@echo 'parallel group (1 tests):  b'\n\
            \t@echo '     b                            ... ok            7 ms'\n",
        tests: NONE,
        passes: true,
        says: &["2 of 2 tests pass"],
    },
    Case {
        name: "one_fails_as_15_prints_it",
        makefile: "installcheck:\n\t@: pg_regress a b\n\
            \t@echo 'test a                            ... FAILED       12 ms'; echo '-1' >regression.diffs\n\
            \t@echo 'test b                            ... FAILED (test process exited with exit code 2)        7 ms'\n\
            \t@echo ' 2 of 2 tests failed. '; exit 1\n",
        tests: r#"{"known": [{"test": "b", "reason": "it crashes"}], "skip": []}"#,
        passes: false,
        says: &[
            "== ./regression.diffs\n-1\n",
            "--keep-failed",
            "known: b fails (it crashes)",
            "not ok: a fails",
            "0 of 2",
        ],
    },
    Case {
        name: "known_as_17_prints_it_and_the_next_list_is_run",
        makefile: "installcheck:\n\t@: pg_regress a b\n\
            \t@echo 'ok 1         - a                                         12 ms'\n\
            \t@echo 'not ok 2     + b                                          7 ms'\n\
            \t@echo '# 1 of 2 tests failed.'; exit 1\n\
            \t@echo 'ok 1         - of_isolation                              12 ms'\n",
        tests: r#"{"known": [{"test": "b", "reason": "other words"}], "skip": []}"#,
        passes: true,
        says: &["known: b fails (other words)", "2 of 3 tests pass"],
    },
    Case {
        name: "known_and_passes",
        makefile: "installcheck:\n\t@: pg_regress a\n\
            \t@echo 'ok 1         - a                                         12 ms'\n",
        tests: r#"{"known": [{"test": "a", "reason": "no more"}, {"test": "z", "reason": "gone"}], "skip": []}"#,
        passes: false,
        says: &[
            "not ok: a passes now: take it from the list of known failures",
            "not ok: z is known to fail, and this source has no such test",
        ],
    },
    Case {
        name: "in_perl",
        makefile: "installcheck:\n\t@: prove t/*.pl\n\
            \t@echo 't/001_fine.pl .... ok'\n\
            \t@echo '[10:20:30] t/002_timed.pl .. ok      120 ms'\n\
            \t@echo 't/003_worse.pl ... Failed 1/3 subtests '\n\
            \t@echo 't/004_dead.pl .... '; echo 'Dubious, test returned 2 (wstat 512, 0x200)'\n\
            \t@echo 't/005_not_here.pl .. skipped: no IPv6'\n\
            \t@echo 'Result: FAIL'; exit 1\n",
        tests: r#"{"known": [{"test": "003_worse", "reason": "a race"}], "skip": []}"#,
        passes: false,
        says: &["known: 003_worse fails (a race)", "not ok: 004_dead fails", "3 of 5 tests pass"],
    },
    Case {
        name: "without_perl",
        makefile: "installcheck:\n\t@: pg_regress a\n\
            \t@echo 'ok 1         - a                                         12 ms'\n\
            \t@echo 'TAP tests not enabled. Try configuring with --enable-tap-tests'\n",
        tests: NONE,
        passes: true,
        says: &["not run: tests in Perl", "1 of 1 tests pass"],
    },
    Case {
        name: "it_fails_otherwise",
        makefile: "installcheck: prepared\n\t@: pg_regress a\n\
            \t@echo 'ok 1         - a                                         12 ms'\n\
            prepared:\n\t@exit 3\n",
        tests: NONE,
        passes: false,
        says: &["not ok: make installcheck fails, and not by a test alone", "1 of 1 tests pass"],
    },
    Case {
        name: "it_bails_out",
        makefile: "installcheck:\n\t@: pg_regress a\n\
            \t@echo 'ok 1         - a                                         12 ms'; printf 'Bail out!'; exit 2\n",
        tests: NONE,
        passes: false,
        says: &["not ok: make installcheck fails, and not by a test alone"],
    },
    Case {
        name: "it_runs_nothing",
        makefile: "installcheck:\n\t@: pg_regress\n",
        tests: NONE,
        passes: false,
        says: &["not ok: make installcheck ran no test"],
    },
    Case {
        name: "one_is_skipped",
        makefile: "$(info b of this Makefile)\nREGRESS = a b $(MORE)\nISOLATION = b2\n\
            installcheck:\n\t@: pg_regress\n\
            \t@for test in $(REGRESS) $(ISOLATION); do echo \"ok 1 - $$test  12 ms\"; done\n",
        tests: r#"{"known": [], "skip": [{"test": "b", "reason": "no network"}, {"test": "y", "reason": "gone"}]}"#,
        passes: false,
        says: &[
            "skipped: b (no network)",
            "not ok: y is to be skipped, and this source has no such test",
            "2 of 2 tests pass",
        ],
    },
    Case {
        name: "one_in_perl_is_skipped",
        makefile: "$(shell mkdir -p t; touch t/001_a.pl t/002_b.pl)\n\
            installcheck:\n\t@: prove\n\
            \t@for test in $(if $(PROVE_TESTS),$(PROVE_TESTS),t/*.pl); do echo \"$$test .. ok\"; done\n",
        tests: r#"{"known": [], "skip": [{"test": "001_a", "reason": "no end"}]}"#,
        passes: true,
        says: &["t/002_b.pl .. ok", "skipped: 001_a (no end)", "1 of 1 tests pass"],
    },
    Case {
        name: "what_make_is_told",
        makefile: "installcheck:\n\t@: pg_regress\n\
            \t@echo \"ok 1 - $(notdir $(PG_CONFIG))-$(USE_PGXS)-$(INSTALL)  12 ms\"\n",
        tests: r#"{"known": [{"test": "pg_config-1-:", "reason": "a name"}], "skip": []}"#,
        passes: false,
        says: &["not ok: pg_config-1-: passes now"],
    },
];

const STUBS: [(&str, &str); 3] = [
    (
        "initdb",
        "for word; do case $word in --pgdata=*) mkdir -p \"${word#*=}\"; : >\"${word#*=}/postgresql.conf\" ;; esac; done",
    ),
    (
        "pg_ctl",
        "if [ \"$1\" = start ]; then for word; do case $word in --log=*) echo ready >\"${word#*=}\" ;; esac; done; fi",
    ),
    ("postgres", "echo 'postgres (PostgreSQL) 17.0'"),
];

const CATALOGUE: &str = r#"{"default-postgresql": "17", "port": 5432, "superuser": "postgres", "locale": "C",
    "postgresqls": {"17": {"major": 17, "preload": [], "settings": {}}}}"#;

/// One for each made-up source.
pub fn trials() -> Vec<Trial> {
    let missing =
        ["jq", "make"].iter().any(|program| Command::new(program).arg("--version").output().is_err());
    if missing {
        eprintln!("jq or make is not on PATH: what installcheck.sh makes of tests is not known");
    }
    let trial = |case: &'static Case| {
        Trial::test(format!("installcheck::{}", case.name), move || check(case)).with_ignored_flag(missing)
    };
    CASES.iter().map(trial).collect()
}

fn check(case: &Case) -> Result<(), Failed> {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    for name in ["bin", "source", "tmp"] {
        fs::create_dir(at(name))?;
    }
    for (name, text) in STUBS {
        let path = at("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    fs::write(at("catalogue.json"), CATALOGUE)?;
    if !case.makefile.is_empty() {
        fs::write(at("source/Makefile"), case.makefile)?;
    }
    let made = Command::new("bash")
        .arg(templates.join("checks/installcheck.sh"))
        .arg("USE_PGXS=1")
        .current_dir(at("source"))
        .env("TMPDIR", at("tmp"))
        .env("PGFLAKEGEN_BIN", folder.path())
        .env("PGFLAKEGEN_CATALOGUE", at("catalogue.json"))
        .env("PGFLAKEGEN_CATALOGUE_SH", templates.join("tools/catalogue.sh"))
        .env("PGFLAKEGEN_CLUSTER_SH", templates.join("tools/cluster.sh"))
        .env("PGFLAKEGEN_EXTENSION", "planted")
        .env("PGFLAKEGEN_NAME", "17")
        .env("PGFLAKEGEN_PG_CONFIG", at("bin/pg_config"))
        .env("PGFLAKEGEN_TESTS", case.tests)
        .env("PGFLAKEGEN_VERSION", "1.0")
        .env("out", at("report"))
        .env_remove("MAKEFLAGS")
        .output()?;
    let said = String::from_utf8_lossy(&made.stderr);
    let wrong = |what: String| Err(format!("{what}\n{said}").into());
    if made.status.success() != case.passes {
        return wrong(format!("it ends with {:?}", made.status.code()));
    }
    if at("report").exists() != case.passes {
        return wrong("there is a report of what passes, and of that alone".to_owned());
    }
    let mut rest = &*said;
    for wanted in case.says {
        match rest.split_once(wanted) {
            Some((_, after)) => rest = after,
            None => return wrong(format!("it does not say `{wanted}`, or not there")),
        }
    }
    match said.contains("not ok: ") == case.passes {
        true => wrong("what is not ok fails".to_owned()),
        false => Ok(()),
    }
}
