//! Operations as another program calls them: what comes back, and what the host hears.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};

use super::*;
use crate::store::archive::Limits;
use crate::upstream::credentials::Credentials;
use crate::upstream::http::Patience;
use crate::upstream::{Endpoints, Upstream};

/// Notes all that it hears.
#[derive(Default)]
struct Heard {
    notices: Mutex<Vec<String>>,
    next: AtomicU64,
    open: Mutex<Vec<(u64, &'static str)>>,
    begun: Mutex<Vec<&'static str>>,
}

impl Observer for Heard {
    fn begin(&self, what: &'static str, _: usize) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.open.lock().expect("whole").push((number, what));
        self.begun.lock().expect("whole").push(what);
        Some(number)
    }

    fn end(&self, doing: u64) {
        self.open.lock().expect("whole").retain(|(number, _)| *number != doing);
    }
}

impl Host for Heard {
    fn notice(&self, notice: Notice<'_>) {
        let text = match notice {
            Notice::Waiting(_) => "waiting".to_owned(),
            Notice::Recovered(done) => format!("recovered {}", done.pending.len()),
            Notice::Created(path) => format!("created {}", path.file_name().unwrap_or_default()),
            Notice::NotOurs(_) => "not ours".to_owned(),
            Notice::Interrupted(found) => format!("interrupted {}", found.counts().1),
            Notice::Found(loaded) => format!("found {:?}", loaded.diagnostics.counts()),
            Notice::Written(written) => format!("{written:?}"),
        };
        self.notices.lock().expect("whole").push(text);
    }
}

/// A new catalogue, generated.
fn made(folder: &tempfile::TempDir) -> Utf8PathBuf {
    let root = Utf8Path::from_path(folder.path()).expect("UTF-8").to_owned();
    let heard = Heard::default();
    let made = init::init(&init::Request { dir: &root, bare: true }, &heard).expect("made");
    assert_eq!(made.created.len(), 4);
    assert_eq!(heard.notices.into_inner().expect("whole")[0], "created pgvector.toml");
    let plan = generate(&request(&root, false), &()).expect("generated");
    assert!(plan.writable().is_some_and(|tree| tree.comparison.changes.len() > 10));
    root
}

fn request(root: &Utf8Path, dry_run: bool) -> generate::Request<'_> {
    generate::Request { root, dry_run, force: false }
}

fn checked(root: &Utf8Path, host: &dyn Host) -> check::Checked {
    check(&check::Request { evaluate: false, ..check::Request::new(root) }, host).expect("checked")
}

#[test]
fn what_is_generated_is_clean_until_somebody_edits_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = made(&folder);
    let heard = Heard::default();
    assert!(checked(&root, &heard).is_clean());
    assert_eq!(*heard.begun.lock().expect("whole"), ["checking"]);
    assert!(heard.open.lock().expect("whole").is_empty(), "all that begins ends");
    let file = root.join("generated/default.nix");
    let text = std::fs::read_to_string(&file).expect("there");
    std::fs::write(&file, format!("{text}# mine\n")).expect("written");
    let mut checked = checked(&root, &());
    assert!(!checked.is_clean());
    assert!(checked.loaded.diagnostics.is_empty());
    checked.add_conflicts();
    assert!(checked.loaded.diagnostics.iter().any(|found| found.code == Code::EditedByHand));
    // Nothing is written over it.
    let plan = generate(&request(&root, false), &()).expect("a plan");
    assert!(plan.writable().is_none() && plan.tree.is_some());
    assert!(std::fs::read_to_string(&file).expect("there").ends_with("# mine\n"));
}

#[test]
fn a_catalogue_with_errors_comes_with_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = made(&folder);
    std::fs::write(root.join("catalogue/extensions/pgvector.toml"), "kind = 1\n").expect("written");
    match usable(&root, &()) {
        Err(Error::Unusable(loaded)) => assert!(loaded.diagnostics.has_errors()),
        other => panic!("{other:?}"),
    }
    let plan = plan(&request(&root, true), &()).expect("a plan");
    assert!(plan.tree.is_none() && plan.loaded.diagnostics.has_errors());
    plan.write(&()).expect("there is nothing to write");
}

#[test]
fn what_cannot_be_meant_is_a_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = made(&folder);
    let upstream = Upstream::new(
        Endpoints::default(),
        Credentials::none(),
        Patience::default(),
        true,
        Limits::default(),
    );
    let names = ["pgvectr".to_owned()];
    let request = bump::Request {
        root: &root,
        names: Some(&names),
        prereleases: false,
        replace: false,
        dry_run: true,
        commit: false,
        jobs: 1,
    };
    let error = bump::fetch(&request, &upstream.expect("offline"), &()).expect_err("no such extension");
    assert_eq!(error.to_string(), "no extension is called pgvectr");
    match error {
        Error::Findings(found) => {
            let helps: Vec<_> = found.iter().flat_map(|finding| &finding.help).collect();
            assert_eq!(helps, ["did you mean `pgvector`?"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn edits_of_the_catalogue_are_refused_or_written_with_what_is_generated() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = made(&folder);
    let file = Utf8PathBuf::from("extensions/pg_cron.toml");
    let text = std::fs::read_to_string(root.join("catalogue").join(&file)).expect("there");
    let write = |text: &str, host: &dyn Host| {
        writing::apply(&root, &[(file.clone(), text.to_owned())].into_iter().collect(), host)
    };
    let heard = Heard::default();
    let error = write("kind = 1\n", &heard).expect_err("wrong");
    assert!(matches!(error, Error::NotWritten(writing::Written::Wrong)), "{error:?}");
    assert_eq!(std::fs::read_to_string(root.join("catalogue").join(&file)).expect("there"), text);
    assert_eq!(heard.notices.into_inner().expect("whole")[1..], ["Wrong"]);
    let heard = Heard::default();
    write(&format!("{text}# more\n"), &heard).expect("written");
    assert!(
        std::fs::read_to_string(root.join("catalogue").join(&file)).expect("there").ends_with("# more\n")
    );
    assert!(heard.notices.into_inner().expect("whole")[1].starts_with("Done { created: 0, updated: 0"));
    assert!(checked(&root, &()).is_clean());
}

#[test]
fn the_host_hears_that_another_run_is_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = made(&folder);
    let guard = locked(&root, &()).expect("locked");
    let heard = Heard::default();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(checked(&root, &heard).is_clean()));
        while heard.notices.lock().expect("whole").is_empty() {
            std::thread::yield_now();
        }
        drop(guard);
    });
    assert_eq!(*heard.notices.lock().expect("whole"), ["waiting"]);
}
