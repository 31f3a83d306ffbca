//! Control files: `NAME.control`, in the syntax of postgresql.conf.

use std::collections::BTreeMap;

/// The settings of a control file.
pub fn parse(text: &str) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim();
        let Some(end) = line.find(|c: char| c.is_whitespace() || c == '=') else { continue };
        if line.starts_with('#') {
            continue;
        }
        let rest = line[end..].trim_start();
        let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
        settings.insert(line[..end].to_lowercase(), value(rest));
    }
    settings
}

fn value(text: &str) -> String {
    let Some(quoted) = text.strip_prefix('\'') else {
        return text.split('#').next().unwrap_or_default().trim().to_owned();
    };
    let mut out = String::new();
    let mut chars = quoted.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' if chars.peek() == Some(&'\'') => {
                chars.next();
                out.push('\'');
            }
            '\'' => break,
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

/// The version that CREATE EXTENSION installs; `None` where a build puts it in (`@VERSION@`, `EXTVERSION`).
pub fn default_version(text: &str) -> Option<String> {
    parse(text).remove("default_version").filter(|version| {
        version.starts_with(|c: char| c.is_ascii_digit())
            && version.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write_them() {
        let text = "# comment\ncomment = 'it''s \\'good\\' # really'\ndefault_version='1.6' # now\nrequires= 'plpgsql, hypopg'\nrelocatable = true\n\nschema pgmq\n";
        let settings = parse(text);
        assert_eq!(settings["comment"], "it's 'good' # really");
        assert_eq!(settings["relocatable"], "true");
        assert_eq!(settings["schema"], "pgmq");
        assert_eq!(default_version(text).as_deref(), Some("1.6"));
        assert_eq!(default_version("default_version = '@CARGO_VERSION@'"), None);
        assert_eq!(default_version("default_version = 'EXTVERSION'"), None);
    }
}
