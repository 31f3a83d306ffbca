//! `generated/process-compose.yaml`: the servers of `[server]`, for process-compose.

use serde_json::{Value, json};

use super::marker;
use crate::catalogue::model::{Catalogue, Server};
use crate::catalogue::names::PgName;

/// The text of the file. Each server has a port of its own; only one is started without being asked for.
///
/// What stands in commands are names of PostgreSQLs and numbers.
pub fn process_compose(catalogue: &Catalogue, server: &Server) -> String {
    let flake = &catalogue.flake;
    let names = &server.postgresqls;
    let first = names.iter().find(|name| **name == flake.default_postgresql).or(names.first());
    // In the catalogue's order, the first one before all.
    let all = catalogue.postgresqls.iter().map(|postgresql| &postgresql.name);
    let others = all.filter(|name| names.contains(name) && Some(*name) != first);
    let mut text = format!(
        "# {} from catalogue/flake.toml; edit that instead.\n\n\
         # process-compose --config generated/process-compose.yaml up\nversion: \"0.5\"\nprocesses:\n",
        marker::MARK
    );
    for (at, name) in first.into_iter().chain(others).enumerate() {
        let port = usize::from(flake.port) + at;
        // Beyond the last port is none: such a server has its socket only.
        let port = if port <= usize::from(u16::MAX) { format!(" {port}") } else { String::new() };
        text.push_str(&process(name, &port, at > 0));
    }
    text
}

/// One process. JSON is YAML, and quotes what YAML would read otherwise.
fn process(name: &PgName, port: &str, disabled: bool) -> String {
    let entries: [(&str, Value); 5] = [
        ("description", format!("PostgreSQL {name} with its extensions").into()),
        ("command", format!("exec nix run .#pg -- start {name}{port} --foreground").into()),
        ("disabled", disabled.into()),
        (
            "readiness_probe",
            json!({
                "exec": { "command": format!("nix run .#pg -- status {name}{port}") },
                "period_seconds": 5,
                "timeout_seconds": 60,
                "failure_threshold": 240,
            }),
        ),
        // A fast shutdown may have much to write.
        ("shutdown", json!({ "signal": 15, "timeout_seconds": 120 })),
    ];
    let lines = entries.map(|(key, value)| format!("    {key}: {value}\n"));
    format!("  postgresql-{name}:\n{}", lines.concat())
}
