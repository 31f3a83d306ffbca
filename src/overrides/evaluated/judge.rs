//! One build with its override, looked at.

use super::session::{Again, Opened, Place, Session, ask, field, follow, lossy, names, says, string};
use super::{At, Build, Found};
use crate::diag::Code;
use crate::nix::eval::{Attribute, Error, ErrorKind, Kind, Result, Value, suggest};
use crate::overrides::mk_derivation::{Takes, takes};
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    EvalArgument =
        "The override was called as in the flake, and the package set has no package or function of this name, or \
         has one that only says why it was removed. Other than PGF303, which knows nixpkgs from a list of names, \
         this one asked nixpkgs itself, at the catalogue's revision.";
    EvalFailed =
        "Evaluation of the overridden derivation ended in an error, as `nix build` would: infinite recursion (an \
         attribute that needs itself: take `old.x`, not `finalAttrs.x`), a file that is not there, a number that is \
         none.";
    EvalForm =
        "Called with the packages and the old attributes, the override gives no set: a string, a list, a \
         derivation, or a function that wants more arguments than there are. What it must give is in \
         docs/overrides.md.";
    EvalGenerated =
        "The generated derivation fails for a reason that is not the override's (nixpkgs marks a dependency as \
         broken, or has no such package for the system), so that nothing can be said about the override there. \
         `pgflakegen drvs` shows the whole error.";
    EvalImpure =
        "The override asked for the environment, a path outside the repository, a source of this machine that only \
         it names (path:, file://), or the result of a build (import from derivation). A flake is evaluated without \
         them. Take packages from the arguments, and commit what would have to be built.";
    EvalLimit =
        "Evaluation of the overridden derivation took more memory or time than it may, as a loop without end does. \
         The limits are there because overrides come from other people; `--max-memory` and `--max-time`, or \
         PGFLAKEGEN_MAX_MEMORY and PGFLAKEGEN_MAX_TIME, raise them.";
    EvalMissing =
        "Evaluation asked a set for an attribute that it has not: `old.x` where the derivation has no x for this \
         version or PostgreSQL, `lib.x`, a package's output. Where the attribute may be absent write `old.x or [ ]` \
         (or another default).";
    EvalNothing;
    EvalOwned =
        "After the override the derivation has another pname, version or src than the catalogue gives, so that \
         reports, receipts and `bump` would tell of something else than what is built. Change the extension's TOML \
         file; where the override must own the attribute, say so there: `override-owns = [\"src\"]`.";
    EvalThrow =
        "A `throw`, `abort` or `assert` ended the evaluation of the overridden derivation; the one without the \
         override evaluates. The text is that of whoever refused. Packages that were renamed or removed, broken or \
         unfree in nixpkgs refuse in this way.";
    EvalType =
        "What the attribute's expression gives is of a type that mkDerivation, or the function it is handed to, \
         does not take. Unlike PGF308 this is about the value, however it was computed.";
};

/// What the catalogue owns, with what the catalogue calls it.
const OWNED: [&str; 3] = ["pname", "version", "src"];

/// What was found in one build, and where its override gives attributes.
#[derive(Default)]
pub struct Judged {
    pub found: Vec<Found>,
    /// Attributes that the override gives.
    pub given: Vec<Place>,
    /// The system has the package.
    pub there: bool,
    /// Whether it is judged once more.
    pub again: Again,
}

/// What an override gives, by attribute.
pub struct Given {
    pub name: String,
    pub place: Option<Place>,
}

/// What the observer gives for a build; `None` when the system does not have the package.
pub fn observed<'o>(opened: &'o Opened, build: &Build, system: &str) -> Result<Option<Value<'o>>> {
    let path = ["legacyPackages", system, &build.postgresql, "exts", &build.attr];
    follow(&opened.flake(), &path)
}

/// Judges a build of one system.
pub fn judge(session: &Session, opened: &Opened, build: &Build, system: &str) -> Judged {
    let mut judged = Judged::default();
    let seen = match observed(opened, build, system) {
        Ok(None) => return judged,
        Ok(Some(seen)) => seen,
        Err(error) => {
            judged.there = true;
            judged.again = Again::after(&error);
            judged.found.push(match is_limit(error.kind()) {
                true => limit(session, &error, build),
                false => generated(session, &error, build),
            });
            return judged;
        }
    };
    judged.there = true;
    let mut judge = Judge { session, build, seen, judged };
    if !judge.arguments()
        && let Err(error) = judge.derivation()
    {
        judge.failed(&error);
    }
    judge.judged
}

struct Judge<'a> {
    session: &'a Session,
    build: &'a Build,
    seen: Value<'a>,
    judged: Judged,
}

impl Judge<'_> {
    fn push(&mut self, code: Code, at: At, message: String) {
        let message = self.session.readable(&message);
        self.judged.found.push(Found { code, file: self.build.file.clone(), at, message, help: Vec::new() });
    }

    /// The arguments that have no default.
    fn required(&self) -> Vec<String> {
        let formals = field(&self.seen, "formals").and_then(|formals| formals.attrs());
        let required = formals
            .unwrap_or_default()
            .into_iter()
            .filter(|formal| !matches!(formal.value.force(), Ok(Kind::Bool(true))));
        required.map(|formal| lossy(&formal.name)).collect()
    }

    /// Reports arguments that the package set has not; whether there are any.
    fn arguments(&mut self) -> bool {
        let mut any = false;
        for name in self.required() {
            if !matches!(says(&self.seen, "lacks", &name), Ok(true)) {
                continue;
            }
            any = true;
            self.push(
                Code::EvalArgument,
                At::Formal(name.clone()),
                format!("the package set has no `{name}`"),
            );
            let near = self.near(&name);
            if let Some(found) = self.judged.found.last_mut() {
                found.help = near;
            }
        }
        any
    }

    fn near(&self, name: &str) -> Vec<String> {
        let packages = ask(&self.seen, "argument", "pkgs");
        let names = packages.and_then(|packages| names(&packages)).unwrap_or_default();
        did_you_mean(&suggest(name, names.iter().map(|name| name.as_str().into())))
    }

    /// Evaluates the derivation, and looks at what came out.
    fn derivation(&mut self) -> Result<()> {
        let given = field(&self.seen, "given")?;
        if !given.is_set()? {
            let at = self.function_at();
            let wanted = if self.build.custom { "a derivation" } else { "attributes" };
            let found = given.describe()?;
            self.push(Code::EvalForm, at, format!("the override gives {found}, not {wanted}"));
            return Ok(());
        }
        if self.build.custom && given.attr("drvPath")?.is_none() {
            let at = self.function_at();
            self.push(Code::EvalForm, at, "the override gives a set that is no derivation".to_owned());
            return Ok(());
        }
        string(&field(&self.seen, "after")?, "drvPath")?;
        let given = if self.build.custom { field(&self.seen, "attributesAfter")? } else { given };
        for Given { name, place } in given_by(self.session, &given)? {
            self.owned(&name, place.as_ref());
            let Some(place) = place else { continue };
            self.judged.given.push(place.clone());
            if !self.nothing(&name, &place) {
                self.typed(&name, &place);
            }
        }
        Ok(())
    }

    /// Where the function of attributes begins.
    fn function_at(&self) -> At {
        let pos = field(&self.seen, "adapt").and_then(|function| function.function_pos()).ok().flatten();
        pos.and_then(|pos| self.session.own(pos)).map_or(At::Start, At::Place)
    }

    fn owned(&mut self, name: &str, place: Option<&Place>) {
        if !OWNED.contains(&name) || self.build.owns.contains(name) {
            return;
        }
        let differs = if self.build.custom {
            let attributes = field(&self.seen, "attributesAfter");
            let version = attributes.and_then(|attributes| string(&attributes, "version"));
            name == "version" && version.is_ok_and(|version| version != self.build.version)
        } else {
            matches!(says(&self.seen, "same", name), Ok(false))
        };
        if !differs {
            return;
        }
        let at = place.map_or(At::Start, |place| At::Place(place.clone()));
        self.push(Code::EvalOwned, at, format!("`{name}` is not the catalogue's after the override"));
        if let Some(found) = self.judged.found.last_mut() {
            found.help = vec![format!(
                "change catalogue/extensions/{0}.toml, or write there: override-owns = [\"{name}\"]",
                self.build.extension
            )];
        }
    }

    /// Whether the attribute is what it was without the override.
    fn nothing(&mut self, name: &str, place: &Place) -> bool {
        // These are for readers and tools; what they are worth is not for a comparison to say.
        if self.build.custom || matches!(name, "meta" | "passthru") {
            return false;
        }
        let same = matches!(says(&self.seen, "same", name), Ok(true));
        if same {
            let message = format!("`{name}` has this value without the override, too");
            self.push(Code::EvalNothing, At::Place(place.clone()), message);
        }
        same
    }

    fn typed(&mut self, name: &str, place: &Place) {
        let Some(wanted) = takes(name) else { return };
        let attributes = field(&self.seen, "attributesAfter");
        let Ok(value) = attributes.and_then(|attributes| field(&attributes, name)) else { return };
        let (Ok(kind), Ok(found)) = (value.force(), value.describe()) else { return };
        if fits(wanted, &kind) {
            return;
        }
        let wanted = wanted.describe();
        let message = format!("`{name}` is {found}, and mkDerivation takes {wanted}");
        self.push(Code::EvalType, At::Place(place.clone()), message);
    }

    /// Says where and why evaluation of the derivation failed.
    fn failed(&mut self, error: &Error) {
        self.judged.again = Again::after(error);
        if is_limit(error.kind()) {
            // All else would fail for the same reason.
            self.judged.found.push(limit(self.session, error, self.build));
            return;
        }
        let before = self.seen.attr("generated").ok().flatten();
        let before = before.map(|before| string(&before, "drvPath"));
        if let Some(Err(before)) = before
            && before.message() == error.message()
        {
            self.judged.found.push(generated(self.session, &before, self.build));
            return;
        }
        for name in self.required() {
            let Err(own) = ask(&self.seen, "argument", &name) else { continue };
            if own.message() == error.message() {
                let message = format!("`{name}`: {}", error.message());
                self.push(Code::EvalArgument, At::Formal(name), message);
                return;
            }
        }
        if self.session.innermost(error).is_some() {
            self.judged.found.push(Found::of(self.session, code_of(error.kind()), error, self.build));
            return;
        }
        if self.one_by_one() {
            return;
        }
        let found = Found::of(self.session, code_of(error.kind()), error, self.build);
        self.judged.found.push(found);
    }

    /// The attributes that alone make the derivation fail; whether there are any.
    fn one_by_one(&mut self) -> bool {
        let mut any = false;
        let given = field(&self.seen, "given").and_then(|given| given_by(self.session, &given));
        for Given { name, place } in given.unwrap_or_default() {
            let Some(place) = place else { continue };
            let alone = ask(&self.seen, "alone", &name);
            let Err(error) = alone.and_then(|alone| string(&alone, "drvPath")) else { continue };
            any = true;
            self.judged.again = self.judged.again.max(Again::after(&error));
            let mut found = Found::of(self.session, code_of(error.kind()), &error, self.build);
            found.message = format!("with this `{name}`: {}", found.message);
            found.at = At::Place(place);
            self.judged.found.push(found);
        }
        any
    }
}

/// A limit is passed by the override as a whole: where it was just then is chance.
fn limit(session: &Session, error: &Error, build: &Build) -> Found {
    Found { at: At::Start, ..Found::of(session, Code::EvalLimit, error, build) }
}

/// An error that is there without the override, too.
fn generated(session: &Session, error: &Error, build: &Build) -> Found {
    let found = Found::of(session, Code::EvalGenerated, error, build);
    let message = format!("it fails without the override, too: {}", found.message);
    Found { at: At::Start, message, ..found }
}

/// What an override gives, in the order of its text; what stands elsewhere has no place.
fn given_by(session: &Session, given: &Value<'_>) -> Result<Vec<Given>> {
    let attrs = given.attrs()?;
    let given = |attr: Attribute<'_>| {
        let place = attr.pos.and_then(|pos| session.own(pos));
        Given { name: lossy(&attr.name), place }
    };
    let mut all: Vec<Given> = attrs.into_iter().map(given).collect();
    all.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(all)
}

fn is_limit(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::MemoryLimit | ErrorKind::TimeLimit | ErrorKind::StepLimit)
}

/// The code for an error that evaluation itself gives.
pub fn code_of(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::MissingAttribute => Code::EvalMissing,
        ErrorKind::Type => Code::EvalType,
        ErrorKind::Throw | ErrorKind::Abort | ErrorKind::Assertion => Code::EvalThrow,
        ErrorKind::Restricted | ErrorKind::Unavailable => Code::EvalImpure,
        ErrorKind::MemoryLimit | ErrorKind::TimeLimit | ErrorKind::StepLimit => Code::EvalLimit,
        _ => Code::EvalFailed,
    }
}

/// `did you mean …?`
pub fn did_you_mean(names: &[String]) -> Vec<String> {
    if names.is_empty() {
        return Vec::new();
    }
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    vec![format!("did you mean {}?", names.join(" or "))]
}

/// Whether mkDerivation takes the value there. Strict only where another type is surely a mistake: null
/// stands for nothing, flags may be one string, and what is a store path may stand for a text.
fn fits(wanted: Takes, value: &Kind) -> bool {
    use Kind::{Attrs, Bool, Float, Int, List, Null, Path, String};
    match (wanted, value) {
        (Takes::Other, _) | (_, Null) => true,
        (Takes::Packages | Takes::Paths | Takes::Words, value) => matches!(value, List(_)),
        (Takes::Flags, value) => matches!(value, List(_) | String(_)),
        (Takes::Script, value) => matches!(value, String(_) | Path(_) | Attrs(_)),
        (Takes::Text, value) => matches!(value, String(_) | Path(_) | Attrs(_) | Int(_) | Float(_)),
        (Takes::Bool, value) => matches!(value, Bool(_)),
        (Takes::Set, value) => matches!(value, Attrs(_)),
    }
}
