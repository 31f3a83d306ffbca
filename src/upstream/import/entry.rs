//! From a draft to the text of a catalogue entry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use camino::Utf8PathBuf;
use toml_edit::Value;

use super::derivation::{Common, Left};
use super::{At, Crates, Derivation, Draft, Fetched, Imported, Override};
use crate::catalogue::kinds::{Kind, RecipeClues};
use crate::catalogue::version::compare;
use crate::layout;
use crate::upstream::edit::{self, EditError};

fn quoted(text: &str) -> String {
    Value::from(text).to_string().trim().to_owned()
}

fn list<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", all.into_iter().map(quoted).collect::<Vec<_>>().join(", "))
}

fn table<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> =
        all.into_iter().map(|(name, value)| format!("{} = {}", key(name), quoted(value))).collect();
    if pairs.is_empty() { "{ }".into() } else { format!("{{ {} }}", pairs.join(", ")) }
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if bare { name.to_owned() } else { quoted(name) }
}

/// How an extension is built.
pub(super) fn kind(is_pgrx: bool, versions: &[Derivation], left: &[Left], common: &Common) -> Kind {
    let tool = |name: &str| {
        versions.iter().any(|version| {
            version.lists.get("native-build-inputs").is_some_and(|list| list.iter().any(|tool| tool == name))
        })
    };
    let clues = RecipeClues {
        is_pgrx,
        builds_nothing: common.builds_nothing,
        tool: &tool,
        key: &|key| versions.iter().any(|version| version.lists.contains_key(key)),
        attribute: &|name| left.iter().any(|left| left.name == name),
    };
    let found = Kind::all().filter_map(|kind| Some((kind, kind.recognize(&clues)?)));
    found.max_by_key(|(_, weight)| *weight).map_or(Kind::USUAL, |(kind, _)| kind)
}

/// What a kind's own builder makes of no effect.
pub(super) fn is_needless(name: &str, kind: Kind) -> bool {
    kind.needless().contains(&name)
}

/// `text` with `{version}` for the version, where it stands by itself; `None`: it does not stand there.
fn template(text: &str, version: &str, once: bool) -> Option<String> {
    let (mut out, mut rest, mut count) = (String::new(), text, 0);
    let part = |c: char| c.is_ascii_digit() || c == '.';
    while let Some(at) = rest.find(version).filter(|_| !version.is_empty()) {
        let (before, after) = (&rest[..at], &rest[at + version.len()..]);
        let more = after.starts_with(|c: char| c.is_ascii_digit())
            || after.strip_prefix('.').is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit()));
        if before.ends_with(part) || more {
            out.push_str(&rest[..at + version.len()]);
        } else {
            out.push_str(before);
            out.push_str("{version}");
            count += 1;
        }
        rest = after;
    }
    out.push_str(rest);
    (count == 1 || count > 1 && !once).then_some(out)
}

/// What stands at the top of an entry, and so need not stand in each version.
#[derive(Default)]
struct Head {
    /// Tag or URL with `{version}`.
    template: Option<String>,
    /// A commit that the source names.
    rev: Option<String>,
    /// Build keys as TOML.
    build: BTreeMap<&'static str, String>,
}

/// A version's build keys as TOML.
fn build(version: &Derivation, patches: &[String]) -> BTreeMap<&'static str, String> {
    let mut keys: BTreeMap<&'static str, String> = BTreeMap::new();
    for (key, values) in &version.lists {
        keys.insert(key, list(values.iter().map(String::as_str)));
    }
    if !version.env.is_empty() {
        keys.insert("env", table(version.env.iter().map(|(name, value)| (name.as_str(), value.as_str()))));
    }
    for (key, text) in &version.texts {
        keys.insert(key, quoted(text));
    }
    for (key, on) in &version.switches {
        keys.insert(key, on.to_string());
    }
    if !patches.is_empty() {
        keys.insert("patches", list(patches.iter().map(String::as_str)));
    }
    keys
}

/// Build keys in the order of the documentation.
static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut keys = vec!["build-inputs", "native-build-inputs", "make-flags"];
    keys.extend(Kind::all().rev().flat_map(|kind| kind.flags().iter().map(|flags| flags.key)));
    keys.extend([
        "env",
        "patches",
        "source-root",
        "features",
        "cargo-package",
        "default-features",
        "pg-test-feature",
    ]);
    keys
});

fn nothing(key: &str) -> &'static str {
    match key {
        "env" => "{ }",
        "source-root" | "cargo-package" => "\"\"",
        "default-features" | "pg-test-feature" => "true",
        _ => "[]",
    }
}

impl Draft {
    /// Patch files go to `patches/NAME/`: the paths for each version.
    fn patches(&self, files: &mut BTreeMap<Utf8PathBuf, String>) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        for version in &self.versions {
            let mut paths = Vec::new();
            for (file, text) in &version.patches {
                let mut path = layout::patch(&self.name, file);
                if files.get(&path).is_some_and(|known| known != text) {
                    path = layout::patch(&self.name, &format!("{}-{file}", version.version));
                }
                files.insert(path.clone(), text.clone());
                paths.push(path.into_string());
            }
            all.push(paths);
        }
        all
    }

    /// The entry as a new file.
    pub fn write(mut self) -> Imported {
        if self.versions.is_empty() {
            return self.nothing();
        }
        self.versions.sort_by(|a, b| compare(&a.version, &b.version));
        let mut files = BTreeMap::new();
        let patches = self.patches(&mut files);
        let builds: Vec<BTreeMap<&'static str, String>> = self
            .versions
            .iter()
            .zip(&patches)
            .map(|(version, patches)| self.build(version, patches))
            .collect();
        let head = self.head(&builds);
        let mut text = self.top(&head);
        if let Some((path, nix)) = self.override_file(&mut files) {
            text.push_str(&format!("override = {}\n", quoted(path.as_str())));
            files.insert(path, nix);
        }
        for (version, build) in self.versions.iter().zip(&builds) {
            text.push_str(&format!("\n{}", self.block(version, build, &head, &mut files)));
        }
        files.insert(layout::extension_toml(&self.name), text);
        self.imported(files)
    }

    /// The versions that an entry lacks, put into it.
    ///
    /// # Errors
    /// When the entry cannot be edited.
    pub fn merge_into(mut self, text: &str) -> Result<Imported, EditError> {
        let known: BTreeSet<String> =
            edit::blocks(text, "version", "version")?.into_iter().map(|block| block.name).collect();
        self.versions.retain(|version| !known.contains(&version.version));
        if self.versions.is_empty() {
            return Ok(Imported::refused(&self.name, "the catalogue has all its versions already"));
        }
        self.versions.sort_by(|a, b| compare(&a.version, &b.version));
        let mut files = BTreeMap::new();
        let patches = self.patches(&mut files);
        let head = head_of(text);
        let mut text = text.to_owned();
        for (version, patches) in self.versions.iter().zip(&patches) {
            let build = self.build(version, patches);
            let block = self.block(version, &build, &head, &mut files);
            let blocks = edit::blocks(&text, "version", "version")?;
            let before = blocks.iter().rev().find(|block| compare(&block.name, &version.version).is_lt());
            text = edit::insert(&text, before.or(blocks.last()), &block);
        }
        if !self.overrides.is_empty() {
            let names: BTreeSet<&str> =
                self.overrides.iter().flat_map(|(_, one)| &one.names).map(String::as_str).collect();
            let names: Vec<&str> = names.into_iter().collect();
            self.common
                .remarks
                .insert(format!("{} is not in the entry: look at its override", names.join(", ")));
            self.overrides.clear();
        }
        files.insert(layout::extension_toml(&self.name), text);
        Ok(self.imported(files))
    }

    fn build(&self, version: &Derivation, patches: &[String]) -> BTreeMap<&'static str, String> {
        let mut version = version.clone();
        if let Some(list) = version.lists.get_mut("native-build-inputs") {
            list.retain(|tool| !self.kind.adds().contains(&tool.as_str()));
        }
        version.lists.retain(|_, list| !list.is_empty());
        build(&version, patches)
    }

    fn nothing(self) -> Imported {
        let why = match self.dropped.as_slice() {
            [] => "it has no version".to_owned(),
            all => all.join("; "),
        };
        Imported::refused(&self.name, why)
    }

    fn imported(self, files: BTreeMap<Utf8PathBuf, String>) -> Imported {
        let mut remarks = self.dropped;
        for (_, one) in self.overrides.iter().filter(|(_, one)| !one.names.is_empty()) {
            let to = format!(
                "{} went to {}",
                one.names.join(", "),
                layout::in_catalogue(layout::override_nix(&self.name))
            );
            if !remarks.contains(&to) {
                remarks.push(to);
            }
        }
        remarks.extend(self.common.remarks);
        let cargo_pgrx = match self.kind.has_crates() {
            true => self.versions.iter().filter_map(|version| version.pgrx.clone()).collect(),
            false => BTreeSet::new(),
        };
        Imported { name: self.name, files, remarks, refused: None, cargo_pgrx }
    }

    fn override_file(&self, files: &mut BTreeMap<Utf8PathBuf, String>) -> Option<(Utf8PathBuf, String)> {
        if self.overrides.iter().all(|(_, one)| one.names.is_empty()) {
            return None;
        }
        for (_, one) in &self.overrides {
            files.extend(one.files.clone());
        }
        let provenance = format!("From {}: what the catalogue has no key for.", self.provenance);
        Some((layout::override_nix(&self.name), Override::file(&self.overrides, &provenance)))
    }

    fn head(&self, builds: &[BTreeMap<&'static str, String>]) -> Head {
        let mut head = Head::default();
        for key in KEYS.iter().copied() {
            let values: Vec<Option<&String>> = builds.iter().map(|build| build.get(key)).collect();
            // What a version cannot take back stands in each.
            let all = values.iter().all(Option::is_some);
            let resettable = !matches!(key, "source-root" | "cargo-package");
            let usual = values
                .iter()
                .flatten()
                .max_by_key(|value| values.iter().flatten().filter(|other| other == value).count());
            if let Some(usual) = usual {
                let count = values.iter().flatten().filter(|value| *value == usual).count();
                if (all || resettable) && (count * 2 > values.len() || values.len() == 1) {
                    head.build.insert(key, (*usual).clone());
                }
            }
        }
        let templates: Vec<String> = self.versions.iter().filter_map(place_template).collect();
        head.template = templates
            .iter()
            .rev()
            .max_by_key(|template| templates.iter().filter(|other| other == template).count())
            .cloned();
        if let ([one], None) = (self.versions.as_slice(), &head.template)
            && let Some(Fetched::Git { at: At::Rev(rev), .. }) = &one.source
        {
            head.rev = Some(rev.clone());
        }
        head
    }

    fn top(&mut self, head: &Head) -> String {
        let mut text =
            format!("#:schema ../../schema/extension.json\n# Imported from {}.\n", self.provenance);
        let mut line = |key: &str, value: &str| text.push_str(&format!("{key} = {value}\n"));
        match self.common.meta.get("description") {
            Some(description) => line("description", &quoted(&described(description, &self.name))),
            None => {
                line("description", &quoted(&self.name));
                self.common.remarks.insert("it has no description".into());
            }
        }
        for key in ["homepage", "changelog"] {
            if let Some(page) = self.common.meta.get(key) {
                line(key, &quoted(page));
            }
        }
        match self.common.licenses.as_slice() {
            [] => {
                line("license", &quoted("unfree"));
                self.common.remarks.insert("its licence was not understood: it is unfree now".into());
            }
            [one] => line("license", &quoted(one)),
            more => line("license", &list(more.iter().map(String::as_str))),
        }
        line("kind", &quoted(self.kind.name()));
        let names = |names: &[String]| list(names.iter().map(String::as_str));
        match (&self.common.surroundings, &self.common.sql) {
            (Some(known), _) => {
                if known.sql != [self.name.as_str()] {
                    line("sql", &names(&known.sql));
                }
                for (key, given) in [("requires", &known.requires), ("preload", &known.preload)] {
                    if !given.is_empty() {
                        line(key, &names(given));
                    }
                }
            }
            (None, Some(sql)) => line("sql", &list([sql.as_str()])),
            (None, None) => {}
        }
        if self.common.broken {
            line("broken", &quoted("meta.broken was set in the file that it comes from"));
        }
        let mut excluded: Vec<&str> = self.common.bad_platforms.iter().map(String::as_str).collect();
        if self.common.linux_only && !excluded.contains(&"aarch64-darwin") {
            excluded.push("aarch64-darwin");
        }
        if !excluded.is_empty() {
            line("exclude-systems", &list(excluded));
        }
        if let Some(file) = &self.common.override_file {
            line("override", &quoted(file));
        }
        if let Some(source) = self.versions.last().and_then(|version| version.source.as_ref()) {
            line("source", &place(source, head));
        }
        for key in KEYS.iter().copied() {
            if let Some(value) = head.build.get(key) {
                line(key, value);
            }
        }
        text
    }

    fn block(
        &self,
        version: &Derivation,
        build: &BTreeMap<&'static str, String>,
        head: &Head,
        files: &mut BTreeMap<Utf8PathBuf, String>,
    ) -> String {
        let mut text = format!("[[version]]\nversion = {}\n", quoted(&version.version));
        let mut line = |key: &str, value: String| text.push_str(&format!("{key} = {value}\n"));
        if !version.postgresql.is_empty() {
            line("postgresql", list(version.postgresql.iter().map(String::as_str)));
        } else if !self.common.bounds.is_empty() {
            line("postgresql", quoted(&self.common.bounds.join(", ")));
        } else {
            line("postgresql", format!("\">={}\"  # the Nix file says nothing", self.lowest));
        }
        let expected = head.template.as_ref().map(|template| template.replace("{version}", &version.version));
        match &version.source {
            Some(Fetched::GitHub { at, .. } | Fetched::Git { at, .. }) => match at {
                At::Tag(tag) if expected.as_ref() == Some(tag) => {}
                At::Rev(rev) if head.rev.as_ref() == Some(rev) => {}
                At::Tag(tag) => line("tag", quoted(tag)),
                At::Rev(rev) => line("rev", quoted(rev)),
            },
            Some(Fetched::Url(url)) if expected.as_ref() != Some(url) => line("url", quoted(url)),
            _ => {}
        }
        line("hash", quoted(version.hash.as_deref().unwrap_or_default()));
        for key in KEYS.iter().copied() {
            match (build.get(key), head.build.get(key)) {
                (Some(own), usual) if Some(own) != usual => line(key, own.clone()),
                (None, Some(_)) => line(key, nothing(key).to_owned()),
                _ => {}
            }
        }
        if self.kind.has_crates() {
            for (key, value) in [("pgrx", &version.pgrx), ("rust", &version.rust)] {
                if let Some(value) = value {
                    line(key, quoted(value));
                }
            }
            match &version.crates {
                Crates::Hash(hash) => line("cargo-hash", quoted(hash)),
                Crates::Lock(lock, hashes) => {
                    let path = layout::cargo_lock(&self.name, &version.version);
                    line("cargo-lock", quoted(path.as_str()));
                    if !hashes.is_empty() {
                        let pairs = hashes.iter().map(|(name, hash)| (name.as_str(), hash.as_str()));
                        line("output-hashes", table(pairs));
                    }
                    files.insert(path, lock.clone());
                }
                Crates::Unsaid | Crates::Own(_) => {}
            }
        }
        text
    }
}

/// As nixpkgs wants descriptions, and not "NAME is a …".
fn described(description: &str, name: &str) -> String {
    // Of several lines the first sentence says enough.
    let words: Vec<&str> = description.split_whitespace().collect();
    let words = words.join(" ");
    let sentence = match description.trim().contains('\n') {
        true => words.split(". ").next().unwrap_or_default(),
        false => words.as_str(),
    };
    let line = crate::upstream::entry::tidy(sentence);
    let head = line.get(..name.len()).filter(|head| head.eq_ignore_ascii_case(name));
    let rest = head.and_then(|head| line[head.len()..].strip_prefix(" is "));
    match rest {
        Some(rest) => {
            let rest =
                ["a ", "an ", "the "].iter().find_map(|article| rest.strip_prefix(article)).unwrap_or(rest);
            crate::upstream::entry::tidy(rest)
        }
        None => line,
    }
}

fn place_template(version: &Derivation) -> Option<String> {
    match version.source.as_ref()? {
        Fetched::GitHub { at: At::Tag(tag), .. } | Fetched::Git { at: At::Tag(tag), .. } => {
            template(tag, &version.version, true)
        }
        Fetched::Url(url) => template(url, &version.version, false),
        _ => None,
    }
}

fn place(source: &Fetched, head: &Head) -> String {
    let tag = head.template.as_ref().map_or(String::new(), |tag| format!(", tag = {}", quoted(tag)));
    let more = |submodules: bool| if submodules { ", submodules = true" } else { "" };
    match source {
        Fetched::GitHub { name, submodules, .. } => {
            format!("{{ github = {}{tag}{} }}", quoted(name), more(*submodules))
        }
        Fetched::Url(url) => format!("{{ url = {} }}", quoted(head.template.as_deref().unwrap_or(url))),
        Fetched::Git { url, submodules, .. } => {
            let rev = head.rev.as_ref().map_or(String::new(), |rev| format!(", rev = {}", quoted(rev)));
            format!("{{ git = {}{tag}{rev}{} }}", quoted(url), more(*submodules))
        }
    }
}

/// The head of an entry that is there.
fn head_of(text: &str) -> Head {
    let mut head = Head::default();
    let Ok(document) = text.parse::<toml::Table>() else { return head };
    if let Some(source) = document.get("source").and_then(toml::Value::as_table) {
        let text = |key: &str| source.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        head.template = text("tag").or_else(|| text("url"));
        head.rev = text("rev");
    }
    for key in KEYS.iter().copied() {
        let value = match document.get(key) {
            Some(toml::Value::Array(items)) => list(items.iter().filter_map(toml::Value::as_str)),
            Some(toml::Value::Table(pairs)) => {
                table(pairs.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))))
            }
            Some(toml::Value::String(text)) => quoted(text),
            _ => continue,
        };
        head.build.insert(key, value);
    }
    head
}
