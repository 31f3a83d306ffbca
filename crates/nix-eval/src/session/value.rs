//! Values as they are seen from outside: handles, and copies of what is in them.

use std::fmt;
use std::sync::Arc;

use super::{Evaluator, Pos, Result, Session, pos};
use crate::builtins::Package;
use crate::coerce::{Coerce, ContextSet};
use crate::heap::Ref;
use crate::machine::{Ev, Result as Evaluated};
use crate::value::{Closure, ContextElement, Value as V};

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string; it need not be UTF-8.
    String(Vec<u8>),
    /// An absolute path.
    Path(Vec<u8>),
    /// A list of so many elements.
    List(usize),
    /// A set of so many attributes.
    Attrs(usize),
    /// A function.
    Function,
}

/// A value that threads of one [`Evaluator`] hand to each other, evaluated or not.
pub struct Kept {
    evaluator: Evaluator,
    handle: usize,
}

impl Kept {
    pub(super) fn thunk(&self, evaluator: &Evaluator) -> Ref {
        assert!(Arc::ptr_eq(&self.evaluator.shared, &evaluator.shared), "the value is of another evaluator");
        self.evaluator.held(self.handle)
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        let handle = self.evaluator.hold(self.evaluator.held(self.handle));
        Self { evaluator: self.evaluator.clone(), handle }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(…)")
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.evaluator.let_go(self.handle);
    }
}

/// A value of a session, evaluated or not.
pub struct Value<'s> {
    session: &'s Session,
    handle: usize,
}

/// An attribute of a set.
#[derive(Clone, Debug)]
pub struct Attribute<'s> {
    /// Its name; it need not be UTF-8.
    pub name: Vec<u8>,
    /// Where it is written; `None`: nowhere.
    pub pos: Option<Pos>,
    /// Its value.
    pub value: Value<'s>,
}

impl Clone for Value<'_> {
    fn clone(&self) -> Self {
        self.session.keep(self.thunk())
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(…)")
    }
}

impl Drop for Value<'_> {
    fn drop(&mut self) {
        self.session.evaluator.let_go(self.handle);
    }
}

impl<'s> Value<'s> {
    pub(super) fn new(session: &'s Session, handle: usize) -> Self {
        Self { session, handle }
    }

    /// The session that it is of.
    pub fn session(&self) -> &'s Session {
        self.session
    }

    pub(super) fn thunk(&self) -> Ref {
        self.session.evaluator.held(self.handle)
    }

    /// Does some work with the value.
    fn with<T>(&self, work: impl FnOnce(&mut Ev, V) -> Evaluated<T>) -> Result<T> {
        let thunk = self.thunk();
        self.session.run(|ev| {
            let value = ev.force(thunk)?;
            work(ev, value)
        })
    }

    /// The same, for other threads.
    pub fn kept(&self) -> Kept {
        let evaluator = self.session.evaluator.clone();
        let handle = evaluator.hold(self.thunk());
        Kept { evaluator, handle }
    }

    /// Evaluates it, as far as it takes to say what it is.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn force(&self) -> Result<Kind> {
        self.with(|_, value| {
            Ok(match value {
                V::Null => Kind::Null,
                V::Bool(value) => Kind::Bool(value),
                V::Int(value) => Kind::Int(value),
                V::Float(value) => Kind::Float(value),
                V::String(text) => Kind::String(text.bytes.to_vec()),
                V::Path(path) => Kind::Path(path.bytes.to_vec()),
                V::List(list) => Kind::List(list.items.len()),
                V::Attrs(attrs) => Kind::Attrs(attrs.len()),
                V::Closure(_) | V::Builtin(_) | V::Partial(_) => Kind::Function,
            })
        })
    }

    /// What it is in words: `a set`.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn describe(&self) -> Result<String> {
        self.with(|_, value| Ok(value.describe()))
    }

    /// Whether it is a set.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn is_set(&self) -> Result<bool> {
        self.with(|_, value| Ok(matches!(value, V::Attrs(_))))
    }

    /// Whether both are the very same value in memory, evaluated or not. Equal values need not be.
    pub fn is_same(&self, other: &Value<'_>) -> bool {
        std::ptr::eq(self.thunk(), other.thunk())
    }

    /// An attribute, not evaluated; `None` where the set has none of that name, or it is no set.
    ///
    /// # Errors
    /// Those of evaluating the set.
    pub fn attr(&self, name: &str) -> Result<Option<Value<'s>>> {
        self.with(|ev, value| {
            let V::Attrs(attrs) = value else { return Ok(None) };
            let name = ev.shared.symbols.find(name.as_bytes());
            Ok(name.and_then(|name| attrs.get(name)).map(|attr| self.session.keep(attr.value)))
        })
    }

    /// The names of a set, sorted; none of anything else.
    ///
    /// # Errors
    /// Those of evaluating it.
    pub fn names(&self) -> Result<Vec<Vec<u8>>> {
        self.with(|ev, value| {
            let V::Attrs(attrs) = value else { return Ok(Vec::new()) };
            Ok(ev.sorted(attrs).into_iter().map(|attr| ev.text(attr.name).bytes.to_vec()).collect())
        })
    }

    /// The attributes of a set, not evaluated, sorted by their names; none of anything else.
    ///
    /// # Errors
    /// Those of evaluating it.
    pub fn attrs(&self) -> Result<Vec<Attribute<'s>>> {
        self.with(|ev, value| {
            let V::Attrs(attrs) = value else { return Ok(Vec::new()) };
            let sorted = ev.sorted(attrs).into_iter();
            Ok(sorted
                .map(|attr| Attribute {
                    name: ev.text(attr.name).bytes.to_vec(),
                    pos: (attr.pos != 0).then(|| pos(attr.pos)),
                    value: self.session.keep(attr.value),
                })
                .collect())
        })
    }

    /// The elements of a list, not evaluated; none of anything else.
    ///
    /// # Errors
    /// Those of evaluating the list.
    pub fn elements(&self) -> Result<Vec<Value<'s>>> {
        self.with(|_, value| {
            let V::List(list) = value else { return Ok(Vec::new()) };
            Ok(list.items.iter().map(|item| self.session.keep(item)).collect())
        })
    }

    /// Calls a function.
    ///
    /// # Errors
    /// Those of evaluation.
    ///
    /// # Panics
    /// When the argument is of another evaluator.
    pub fn call(&self, argument: &Value<'_>) -> Result<Value<'s>> {
        self.call_with(std::slice::from_ref(argument))
    }

    /// Calls a function with several arguments, one after the other.
    ///
    /// # Errors
    /// Those of evaluation.
    ///
    /// # Panics
    /// When an argument is of another evaluator.
    pub fn call_with(&self, arguments: &[Value<'_>]) -> Result<Value<'s>> {
        let arguments: Vec<Ref> = arguments.iter().map(|one| self.session.thunk_of(one)).collect();
        self.with(|ev, function| {
            let value = ev.call(function, &arguments, 0)?;
            Ok(self.session.keep(ev.at(value)))
        })
    }

    /// Where a function is written; `None` of anything else.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn function_pos(&self) -> Result<Option<Pos>> {
        self.with(|_, value| {
            let V::Closure(Closure { lambda, .. }) = value else { return Ok(None) };
            Ok((lambda.pos != 0).then(|| pos(lambda.pos)))
        })
    }

    /// Calls a function whose arguments have names with those of `arguments`, a set, that it takes; anything else is as
    /// it is.
    ///
    /// # Errors
    /// Those of evaluation; when an argument without a default is not given.
    pub fn auto_call(&self, arguments: &Value<'_>) -> Result<Value<'s>> {
        let arguments = self.session.thunk_of(arguments);
        self.with(|ev, value| {
            let arguments = self.session.arguments(ev, arguments)?;
            let value = ev.auto_call(value, arguments)?;
            Ok(self.session.keep(ev.at(value)))
        })
    }

    /// As [`Self::auto_call`] for a value in a set of packages: a set that can be called and gives no set is taken for
    /// what is in it.
    ///
    /// # Errors
    /// As there.
    pub fn auto_call_inside(&self, arguments: &Value<'_>) -> Result<Value<'s>> {
        let arguments = self.session.thunk_of(arguments);
        self.with(|ev, value| {
            let arguments = self.session.arguments(ev, arguments)?;
            let value = ev.auto_call_inside(value, arguments)?;
            Ok(self.session.keep(ev.at(value)))
        })
    }

    /// What an attribute path as `-A` takes it leads to, with [automatic calls](Self::auto_call) on the way.
    ///
    /// # Errors
    /// Those of evaluation; when there is nothing.
    pub fn select(&self, path: &str, arguments: &Value<'_>) -> Result<Value<'s>> {
        let arguments = self.session.thunk_of(arguments);
        self.with(|ev, value| {
            let arguments = self.session.arguments(ev, arguments)?;
            let value = ev.select_path(value, path, arguments)?;
            Ok(self.session.keep(ev.at(value)))
        })
    }

    /// Whether it is a derivation: a set whose `type` says so.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn is_derivation(&self) -> Result<bool> {
        self.with(|ev, value| match value {
            V::Attrs(attrs) => ev.is_derivation(attrs),
            _ => Ok(false),
        })
    }

    /// Whether it is a set that wants to be looked into for packages: `recurseForDerivations`.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn is_recursive(&self) -> Result<bool> {
        self.with(|ev, value| match value {
            V::Attrs(attrs) => ev.is_recursive(attrs),
            _ => Ok(false),
        })
    }

    /// What a derivation says; `None` of anything else.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn package(&self) -> Result<Option<Package>> {
        self.with(|ev, value| match value {
            V::Attrs(attrs) if ev.is_derivation(attrs)? => ev.package(attrs).map(Some),
            _ => Ok(None),
        })
    }

    /// The `meta` of a package, as far as that is one to Nix.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn meta(&self) -> Result<serde_json::Map<String, serde_json::Value>> {
        self.with(|ev, value| match value {
            V::Attrs(attrs) => ev.package_meta(attrs),
            _ => Ok(serde_json::Map::new()),
        })
    }

    /// The derivations that the text of a string, a path, a package or a list of them refers to, as store paths.
    ///
    /// # Errors
    /// Those of evaluation; when it is none of these.
    pub fn derivations(&self) -> Result<Vec<String>> {
        self.with(|ev, value| {
            let mut context = ContextSet::default();
            ev.coerce_public(value, &mut context, Coerce { more: true, copy: false })?;
            let mut found: Vec<String> = Vec::new();
            for element in context.into_elements() {
                if let ContextElement::Output { drv, .. } = element {
                    found.push(format!("{}/{drv}", ev.shared.store.as_str()));
                }
            }
            found.dedup();
            Ok(found)
        })
    }

    /// Evaluates all that it leads to.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn force_deep(&self) -> Result<()> {
        let thunk = self.thunk();
        self.session.run(|ev| ev.force_deep(thunk).map(drop))
    }

    /// Evaluates all of it and gives it as JSON: a derivation as its output's path, a path as where it would be in
    /// the store.
    ///
    /// # Errors
    /// Those of evaluation; functions cannot be written.
    pub fn to_json(&self) -> Result<String> {
        // Strings that are not UTF-8 are errors of evaluation.
        self.with(|ev, value| {
            let mut out = Vec::new();
            ev.write_json(value, true, &mut ContextSet::default(), &mut out, 0)?;
            Ok(String::from_utf8_lossy(&out).into_owned())
        })
    }

    /// Evaluates all of it and gives it as Nix text, as `nix eval` does.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn to_nix(&self) -> Result<Vec<u8>> {
        self.with(|ev, value| ev.print(value))
    }

    /// As far as it is evaluated, as Nix text, as `nix-instantiate --eval` gives it.
    ///
    /// # Errors
    /// Those of evaluation.
    pub fn to_nix_lazily(&self) -> Result<Vec<u8>> {
        self.with(|ev, value| ev.print_instantiate(value))
    }

    /// The text of a string, of a path, or of what says of itself what it is as a string.
    ///
    /// # Errors
    /// Those of evaluation; when it is none of these.
    pub fn to_text(&self) -> Result<Vec<u8>> {
        self.with(|ev, value| {
            let how = Coerce { more: false, copy: false };
            ev.coerce_public(value, &mut ContextSet::default(), how).map(<[u8]>::to_vec)
        })
    }
}
