//! `[ci]` names what there is: runners for systems, services, a branch, a time. What it says stands in workflows, so
//! that nothing in it can be more than a name.

use std::collections::BTreeSet;

use super::{Context, Rule, systems};
use crate::catalogue::ci::{RUNNERS, Service, Workflow, builds, system_of, usual_runner};
use crate::catalogue::decode::printable;
use crate::catalogue::raw::{Field, List, RawCi, RawFlake, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    InvalidValue;
    SystemWithoutRunner =
        "The flake is for a system for which GitHub lends no machine, so no job could build it. List in systems of \
         [ci] those that are to be built there; for the others use a remote builder or Hydra.",
        bad: r#"
            # flake.toml
            systems = ["x86_64-linux", "riscv64-linux"]

            [ci]
            program = ".#pgflakegen"
        "#,
        says: "GitHub has no runner for riscv64-linux",
        fixed: r#"
            # flake.toml
            systems = ["x86_64-linux", "riscv64-linux"]

            [ci]
            program = ".#pgflakegen"
            systems = ["x86_64-linux"]
        "#;
    UnknownRunner =
        "runners of [ci] says which of GitHub's own machines builds for a system: ubuntu-24.04, ubuntu-24.04-arm, \
         macos-15 and their like. Labels that move (ubuntu-latest) are refused, because a workflow would then \
         change without an edit, and so are those that GitHub has ended and machines of another system. Machines of \
         one's own join as remote builders, which docs/publishing.md describes.",
        bad: r#"
            # flake.toml
            [ci]
            program = ".#pgflakegen"
            runners = { "x86_64-linux" = "ubuntu-24.4" }
        "#,
        says: "GitHub has no runner called `ubuntu-24.4`",
        fixed: r#"
            # flake.toml
            [ci]
            program = ".#pgflakegen"
            runners = { "x86_64-linux" = "ubuntu-24.04" }
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let Some((_, flake)) = &cx.raw.flake else { return };
    let Some(ci) = &flake.ci else { return };
    let ci = &ci.value;
    found.extend(program(&ci.program));
    found.extend(branch(&ci.branch));
    found.extend(schedule(&ci.schedule));
    named(&ci.services, "service", &Service::ALL.map(|(name, _)| name), found);
    named(&ci.workflows, "workflow", &Workflow::ALL.map(|(name, _)| name), found);
    within(&ci.max_parallel, "jobs at a time", 1, 256, found);
    within(&ci.timeout, "minutes", 5, 360, found);
    machines(flake, ci, found);
    actions(ci, found);
}

fn invalid(place: &Spanned<impl Sized>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::InvalidValue, place.span, message.into())
}

/// What runs as a program on every runner is named by a reference without anything that a shell would see.
fn program(program: &Field<String>) -> Option<Diagnostic> {
    let program = program.as_ref()?;
    let plain = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let good = program.value.split_once('#').is_some_and(|(flake, attribute)| {
        let known = flake == "."
            || ["github:", "gitlab:", "git+https://", "https://"]
                .iter()
                .any(|start| flake.starts_with(start));
        known && plain(flake, "._~:/?=&%+-") && plain(attribute, "._-/")
    });
    (!good).then(|| {
        invalid(program, format!("`{}` is no reference to a package of a flake", printable(&program.value)))
            .help("program = \"github:OWNER/pgflakegen/REV#pgflakegen\"")
    })
}

fn branch(branch: &Field<String>) -> Option<Diagnostic> {
    let branch = branch.as_ref()?;
    let good = !branch.value.is_empty()
        && !branch.value.starts_with(['-', '/', '.'])
        && !branch.value.contains("..")
        && branch.value.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c));
    (!good).then(|| {
        invalid(branch, format!("`{}` cannot be the name of a branch here", printable(&branch.value)))
            .help("letters, digits, `.`, `_`, `/` and `-`: branch = \"main\"")
    })
}

/// Five fields of numbers, as cron has them.
fn schedule(schedule: &Field<String>) -> Option<Diagnostic> {
    let schedule = schedule.as_ref()?;
    let fields: Vec<&str> = schedule.value.split(' ').collect();
    let bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
    let number = |text: &str, (low, high): (u8, u8)| {
        text.parse::<u8>().is_ok_and(|number| (low..=high).contains(&number))
    };
    let part = |text: &str, bounds: (u8, u8)| {
        let (range, step) = text.split_once('/').map_or((text, None), |(range, step)| (range, Some(step)));
        let range = match range.split_once('-') {
            Some((from, to)) => number(from, bounds) && number(to, bounds),
            None => range == "*" || number(range, bounds),
        };
        range && step.is_none_or(|step| number(step, (1, bounds.1)))
    };
    let good = fields.len() == bounds.len()
        && fields.iter().zip(bounds).all(|(field, bounds)| field.split(',').all(|text| part(text, bounds)));
    (!good).then(|| {
        invalid(schedule, format!("`{}` is no time as cron has it", printable(&schedule.value))).help(
            "minute, hour, day, month, weekday in numbers: schedule = \"23 4 * * 1\" is Monday, 4:23 UTC",
        )
    })
}

fn named(list: &Field<List<String>>, what: &str, known: &[&'static str], found: &mut Diagnostics) {
    let Some(list) = list else { return };
    let mut seen = BTreeSet::new();
    for name in &list.value {
        if !known.contains(&name.value.as_str()) {
            let finding = invalid(name, format!("there is no {what} called `{}`", printable(&name.value)));
            found.push(match nearest(&name.value, known.iter().copied()) {
                Some(near) => finding.help(format!("did you mean \"{near}\"?")),
                None => finding.help(format!("known are {}", known.join(", "))),
            });
        } else if !seen.insert(&name.value) {
            found.push(
                invalid(name, format!("{} stands here twice", name.value)).help("remove one of the two"),
            );
        }
    }
}

fn within(number: &Field<i64>, what: &str, low: i64, high: i64, found: &mut Diagnostics) {
    if let Some(number) = number.as_ref().filter(|number| !(low..=high).contains(&number.value)) {
        let finding = invalid(number, format!("{} {what} are not to be had", number.value));
        found.push(finding.help(format!("from {low} to {high}")));
    }
}

/// Every system that is built has a runner that there is, and that builds it.
fn machines(flake: &RawFlake, ci: &RawCi, found: &mut Diagnostics) {
    let of_flake: Vec<&str> = systems::named(&flake.systems).collect();
    if let Some(list) = &ci.systems {
        systems::check_names(list.value.iter(), found);
        for system in list.value.iter().filter(|system| !of_flake.contains(&system.value.as_str())) {
            if crate::catalogue::systems::KNOWN.contains(&system.value.as_str()) {
                found.push(
                    invalid(system, format!("the flake is not for {}", system.value))
                        .help("add it to `systems` at the top, or leave it out here"),
                );
            }
        }
        if list.value.is_empty() {
            found.push(
                invalid(list, "nothing is built for no system at all")
                    .help("leave `systems` out: then all of the flake's are built"),
            );
        }
    }
    let pairs: Vec<_> = ci.runners.iter().flat_map(|runners| &runners.value.0).collect();
    systems::check_names(pairs.iter().map(|(system, _)| system), found);
    for (system, runner) in &pairs {
        let label = runner.value.as_str();
        let Some(own) = system_of(label) else {
            found.push(unknown(&system.value, runner));
            continue;
        };
        if crate::catalogue::systems::KNOWN.contains(&system.value.as_str()) && !builds(label, &system.value)
        {
            let message = format!("{label} is a machine of {own}, and does not build for {}", system.value);
            let finding = Diagnostic::new(Code::UnknownRunner, runner.span, message);
            found.push(finding.help(suggestion(&system.value)));
        }
    }
    let list = if ci.systems.is_some() { &ci.systems } else { &flake.systems };
    for system in list.iter().flat_map(|list| &list.value) {
        let given = pairs.iter().any(|(with, _)| with.value == system.value);
        let known = crate::catalogue::systems::KNOWN.contains(&system.value.as_str());
        if known && !given && usual_runner(&system.value).is_none() {
            let others: Vec<String> = systems::named(list)
                .filter(|other| usual_runner(other).is_some())
                .map(|other| format!("\"{other}\""))
                .collect();
            let message = format!("GitHub has no runner for {}", system.value);
            found.push(
                Diagnostic::new(Code::SystemWithoutRunner, system.span, message).help(format!(
                    "leave it out of what is built: systems = [{}] in [ci]",
                    others.join(", ")
                )),
            );
        }
    }
}

fn suggestion(system: &str) -> String {
    let fitting: Vec<&str> =
        RUNNERS.iter().map(|(label, _)| *label).filter(|label| builds(label, system)).collect();
    match fitting.is_empty() {
        true => format!("no runner builds for {system}"),
        false => format!("for {system} there are {}", fitting.join(", ")),
    }
}

fn unknown(system: &str, runner: &Spanned<String>) -> Diagnostic {
    let label = runner.value.as_str();
    let message = match label {
        "ubuntu-latest" | "macos-latest" | "ubuntu-slim" => {
            format!("{label} is another machine every year: name one")
        }
        "macos-13" | "macos-14" | "ubuntu-20.04" | "ubuntu-22.04" => {
            format!("{label} is gone, or going: name a newer one")
        }
        _ => format!("GitHub has no runner called `{}`", printable(label)),
    };
    let finding = Diagnostic::new(Code::UnknownRunner, runner.span, message);
    match nearest(label, RUNNERS.iter().map(|(known, _)| *known).filter(|known| builds(known, system))) {
        Some(near) => finding.help(format!("did you mean \"{near}\"?")),
        None => finding.help(suggestion(system)),
    }
}

fn actions(ci: &RawCi, found: &mut Diagnostics) {
    for (name, action) in ci.actions.iter().flat_map(|actions| &actions.value.0) {
        let plain = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        if !name.value.split_once('/').is_some_and(|(owner, repo)| plain(owner) && plain(repo)) {
            found.push(
                invalid(name, format!("`{}` is no action", printable(&name.value)))
                    .help("actions are OWNER/REPO: \"actions/checkout\""),
            );
        }
        if let Some(version) = action.value.version.as_ref().filter(|version| !plain(&version.value)) {
            found.push(
                invalid(version, format!("`{}` is no version of an action", printable(&version.value)))
                    .help("as its tag has it, without the v: version = \"7.0.1\""),
            );
        }
        let commit =
            |rev: &str| rev.len() == 40 && rev.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if let Some(rev) = action.value.rev.as_ref().filter(|rev| !commit(&rev.value)) {
            found.push(
                invalid(rev, "an action is pinned by its commit, which has 40 hexadecimal digits")
                    .help("`pgflakegen bump actions` fills it in"),
            );
        }
    }
}
