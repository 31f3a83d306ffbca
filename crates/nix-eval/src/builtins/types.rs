//! Builtins that ask what a value is, and those on numbers.

use std::cmp::Ordering;

use super::{Builtin, FIRST, SECOND, bare, prefixed};
use crate::error::{Error, Kind};
use crate::heap::Ref;
use crate::ir::{BinaryOp, Pos};
use crate::machine::{Ev, Result};
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    prefixed("typeOf", 1, |ev, args, _| {
        let name = ev.force(args[0])?.type_of();
        Ok(ev.string(name.as_bytes()))
    }),
    bare("isNull", 1, |ev, args, _| is(ev, args, |value| matches!(value, Value::Null))),
    prefixed("isFunction", 1, |ev, args, _| is(ev, args, |value| value.is_function())),
    prefixed("isInt", 1, |ev, args, _| is(ev, args, |value| matches!(value, Value::Int(_)))),
    prefixed("isFloat", 1, |ev, args, _| is(ev, args, |value| matches!(value, Value::Float(_)))),
    prefixed("isString", 1, |ev, args, _| is(ev, args, |value| matches!(value, Value::String(_)))),
    prefixed("isBool", 1, |ev, args, _| is(ev, args, |value| matches!(value, Value::Bool(_)))),
    prefixed("isPath", 1, |ev, args, _| is(ev, args, |value| matches!(value, Value::Path(_)))),
    prefixed("isList", 1, |ev, args, _| is(ev, args, |value| matches!(value, Value::List(_)))),
    prefixed("isAttrs", 1, |ev, args, _| is(ev, args, |value| matches!(value, Value::Attrs(_)))),
    prefixed("add", 2, add),
    prefixed("sub", 2, |ev, args, pos| arithmetic(ev, BinaryOp::Sub, args, pos)),
    prefixed("mul", 2, |ev, args, pos| arithmetic(ev, BinaryOp::Mul, args, pos)),
    prefixed("div", 2, |ev, args, pos| arithmetic(ev, BinaryOp::Div, args, pos)),
    prefixed("lessThan", 2, |ev, args, pos| {
        let (a, b) = (ev.force(args[0])?, ev.force(args[1])?);
        Ok(Value::Bool(ev.compare(a, b, pos)? == Some(Ordering::Less)))
    }),
    prefixed("bitAnd", 2, |ev, args, pos| bits(ev, args, pos, |a, b| a & b)),
    prefixed("bitOr", 2, |ev, args, pos| bits(ev, args, pos, |a, b| a | b)),
    prefixed("bitXor", 2, |ev, args, pos| bits(ev, args, pos, |a, b| a ^ b)),
    prefixed("ceil", 1, |ev, args, pos| round(ev, args, pos, f64::ceil)),
    prefixed("floor", 1, |ev, args, pos| round(ev, args, pos, f64::floor)),
];

fn is(ev: &mut Ev, args: &[Ref], test: fn(&Value) -> bool) -> Result<Value> {
    Ok(Value::Bool(test(&ev.force(args[0])?)))
}

fn add(ev: &mut Ev, args: &[Ref], pos: Pos) -> Result<Value> {
    let (a, b) = (ev.force(args[0])?, ev.force(args[1])?);
    let float = matches!(a, Value::Float(_)) || matches!(b, Value::Float(_));
    let contexts = [
        "while evaluating the first argument of the addition",
        "while evaluating the second argument of the addition",
    ];
    for (value, context) in [(a, contexts[0]), (b, contexts[1])] {
        if !matches!(value, Value::Int(_) | Value::Float(_)) {
            let what = if float { "a float" } else { "an integer" };
            return Err(ev.expected(what, value, pos).frame(pos, context));
        }
    }
    ev.add(a, b, pos)
}

fn arithmetic(ev: &mut Ev, op: BinaryOp, args: &[Ref], pos: Pos) -> Result<Value> {
    let (a, b) = (ev.force(args[0])?, ev.force(args[1])?);
    ev.arithmetic(op, a, b, pos)
}

fn bits(ev: &mut Ev, args: &[Ref], pos: Pos, op: fn(i64, i64) -> i64) -> Result<Value> {
    let a = ev.int_arg(args[0], pos, FIRST)?;
    let b = ev.int_arg(args[1], pos, SECOND)?;
    Ok(Value::Int(op(a, b)))
}

fn round(ev: &mut Ev, args: &[Ref], pos: Pos, op: fn(f64) -> f64) -> Result<Value> {
    match ev.force(args[0])? {
        Value::Int(number) => Ok(Value::Int(number)),
        Value::Float(number) => {
            let rounded = op(number);
            // 2^63 is not an integer any more.
            if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded) {
                Ok(Value::Int(rounded as i64))
            } else {
                let shown = crate::print::float(number);
                Err(Error::at(
                    Kind::Other,
                    format!("NixFloat argument {shown} is not in the range of NixInt"),
                    pos,
                ))
            }
        }
        value => Err(ev.expected("a float", value, pos).frame(pos, FIRST)),
    }
}
