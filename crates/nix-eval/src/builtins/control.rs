//! Builtins that steer evaluation: errors, forcing, messages.

use super::{Builtin, FIRST, bare, prefixed};
use crate::attrs::Attrs;
use crate::coerce::{Coerce, ContextSet};
use crate::error::{Error, Kind};
use crate::heap::Ref;
use crate::ir::Pos;
use crate::machine::{Ev, Result};
use crate::symbol::sym;
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    bare("throw", "!message", "Fails with a message; `tryEval` can catch it.", |ev, args, pos| {
        let message =
            message(ev, args[0], pos, "while evaluating the error message passed to builtin.throw")?;
        Err(Error::at(Kind::Throw, message, pos))
    }),
    bare("abort", "!message", "Ends the evaluation with a message.", |ev, args, pos| {
        let message =
            message(ev, args[0], pos, "while evaluating the error message passed to builtins.abort")?;
        let message = format!("evaluation aborted with the following error message: '{message}'");
        Err(Error::at(Kind::Abort, message, pos))
    }),
    prefixed(
        "tryEval",
        "expression",
        "Evaluates an expression: `{ success; value; }`, with `false` for both where it throws or an assertion fails.",
        try_eval,
    ),
    prefixed("seq", "!first !second", "Evaluates the first, gives the second.", |ev, args, _| {
        ev.force(args[0])?;
        ev.force(args[1])
    }),
    prefixed(
        "deepSeq",
        "!first !second",
        "Evaluates the first and all that is in it, gives the second.",
        |ev, args, _| {
            ev.force_deep(args[0])?;
            ev.force(args[1])
        },
    ),
    prefixed("trace", "!message !value", "Prints the message, gives the value.", trace),
    prefixed(
        "traceVerbose",
        "message !value",
        "As `trace`, where verbose traces are wanted; else only the value.",
        |ev, args, pos| {
            if ev.shared.settings.trace_verbose { trace(ev, args, pos) } else { ev.force(args[1]) }
        },
    ),
    prefixed("warn", "!message !value", "Prints a warning, gives the value.", warn),
    prefixed(
        "addErrorContext",
        "message !value",
        "The value; an error of it tells the message as one of its steps.",
        add_error_context,
    ),
    bare("break", "!value", "The value: there is no debugger to stop in.", |ev, args, _| ev.force(args[0])),
];

const MESSAGE: Coerce = Coerce { more: false, copy: false };

fn message(ev: &mut Ev, arg: Ref, pos: Pos, context: &'static str) -> Result<String> {
    let value = ev.force(arg)?;
    let how = Coerce { copy: true, ..MESSAGE };
    let bytes = ev.coerce(value, &mut ContextSet::default(), how, pos, context)?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn try_eval(ev: &mut Ev, args: &[Ref], _: Pos) -> Result<Value> {
    let (success, value) = match ev.force(args[0]) {
        Ok(_) => (true, args[0]),
        Err(error) if error.is_catchable() => (false, ev.at(Value::Bool(false))),
        Err(error) => return Err(error),
    };
    let mut attrs = vec![ev.attr(sym::success, Value::Bool(success))];
    attrs.push(crate::attrs::Attr { name: sym::value, pos: 0, value });
    Ok(Value::Attrs(Attrs::from_unsorted(ev.heap, attrs)))
}

fn trace(ev: &mut Ev, args: &[Ref], _: Pos) -> Result<Value> {
    let text = match ev.force(args[0])? {
        Value::String(text) => text.lossy().into_owned(),
        value => String::from_utf8_lossy(&ev.show_for_trace(value)?).into_owned(),
    };
    ev.shared.message(&format!("trace: {text}"));
    ev.force(args[1])
}

fn warn(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let text = ev.string_arg(
        args[0],
        pos,
        "while evaluating the first argument; the message passed to builtins.warn",
    )?;
    ev.shared.message(&format!("evaluation warning: {}", text.lossy()));
    ev.force(args[1])
}

fn add_error_context(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    match ev.force(args[1]) {
        Ok(value) => Ok(value),
        Err(error) => {
            let value = ev.force(args[0])?;
            let bytes = ev.coerce(value, &mut ContextSet::default(), MESSAGE, pos, FIRST)?;
            Err(error.frame(0, String::from_utf8_lossy(bytes).into_owned()))
        }
    }
}

impl Ev {
    /// Evaluates all that can be reached from `thunk`.
    pub fn force_deep(&mut self, thunk: Ref) -> Result<Value> {
        let value = self.force(thunk)?;
        let mut seen = rustc_hash::FxHashSet::default();
        self.force_inside(value, &mut seen)?;
        Ok(value)
    }

    fn force_inside(&mut self, value: Value, seen: &mut rustc_hash::FxHashSet<usize>) -> Result<()> {
        match value {
            Value::Attrs(attrs) => {
                if !seen.insert(std::ptr::from_ref(attrs).addr()) {
                    return Ok(());
                }
                for attr in attrs.flat().iter() {
                    let inside = |ev: &mut Self| {
                        let value = ev.force(attr.value)?;
                        ev.deeper(0, |ev| ev.force_inside(value, seen))
                    };
                    let mut inside = inside;
                    if let Err(error) = inside(self) {
                        let name = self.text(attr.name).lossy();
                        return Err(error.frame(attr.pos, format!("while evaluating the attribute '{name}'")));
                    }
                    self.part_done();
                }
            }
            Value::List(list) => {
                if !seen.insert(std::ptr::from_ref(list).addr()) {
                    return Ok(());
                }
                for (n, item) in list.items.iter().enumerate() {
                    let value = self.force(item);
                    value.and_then(|value| self.deeper(0, |ev| ev.force_inside(value, seen))).map_err(
                        |error| error.frame(0, format!("while evaluating list element at index {n}")),
                    )?;
                    self.part_done();
                }
            }
            _ => {}
        }
        Ok(())
    }
}
