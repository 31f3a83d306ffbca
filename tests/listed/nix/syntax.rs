//! What is a syntax error or an unbound name is what Nix says: the cases, and the correct overrides with
//! each token taken out or doubled, are given to `nix-instantiate --parse` and to us.
//!
//! `PGFLAKEGEN_ORACLE=10` looks at each tenth mutant (the default is each 25th, for time).

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use libtest_mimic::Failed;
use pgflakegen::diag::{Diagnostics, SourceMap};
use pgflakegen::overrides::lint_file;

fn nix_takes(path: &Utf8Path) -> bool {
    let status =
        Command::new("nix-instantiate").arg("--parse").arg(path).output().expect("it ran before").status;
    status.success()
}

fn we_take(text: &str) -> (bool, Vec<String>) {
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    let id = sources.add("x.nix", text);
    lint_file(id, &sources, &mut found);
    // Nix refuses pipe operators (209) as well, unless told otherwise.
    let errors: Vec<_> = found
        .iter()
        .filter(|d| d.code.id() <= "PGF210")
        .map(|d| format!("{} {}", d.code.id(), d.message))
        .collect();
    (errors.is_empty(), errors)
}

/// The text with one token taken out, and with one doubled.
fn mutants(text: &str) -> Vec<String> {
    let mut offset = 0;
    let mut all = vec![text.to_owned()];
    for (_, token) in rnix::tokenize(text) {
        let range = offset..offset + token.len();
        offset = range.end;
        if token.trim().is_empty() {
            continue;
        }
        all.push(format!("{}{}", &text[..range.start], &text[range.end..]));
        all.push(format!("{} {token}{}", &text[..range.end], &text[range.end..]));
    }
    all
}

pub fn is_what_nix_takes() -> Result<(), Failed> {
    let step: usize =
        std::env::var("PGFLAKEGEN_ORACLE").ok().and_then(|n| n.parse().ok()).unwrap_or(25).max(1);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = Utf8PathBuf::from_path_buf(folder.path().join("x.nix")).expect("its path is UTF-8");
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut texts = Vec::new();
    for case in ["overrides", "mutations"] {
        let mut files: Vec<_> =
            root.join(case).read_dir_utf8().expect("the cases are there").filter_map(Result::ok).collect();
        files.sort_by(|a, b| a.path().cmp(b.path()));
        // Nix's own limits and ours differ on purpose.
        for file in files
            .iter()
            .filter(|f| f.path().extension() == Some("nix") && !f.file_name().starts_with("pgf202"))
        {
            let Ok(text) = std::fs::read_to_string(file.path()) else { continue };
            texts.extend(
                mutants(&text)
                    .into_iter()
                    .enumerate()
                    .filter(|(n, _)| *n == 0 || n % step == 0)
                    .map(|(_, t)| t),
            );
        }
    }
    let mut wrong = Vec::new();
    for text in &texts {
        std::fs::write(&path, text).expect("the temporary folder can be written");
        let (ours, errors) = we_take(text);
        if ours != nix_takes(&path) {
            wrong.push(format!(
                "Nix {} this, we say {errors:?}:\n{text}",
                if ours { "refuses" } else { "takes" }
            ));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{} texts, {} disagreements:\n{}", texts.len(), wrong.len(), wrong.join("\n----\n")).into())
}
