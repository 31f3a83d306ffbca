//! PGF309, PGF310: paths that are not there or lead out of the repository.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use rnix::SyntaxKind::{NODE_INTERPOL, NODE_PATH_ABS, NODE_PATH_HOME, NODE_PATH_REL};
use rnix::ast;
use rowan::ast::AstNode;

use super::{Rule, calls};
use crate::diag::{Code, Diagnostics, nearest};
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    MissingPath =
        "A path is relative to the file it stands in. Nothing is there, so evaluation would stop. In a flake a file \
         must also be known to git: `git add` it.",
        bad: r#"
            { }: old: {
              patches = [ ./patches/presnt.patch ];
            }
        "#,
        says: "`./patches/presnt.patch` does not exist",
        fixed: r#"
            { }: old: {
              patches = [ ./patches/present.patch ];
            }
        "#;
    PathOutside =
        "A flake sees nothing outside its repository: absolute paths, `~` and too many `..` exist on one machine \
         only. Put the file into the repository.",
        bad: r#"
            { }: old: {
              patches = [ /home/me/present.patch ];
            }
        "#,
        says: "this path is there on one machine only",
        fixed: r#"
            { }: old: {
              patches = [ ./patches/present.patch ];
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let Some(facts) = ctx.facts else { return };
    for node in ctx.nodes(NODE_PATH_ABS).iter().chain(ctx.nodes(NODE_PATH_HOME)) {
        // `src + /doc` is a path within src.
        let joined = node.parent().and_then(ast::BinOp::cast).is_some_and(|op| {
            op.operator() == Some(ast::BinOpKind::Add) && op.rhs().is_some_and(|rhs| rhs.syntax() == node)
        });
        if joined || node.text() == "/." {
            continue;
        }
        sink.push(
            ctx.finding(Code::PathOutside, node.text_range(), "this path is there on one machine only")
                .help("put the file into the repository and write its path relative to this file: `../patches/x.patch`"),
        );
    }
    if facts.directory.as_str().is_empty() {
        return;
    }
    let asked: Vec<String> = calls(ctx)
        .filter(|(_, names, _)| names.last().is_some_and(|name| name == "pathExists"))
        .flat_map(|(_, _, arguments)| arguments.into_iter().map(|a| a.syntax().text().to_string()))
        .collect();
    for node in ctx.nodes(NODE_PATH_REL) {
        if node.children().any(|child| child.kind() == NODE_INTERPOL) {
            continue;
        }
        let written = node.text().to_string();
        let target = facts.directory.join(&written);
        if leads_out(&facts.repository, &target) {
            sink.push(
                ctx.finding(Code::PathOutside, node.text_range(), "this path leads out of the repository")
                    .help("put the file into the repository"),
            );
        } else if !asked.contains(&written) && !target.exists() {
            let finding =
                ctx.finding(Code::MissingPath, node.text_range(), format!("`{written}` does not exist"));
            sink.push(match neighbour(&target) {
                Some(name) => finding.help(format!("did you mean `{}`?", beside(&written, &name))),
                None => {
                    let place = normal(&target);
                    let place = place.strip_prefix(normal(&facts.repository)).unwrap_or(&place);
                    finding.help(format!("put the file at {place}, and `git add` it"))
                }
            });
        }
    }
}

/// Without `.` and `..`, on the text alone.
fn normal(path: &Utf8Path) -> Utf8PathBuf {
    let mut out = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn absolute(path: &Utf8Path) -> Utf8PathBuf {
    let base = std::env::current_dir().ok().and_then(|dir| Utf8PathBuf::from_path_buf(dir).ok());
    normal(&base.unwrap_or_default().join(path))
}

fn leads_out(repository: &Utf8Path, target: &Utf8Path) -> bool {
    !absolute(target).starts_with(absolute(repository))
}

fn neighbour(target: &Utf8Path) -> Option<String> {
    let directory = target.parent()?;
    let names: Vec<String> = directory
        .read_dir_utf8()
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_owned()))
        .collect();
    nearest(target.file_name()?, names.iter().map(String::as_str)).map(str::to_owned)
}

fn beside(written: &str, name: &str) -> String {
    match written.rsplit_once('/') {
        Some((directory, _)) => format!("{directory}/{name}"),
        None => name.to_owned(),
    }
}
