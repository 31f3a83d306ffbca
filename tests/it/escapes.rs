//! What comes out is text: every control character is sent through every way out, and the raw bytes are searched.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a terminal obeys or does not show: C0 but for what ends a name, DEL, C1, directions, line separators, no
/// width, tags.
fn bad() -> String {
    let ranges = [
        ('\u{1}', '\u{8}'),
        ('\u{b}', '\u{c}'),
        ('\u{e}', '\u{1f}'),
        ('\u{7f}', '\u{9f}'),
        ('\u{200b}', '\u{200f}'),
        ('\u{2028}', '\u{202e}'),
        ('\u{2060}', '\u{2064}'),
        ('\u{2066}', '\u{2069}'),
        ('\u{feff}', '\u{feff}'),
        ('\u{ad}', '\u{ad}'),
        ('\u{61c}', '\u{61c}'),
        ('\u{e0041}', '\u{e0042}'),
    ];
    ranges.into_iter().flat_map(|(first, last)| first..=last).collect()
}

/// The same as a TOML, Nix or JSON string would have it.
fn toml(text: &str) -> String {
    text.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect()
}

/// Nothing of it in what was printed, and no line that a CI service would obey; annotations are ours.
fn search(what: &str, output: &[u8], annotations: bool) {
    let text = String::from_utf8(output.to_vec()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let bad = bad() + "\r";
    if let Some(c) = text.chars().find(|c| bad.contains(*c)) {
        panic!("{what} prints {c:?}: {text:?}");
    }
    for line in text.lines() {
        let ours = annotations
            && ["::error file=", "::warning file=", "::error title=", "::warning title="]
                .iter()
                .any(|ours| line.starts_with(ours));
        let obeyed = line.trim_start().starts_with("::") || line.contains("##[");
        assert!(ours || !obeyed, "{what}: {line:?}");
    }
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A catalogue that is right, and generated.
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        let done = place.command(place.folder.path(), &["init", "place"]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        place.run(&["generate"]);
        place
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("place")
    }

    fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgflakegen"));
        command
            .current_dir(folder)
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env_remove("GITHUB_TOKEN");
        command
    }

    /// Runs it and searches what it prints, which must have `part` in it.
    fn look(&self, arguments: &[&str], part: &str) {
        self.look_at(&mut self.command(&self.root(), arguments), arguments, part);
    }

    fn look_at(&self, command: &mut Command, arguments: &[&str], part: &str) {
        let output = command.output().unwrap();
        let annotations = arguments.contains(&"github");
        search(&format!("{arguments:?}, stdout"), &output.stdout, annotations);
        search(&format!("{arguments:?}, stderr"), &output.stderr, false);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains(part), "{arguments:?} has no {part:?}: {said}");
    }

    fn run(&self, arguments: &[&str]) {
        let output = self.command(&self.root(), arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// A file of the catalogue's extensions.
    fn extension(&self) -> String {
        let folder = self.root().join("catalogue/extensions");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names.remove(0)
    }
}

const FORMATS: [&str; 4] = ["text", "json", "github", "sarif"];

#[test]
fn findings() {
    let place = Place::new();
    let path = format!("catalogue/extensions/{}", place.extension());
    let text = place.read(&path);
    let escaped = toml(&bad());
    // What TOML allows to stand there as it is does so.
    let raw: String = bad().chars().filter(|c| *c > '\u{7f}').collect();
    let evil = format!(
        "\"{escaped}\" = 1\n\"::error::x\" = 2 # {raw}\n\"\\n::stop-commands::x\\n##[group]\" = '{raw}'\n{text}"
    );
    place.write(&path, &evil);
    for format in FORMATS {
        place.look(&["check", "--no-evaluate", "--format", format], "stop-commands");
        place.look(&["validate", "--format", format], "");
    }
    place.look(&["check", "--no-evaluate", "--color", "never"], "stop-commands");
    // With colours there are colours, and nothing else.
    let output =
        place.command(&place.root(), &["check", "--no-evaluate", "--color", "always"]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let colours = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    assert!(colours.is_match(&text));
    search("with colours", colours.replace_all(&text, "").as_bytes(), false);
}

#[test]
fn differences() {
    let place = Place::new();
    let path = format!("generated/extensions/{}", place.extension().replace(".toml", ".nix"));
    let text = place.read(&path);
    let name = format!("generated/extensions/a{}.nix", bad());
    place.write(&name, &text);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = lines.len() - 2;
    lines.insert(at, format!(" ::stop-commands::{}\n::set-env::\n\r::error::x\n##[group]", bad()));
    place.write(&path, &(lines.join("\n") + "\n"));
    for format in FORMATS {
        place.look(&["check", "--no-evaluate", "--format", format], "extensions/a\\");
    }
    place.look(&["generate"], "");
    let output =
        place.command(&place.root(), &["check", "--no-evaluate", "--color", "always"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let colours = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    search("with colours", colours.replace_all(&text, "").as_bytes(), false);
}

#[test]
fn tables() {
    let place = Place::new();
    let path = format!("catalogue/extensions/{}", place.extension());
    let text = place.read(&path);
    let text: Vec<String> = text
        .lines()
        .map(|line| match line.strip_prefix("description = \"") {
            Some(rest) => format!("description = \"{}::x {rest}", toml(&bad())),
            None => line.to_owned(),
        })
        .collect();
    place.write(&path, &text.join("\n"));
    let name = place.extension().replace(".toml", "");
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["show", &name],
        &["show", &name, "--json"],
        &["matrix"],
        &["matrix", "--json"],
        &["explorer"],
        &["licenses"],
        &["licenses", "--json"],
        &["audit", "--own"],
    ] {
        place.look(arguments, "");
    }
}

#[test]
fn messages_of_commands() {
    let place = Place::new();
    let bad = format!("x{}\n::error::y", bad());
    let missing = format!("./{bad}");
    for arguments in [
        &["show", &bad][..],
        &["explain", &bad],
        &["--root", &bad, "list"],
        &["list", "--postgresql", &bad],
        &["bump", &bad],
        &["verify", &bad],
        &["prefetch", &bad],
        &["prefetch", &missing],
        &["add", &bad],
        &["drv-diff", &bad],
        &["diff", &bad],
        &["diff", "HEAD", &missing],
        &["sbom", &bad],
        &["size", &bad],
        &["licenses", &bad],
        &["audit", "--database", &missing],
        &["validate", &bad],
        &["import", "nix", &bad],
        &["eval", "--file", &bad],
        &["index", "--from", &bad],
        &["init", &format!("{bad}/a")],
        &[&bad],
        &["list", &format!("--{bad}")],
    ] {
        place.look(arguments, "");
    }
}

#[test]
fn evaluated_programs() {
    let place = Place::new();
    let text = format!("{}\r\n::stop-commands::x\n ##[group]", bad());
    // Nix strings hold any character.
    let literal = format!("\"{text}\"");
    for (expression, part) in [
        (format!("builtins.trace {literal} 1"), "trace: "),
        (format!("builtins.trace {{ a = {literal}; }} 1"), "trace: "),
        (format!("builtins.warn {literal} 1"), "warning: "),
        (format!("throw {literal}"), "stop-commands"),
        (format!("abort {literal}"), "stop-commands"),
        (format!("builtins.addErrorContext {literal} (throw \"x\")"), ""),
        (format!("{{ a = 1; }}.{literal}"), ""),
        (format!("builtins.readFile (/. + {literal})"), ""),
        (format!("let {} = 1; in 1 +", "a"), "error"),
        (format!("# {text}\n1 + \"\""), "error"),
    ] {
        let arguments = ["eval", "--expr", &expression];
        let output = place.command(&place.root(), &arguments).output().unwrap();
        search(&expression, &output.stderr, false);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(part), "{expression:?}: {said}");
    }
    // What was asked for is what comes, to the byte.
    let value = format!("a{}\n::x", bad());
    let output =
        place.command(&place.root(), &["eval", "--raw", "--expr", &format!("\"{value}\"")]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end_matches('\n'), value);
}

/// Answers every request with `answer`.
fn serve(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(&answer);
        }
    });
    address
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[test]
fn answers_of_servers() {
    let high: String = bad().chars().filter(|c| *c > '\u{7f}').collect();
    // What a server may put where: a reason, an address, a body, what git takes for a message.
    let packet = |text: &str| format!("{:04x}{text}", text.len() + 4);
    let service = packet("# service=git-upload-pack\n") + "0000";
    let git_says = service + &packet(&format!("ERR {}\n::error::x\n", bad()));
    let answers = [
        answer("404 \u{1b}[31mno", "", bad().as_bytes()),
        answer("418 x", "", bad().as_bytes()),
        answer("302 x", &format!("Location: http://127.0.0.1:1/{high}\r\n"), b""),
        answer("302 x", &format!("Location: {high}://x/\r\n"), b""),
        answer("200 x", "Content-Type: application/x-git-upload-pack-advertisement\r\n", git_says.as_bytes()),
        answer(
            "200 x",
            "",
            format!(
                "{{\"releases\":{{\"stable\":[{{\"version\":\"9{}\"}}]}}}}",
                toml(&bad()).replace("\\U0000", "\\u").replace("\\U000", "x")
            )
            .as_bytes(),
        ),
        answer("200 x", "", bad().as_bytes()),
    ];
    std::thread::scope(|scope| {
        for answer in answers {
            scope.spawn(move || answered(answer));
        }
    });
}

/// Everything that asks a server, where all servers answer so.
fn answered(answer: Vec<u8>) {
    let (server, place) = (serve(answer), Place::new());
    let path = format!("catalogue/extensions/{}", place.extension());
    let text = place.read(&path);
    let name = place.extension().replace(".toml", "");
    let look = |arguments: &[&str]| {
        let mut command = place.command(&place.root(), arguments);
        for name in ["GITHUB", "GITHUB_API", "POSTGRESQL", "PGXN", "CRATES", "CRATES_INDEX"] {
            command.env(format!("PGFLAKEGEN_MIRROR_{name}"), &server);
        }
        place.look_at(&mut command, arguments, "");
    };
    for from in ["tags", "pgxn:x", "releases"] {
        let asks = format!("versions-from = \"{from}\"\n\n[[version]]");
        place.write(&path, &text.replacen("[[version]]", &asks, 1));
        look(&["outdated", &name]);
        look(&["bump", &name, "--dry-run", "--json"]);
    }
    look(&["verify", &name]);
    look(&["prefetch", &format!("{server}/x")]);
    look(&["prefetch", &format!("git+{server}/x")]);
    look(&["add", "owner/repo", "--dry-run"]);
}
