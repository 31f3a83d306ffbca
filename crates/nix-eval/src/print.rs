//! Printing values: for errors, as `nix eval` prints, and as `nix-instantiate --eval` prints.

use std::collections::HashSet;

use super::attrs::{Attr, Attrs};
use super::core_packages::COREPKGS;
use super::error::{Error, Kind};
use super::heap::{Ref, State};
use super::ir::{Params, Pos};
use super::machine::{Ev, Result};
use super::quoting::{attr_name, attr_name_into, float, plural, quote_into};
use super::shared::Origin;
use super::symbol::sym;
use super::value::{Builtin, List, Value};

/// A path as it is written; those that come with Nix are in no folder.
fn path_into(path: &[u8], out: &mut Vec<u8>) {
    match path.strip_prefix(COREPKGS) {
        Some(rest) => out.extend([b"<nix/", rest, b">"].concat()),
        None => out.extend_from_slice(path),
    }
}

/// How to print.
#[derive(Clone, Copy)]
struct Style {
    force: bool,
    derivations: bool,
    depth: usize,
    attrs: usize,
    items: usize,
    string: usize,
}

struct Printer<'e> {
    ev: &'e mut Ev,
    style: Style,
    seen: HashSet<usize>,
    attrs: usize,
    items: usize,
    out: Vec<u8>,
}

impl Ev {
    /// A value for an error message: short, and nothing is evaluated.
    pub fn show_for_error(&mut self, value: Value) -> String {
        let style = Style { force: false, derivations: false, depth: 10, attrs: 10, items: 10, string: 1024 };
        let bytes = self.print_with(value, style).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A value as `nix eval` prints it, all of it evaluated.
    pub fn print(&mut self, value: Value) -> Result<Vec<u8>> {
        let most = usize::MAX;
        let style =
            Style { force: true, derivations: true, depth: most, attrs: most, items: most, string: most };
        self.print_with(value, style)
    }

    /// A value as `builtins.trace` prints it.
    pub fn show_for_trace(&mut self, value: Value) -> Result<Vec<u8>> {
        let most = usize::MAX;
        let style =
            Style { force: false, derivations: true, depth: most, attrs: most, items: most, string: most };
        self.print_with(value, style)
    }

    fn print_with(&mut self, value: Value, style: Style) -> Result<Vec<u8>> {
        let mut printer =
            Printer { ev: self, style, seen: HashSet::new(), attrs: 0, items: 0, out: Vec::new() };
        printer.value(value, 0)?;
        Ok(printer.out)
    }

    /// The attributes sorted by name.
    pub fn sorted(&mut self, attrs: &Attrs) -> Vec<Attr> {
        let mut sorted = attrs.flat().into_owned();
        // The first eight bytes tell most names apart without a look at the text itself.
        sorted.sort_by_cached_key(|attr| {
            let text = self.text(attr.name).bytes;
            let mut start = [0; 8];
            let len = text.len().min(8);
            start[..len].copy_from_slice(&text[..len]);
            (u64::from_be_bytes(start), text)
        });
        sorted
    }

    /// `file:line:column`, as in `«lambda @ …»`.
    pub(super) fn show_pos(&self, pos: Pos) -> String {
        let Some(place) = self.shared.place(pos) else { return "«none»".to_owned() };
        if let Some(origin) = place.file.as_ref().and_then(|file| self.shared.known_as(file))
            && origin.work_tree
        {
            let file = String::from_utf8_lossy(&origin.path);
            return format!("{file}:{}:{}", place.line, place.column);
        }
        let file = match (&place.file, self.shared.locate(pos).map(|(source, _)| source.origin)) {
            (Some(file), _) => String::from_utf8_lossy(file).into_owned(),
            (None, Some(Origin::Text(_) | Origin::Ours { .. }) | None) => "«string»".to_owned(),
            (None, Some(Origin::File(file))) => String::from_utf8_lossy(&file).into_owned(),
        };
        format!("{file}:{}:{}", place.line, place.column)
    }

    /// A value as `nix-instantiate --eval` prints it: nothing is evaluated for it.
    pub fn print_instantiate(&mut self, value: Value) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        self.ambiguous(value, 0, &mut HashSet::new(), &mut out)?;
        Ok(out)
    }

    fn ambiguous_thunk(
        &mut self,
        thunk: Ref,
        depth: u32,
        seen: &mut HashSet<usize>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        match thunk.state() {
            State::Value(Value::List(list))
                if !list.items.is_empty() && !seen.insert(std::ptr::from_ref(thunk).addr()) =>
            {
                out.extend("«repeated»".bytes());
                Ok(())
            }
            State::Value(value) => self.with_stack(|ev| ev.ambiguous(value, depth + 1, seen, out)),
            State::Busy(thread) if thread == self.me.number() => {
                out.extend("«potential infinite recursion»".bytes());
                Ok(())
            }
            _ => {
                out.extend(b"<CODE>");
                Ok(())
            }
        }
    }

    fn ambiguous(
        &mut self,
        value: Value,
        depth: u32,
        seen: &mut HashSet<usize>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.step_writing(out)?;
        if depth > self.shared.settings.max_call_depth {
            return Err(Error::new(Kind::StackOverflow, "stack overflow; max-call-depth exceeded"));
        }
        match value {
            Value::String(text) => quote_into(text.bytes, usize::MAX, out),
            Value::Path(path) => path_into(path.bytes, out),
            Value::Attrs(attrs) => {
                if !attrs.is_empty() && !seen.insert(std::ptr::from_ref(attrs).addr()) {
                    out.extend("«repeated»".bytes());
                    return Ok(());
                }
                out.extend(b"{ ");
                for attr in self.sorted(attrs) {
                    attr_name_into(self.text(attr.name).bytes, out);
                    out.extend(b" = ");
                    self.ambiguous_thunk(attr.value, depth, seen, out)?;
                    out.extend(b"; ");
                }
                out.push(b'}');
            }
            Value::List(list) => {
                out.extend(b"[ ");
                for item in list.items {
                    self.ambiguous_thunk(item, depth, seen, out)?;
                    out.push(b' ');
                }
                out.push(b']');
            }
            Value::Closure(_) => out.extend(b"<LAMBDA>"),
            Value::Builtin(_) => out.extend(b"<PRIMOP>"),
            Value::Partial(_) => out.extend(b"<PRIMOP-APP>"),
            value => out.extend(scalar(value).bytes()),
        }
        Ok(())
    }
}

fn scalar(value: Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => float(number),
        _ => "null".to_owned(),
    }
}

fn builtin_name(builtin: &Builtin) -> String {
    format!("primop {}", builtin.shown_name())
}

impl Printer<'_> {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn thunk(&mut self, thunk: Ref, depth: usize) -> Result<()> {
        if self.style.force {
            let value = self.ev.force(thunk)?;
            return self.value(value, depth);
        }
        match thunk.state() {
            State::Value(value) => self.value(value, depth),
            State::Busy(thread) if thread == self.ev.me.number() => {
                self.text("«potential infinite recursion»");
                Ok(())
            }
            _ => {
                self.text("«thunk»");
                Ok(())
            }
        }
    }

    fn value(&mut self, value: Value, depth: usize) -> Result<()> {
        self.ev.step_writing(&self.out)?;
        if depth > self.ev.shared.settings.max_call_depth as usize {
            return Err(Error::new(Kind::StackOverflow, "stack overflow; max-call-depth exceeded"));
        }
        match value {
            Value::String(text) => quote_into(text.bytes, self.style.string, &mut self.out),
            Value::Path(path) => path_into(path.bytes, &mut self.out),
            Value::Attrs(attrs) => return self.attrs(attrs, depth),
            Value::List(list) => return self.list(list, depth),
            Value::Closure(closure) => {
                let lambda = closure.lambda;
                let (mut name, mut pos) = (lambda.name, lambda.pos);
                if let (Params::Names { positions, .. }, given @ 1..) =
                    (&lambda.params, closure.args.get().len())
                {
                    name = None;
                    pos = positions.get(given).copied().unwrap_or(pos);
                }
                let name =
                    name.map_or(String::new(), |name| format!(" {}", attr_name(self.ev.text(name).bytes)));
                let place = self.ev.show_pos(pos);
                self.text(&format!("«lambda{name} @ {place}»"));
            }
            Value::Builtin(builtin) => self.text(&format!("«{}»", builtin_name(builtin))),
            Value::Partial(partial) => {
                self.text(&format!("«partially applied {}»", builtin_name(partial.builtin)));
            }
            value => self.text(&scalar(value)),
        }
        Ok(())
    }

    fn derivation(&mut self, attrs: &'static Attrs) -> Result<()> {
        let path = match attrs.get(sym::drv_path) {
            Some(attr) => match self.ev.force(attr.value)? {
                Value::String(path) => format!(" {}", path.lossy()),
                _ => String::new(),
            },
            None => String::new(),
        };
        self.text(&format!("«derivation{path}»"));
        Ok(())
    }

    fn attrs(&mut self, attrs: &'static Attrs, depth: usize) -> Result<()> {
        if !self.seen.insert(std::ptr::from_ref(attrs).addr()) {
            self.text("«repeated»");
            return Ok(());
        }
        if self.style.force && self.style.derivations && self.ev.is_derivation(attrs)? {
            return self.derivation(attrs);
        }
        if depth >= self.style.depth {
            self.text("{ ... }");
            return Ok(());
        }
        let mut sorted = self.ev.sorted(attrs);
        if self.style.attrs != usize::MAX {
            let important = |attr: &Attr| attr.name == sym::type_ || attr.name == sym::type_attr;
            sorted.sort_by_key(|attr| !important(attr));
        }
        self.text("{");
        for (i, attr) in sorted.iter().enumerate() {
            if self.attrs >= self.style.attrs {
                let elided = plural(sorted.len() - i, "attribute");
                self.text(&format!(" «{elided} elided»"));
                break;
            }
            self.text(" ");
            let name = self.ev.text(attr.name).bytes;
            attr_name_into(name, &mut self.out);
            self.text(" = ");
            self.nested(attr.value, depth)?;
            self.text(";");
            self.attrs += 1;
            self.part_done();
        }
        self.text(" }");
        Ok(())
    }

    fn part_done(&mut self) {
        // Messages are written while something is evaluated.
        if self.style.force {
            self.ev.part_done();
        }
    }

    fn nested(&mut self, thunk: Ref, depth: usize) -> Result<()> {
        stacker::maybe_grow(128 << 10, 16 << 20, || self.thunk(thunk, depth + 1))
    }

    fn list(&mut self, list: &'static List, depth: usize) -> Result<()> {
        if !list.items.is_empty() && !self.seen.insert(std::ptr::from_ref(list).addr()) {
            self.text("«repeated»");
            return Ok(());
        }
        if depth >= self.style.depth {
            self.text("[ ... ]");
            return Ok(());
        }
        self.text("[");
        for (i, item) in list.items.iter().enumerate() {
            if self.items >= self.style.items {
                let elided = plural(list.items.len() - i, "item");
                self.text(&format!(" «{elided} elided»"));
                break;
            }
            self.text(" ");
            self.nested(item, depth)?;
            self.items += 1;
            self.part_done();
        }
        self.text(" ]");
        Ok(())
    }
}
