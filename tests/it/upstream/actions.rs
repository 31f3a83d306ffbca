//! `bump actions`: newer versions of what workflows use, by the tags of repositories of ours.

use pgflakegen::catalogue::actions::ACTIONS;

use super::bump::{FLAKE, Place};
use super::repository::Repository;

/// Every action has a repository with a v1.0.0, which the catalogue pins.
fn place() -> (Place, Vec<(&'static str, Repository)>) {
    let place = Place::new();
    let mut pins = String::new();
    let repositories = ACTIONS.map(|action| {
        let repository = Repository::new();
        repository.write("action.yml", action.name);
        let rev = repository.commit("first");
        repository.tag("v1.0.0").tag("v1").tag("v1.1.0-beta.1").tag("latest");
        place.serve(action.name, &repository);
        pins.push_str(&format!("\"{}\" = {{ version = \"1.0.0\", rev = \"{rev}\" }}\n", action.name));
        (action.name, repository)
    });
    place.write(
        "catalogue/flake.toml",
        &format!("{FLAKE}\n[ci]\nprogram = \"github:o/r/v1#pgflakegen\"\n\n[ci.actions]\n# ours\n{pins}"),
    );
    assert_eq!(place.said(&["generate"]).0, 0);
    (place, repositories.into())
}

fn release(place: &Place, repositories: &[(&str, Repository)], name: &str, tag: &str) -> String {
    let (_, repository) = repositories.iter().find(|(known, _)| *known == name).expect("an action");
    let rev = repository.write("action.yml", tag).commit(tag);
    repository.tag(tag);
    place.serve(name, repository);
    rev
}

#[test]
fn the_newest_of_the_same_major_is_taken_with_its_commit() {
    let (place, repositories) = place();
    let (code, out, err) = place.said(&["bump", "actions"]);
    assert!(code == 0 && out.is_empty() && err.contains("everything is up to date"), "{out}{err}");
    release(&place, &repositories, "actions/checkout", "v1.1.0");
    let rev = release(&place, &repositories, "actions/checkout", "v1.10.0");
    release(&place, &repositories, "actions/attest", "v2.0.0");
    let before = (place.read("catalogue/flake.toml"), place.read(".github/workflows/ci.yml"));
    let line = format!("actions/checkout 1.0.0 → 1.10.0 ({rev})\n");
    let (code, out, err) = place.said(&["bump", "actions", "--dry-run"]);
    assert_eq!((code, out.as_str()), (0, line.as_str()), "{err}");
    assert_eq!((place.read("catalogue/flake.toml"), place.read(".github/workflows/ci.yml")), before);
    let (code, out, err) = place.said(&["bump", "actions"]);
    assert_eq!((code, out.as_str()), (0, line.as_str()), "{err}");
    assert!(err.contains("actions/attest has 2.0.0, another major"), "{err}");
    let flake = place.read("catalogue/flake.toml");
    assert!(flake.contains("# ours") && flake.contains(&rev) && flake.contains("\"1.10.0\""), "{flake}");
    let workflow = place.read(".github/workflows/ci.yml");
    assert!(workflow.contains(&format!("uses: actions/checkout@{rev} # v1.10.0\n")), "{workflow}");
    assert_eq!(place.said(&["check"]).0, 0);
    let (code, out, _) = place.said(&["bump", "actions", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, report["actions"].as_array().map(Vec::len)), (0, Some(0)), "{report}");
    assert_eq!(report["majors"][0]["name"], "actions/attest");
}

#[test]
fn a_tag_that_was_moved_or_is_gone_is_said_and_nothing_is_changed() {
    let (place, repositories) = place();
    release(&place, &repositories, "actions/attest", "v1.0.1");
    let (_, checkout) =
        repositories.iter().find(|(name, _)| *name == "actions/checkout").expect("it is there");
    let moved = checkout.write("action.yml", "something else").commit("taken over");
    checkout.git(&["tag", "--force", "v1.0.0"]);
    place.serve("actions/checkout", checkout);
    let before = place.read("catalogue/flake.toml");
    let (code, _, err) = place.said(&["bump", "actions"]);
    assert!(
        code == 1
            && err.contains(&format!("actions/checkout v1.0.0 is {moved} now"))
            && err.contains("the tag was moved, or the pin is wrong")
            && err.contains("nothing was changed"),
        "{err}"
    );
    checkout.git(&["tag", "--delete", "v1.0.0"]);
    place.serve("actions/checkout", checkout);
    let (code, _, err) = place.said(&["bump", "actions"]);
    assert!(code == 1 && err.contains("actions/checkout has no tag v1.0.0 any more"), "{err}");
    // One that cannot be asked is no reason to take the others.
    std::fs::remove_dir_all(checkout.path().join(".git")).expect("it is there");
    let (code, _, err) = place.said(&["bump", "actions", "--offline"]);
    assert!(code != 0, "{err}");
    assert_eq!(place.read("catalogue/flake.toml"), before);
}
