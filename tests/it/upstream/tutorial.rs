//! docs/tutorial.md, typed on a terminal from its first line to its last, and the picture in the README.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::docs::same;
use crate::upstream::bump::{Place, vector};
use crate::upstream::pty::{Ended, Terminal};

const TUTORIAL: &str = "docs/tutorial.md";

/// A folder whose upstream has some releases, and where one is in it.
struct Reader {
    place: Place,
    here: PathBuf,
}

impl Reader {
    fn new() -> Self {
        let place = Place::new();
        place.serve("pgvector/pgvector", &vector(&["v0.7.4", "v0.7.5", "v0.8.0", "v0.8.1"]));
        let here = tempfile::TempDir::new_in(place.root.path()).unwrap().keep();
        Self { place, here }
    }

    /// Types a line into a shell, and gives what the screen shows then.
    fn types(&mut self, line: &str, colours: bool) -> Ended {
        if let Some(folder) = line.strip_prefix("cd ") {
            self.here.push(folder);
        }
        let mut command = Command::new("sh");
        let mine = self.place.command(&[]);
        command.envs(mine.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let program = Path::new(env!("CARGO_BIN_EXE_pgflakegen")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        command
            .args(["-c", if line.starts_with("cd ") { "true" } else { line }])
            .current_dir(&self.here)
            .env("PATH", format!("{}:{path}", program.display()))
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_PAGER", "cat")
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "init.defaultBranch")
            .env("GIT_CONFIG_VALUE_0", "main")
            .env("GIT_AUTHOR_DATE", "2026-11-02T09:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-11-02T09:00:00Z")
            .env_remove("CI")
            .env_remove("RUST_BACKTRACE");
        match colours {
            true => command.env_remove("NO_COLOR"),
            false => command.env("NO_COLOR", "1"),
        };
        Terminal::start(command, 200, 100).end()
    }
}

/// What a terminal shows, without what is empty at its end.
fn shown(ended: &Ended) -> String {
    let lines = ended.screen.trim_end().lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

#[test]
fn the_tutorial_is_what_one_sees() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(TUTORIAL);
    let text = std::fs::read_to_string(file).unwrap();
    let mut reader = Reader::new();
    let (mut out, mut inside) = (String::new(), false);
    for line in text.lines() {
        match (line, inside) {
            ("```console", _) => inside = true,
            ("```", true) => inside = false,
            (_, true) => {
                let Some(typed) = line.strip_prefix("$ ") else { continue };
                out.push_str(&format!("$ {typed}\n{}", shown(&reader.types(typed, false))));
                continue;
            }
            _ => {}
        }
        out.push_str(line);
        out.push('\n');
    }
    assert!(out.contains("0.8.1"), "{out}");
    same(TUTORIAL, &out);
}

#[test]
fn the_picture_is_what_one_sees() {
    let mut reader = Reader::new();
    for line in [
        "pgflakegen init --quiet .",
        "git init --quiet",
        "pgflakegen --quiet",
        "git add .",
        "git commit -qm first",
    ] {
        assert!(reader.types(line, false).status.success(), "{line}");
    }
    let mut screen = String::new();
    for line in
        ["pgflakegen outdated pgvector", "pgflakegen bump pgvector", "git diff --color=always -U1 catalogue"]
    {
        let ended = reader.types(line, true);
        screen
            .push_str(&format!("\x1b[32m$\x1b[0m {line}\n{}\n", ended.raw.replace("\r\n", "\n").trim_end()));
    }
    assert!(!screen.contains('\r'), "{screen:?}");
    same("docs/bump.svg", &anstyle_svg::Term::new().render_svg(&screen));
}
