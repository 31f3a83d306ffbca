//! The crate as other programs use it.

use std::sync::Arc;

use nix_eval::{ErrorKind, Evaluator, Kind, Machine, Place, Session, Settings};

fn session() -> Session {
    Session::new(
        Arc::new(Machine),
        Settings { pure: true, system: "x86_64-linux".into(), ..Settings::default() },
    )
}

#[test]
fn values_are_evaluated_when_they_are_asked_for() {
    let session = session();
    let set = session.eval_str("{ a = 1; b = throw \"no\"; c = [ 2 (abort \"never\") ]; }").expect("a set");
    assert_eq!(set.force().expect("a set"), Kind::Attrs(3));
    assert_eq!(set.names().expect("names"), [b"a", b"b", b"c"]);
    assert_eq!(set.attr("a").expect("a").expect("there").force().expect("a number"), Kind::Int(1));
    assert!(set.attr("d").expect("no error").is_none());
    let thrown = set.attr("b").expect("not evaluated").expect("there");
    let error = thrown.force().expect_err("thrown");
    assert_eq!((error.kind(), error.message()), (ErrorKind::Throw, "no"));
    assert_eq!(error.place(), Some(Place { file: None, line: 1, column: 14 }));
    assert!(error.report(true).contains("1 | { a = 1; b = throw"), "{}", error.report(true));
    let list = set.attr("c").expect("not evaluated").expect("there");
    let first = &list.elements().expect("a list")[0];
    assert_eq!(first.clone().force().expect("a number"), Kind::Int(2));
}

#[test]
fn files_calls_and_texts() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("default.nix"), "x: import ./b.nix + x").expect("a file");
    std::fs::write(folder.path().join("b.nix"), "40").expect("a file");
    let session = Session::new(Arc::new(Machine), Settings::default());
    let function = session.eval_file(folder.path()).expect("a function");
    assert_eq!(function.force().expect("a function"), Kind::Function);
    let sum = function.call(&session.eval_str("2").expect("a number")).expect("called");
    assert_eq!(sum.to_json().expect("JSON"), "42");
    let value = session.eval_str(r#"{ a = [ 1 2.5 null ]; b.c = "x\n"; }"#).expect("a set");
    assert_eq!(value.to_json().expect("JSON"), r#"{"a":[1,2.5,null],"b":{"c":"x\n"}}"#);
    assert_eq!(value.to_nix().expect("text"), br#"{ a = [ 1 2.5 null ]; b = { c = "x\n"; }; }"#);
    assert!(
        function.to_json().expect_err("a function").message().contains("cannot convert a function to JSON")
    );
}

#[test]
fn derivations_are_those_that_were_made() {
    let session = session();
    assert!(session.derivations().is_empty());
    let text = r#"derivation { name = "a"; system = "x"; builder = "/b"; outputs = [ "out" "dev" ]; }"#;
    let value = session.eval_str(text).expect("a set");
    assert!(session.derivations().is_empty());
    let path = value.attr("drvPath").expect("a set").expect("there").force().expect("a path");
    let all = session.derivations();
    assert_eq!(all.len(), 1);
    assert_eq!(path, Kind::String(all[0].path.clone().into_bytes()));
    assert_eq!(all[0].outputs, ["dev", "out"]);
}

/// Handles keep what they stand for while everything else is freed again and again.
#[test]
fn what_handles_lead_to_stays() {
    let settings = Settings { max_memory: 64 << 20, ..Settings::default() };
    let session = Session::new(Arc::new(Machine), settings);
    let make = session
        .eval_str(
            "n: rec { inherit n; text = \"text ${toString n}\"; later = builtins.genList (x: x + n) 3; }",
        )
        .expect("a function");
    let kept: Vec<_> = (0..40)
        .map(|n| make.call(&session.eval_str(&n.to_string()).expect("a number")).expect("a set"))
        .collect();
    // Far more than the memory that is allowed.
    for _ in 0..60 {
        let large =
            session.eval_str("builtins.length (builtins.genList (x: { a = x; }) 40000)").expect("a list");
        assert_eq!(large.force().expect("a number"), Kind::Int(40_000));
        let list = session.eval_str("builtins.genList (x: { a = [ x ]; }) 5000").expect("a list");
        assert!(list.to_json().expect("JSON").ends_with("{\"a\":[4999]}]"));
    }
    for (n, value) in kept.iter().enumerate() {
        let expected = format!(r#"{{"later":[{n},{},{}],"n":{n},"text":"text {n}"}}"#, n + 1, n + 2);
        assert_eq!(value.to_json().expect("JSON"), expected);
    }
}

/// Of this process, in KiB.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number");
    pages * 4
}

/// A session takes some megabytes: 200 would show.
#[cfg(target_os = "linux")]
#[test]
fn a_dropped_session_gives_back_what_it_took() {
    let one = || {
        let session = session();
        let text = r#"let all = builtins.genList (x: { a = x; b = "name${toString x}"; }) 10000; in
            [ (builtins.length all) (builtins.tryEval (throw "no")).success (builtins.listToAttrs
              (map (x: { name = x.b; value = x.a; }) all)).name7 ]"#;
        let value = session.eval_str(text).expect("a list");
        assert_eq!(value.to_json().expect("JSON"), "[10000,false,7]");
        let thrown = session.eval_str("{ a = throw \"kept\"; }").expect("a set");
        assert!(thrown.to_json().is_err() && thrown.to_json().is_err());
    };
    for _ in 0..20 {
        one();
    }
    let before = resident();
    for _ in 0..180 {
        one();
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 4 << 10, "{grown} KiB more after 180 sessions");
}

#[test]
fn sessions_know_nothing_of_each_other() {
    let (one, other) = (session(), session());
    let value = one.eval_str("x: x").expect("a function");
    let argument = other.eval_str("1").expect("a number");
    let called = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| value.call(&argument).is_ok()));
    assert!(called.is_err());
    drop(other_number(&other));
    assert_eq!(argument.force().expect("a number"), Kind::Int(1));
}

fn other_number(session: &Session) -> nix_eval::Value<'_> {
    session.eval_str("2").expect("a number")
}

/// Threads hand values to each other while memory is freed.
#[test]
fn sessions_of_one_evaluator_share_values() {
    let settings = Settings { pure: true, max_memory: 512 << 20, ..Settings::default() };
    let evaluator = Evaluator::new(Arc::new(Machine), settings);
    let session = evaluator.session();
    let text = "builtins.genList (n: { inherit n; text = \"text ${toString n}\"; large = builtins.length (
        builtins.genList (x: { a = [ x ]; }) 20000); }) 120";
    let list = session.eval_str(text).expect("a list");
    let kept: Vec<_> = list.elements().expect("elements").iter().map(nix_eval::Value::kept).collect();
    drop(list);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = |session: &Session| {
        let mut mine = Vec::new();
        while let Some(kept) = kept.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            let value = session.value(kept);
            let large = value.attr("large").expect("a set").expect("there");
            assert_eq!(large.force().expect("a number"), Kind::Int(20_000));
            let text = value.attr("text").expect("a set").expect("there");
            text.force().expect("a string");
            mine.push(text.kept());
            if mine.len() % 8 == 0 {
                session.collect();
            }
        }
        mine
    };
    let texts: Vec<_> = std::thread::scope(|scope| {
        let spawn = |_| scope.spawn(|| work(&evaluator.session()));
        let threads: Vec<_> = (0..3).map(spawn).collect();
        let own = work(&session);
        threads.into_iter().flat_map(|thread| thread.join().expect("it ends")).chain(own).collect()
    });
    let mut found: Vec<String> =
        texts.iter().map(|text| session.value(text).to_json().expect("a string")).collect();
    found.sort();
    let mut wanted: Vec<String> = (0..120).map(|n| format!("\"text {n}\"")).collect();
    wanted.sort();
    assert_eq!(found, wanted);
}
