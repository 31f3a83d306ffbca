//! `[machine]` names PostgreSQLs and systems that there are, and what it says of Amazon is plain: it stands in a workflow.

use super::{Context, Rule, each, systems};
use crate::catalogue::decode::printable;
use crate::catalogue::raw::Spanned;
use crate::catalogue::systems::MACHINES;
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    InvalidValue;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    let Some((_, flake)) = &cx.raw.flake else { return };
    let Some(machine) = &flake.machine else { return };
    let raw = &machine.value;
    if cx.raw.complete.postgresqls {
        for name in each(&raw.postgresql).chain(each(&raw.upgrade_from)) {
            found.extend(known(cx, name));
        }
    }
    systems::check_names(each(&raw.systems), found);
    for system in each(&raw.systems).filter(|system| !MACHINES.contains(&system.value.as_str())) {
        if crate::catalogue::systems::KNOWN.contains(&system.value.as_str()) {
            let message = format!("there are no machine images for {}", system.value);
            found.push(invalid(system, message).help(format!("there are for {}", MACHINES.join(" and "))));
        }
    }
    for region in each(&raw.regions).filter(|region| !is_region(&region.value)) {
        let message = format!("`{}` is no region of Amazon's", printable(&region.value));
        found.push(invalid(region, message).help("a region is called as eu-central-1"));
    }
    for account in each(&raw.share).filter(|account| account.value != "all" && !is_account(&account.value)) {
        let message = format!("`{}` is no account of Amazon's", printable(&account.value));
        found.push(
            invalid(account, message)
                .help("an account has 12 digits: \"123456789012\"; \"all\" is everybody"),
        );
    }
    if let Some(role) = raw.role.as_ref().filter(|role| !is_role(&role.value)) {
        let message = format!("`{}` is no role", printable(&role.value));
        found.push(invalid(role, message).help("a role is called arn:aws:iam::ACCOUNT:role/NAME"));
    }
    if let Some(regions) =
        raw.regions.as_ref().filter(|regions| !regions.value.is_empty() && raw.role.is_none())
    {
        let finding = invalid(regions, "there are regions, and no role that may make images in them");
        found.push(finding.help(
            "add role = \"arn:aws:iam::ACCOUNT:role/NAME\"; docs/machine-images.md says what it may do",
        ));
    }
    if let Some(days) = raw.keep.as_ref().filter(|days| !(1..=730).contains(&days.value)) {
        let finding = invalid(days, format!("{} days are not to be had", days.value));
        found.push(finding.help("from 1 to 730"));
    }
}

fn invalid(place: &Spanned<impl Sized>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::InvalidValue, place.span, message.into())
}

/// What is to be said of a name that no PostgreSQL has.
pub(super) fn known(cx: &Context<'_>, name: &Spanned<String>) -> Option<Diagnostic> {
    if cx.index.postgresql(&name.value).is_some() {
        return None;
    }
    let names = || cx.raw.postgresqls.iter().filter_map(|entry| entry.value.name.as_ref());
    let message = format!("the catalogue has no PostgreSQL `{}`", printable(&name.value));
    Some(match nearest(&name.value, names().map(|name| name.value.as_str())) {
        Some(near) => invalid(name, message).help(format!("did you mean \"{near}\"?")),
        None => invalid(name, message).help("postgresql.toml says which there are"),
    })
}

/// `eu-central-1`, `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., number] = parts.as_slice() else { return false };
    words.len() >= 2
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// What a role's ARN is; a workflow has it.
pub(super) fn is_role(text: &str) -> bool {
    text.starts_with("arn:aws")
        && text.contains(":role/")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ":/+=,.@_-".contains(c))
}
