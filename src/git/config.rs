//! Which settings of a repository's own configuration would run a program, and what stands in for them.
//!
//! Names of filters, diff drivers and the like are the repository's to choose, so they cannot be overridden
//! without looking: its configuration is listed once, and each such setting gets the value that the user's own
//! configuration has, or none.

use std::collections::BTreeMap;

/// Section, whether it has a subsection, keys; and what is there when nothing is set.
const RUN: &[(&str, &[&str], &str)] = &[
    ("core", &["alternaterefscommand", "askpass", "editor", "gitproxy", "sshcommand"], ""),
    ("credential", &["helper"], ""),
    ("diff", &["command", "external", "textconv"], ""),
    ("filter", &["clean", "process", "smudge"], ""),
    ("filter", &["required"], "false"),
    ("gpg", &["defaultkeycommand"], ""),
    ("interactive", &["difffilter"], ""),
    ("merge", &["driver"], ""),
    ("remote", &["proxy", "receivepack", "uploadpack", "vcs"], ""),
    ("sequence", &["editor"], ""),
    ("tar", &["command"], ""),
    ("trailer", &["cmd", "command"], ""),
];

/// What stands in for a setting that would run a program, where there is no other; `None`: it runs none.
fn without(key: &str) -> Option<&'static str> {
    let (section, rest) = key.split_once('.')?;
    let name = rest.rsplit_once('.').map_or(rest, |(_, name)| name).to_lowercase();
    let section = section.to_lowercase();
    if section == "gpg" && name == "program" {
        // An empty program would be run.
        return Some(match rest.to_lowercase().as_str() {
            "ssh.program" => "ssh-keygen",
            "x509.program" => "gpgsm",
            _ => "gpg",
        });
    }
    RUN.iter().find(|(of, names, _)| section == *of && names.contains(&name.as_str())).map(|(.., none)| *none)
}

/// What overrides the programs of `git config --list --show-scope -z`.
pub(super) fn overrides(listed: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(listed);
    let mut fields = text.split('\0');
    let mut own: BTreeMap<String, String> = BTreeMap::new();
    let mut repository: BTreeMap<String, &'static str> = BTreeMap::new();
    while let (Some(scope), Some(entry)) = (fields.next(), fields.next()) {
        let (key, value) = entry.split_once('\n').unwrap_or((entry, "true"));
        let Some(none) = without(key) else { continue };
        match scope {
            "local" | "worktree" => drop(repository.insert(key.to_owned(), none)),
            _ => drop(own.insert(key.to_owned(), value.to_owned())),
        }
    }
    let value = |(key, none): (String, &str)| {
        let value = own.remove(&key).unwrap_or_else(|| none.to_owned());
        (key, value)
    };
    repository.into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::overrides;

    #[test]
    fn the_users_own_programs_stand_in_for_the_repositorys() {
        let listed = b"system\0filter.lfs.clean\ngit-lfs clean\0global\0gpg.program\ngpg2\0local\0core.bare\nfalse\0\
            local\0filter.lfs.clean\nevil\0local\0filter.lfs.required\ntrue\0local\0filter.X.Y.process\nevil\0\
            worktree\0gpg.program\nevil\0local\0gpg.ssh.program\nevil\0local\0diff.external\nevil\0local\0novalue\0";
        let mut found = overrides(listed);
        found.sort();
        let found: Vec<_> = found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(
            found,
            [
                ("diff.external", ""),
                ("filter.X.Y.process", ""),
                ("filter.lfs.clean", "git-lfs clean"),
                ("filter.lfs.required", "false"),
                ("gpg.program", "gpg2"),
                ("gpg.ssh.program", "ssh-keygen"),
            ]
        );
    }
}
