//! A file read once for each version: its version, source and crates; `attributes` has the rest.

use std::collections::{BTreeMap, HashSet};

use rnix::ast;
use rowan::ast::AstNode;

use super::attributes::shorten;
use super::derivation::{Common, Crates, Derivation, How, Left};
use super::knowledge::Knowledge;
use super::phases;
use super::site::{self, Case, Site};
use super::source;
use super::value::{Definition, Entry, Value};
use crate::catalogue::kinds::Kind;
use crate::nix::syntax::text;

/// Reads one case after another.
pub struct Reading<'a, 'b> {
    /// The file.
    pub known: &'a mut Knowledge<'b>,
    /// Its derivation.
    pub site: &'a Site,
    /// What all cases have in common.
    pub common: Common,
    /// What goes to the override, by attribute, each expression once.
    pub left: Vec<Left>,
    /// Whether it is a pgrx extension.
    pub is_pgrx: bool,
    /// The text of phases that were left out.
    pub dropped: String,
    /// What goes to the override for all versions, as it does for one.
    pub forced: HashSet<rnix::TextRange>,
}

impl Reading<'_, '_> {
    /// What is known of a definition: the same whatever the PostgreSQL.
    pub(super) fn value(&mut self, definition: &Definition, case: &Case, majors: &[u32]) -> Value {
        if self.forced.contains(&range(definition)) {
            return Value::Unknown;
        }
        let value = self.plain(definition, case, 0);
        if is_known(&value) || majors.is_empty() || self.known.major.is_some() {
            return value;
        }
        let mut same: Option<Value> = None;
        for major in majors {
            self.known.major = Some(*major);
            let one = self.plain(definition, case, 0);
            self.known.major = None;
            if !is_known(&one) || same.as_ref().is_some_and(|same| *same != one) {
                return value;
            }
            same = Some(one);
        }
        same.unwrap_or(value)
    }

    fn plain(&self, definition: &Definition, case: &Case, depth: usize) -> Value {
        let value = self.known.definition(definition, &case.env);
        self.plain_value(value, depth)
    }

    fn plain_value(&self, value: Value, depth: usize) -> Value {
        match value {
            Value::Set(..) if depth < 4 => {
                let attrs = self.known.attrs(&value).unwrap_or_default();
                let plain = |(name, value)| (name, self.plain_value(value, depth + 1));
                Value::Attrs(attrs.into_iter().map(plain).collect())
            }
            Value::List(items) if depth < 4 => {
                Value::List(items.into_iter().map(|item| self.plain_value(item, depth + 1)).collect())
            }
            other => other,
        }
    }

    /// One case as a derivation.
    ///
    /// # Errors
    /// Why it is none for the catalogue.
    pub fn read(&mut self, case: &Case, majors: &[u32]) -> Result<Derivation, String> {
        let (entries, undecided) = self.site.attributes(self.known, case);
        for expr in undecided {
            let shown = shorten(&expr);
            self.common.remarks.insert(format!("`// {shown}` was left out"));
        }
        let mut own = Derivation::default();
        own.version = match &case.version {
            Some(version) => version.clone(),
            None => {
                let definition = site::definition(&entries, "version");
                let value =
                    definition.map(|definition| self.value(definition, case, majors)).unwrap_or_default();
                let own = value.text().map(str::to_owned);
                own.or_else(|| self.version_of_name(&entries, case))
                    .ok_or("its version is not written out")?
            }
        };
        own.postgresql = case.listed.get("postgresql").map(strings).unwrap_or_default();
        self.pgrx(&mut own, case, &entries, majors);
        self.source(&mut own, case, &entries, majors)?;
        if self.common.surroundings.is_none() {
            self.common.surroundings = super::tested::read(self, &entries, case);
        }
        for entry in &entries {
            self.attribute(entry, case, majors, &mut own);
        }
        if let Some(Value::List(patches)) = case.listed.get("patches")
            && own.patches.is_empty()
            && !entries.iter().any(|entry| entry.path == ["patches"])
        {
            for patch in patches.iter().filter_map(Value::text) {
                self.patch(&format!("./{patch}"), &mut own);
            }
        }
        Ok(own)
    }

    /// `name = "pg_similarity-1.0"`.
    fn version_of_name(&mut self, entries: &[Entry], case: &Case) -> Option<String> {
        if site::definition(entries, "version").is_some() {
            return None;
        }
        let name = self.site.value(self.known, entries, "name", &case.env);
        let parts = name.text()?.match_indices('-').map(|(at, _)| at).collect::<Vec<_>>();
        let name = name.text()?;
        let at = parts.into_iter().find(|at| name[at + 1..].starts_with(|c: char| c.is_ascii_digit()))?;
        Some(name[at + 1..].to_owned())
    }

    fn source(
        &mut self,
        own: &mut Derivation,
        case: &Case,
        entries: &[Entry],
        majors: &[u32],
    ) -> Result<(), String> {
        let definition = site::definition(entries, "src").ok_or("it has no src")?;
        let mut value = self.known.definition(definition, &case.env);
        let mut fetched = source::read(self.known, &value);
        // What it depends on besides the version may be PostgreSQL's.
        if !matches!(fetched, Ok((_, Some(_)))) {
            let mut each = Vec::new();
            for major in majors {
                self.known.major = Some(*major);
                value = self.known.definition(definition, &case.env);
                if let Ok(own) = source::read(self.known, &value) {
                    each.push((*major, own));
                }
            }
            self.known.major = None;
            let version = &own.version;
            fetched = match each.as_slice() {
                [] => fetched,
                [(_, first), rest @ ..] if rest.iter().all(|(_, other)| other == first) => Ok(first.clone()),
                several => return Err(differs(version, several)),
            };
        }
        let (mut fetched, hash) = fetched?;
        let rev = case.listed.get("rev").or_else(|| case.listed.get("revision")).and_then(Value::text);
        if let Some(rev) = rev.filter(|_| !case.is_called) {
            fetched.check_out(rev);
        }
        own.source = Some(fetched);
        let listed = case.listed.get("hash").or_else(|| case.listed.get("sha256"));
        own.hash = listed.and_then(Value::text).and_then(source::sri).or(hash);
        Ok(())
    }

    /// The Rust toolchain and the crates.
    fn pgrx(&mut self, own: &mut Derivation, case: &Case, entries: &[Entry], majors: &[u32]) {
        if !self.is_pgrx {
            return;
        }
        let listed = |name: &str| case.listed.get(name).and_then(Value::text).map(str::to_owned);
        let builder = self.site.builder.syntax().text().to_string();
        let mut made_by = match text::peel(self.site.builder.clone()) {
            // `buildPgrx { inherit pgrx rust; }`, as we write it.
            ast::Expr::Apply(apply) if Kind::from_function(&builder).is_some() => {
                apply.argument().map(|argument| self.known.of(&argument, &case.env)).unwrap_or_default()
            }
            _ => self.known.of(&self.site.builder, &case.env),
        };
        if let Value::Name(name) = &made_by {
            own.pgrx = underscored(name);
            made_by = Value::Unknown;
        }
        let of_builder = |names: &[&str]| {
            names.iter().find_map(|name| self.known.select(&made_by, name)?.text().map(str::to_owned))
        };
        let by_name = site::definition(entries, "cargo-pgrx")
            .map(|definition| self.known.definition(definition, &case.env));
        if let Some(Value::Name(name)) = by_name {
            own.pgrx = underscored(&name).or(own.pgrx.take());
        }
        own.pgrx = listed("pgrx")
            .or_else(|| of_builder(&["pgrxVersion", "pgrx"]))
            .or(own.pgrx.take())
            .or_else(|| underscored(&builder));
        own.rust = listed("rust").or_else(|| of_builder(&["rustVersion", "rust"]));
        let hash = listed("cargoHash").or_else(|| {
            ["cargoHash", "cargoSha256"].into_iter().find_map(|name| {
                let definition = site::definition(entries, name)?;
                self.known.definition(definition, &case.env).text().map(str::to_owned)
            })
        });
        if let Some(hash) = hash.as_deref().and_then(source::sri) {
            own.crates = Crates::Hash(hash);
            return;
        }
        let Some(definition) = site::definition(entries, "cargoLock") else { return };
        let lock = self.value(definition, case, majors);
        let hashes = match &lock {
            Value::Attrs(attrs) => attrs.get("outputHashes").map(pairs).unwrap_or_default(),
            _ => BTreeMap::new(),
        };
        let file = match &lock {
            Value::Attrs(attrs) => attrs.get("lockFile").cloned().unwrap_or_default(),
            _ => Value::Unknown,
        };
        let file = match file {
            Value::Unknown => self.lock_file(definition, case),
            known => known,
        };
        own.crates = match file {
            Value::Path(path) => match (self.known.files)(&path) {
                Some(text) => Crates::Lock(text, hashes),
                None => {
                    self.common.remarks.insert(format!("the lock file {path} is not there"));
                    Crates::Own(hashes)
                }
            },
            _ => Crates::Own(hashes),
        };
    }

    /// `if pathExists "${src}/Cargo.lock" then … else ./Cargo.lock`: one's own is there for a reason.
    fn lock_file(&self, definition: &Definition, case: &Case) -> Value {
        let Definition::Expr(expr) = definition else { return Value::Unknown };
        let choices = expr.syntax().ancestors().last().into_iter().flat_map(|root| {
            root.descendants().filter_map(ast::IfElse::cast).filter(|choice| {
                choice.condition().is_some_and(|c| c.syntax().text().to_string().contains("Cargo.lock"))
            })
        });
        for choice in choices {
            for side in choice.body().into_iter().chain(choice.else_body()) {
                if let path @ Value::Path(_) = self.known.of(&side, &case.env) {
                    let Value::Path(name) = &path else { continue };
                    if (self.known.files)(name).is_some() {
                        return path;
                    }
                }
            }
        }
        Value::Unknown
    }

    /// Forgets what was read but for what goes to the override, and says whether another reading would differ.
    pub fn again(&mut self) -> bool {
        let left: HashSet<rnix::TextRange> =
            self.left.iter().flat_map(|left| &left.exprs).map(range).collect();
        let more = left.difference(&self.forced).next().is_some();
        if more {
            self.forced.extend(left);
            self.left.clear();
            self.common = Common::default();
            self.dropped.clear();
        }
        more
    }

    /// Without attributes that only what was left out needs.
    pub fn left(&self) -> Vec<Left> {
        let word = |text: &str, name: &str| {
            text.split(|c: char| !(c.is_ascii_alphanumeric() || "_'-".contains(c))).any(|word| word == name)
        };
        let needed = |left: &&Left| {
            let plain =
                left.how == How::Replaces && !left.name.contains('.') && !phases::is_known(&left.name);
            let others =
                self.left.iter().filter(|other| other.name != left.name).flat_map(|other| &other.exprs);
            let in_others = || {
                others.into_iter().any(|definition| match definition {
                    Definition::Expr(expr) => word(&expr.syntax().text().to_string(), &left.name),
                    _ => false,
                })
            };
            !(plain && word(&self.dropped, &left.name) && !in_others())
        };
        self.left.iter().filter(needed).cloned().collect()
    }

    pub(super) fn leave(&mut self, name: &str, how: How, definition: &Definition) {
        let same = |a: &Definition, b: &Definition| match (a, b) {
            (Definition::Expr(a), Definition::Expr(b)) => a.syntax() == b.syntax(),
            (Definition::Inherited(_, a), Definition::Inherited(_, b)) => a == b,
            (Definition::From(a, x), Definition::From(b, y)) => a.syntax() == b.syntax() && x == y,
            _ => false,
        };
        match self.left.iter_mut().find(|left| left.name == name && left.how == how) {
            Some(left) if how == How::Replaces || how == How::Merges => {
                // Of two versions with different texts the later one's holds.
                if !left.exprs.iter().any(|known| same(known, definition)) {
                    left.exprs = vec![definition.clone()];
                    self.common
                        .remarks
                        .insert(format!("{name} differs between versions: look at the override"));
                }
            }
            Some(left) => {
                if !left.exprs.iter().any(|known| same(known, definition)) {
                    left.exprs.push(definition.clone());
                }
            }
            None => {
                self.left.push(Left { name: name.to_owned(), how, exprs: vec![definition.clone()] });
            }
        }
    }
}

/// Why a version with several sources is none for the catalogue, and what would be.
fn differs(version: &str, each: &[(u32, (source::Fetched, Option<String>))]) -> String {
    let majors: Vec<String> = each.iter().map(|(major, _)| major.to_string()).collect();
    let files = each.iter().all(|(_, (fetched, _))| matches!(fetched, source::Fetched::Url(_)));
    let hash = |hash: &Option<String>| hash.clone().unwrap_or_else(|| "…".to_owned());
    let hashes: Vec<String> =
        each.iter().map(|(major, (_, own))| format!("\"{major}\" = \"{}\"", hash(own))).collect();
    let what = match files {
        true => format!(
            "if upstream built them, write kind = \"prebuilt\" with hashes.SYSTEM = {{ {} }} and {{postgresql}} in \
             the source's URL",
            hashes.join(", ")
        ),
        false => "each source is a version of its own".to_owned(),
    };
    format!("{version} has another source for each of PostgreSQL {}: {what}", majors.join(", "))
}

fn range(definition: &Definition) -> rnix::TextRange {
    match definition {
        Definition::Expr(expr) | Definition::From(expr, _) => expr.syntax().text_range(),
        Definition::Inherited(_, range) => *range,
    }
}

fn is_known(value: &Value) -> bool {
    match value {
        Value::Unknown | Value::ServerVersion | Value::Set(..) | Value::Lambda(..) | Value::Partial(..) => {
            false
        }
        Value::Text(_) => value.text().is_some(),
        Value::List(items) => items.iter().all(is_known),
        Value::Attrs(attrs) => attrs.values().all(is_known),
        _ => true,
    }
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().filter_map(Value::text).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn pairs(value: &Value) -> BTreeMap<String, String> {
    match value {
        Value::Attrs(attrs) => attrs
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), source::sri(value.text()?)?)))
            .collect(),
        _ => BTreeMap::new(),
    }
}

/// `buildPgrxExtension_0_12_6` is 0.12.6.
fn underscored(name: &str) -> Option<String> {
    let at = name.find("_0_").or_else(|| name.find("_1_"))?;
    let rest = &name[at + 1..];
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '_')).unwrap_or(rest.len());
    let version = rest[..end].trim_end_matches('_').replace('_', ".");
    // cargo-pgrx_0_12_0_alpha_1, 0_12_0_rc1
    let word = &rest[end..];
    let early = ["alpha", "beta", "rc"].iter().find(|early| word.starts_with(**early));
    let Some(early) = early.filter(|_| rest[..end].ends_with('_')) else { return Some(version) };
    let number = word[early.len()..].trim_start_matches('_');
    let number: String = number.chars().take_while(char::is_ascii_digit).collect();
    Some(if number.is_empty() { format!("{version}-{early}") } else { format!("{version}-{early}.{number}") })
}

/// The majors of the PostgreSQLs that a case is for.
pub fn majors_of(case: &Case, postgresqls: &[(String, u32)]) -> Vec<u32> {
    let names = case.listed.get("postgresql").map(strings).unwrap_or_default();
    let mut majors: Vec<u32> = names
        .iter()
        .filter_map(|name| {
            let known = postgresqls.iter().find(|(known, _)| known == name).map(|(_, major)| *major);
            known.or_else(|| name.parse().ok())
        })
        .collect();
    majors.sort_unstable();
    majors.dedup();
    majors
}

impl Reading<'_, '_> {
    /// `versions.${lib.versions.major postgresql.version}`: a version for each PostgreSQL.
    ///
    /// # Errors
    /// When a version has different sources for them.
    pub fn by_major(&mut self, postgresqls: &[(String, u32)]) -> Result<Vec<Derivation>, String> {
        let mut all: Vec<Derivation> = Vec::new();
        for (name, major) in postgresqls {
            let case = self.site.only();
            self.known.major = Some(*major);
            let (entries, _) = self.site.attributes(self.known, &case);
            let version = self.site.value(self.known, &entries, "version", &case.env);
            self.known.major = None;
            let Some(version) = version.text().map(str::to_owned) else { continue };
            let case = Case { version: Some(version), ..case };
            let Ok(mut own) = self.read(&case, &[*major]) else { continue };
            let Some(known) = all.iter_mut().find(|known| known.version == own.version) else {
                own.postgresql = vec![name.clone()];
                all.push(own);
                continue;
            };
            if (&known.source, &known.hash) != (&own.source, &own.hash) {
                return Err(format!(
                    "{} has one source for PostgreSQL {} and another for {name}",
                    own.version,
                    known.postgresql.join(", ")
                ));
            }
            known.postgresql.push(name.clone());
        }
        Ok(all)
    }
}
