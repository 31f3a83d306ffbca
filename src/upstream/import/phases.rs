//! What the shell code of a derivation does, as far as the usual turns of phrase tell.

use rnix::ast::{Expr, InterpolPart};

use super::knowledge::Knowledge;
use super::value::{Env, SOURCE};

/// `postPatch`, `preBuild`, …
pub fn is_hook(name: &str) -> bool {
    ["pre", "post"].iter().any(|start| {
        name.strip_prefix(start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    })
}

/// The text of a phase; what is not known is left open.
pub fn words(known: &Knowledge<'_>, expr: &Expr, env: &Env) -> String {
    let Expr::Str(string) = expr else {
        return known.of(expr, env).text().map_or_else(|| SOURCE.to_string(), str::to_owned);
    };
    let mut out = String::new();
    for part in string.normalized_parts() {
        match part {
            InterpolPart::Literal(literal) => out.push_str(&literal),
            InterpolPart::Interpolation(inner) => {
                let value = inner.expr().map(|inner| known.of(&inner, env)).unwrap_or_default();
                match value.text() {
                    Some(text) => out.push_str(text),
                    None => out.push(SOURCE),
                }
            }
        }
    }
    out
}

fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\\\n", " ");
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Whether a phase does only what the builder does without being told.
pub fn says_nothing(name: &str, words: &str) -> bool {
    let lines = lines(words);
    let is_hook_call = |line: &str| line.starts_with("runHook ") && !line.contains(';');
    match name {
        "installPhase" => lines.iter().all(|line| is_hook_call(line) || only_copies(line)),
        _ => lines.is_empty(),
    }
}

/// The variables of a buildPhase that is one call of make and nothing else.
pub fn make_flags(words: &str) -> Option<Vec<String>> {
    let lines: Vec<String> = lines(words).into_iter().filter(|line| !line.starts_with("runHook ")).collect();
    if lines.iter().all(|line| line == ":" || line == "true") {
        return Some(Vec::new());
    }
    let [line] = lines.as_slice() else { return None };
    let words: Vec<&str> = line.split_whitespace().collect();
    let variable = |word: &str| {
        let name = word.split_once('=').map(|(name, _)| name);
        let plain = name.is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        });
        plain && !word.contains(['"', '\'', '$', '`', ';', '|', '&', '\\', '<', '>'])
    };
    let made = words.iter().filter(|word| **word == "make").count();
    if made != 1 || !words.iter().all(|word| *word == "make" || variable(word)) {
        return None;
    }
    let flags: Vec<String> = words.into_iter().filter(|word| *word != "make").map(str::to_owned).collect();
    let unknown = |flag: &String| flag.contains(SOURCE) && !flag.starts_with("PG_CONFIG=");
    (!flags.iter().any(unknown)).then_some(flags)
}

/// A flag that tells make to install into the output, as the builder does by itself: `"DESTDIR=$(out)"`.
pub fn is_place(flag: &str) -> bool {
    const PLACES: [&str; 10] = [
        "BINDIR",
        "DESTDIR",
        "DOCDIR",
        "bindir",
        "datadir",
        "docdir",
        "libdir",
        "pkglibdir",
        "prefix",
        "sharedir",
    ];
    let Some((name, value)) = flag.trim_matches('"').split_once('=') else { return false };
    let into_output = ["placeholder", "$out", "$(out)", "${out}"].iter().any(|out| value.contains(out));
    PLACES.contains(&name) && (into_output || value.is_empty())
}

/// Attributes that mean something to stdenv.
pub fn is_known(name: &str) -> bool {
    is_hook(name)
        || ["Phase", "Phases", "Inputs", "Flags"].iter().any(|end| name.ends_with(end))
        || name.starts_with("dont")
        || name.starts_with("do")
        || name.starts_with(|c: char| c.is_ascii_uppercase())
        || matches!(
            name,
            "outputs" | "hardeningDisable" | "hardeningEnable" | "makefile" | "separateDebugInfo" | "patches"
        )
}

/// A line that puts the usual files in their usual places.
fn only_copies(line: &str) -> bool {
    let command = line.split_whitespace().next().unwrap_or_default();
    let usual = matches!(command, "mkdir" | "install" | "cp" | "mv");
    let plain = [".so", ".sql", ".control", "lib", "share", "DLSUFFIX", "bin"];
    // A file with another name than it had is no plain copy.
    usual && !line.contains([';', '|', '&', '`', '<', '>']) && plain.iter().any(|part| line.contains(part))
}

/// Whether the library gets the version into its name, or files depend on which version is the newest: the ways to
/// have several versions in one PostgreSQL.
pub fn is_side_by_side(text: &str) -> bool {
    let puts = |line: &str| ["mv ", "cp ", "ln ", "install "].iter().any(|command| line.starts_with(command));
    let library = |line: &str| {
        ["version", "finalAttrs.version"].iter().any(|version| {
            ["postgresql.dlSuffix}", "dlSuffix}"]
                .iter()
                .any(|suffix| line.contains(&format!("-${{{version}}}${{{suffix}")))
        })
    };
    text.contains("latestVersion")
        || text.contains("--${version}.control")
        || text.contains("--${finalAttrs.version}.control")
        || text.lines().map(str::trim).any(|line| puts(line) && library(line))
}

/// `NAME.control`, where there is one name only.
pub fn sql_name(words: &str) -> Option<String> {
    let mut names: Vec<&str> = words
        .split(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c)))
        .filter_map(|word| word.strip_suffix(".control"))
        .filter(|name| !name.is_empty() && !name.contains('.') && !name.contains("--"))
        .collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [one] => Some((*one).to_owned()),
        _ => None,
    }
}
