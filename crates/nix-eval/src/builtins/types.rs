//! Builtins that ask what a value is, and those on numbers.

use std::cmp::Ordering;

use super::{Builtin, FIRST, SECOND, bare, prefixed};
use crate::error::{Error, Kind};
use crate::heap::Ref;
use crate::ir::{BinaryOp, Pos};
use crate::machine::{Ev, Result};
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    prefixed(
        "typeOf",
        "!value",
        "`\"int\"`, `\"bool\"`, `\"string\"`, `\"path\"`, `\"null\"`, `\"set\"`, `\"list\"`, `\"lambda\"` or `\"float\"`.",
        |ev, args, _| {
            let name = ev.force(args[0])?.type_of();
            Ok(ev.string(name.as_bytes()))
        },
    ),
    bare("isNull", "!value", "Whether a value is `null`.", |ev, args, _| {
        is(ev, args, |value| matches!(value, Value::Null))
    }),
    prefixed(
        "isFunction",
        "!value",
        "Whether a value is a function; a set with `__functor` is none.",
        |ev, args, _| is(ev, args, |value| value.is_function()),
    ),
    prefixed("isInt", "!value", "Whether a value is an integer.", |ev, args, _| {
        is(ev, args, |value| matches!(value, Value::Int(_)))
    }),
    prefixed("isFloat", "!value", "Whether a value is a float.", |ev, args, _| {
        is(ev, args, |value| matches!(value, Value::Float(_)))
    }),
    prefixed("isString", "!value", "Whether a value is a string.", |ev, args, _| {
        is(ev, args, |value| matches!(value, Value::String(_)))
    }),
    prefixed("isBool", "!value", "Whether a value is a Boolean.", |ev, args, _| {
        is(ev, args, |value| matches!(value, Value::Bool(_)))
    }),
    prefixed("isPath", "!value", "Whether a value is a path.", |ev, args, _| {
        is(ev, args, |value| matches!(value, Value::Path(_)))
    }),
    prefixed("isList", "!value", "Whether a value is a list.", |ev, args, _| {
        is(ev, args, |value| matches!(value, Value::List(_)))
    }),
    prefixed("isAttrs", "!value", "Whether a value is a set.", |ev, args, _| {
        is(ev, args, |value| matches!(value, Value::Attrs(_)))
    }),
    prefixed("add", "!a !b", "The sum of two numbers.", add),
    prefixed("sub", "!a !b", "The difference of two numbers.", |ev, args, pos| {
        arithmetic(ev, BinaryOp::Sub, args, pos)
    }),
    prefixed("mul", "!a !b", "The product of two numbers.", |ev, args, pos| {
        arithmetic(ev, BinaryOp::Mul, args, pos)
    }),
    prefixed(
        "div",
        "!a !b",
        "The quotient of two numbers; of integers without the rest.",
        |ev, args, pos| arithmetic(ev, BinaryOp::Div, args, pos),
    ),
    prefixed(
        "lessThan",
        "!a !b",
        "Whether one comes before the other: numbers, strings, paths, lists.",
        |ev, args, pos| {
            let (a, b) = (ev.force(args[0])?, ev.force(args[1])?);
            Ok(Value::Bool(ev.compare(a, b, pos)? == Some(Ordering::Less)))
        },
    ),
    prefixed("bitAnd", "!a !b", "The bits that both integers have.", |ev, args, pos| {
        bits(ev, args, pos, |a, b| a & b)
    }),
    prefixed("bitOr", "!a !b", "The bits that one of two integers has.", |ev, args, pos| {
        bits(ev, args, pos, |a, b| a | b)
    }),
    prefixed(
        "bitXor",
        "!a !b",
        "The bits that one of two integers has, and the other has not.",
        |ev, args, pos| bits(ev, args, pos, |a, b| a ^ b),
    ),
    prefixed("ceil", "!number", "The least integer that is not smaller.", |ev, args, pos| {
        round(ev, args, pos, f64::ceil)
    }),
    prefixed("floor", "!number", "The greatest integer that is not larger.", |ev, args, pos| {
        round(ev, args, pos, f64::floor)
    }),
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
                let shown = crate::quoting::float(number);
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
