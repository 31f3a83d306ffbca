//! Values whose form no other rule owns: ports, roles, locales, flags, variables, folders, libraries.

use std::collections::BTreeSet;

use super::text::{is_plain_path, listed, shaped};
use super::{Context, Rule};
use crate::catalogue::contrib;
use crate::catalogue::decode::printable;
use crate::catalogue::index::{sql_names, versions};
use crate::catalogue::kinds::Own;
use crate::catalogue::raw::{Field, List, Preload, RawBuild, RawControl, SchemaOf, Spanned, Which};
use crate::diag::{Code, Diagnostic, Diagnostics, Span, nearest};
use crate::nix::eval::parse_size;
use crate::rule::rule;

/// Attributes of a derivation that are not environment variables to set.
const RESERVED: [&str; 12] = [
    "args", "builder", "name", "out", "outputs", "passthru", "pname", "src", "stdenv", "system", "version",
    "PATH",
];

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    FlagWithSpace =
        "nixpkgs hands flags to make, configure and cmake through one variable, split at spaces: \"CFLAGS=-O2 -g\" \
         arrives as two arguments. If two were meant, write two strings. A value that must contain a space is set \
         in an override.",
        bad: r#"make-flags = ["CFLAGS=-O2 -g"]"#,
        says: "this flag contains a space",
        fixed: r#"make-flags = ["CFLAGS=-O2"]"#;
    InvalidValue =
        "The value has the right type but not the right form; the message says which form it must have.",
        bad: r#"
            # flake.toml
            port = 70000
        "#,
        says: "70000 is no TCP port",
        fixed: r#"
            # flake.toml
            port = 5433
        "#;
    UnknownLibrary =
        "preload of flake.toml or of installcheck, or preload-after of an extension, names a library that no extension of the catalogue \
         is known to have and that is none of PostgreSQL's own. A server that preloads a library that is not there \
         does not start.",
        bad: r#"
            # flake.toml
            preload = ["pg_stat_statement"]
        "#,
        says: "no extension has a library `pg_stat_statement`",
        fixed: r#"
            # flake.toml
            preload = ["pg_stat_statements"]
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    flake(cx, found);
    for file in &cx.raw.extensions {
        build(&file.raw.build, &file.raw.own, found);
        for version in versions(&file.raw) {
            build(&version.value.build, &version.value.own, found);
        }
        let names = sql_names(&file.name, &file.raw);
        let controls = versions(&file.raw).map(|version| &version.value.control);
        for control in std::iter::once(&file.raw.control).chain(controls).flatten() {
            self::control(control, &names, found);
        }
    }
    libraries(cx, found);
}

fn bad(place: &Spanned<String>, message: &str, help: &str) -> Diagnostic {
    let message = message.replace("{}", &format!("`{}`", printable(&place.value)));
    Diagnostic::new(Code::InvalidValue, place.span, message).help(help)
}

fn flake(cx: &Context<'_>, found: &mut Diagnostics) {
    let Some((_, flake)) = &cx.raw.flake else { return };
    if let Some(port) = flake.port.as_ref().filter(|port| !(1..=65535).contains(&port.value)) {
        found.push(
            Diagnostic::new(Code::InvalidValue, port.span, format!("{} is no TCP port", port.value))
                .help("a port is between 1 and 65535"),
        );
    }
    if let Some(superuser) = &flake.superuser {
        let good = superuser.value.len() < 64
            && !superuser.value.starts_with("pg_")
            && shaped(
                &superuser.value,
                |c| c.is_ascii_alphabetic() || c == '_',
                |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'),
            );
        if !good {
            let help = "letters, digits, `_` and `-`, fewer than 64, not beginning with pg_";
            found.push(bad(superuser, "{} cannot be the superuser's name", help));
        }
    }
    if let Some(memory) = &flake.max_memory
        && let Err(why) = parse_size(&memory.value)
    {
        found.push(bad(memory, "{} is no amount of memory", &why));
    }
    if let Some(time) = flake.max_time.as_ref().filter(|time| time.value <= 0) {
        let message = format!("{} is no time to evaluate in", time.value);
        found.push(Diagnostic::new(Code::InvalidValue, time.span, message).help("a number of seconds"));
    }
    if let Some(locale) = &flake.locale {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
        if !shaped(&locale.value, |c| c.is_ascii_alphabetic(), plain) {
            found.push(bad(locale, "{} is no locale", "for example C.UTF-8 or en_US.UTF-8"));
        }
    }
}

fn build(build: &RawBuild, own: &Own, found: &mut Diagnostics) {
    for (name, _) in build.env.iter().flat_map(|map| &map.value.0) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !shaped(&name.value, |c| c.is_ascii_alphabetic() || c == '_', plain) {
            found.push(bad(name, "{} cannot be an environment variable", "letters, digits and `_`"));
        } else if RESERVED.contains(&name.value.as_str()) {
            found.push(bad(name, "{} belongs to the derivation itself", "set it in an override"));
        }
    }
    for folder in [&build.source_root, &build.cargo_package].into_iter().flatten() {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.' | '+');
        if !is_plain_path(&folder.value) || !folder.value.chars().all(plain) {
            let help = "a relative path without `..`, for example \"pgmq-extension\"";
            found.push(bad(folder, "{} is no folder inside the source", help));
        }
    }
    let flags = [&build.make_flags, &build.configure_flags, &build.cmake_flags];
    for flag in flags.into_iter().flatten().flat_map(|list| &list.value).chain(own.flags()) {
        if flag.value.is_empty() {
            found.push(bad(flag, "an empty flag has no meaning", "remove it"));
        } else if flag.value.contains(' ') {
            found.push(Diagnostic::new(Code::FlagWithSpace, flag.span, "this flag contains a space").help(
                "if these are two flags, write two strings; a value with spaces goes into an override",
            ));
        }
    }
}

fn control(control: &Spanned<RawControl>, names: &[&str], found: &mut Diagnostics) {
    let Spanned { value: RawControl { trusted, relocatable, superuser, schema }, span } = control;
    if names.is_empty() {
        let message = "a module that has no CREATE EXTENSION has no control file";
        found.push(Diagnostic::new(Code::InvalidValue, *span, message).help("remove it"));
        return;
    }
    let mut named: Vec<&Spanned<String>> = Vec::new();
    for which in [trusted, relocatable, superuser].into_iter().flatten() {
        if let Which::Names(list) = &which.value {
            named.extend(list);
        }
    }
    let schemas: Vec<(&str, Span)> = match schema {
        None => Vec::new(),
        Some(Spanned { value: SchemaOf::All(schema), span }) => vec![(schema, *span)],
        Some(Spanned { value: SchemaOf::ByName(map), .. }) => {
            named.extend(map.0.iter().map(|(name, _)| name));
            map.0.iter().map(|(_, schema)| (schema.value.as_str(), schema.span)).collect()
        }
    };
    for name in named.into_iter().filter(|name| !names.contains(&name.value.as_str())) {
        let help = match nearest(&name.value, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", listed(names.iter().copied())),
        };
        found.push(bad(name, "{} is none of its SQL names", &help));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$');
    for (schema, span) in schemas {
        if schema.len() >= 64 || !shaped(schema, |c| c.is_ascii_alphabetic() || c == '_', plain) {
            let message = format!("`{}` is no schema", printable(schema));
            let help = "letters, digits and `_`, as the control file has it";
            found.push(Diagnostic::new(Code::InvalidValue, span, message).help(help));
        }
    }
}

fn libraries(cx: &Context<'_>, found: &mut Diagnostics) {
    let list = |field: &'_ Field<Preload>| -> Vec<Spanned<String>> {
        match field.as_ref().map(|preload| &preload.value) {
            Some(Preload::Libraries(list)) => list.clone(),
            _ => Vec::new(),
        }
    };
    let mut own: Vec<Spanned<String>> = Vec::new();
    for file in &cx.raw.extensions {
        own.extend(list(&file.raw.preload));
        own.extend(versions(&file.raw).flat_map(|version| list(&version.value.preload)));
    }
    let named: Field<List<String>> = cx.raw.flake.as_ref().and_then(|(_, flake)| flake.preload.clone());
    let server = cx.raw.flake.iter().filter_map(|(_, flake)| flake.server.as_ref());
    let server = server.flat_map(|server| &server.value.preload).flat_map(|list| &list.value);
    let told = cx.raw.extensions.iter().filter_map(|file| file.raw.installcheck());
    let tests = told.flat_map(|told| &told.preload).flat_map(|list| &list.value);
    let after = cx.raw.extensions.iter().flat_map(|file| &file.raw.preload_after).flat_map(|l| &l.value);
    let wanted: Vec<&Spanned<String>> =
        named.iter().flat_map(|list| &list.value).chain(server).chain(tests).chain(after).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_library = |name: &str| shaped(name, |c| c.is_ascii_alphanumeric() || c == '_', plain);
    for library in own.iter().chain(wanted.iter().copied()) {
        if !is_library(&library.value) {
            let help = "a library is named without path and ending: \"pg_cron\"";
            found.push(bad(library, "{} is no library's name", help));
        }
    }
    let known: BTreeSet<&str> = contrib::LIBRARIES
        .iter()
        .copied()
        .chain(own.iter().map(|library| library.value.as_str()))
        .chain(cx.raw.extensions.iter().flat_map(|file| {
            let names = sql_names(&file.name, &file.raw);
            names.into_iter().chain([file.name.as_str()])
        }))
        .collect();
    for library in wanted.into_iter().filter(|library| is_library(&library.value)) {
        if known.contains(library.value.as_str()) || !cx.raw.complete.unreadable_extensions.is_empty() {
            continue;
        }
        let finding = Diagnostic::new(
            Code::UnknownLibrary,
            library.span,
            format!("no extension has a library {}", listed([library.value.as_str()])),
        );
        found.push(match nearest(&library.value, known.iter().copied()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("remove it, or add the extension it belongs to"),
        });
    }
}
