//! Actions of GitHub's that workflows use, each pinned to a commit. `[ci.actions]` overrides them, and `bump actions`
//! writes that.

use std::collections::BTreeMap;

/// An action: its version, which becomes a comment, and the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// `actions/checkout`.
    pub name: &'static str,
    /// `7.0.1`.
    pub version: &'static str,
    /// 40 hexadecimal digits.
    pub rev: &'static str,
}

const fn action(name: &'static str, version: &'static str, rev: &'static str) -> Action {
    Action { name, version, rev }
}

/// All that are used.
pub const ACTIONS: [Action; 9] = [
    action("actions/attest", "4.1.1", "a1948c3f048ba23858d222213b7c278aabede763"),
    action("actions/checkout", "7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1"),
    action("actions/deploy-pages", "5.0.0", "cd2ce8fcbc39b97be8ca5fce6e763baed58fa128"),
    action("actions/download-artifact", "8.0.1", "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"),
    action("actions/upload-artifact", "7.0.1", "043fb46d1a93c77aae656e7c1c64a875d1fc6a0a"),
    action("actions/upload-pages-artifact", "5.0.0", "fc324d3547104276b827a68afc52ff2a11cc49c9"),
    action("aws-actions/configure-aws-credentials", "6.2.3", "e6de054238d6b7531b4efff3b6587d9aade6a06c"),
    action("cachix/install-nix-action", "31.11.1", "13d8dd58da0234aa297dedd986986ccb8e7f3e24"),
    action("docker/login-action", "4.6.0", "dbcb813823bdd20940b903addbd779551569679f"),
];

/// The version and commit of an action, with what a catalogue says instead.
pub fn pinned(action: &Action, own: &BTreeMap<String, (String, String)>) -> (String, String) {
    own.get(action.name).cloned().unwrap_or_else(|| (action.version.to_owned(), action.rev.to_owned()))
}

/// As a step names it: `actions/checkout@COMMIT # v7.0.1`.
pub fn reference(action: &Action, own: &BTreeMap<String, (String, String)>) -> String {
    let (version, rev) = pinned(action, own);
    format!("{}@{rev} # v{version}", action.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_commits_in_order() {
        assert!(ACTIONS.is_sorted_by(|a, b| a.name < b.name));
        for action in ACTIONS {
            assert!(
                action.rev.len() == 40 && action.rev.bytes().all(|b| b.is_ascii_hexdigit()),
                "{action:?}"
            );
            assert!(action.version.split('.').all(|part| part.parse::<u32>().is_ok()), "{action:?}");
        }
        let own = BTreeMap::from([("actions/checkout".to_owned(), ("8.0.0".to_owned(), "a".repeat(40)))]);
        let checkout = ACTIONS.iter().find(|action| action.name == "actions/checkout").expect("it is there");
        assert_eq!(reference(checkout, &own), format!("actions/checkout@{} # v8.0.0", "a".repeat(40)));
    }
}
