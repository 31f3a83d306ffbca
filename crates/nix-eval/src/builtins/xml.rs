//! `builtins.toXML`.

use std::collections::HashSet;

use super::{Builtin, prefixed};
use crate::attrs::Attrs;
use crate::coerce::ContextSet;
use crate::ir::Params;
use crate::machine::{Ev, Result};
use crate::symbol::sym;
use crate::value::Value;

pub(super) const TABLE: &[Builtin] =
    &[prefixed("toXML", "!value", "A value as an XML document.", |ev, args, _| {
        let value = ev.force(args[0])?;
        let mut writer = Writer { out: Vec::new(), set: ContextSet::default(), seen: HashSet::new() };
        writer.out.extend(b"<?xml version='1.0' encoding='utf-8'?>\n<expr>\n");
        writer.value(ev, value, 1)?;
        writer.out.extend(b"</expr>\n");
        Ok(ev.string_with(ev.heap.slice(&writer.out), writer.set))
    })];

struct Writer {
    out: Vec<u8>,
    set: ContextSet,
    seen: HashSet<String>,
}

impl Writer {
    fn tag(&mut self, depth: usize, name: &str, attrs: &[(&str, &[u8])], empty: bool) {
        self.out.extend("  ".repeat(depth).bytes());
        self.out.push(b'<');
        self.out.extend(name.bytes());
        for (key, value) in attrs {
            self.out.extend(format!(" {key}=\"").bytes());
            for byte in *value {
                match byte {
                    b'"' => self.out.extend(b"&quot;"),
                    b'<' => self.out.extend(b"&lt;"),
                    b'>' => self.out.extend(b"&gt;"),
                    b'&' => self.out.extend(b"&amp;"),
                    b'\n' => self.out.extend(b"&#xA;"),
                    byte => self.out.push(*byte),
                }
            }
            self.out.push(b'"');
        }
        self.out.extend(if empty { &b" />\n"[..] } else { b">\n" });
    }

    fn close(&mut self, depth: usize, name: &str) {
        self.out.extend("  ".repeat(depth).bytes());
        self.out.extend(format!("</{name}>\n").bytes());
    }

    fn value(&mut self, ev: &mut Ev, value: Value, depth: usize) -> Result<()> {
        ev.step_writing(&self.out)?;
        let plain =
            |this: &mut Self, name: &str, text: &[u8]| this.tag(depth, name, &[("value", text)], true);
        match value {
            Value::Null => self.tag(depth, "null", &[], true),
            Value::Bool(value) => plain(self, "bool", value.to_string().as_bytes()),
            Value::Int(number) => plain(self, "int", number.to_string().as_bytes()),
            Value::Float(number) => plain(self, "float", crate::quoting::float(number).as_bytes()),
            Value::String(text) => {
                self.set.add(text.context);
                plain(self, "string", text.bytes);
            }
            Value::Path(path) => plain(self, "path", path.bytes),
            Value::List(list) => {
                self.tag(depth, "list", &[], false);
                for item in list.items {
                    let item = ev.force(item)?;
                    ev.deeper(0, |ev| self.value(ev, item, depth + 1))?;
                }
                self.close(depth, "list");
            }
            Value::Attrs(attrs) if ev.is_derivation(attrs)? => self.derivation(ev, attrs, depth)?,
            Value::Attrs(attrs) => {
                self.tag(depth, "attrs", &[], false);
                self.attrs(ev, attrs, depth + 1)?;
                self.close(depth, "attrs");
            }
            Value::Closure(closure) => {
                self.tag(depth, "function", &[], false);
                match &closure.lambda.params {
                    Params::Names { names, .. } => {
                        let name = names.get(closure.args.get().len()).copied().unwrap_or(sym::empty);
                        let name = ev.text(name).bytes;
                        self.tag(depth + 1, "varpat", &[("name", name)], true);
                    }
                    Params::Pattern(pattern) => {
                        let whole = pattern.whole_name.map(|name| ev.text(name).bytes);
                        let mut attrs = Vec::new();
                        if pattern.ellipsis {
                            attrs.push(("ellipsis", &b"1"[..]));
                        }
                        attrs.extend(whole.map(|name| ("name", name)));
                        self.tag(depth + 1, "attrspat", &attrs, false);
                        let mut names: Vec<_> =
                            pattern.formals.iter().map(|formal| ev.text(formal.name).bytes).collect();
                        names.sort_unstable();
                        for name in names {
                            self.tag(depth + 2, "attr", &[("name", name)], true);
                        }
                        self.close(depth + 1, "attrspat");
                    }
                }
                self.close(depth, "function");
            }
            Value::Builtin(_) | Value::Partial(_) => self.tag(depth, "unevaluated", &[], true),
        }
        Ok(())
    }

    fn attrs(&mut self, ev: &mut Ev, attrs: &'static Attrs, depth: usize) -> Result<()> {
        for attr in ev.sorted(attrs) {
            let name = ev.text(attr.name).bytes;
            self.tag(depth, "attr", &[("name", name)], false);
            let value = ev.force(attr.value)?;
            ev.deeper(0, |ev| self.value(ev, value, depth + 1))?;
            self.close(depth, "attr");
        }
        Ok(())
    }

    fn derivation(&mut self, ev: &mut Ev, attrs: &'static Attrs, depth: usize) -> Result<()> {
        let mut found = Vec::new();
        for (key, name) in [("drvPath", sym::drv_path), ("outPath", sym::out_path)] {
            if let Some(attr) = attrs.get(name)
                && let Value::String(text) = ev.force(attr.value)?
            {
                self.set.add(text.context);
                found.push((key, text.bytes));
            }
        }
        self.tag(depth, "derivation", &found, false);
        let drv_path = found.iter().find(|(key, _)| *key == "drvPath").map(|(_, path)| path);
        let repeated =
            drv_path.is_some_and(|path| !self.seen.insert(String::from_utf8_lossy(path).into_owned()));
        if drv_path.is_some() && !repeated {
            self.attrs(ev, attrs, depth + 1)?;
        } else {
            self.tag(depth + 1, "repeated", &[], true);
        }
        self.close(depth, "derivation");
        Ok(())
    }
}
