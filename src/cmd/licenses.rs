//! `pgflakegen licenses`: the table of licences, and what the policy denies.

use std::path::PathBuf;

use comfy_table::{Table, presets};
use serde_json::json;

use super::evaluate::evaluation;
use super::host::Host;
use super::inputs::Inputs;
use super::limits::Limits;
use super::{Context, Outcome, emit, report};
use crate::accounts::bill::Licence;
use crate::catalogue::licenses;
use crate::diag::{Format, foreign, plural};
use crate::ops::Loaded;
use crate::ops::licenses::{Listed, Request, Row, Text, Texts, list};

/// Options of `licenses`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// An attribute of the flake, whose components are listed: psql_17/docker [default: the catalogue].
    #[arg(value_name = "ATTR")]
    pub attribute: Option<String>,

    /// Go by the policy of REV: on a pull request its base, which the request cannot change.
    #[arg(long, value_name = "REV")]
    pub against: Option<String>,

    /// Print the texts instead, as far as sources or packages are in the store; and of what there is none.
    #[arg(long, requires = "attribute")]
    pub texts: bool,

    /// With --texts, where store paths are.
    #[arg(long, value_name = "DIR", default_value = "/nix/store", requires = "texts")]
    pub store: PathBuf,

    /// Print a report as JSON.
    #[arg(long)]
    pub json: bool,

    /// With ATTR, evaluate for this system [default: this machine's if the catalogue has it].
    #[arg(long, value_name = "SYSTEM", requires = "attribute")]
    pub system: Option<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub limits: Limits,
}

/// As it is shown: by spdx.org's name, else by what people call it.
fn shown(licence: &Licence) -> String {
    let name = match licence.is_known() {
        true => licence.spdx.clone(),
        false => match licenses::title(&licence.name) {
            Some(title) => format!("{title} ({})", licence.name),
            None => licence.name.clone(),
        },
    };
    let name = foreign::line(&name);
    if licence.free { name.into_owned() } else { format!("{name}, unfree") }
}

fn text(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["name", "versions", "licenses", ""]);
    for row in rows {
        let licences: Vec<String> = row.licences.iter().map(shown).collect();
        let licences = if licences.is_empty() { "not known".to_owned() } else { licences.join("; ") };
        let denied = if row.denied.is_empty() { "" } else { "denied" };
        table.add_row([
            foreign::line(&row.name).into_owned(),
            foreign::line(&row.versions.join(" ")).into_owned(),
            licences,
            denied.to_owned(),
        ]);
    }
    table.lines().map(|line| format!("{}\n", line.trim())).collect()
}

/// Each text below those who have it; in the end those of whom there is none.
fn collected(texts: &Texts) -> String {
    let mut out = String::new();
    for Text { of, text } in &texts.texts {
        for who in of {
            out.push_str(&format!("=== {}\n", foreign::line(who)));
        }
        out.push_str(&format!("\n{}\n", foreign::block(text)));
    }
    if !texts.without.is_empty() {
        out.push_str("=== No text is at hand of\n\n");
        texts.without.iter().for_each(|who| out.push_str(&format!("{}\n", foreign::line(who))));
    }
    out
}

/// Runs it.
///
/// # Errors
/// When the catalogue cannot be read, or the attribute not be evaluated.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.reports = args.json;
    let root = super::root(context.root.as_deref())?;
    let request = Request {
        root: &root,
        attribute: args.attribute.as_deref(),
        against: args.against.as_deref(),
        texts: args.texts.then_some(args.store.as_path()),
        evaluation: evaluation(args.system.iter().cloned().collect(), &args.inputs, &args.limits),
    };
    let Listed { rows, texts, found, sources } = list(&request, &Host::new(context))?;
    let denied = found.has_errors();
    if args.json {
        let mut data = json!({ "attribute": args.attribute, "licenses": rows });
        if let Some(texts) = &texts {
            data["texts"] = json!(texts.texts);
            data["without-text"] = json!(texts.without);
        }
        report::write(&found, &sources, data, context)?;
    } else {
        let shown = texts.as_ref().map_or_else(|| text(&rows), collected);
        context.out.write_all(shown.as_bytes())?;
        emit(&Loaded { catalogue: None, sources, diagnostics: found }, Format::Text, context)?;
    }
    if let Some(Texts { texts, without }) = &texts {
        context.say(format_args!(
            "{}; {} without",
            plural(texts.len(), "text"),
            plural(without.len(), "component")
        ))?;
        return Ok(if denied { Outcome::Findings } else { Outcome::Clean });
    }
    let unknown = rows.iter().filter(|row| row.licences.is_empty()).count();
    let unfree = rows.iter().filter(|row| row.licences.iter().any(|licence| !licence.free)).count();
    context.say(format_args!(
        "{}, {unfree} of them unfree, {unknown} without a known license",
        plural(rows.len(), "component")
    ))?;
    Ok(if denied { Outcome::Findings } else { Outcome::Clean })
}
