//! Reports for programs: one shape, also where something went wrong, as docs/reports has it.

use std::path::Path;

use serde_json::Value;

use crate::support::program::{self, git, stderr, stdout};

/// What is wrong with a value by a schema, of which this knows what docs/reports uses.
fn wrong(schema: &Value, value: &Value, root: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" => {}
            "$ref" => {
                let name =
                    wanted.as_str().and_then(|name| name.strip_prefix("#/$defs/")).expect("a definition");
                found.extend(wrong(&root["$defs"][name], value, root, at));
            }
            "const" => found.extend((wanted != value).then(|| format!("{at} is not {wanted}"))),
            "enum" => {
                let known = wanted.as_array().expect("values").contains(value);
                found.extend((!known).then(|| format!("{at} is none of {wanted}")));
            }
            "type" => {
                let is = |name: &Value| match name.as_str().expect("a name") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    other => panic!("{other} is no type"),
                };
                let good = wanted.as_array().map_or_else(|| is(wanted), |all| all.iter().any(is));
                found.extend((!good).then(|| format!("{at} is not {wanted}")));
            }
            "minimum" => {
                let low = value.as_i64().is_some_and(|number| number < wanted.as_i64().expect("a number"));
                found.extend(low.then(|| format!("{at} is too small")));
            }
            "minItems" => {
                let few = value
                    .as_array()
                    .is_some_and(|all| (all.len() as u64) < wanted.as_u64().expect("a number"));
                found.extend(few.then(|| format!("{at} has too few")));
            }
            "pattern" => {
                let pattern = regex::Regex::new(wanted.as_str().expect("a pattern")).expect("a pattern");
                let bad = value.as_str().is_some_and(|text| !pattern.is_match(text));
                found.extend(bad.then(|| format!("{at} is not like {wanted}")));
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(wrong(wanted, item, root, &format!("{at}/{index}")));
                }
            }
            "required" => {
                for key in wanted.as_array().expect("names").iter().filter_map(Value::as_str) {
                    found.extend(value.get(key).is_none().then(|| format!("{at} has no {key}")));
                }
            }
            "properties" => {
                for (key, inner) in wanted.as_object().expect("schemas") {
                    if let Some(value) = value.get(key) {
                        found.extend(wrong(inner, value, root, &format!("{at}/{key}")));
                    }
                }
            }
            "additionalProperties" => {
                for key in value.as_object().into_iter().flat_map(|object| object.keys()) {
                    let known = schema["properties"].get(key).is_some() || wanted == &Value::Bool(true);
                    found.extend((!known).then(|| format!("{at} has the unknown key {key}")));
                }
            }
            "anyOf" => {
                let all = wanted.as_array().expect("schemas");
                let none = all.iter().all(|one| !wrong(one, value, root, at).is_empty());
                found.extend(none.then(|| format!("{at} is none of what it may be")));
            }
            other => panic!("this does not know {other}"),
        }
    }
    found
}

/// Sees to it that a text is a report of a command.
#[track_caller]
pub fn is_report(command: &str, text: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/reports/{command}.json"));
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(file).expect("a schema")).expect("JSON");
    let value: Value =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{command}: {error}: {text}"));
    assert_eq!(wrong(&schema, &value, &schema, command), Vec::<String>::new(), "{text}");
    value
}

fn run(root: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = program::run(root, arguments);
    (output.status.code().expect("a code"), stdout(&output), stderr(&output))
}

const REPORTS: [&[&str]; 7] = [
    &["check", "--format", "json"],
    &["validate", "--format", "json"],
    &["bump", "pgvector", "--json", "--offline"],
    &["outdated", "--json", "--offline"],
    &["verify", "--json", "--offline"],
    &["licenses", "--json"],
    &["audit", "--format", "json", "--own"],
];

#[test]
fn a_report_is_one_object_whatever_happens() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    // There is no catalogue.
    for arguments in REPORTS {
        let (code, out, _) = run(dir.path(), arguments);
        let report = is_report(arguments[0], &out);
        assert_eq!(code == 2, report.get("error").is_some(), "{arguments:?}: {code} {out}");
    }
    assert_eq!(run(dir.path(), &["init"]).0, 0);
    let name = "catalogue/extensions/pgvector.toml";
    let file = dir.path().join(name);
    let good = std::fs::read_to_string(&file).expect("an entry");
    for (text, codes) in
        [(good.clone(), [1, 0, 1, 1, 1, 0, 0]), (good.replace("hash = ", "hsah = "), [1, 0, 1, 1, 1, 1, 1])]
    {
        std::fs::write(&file, text).expect("an entry");
        for (arguments, expected) in REPORTS.iter().zip(codes) {
            let (code, out, err) = run(dir.path(), arguments);
            let report = is_report(arguments[0], &out);
            assert_eq!(code, expected, "{arguments:?}: {err}");
            assert!(report.get("error").is_none(), "{arguments:?}: {out}");
        }
    }
    // What a report of a broken catalogue says is what is wrong with it.
    let report = is_report("check", &run(dir.path(), REPORTS[0]).1);
    assert_eq!(
        (&report["findings"][0]["code"], &report["findings"][0]["place"]["file"]),
        (&"PGF104".into(), &name.into())
    );
}

#[test]
fn warnings_are_errors_where_that_is_wanted() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    assert_eq!(run(dir.path(), &["init"]).0, 0);
    let file = dir.path().join("catalogue/flake.toml");
    let text = std::fs::read_to_string(&file).expect("a file") + "\n[settings]\nshared_bufers = \"1GB\"\n";
    std::fs::write(&file, text).expect("a file");
    assert_eq!(run(dir.path(), &[]).0, 0);
    let check = |more: &[&str]| run(dir.path(), &[&["check", "--no-evaluate"], more].concat());
    assert_eq!(check(&[]).0, 0);
    let (code, _, err) = check(&["--error-on-warning"]);
    assert_eq!(code, 1);
    assert!(err.contains("PostgreSQL `16`, `17` have no setting `shared_bufers`"), "{err}");
    std::fs::write(dir.path().join("a.nix"), "let unused = 1; in 2\n").expect("a file");
    let (code, _, err) = run(dir.path(), &["validate", "a.nix"]);
    assert!(code == 0 && err.contains("PGF211"), "{code} {err}");
    assert_eq!(run(dir.path(), &["validate", "a.nix", "--error-on-warning"]).0, 1);
}

#[test]
fn a_comparison_of_derivations_is_a_report() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let flake = |builder: &str| {
        let package =
            format!("derivation {{ name = \"a\"; system = \"x86_64-linux\"; builder = \"{builder}\"; }}");
        let text = format!("{{ outputs = _: {{ packages.x86_64-linux.a = {package}; }}; }}\n");
        std::fs::write(dir.path().join("flake.nix"), text).expect("a file");
    };
    // Without a repository there is no revision to compare with.
    flake("/one");
    let (code, out, _) = run(dir.path(), &["drv-diff", "--json"]);
    assert!(code == 2 && is_report("drv-diff", &out).get("error").is_some(), "{out}");
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-qm", "one"]);
    let (code, out, err) = run(dir.path(), &["drv-diff", "--json"]);
    let report = is_report("drv-diff", &out);
    assert_eq!(
        (code, &report["packages"], report["changes"].as_array().map(Vec::len)),
        (0, &1.into(), Some(0)),
        "{err}"
    );
    flake("/two");
    let (code, out, err) = run(dir.path(), &["drv-diff", "--json"]);
    let report = is_report("drv-diff", &out);
    assert_eq!((code, &report["changes"][0]["change"]), (1, &"rebuilt".into()), "{err}");
    assert!(
        report["changes"][0]["reasons"][0]["what"].as_str().is_some_and(|what| what.contains("/two")),
        "{out}"
    );
}
