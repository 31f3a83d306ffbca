//! Small worlds of derivations.

use super::*;
use crate::store::DerivationOutput;

/// A derivation whose hashes are of one letter; in variables `@x` stands for the output of the one called x.
fn add(all: &mut Derivations, letter: char, name: &str, env: &[(&str, &str)]) -> StorePath {
    let hash = letter.to_string().repeat(32);
    let path = StorePath::from_base_name(&format!("{hash}-{name}.drv")).expect("a path");
    let output = |letter: char, name: &str| {
        let hash = letter.to_ascii_lowercase().to_string().repeat(31);
        StorePath::from_base_name(&format!("1{hash}-{name}")).expect("a path")
    };
    let mut drv = Derivation {
        name: name.to_owned(),
        outputs: [("out".to_owned(), DerivationOutput::InputAddressed(output(letter, name)))].into(),
        input_drvs: BTreeMap::new(),
        input_srcs: BTreeSet::new(),
        platform: "x86_64-linux".into(),
        builder: "/bin/sh".into(),
        args: Vec::new(),
        env: BTreeMap::new(),
    };
    for (key, value) in env {
        let mut text = (*value).to_owned();
        for (path, other) in all.iter() {
            let mark = format!("@{}", path.base_name().chars().next().expect("a letter"));
            if text.contains(&mark) {
                let out = other.outputs["out"].path().expect("one").clone();
                text = text.replace(&mark, &format!("/nix/store/{out}"));
                drv.input_drvs.insert(path.clone(), ["out".to_owned()].into());
            }
        }
        drv.env.insert((*key).into(), text.into());
    }
    all.insert(path.clone(), drv);
    path
}

/// A compiler with its wrapper, an environment of a script and a program, which a tool helped to build.
fn world() -> (Derivations, StorePath) {
    let mut all = Derivations::new();
    add(&mut all, 'a', "glibc-2.40", &[("version", "2.40"), ("pname", "glibc")]);
    add(&mut all, 'b', "gcc-14.3", &[("version", "14.3"), ("pname", "gcc"), ("buildInputs", "@a")]);
    add(&mut all, 'c', "gcc-wrapper-14.3", &[("version", "14.3"), ("cc", "@b"), ("libc_lib", "@a")]);
    add(&mut all, 'd', "stdenv-linux", &[("defaultNativeBuildInputs", "@c")]);
    add(&mut all, 'f', "bison-3.8", &[("version", "3.8"), ("pname", "bison"), ("stdenv", "@d")]);
    add(&mut all, 'g', "zlib-1.3", &[("version", "1.3"), ("pname", "zlib"), ("stdenv", "@d")]);
    let program = [
        ("version", "1.0"),
        ("pname", "program"),
        ("stdenv", "@d"),
        ("nativeBuildInputs", "@f"),
        ("buildInputs", "@g"),
    ];
    add(&mut all, 'h', "program-1.0", &program);
    add(&mut all, 'i', "script-2", &[("text", "exec @h/bin/program")]);
    let root = add(&mut all, 'j', "environment", &[("paths", "@i")]);
    (all, root)
}

fn made(tools: bool, referred: Option<&BTreeSet<String>>) -> Bill {
    let (all, root) = world();
    let request = Request { subject: "x", root: &root, sort: Sort::Environment, tools, referred, time: 0 };
    bill(&request, &all, &Facts::default(), &StoreDir::default()).expect("a bill")
}

fn reasons_of(bill: &Bill) -> Vec<(&str, Reason)> {
    bill.others().map(|one| (one.name.as_str(), one.reason)).collect()
}

#[test]
fn what_is_named_and_what_comes_with_the_compiler() {
    let bill = made(false, None);
    let wanted = [
        ("gcc", Reason::Toolchain),
        ("glibc", Reason::Toolchain),
        ("program", Reason::Named),
        ("zlib", Reason::Named),
    ];
    assert_eq!(reasons_of(&bill), wanted);
    // The script has no version of its own: the environment needs what it needs.
    let name = |id: &str| bill.components.iter().find(|one| one.id == id).expect("one").name.clone();
    let needs = |of: &str| -> Vec<String> {
        let id = &bill.components.iter().find(|one| one.name == of).expect("one").id;
        bill.needs[id].iter().map(|id| name(id)).collect()
    };
    assert_eq!(needs("environment"), ["program"]);
    assert_eq!(needs("program"), ["glibc", "gcc", "zlib"]);
}

#[test]
fn tools_are_tools() {
    let bill = made(true, None);
    let tools: Vec<&str> =
        bill.others().filter(|one| !one.reason.is_required()).map(|one| one.name.as_str()).collect();
    assert_eq!(tools, ["bison", "gcc-wrapper"]);
}

#[test]
fn what_was_measured_counts_alone() {
    let (all, _) = world();
    let hash = |name: &str| {
        let drv = all.values().find(|drv| drv.name == name).expect("one");
        drv.outputs["out"].path().expect("one").hash_part().to_owned()
    };
    let referred: BTreeSet<String> = ["environment", "program-1.0", "glibc-2.40"].map(hash).into();
    let bill = made(false, Some(&referred));
    assert_eq!(reasons_of(&bill), [("glibc", Reason::Referred), ("program", Reason::Referred)]);
    assert_eq!(bill.basis, Basis::Store);
}
