//! Operators: arithmetic, comparison, equality, `//`, `++`, and the checks of types.

use std::cmp::Ordering;

use super::attrs::Attrs;
use super::coerce::{Coerce, ContextSet};
use super::error::{Error, Kind};
use super::heap::{Env, Ref};
use super::ir::*;
use super::machine::{Ev, Result};
use super::paths::canonical;
use super::quoting::attr_name;
use super::shared::Origin;
use super::symbol::sym;
use super::value::{List, Str, Value};

const APPENDED: &str = "while evaluating one of the elements to concatenate";

impl Ev {
    /// "expected a set but found an integer: 1".
    #[cold]
    pub(super) fn expected(&mut self, what: &str, found: Value, pos: Pos) -> Box<Error> {
        let shown = self.show_for_error(found);
        Error::at(Kind::Type, format!("expected {what} but found {}: {shown}", found.describe()), pos)
    }

    /// The bytes of a string, whatever its context.
    pub(super) fn any_string(
        &mut self,
        value: Value,
        pos: Pos,
        context: &'static str,
    ) -> Result<&'static Str> {
        match value {
            Value::String(string) => Ok(string),
            value => Err(self.expected("a string", value, pos).frame(pos, context)),
        }
    }

    /// The bytes of a string that may refer to nothing.
    pub(super) fn string_no_context(
        &mut self,
        value: Value,
        pos: Pos,
        context: &'static str,
    ) -> Result<&'static [u8]> {
        let string = self.any_string(value, pos, context)?;
        match string.context {
            None => Ok(string.bytes),
            Some(found) => {
                let first = found.elements.first().map(|element| element.display(&self.shared.store));
                let message = format!(
                    "the string '{}' is not allowed to refer to a store path (such as '{}')",
                    string.lossy(),
                    first.unwrap_or_default()
                );
                Err(Error::at(Kind::Other, message, pos).frame(pos, context))
            }
        }
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        left: &'static Expr,
        right: &'static Expr,
        env: Option<&'static Env>,
        pos: Pos,
    ) -> Result<Value> {
        Ok(Value::Bool(match op {
            BinaryOp::And => {
                self.condition(left, env, pos, "in the left operand of the AND (&&) operator")?
                    && self.condition(right, env, pos, "in the right operand of the AND (&&) operator")?
            }
            BinaryOp::Or => {
                self.condition(left, env, pos, "in the left operand of the OR (||) operator")?
                    || self.condition(right, env, pos, "in the right operand of the OR (||) operator")?
            }
            BinaryOp::Implies => {
                !self.condition(left, env, pos, "in the left operand of the IMPL (->) operator")?
                    || self.condition(right, env, pos, "in the right operand of the IMPL (->) operator")?
            }
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let (left, right) = (self.eval(left, env)?, self.eval(right, env)?);
                self.equal(left, right)? == (op == BinaryOp::Equal)
            }
            BinaryOp::Less => self.compare_code(left, right, env, pos)? == Some(Ordering::Less),
            BinaryOp::More => self.compare_code(right, left, env, pos)? == Some(Ordering::Less),
            BinaryOp::LessOrEqual => self.compare_code(right, left, env, pos)? != Some(Ordering::Less),
            BinaryOp::MoreOrEqual => self.compare_code(left, right, env, pos)? != Some(Ordering::Less),
            BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div => {
                let (left, right) = (self.eval(left, env)?, self.eval(right, env)?);
                return self.arithmetic(op, left, right, pos);
            }
            BinaryOp::Update => return self.update(left, right, env, pos),
            BinaryOp::Append => return self.append(left, right, env, pos),
        }))
    }

    fn operand_attrs(
        &mut self,
        expr: &'static Expr,
        env: Option<&'static Env>,
        pos: Pos,
        context: &'static str,
    ) -> Result<&'static Attrs> {
        match self.eval(expr, env)? {
            Value::Attrs(attrs) => Ok(attrs),
            value => Err(self.expected("a set", value, pos).frame(pos, context)),
        }
    }

    fn update(
        &mut self,
        left: &'static Expr,
        right: &'static Expr,
        env: Option<&'static Env>,
        pos: Pos,
    ) -> Result<Value> {
        // Nix evaluates the right side first.
        let right =
            self.operand_attrs(right, env, pos, "in the right operand of the update (//) operator")?;
        let left = self.operand_attrs(left, env, pos, "in the left operand of the update (//) operator")?;
        Ok(Value::Attrs(match (left.is_empty(), right.is_empty()) {
            (true, _) => right,
            (_, true) => left,
            _ => left.update(right, self.heap),
        }))
    }

    fn append(
        &mut self,
        left: &'static Expr,
        right: &'static Expr,
        env: Option<&'static Env>,
        pos: Pos,
    ) -> Result<Value> {
        if let Expr::Binary { op: BinaryOp::Append, .. } = right {
            return self.append_all(left, right, env, pos);
        }
        let (left, right) = (self.eval(left, env)?, self.eval(right, env)?);
        let left = self.as_list(left, pos, APPENDED)?;
        let right = self.as_list(right, pos, APPENDED)?;
        match (left.items, right.items) {
            ([], _) => Ok(Value::List(right)),
            (_, []) => Ok(Value::List(left)),
            (a, b) => {
                self.room_for((a.len() + b.len()) * 8)?;
                let items = self
                    .heap
                    .slice_with(a.len() + b.len(), |i| if i < a.len() { a[i] } else { b[i - a.len()] });
                Ok(self.list_of(items))
            }
        }
    }

    /// A chain `a ++ (b ++ (c ++ …))` is copied once, not once per operator.
    fn append_all(
        &mut self,
        left: &'static Expr,
        right: &'static Expr,
        env: Option<&'static Env>,
        pos: Pos,
    ) -> Result<Value> {
        let mut operands = vec![(self.eval(left, env)?, pos)];
        let mut last = (right, pos);
        while let Expr::Binary { op: BinaryOp::Append, left, right, pos } = last.0 {
            operands.push((self.eval(left, env)?, *pos));
            last = (right, *pos);
        }
        operands.push((self.eval(last.0, env)?, last.1));
        // The innermost operator looks at its operands first, left before right.
        let inner = operands.len() - 2;
        operands[inner..].reverse();
        let mut lists = Vec::with_capacity(operands.len());
        while let Some((operand, pos)) = operands.pop() {
            lists.push(self.as_list(operand, pos, APPENDED)?.items);
        }
        lists.swap(0, 1);
        lists.reverse();
        self.room_for(lists.iter().map(|items| items.len()).sum::<usize>() * 8)?;
        Ok(self.list(&lists.concat()))
    }

    pub(super) fn as_list(&mut self, value: Value, pos: Pos, context: &'static str) -> Result<&'static List> {
        match value {
            Value::List(list) => Ok(list),
            value => Err(self.expected("a list", value, pos).frame(pos, context)),
        }
    }

    /// `-`, `*`, `/` on numbers.
    pub(super) fn arithmetic(&mut self, op: BinaryOp, left: Value, right: Value, pos: Pos) -> Result<Value> {
        use BinaryOp::{Div, Mul, Sub};
        if let (Value::Int(a), Value::Int(b)) = (left, right) {
            let (result, verb, sign) = match op {
                Sub => (a.checked_sub(b), "subtracting", '-'),
                Mul => (a.checked_mul(b), "multiplying", '*'),
                _ if b == 0 => return Err(Error::at(Kind::Other, "division by zero", pos)),
                _ => (a.checked_div(b), "dividing", '/'),
            };
            return result.map(Value::Int).ok_or_else(|| {
                Error::at(Kind::Other, format!("integer overflow in {verb} {a} {sign} {b}"), pos)
            });
        }
        let contexts = match op {
            Sub => [
                "while evaluating the first argument of the subtraction",
                "while evaluating the second argument of the subtraction",
            ],
            Mul => [
                "while evaluating the first of the multiplication",
                "while evaluating the second argument of the multiplication",
            ],
            _ => [
                "while evaluating the first operand of the division",
                "while evaluating the second operand of the division",
            ],
        };
        if op == Div {
            // Nix looks at the divisor first.
            let divisor = self.number(right, pos, contexts[1], true)?;
            if divisor == 0.0 {
                return Err(Error::at(Kind::Other, "division by zero", pos));
            }
        }
        let any_float = matches!(left, Value::Float(_)) || matches!(right, Value::Float(_));
        let a = self.number(left, pos, contexts[0], any_float)?;
        let b = self.number(right, pos, contexts[1], any_float)?;
        Ok(Value::Float(match op {
            Sub => a - b,
            Mul => a * b,
            _ => a / b,
        }))
    }

    fn number(&mut self, value: Value, pos: Pos, context: &'static str, float: bool) -> Result<f64> {
        match value {
            Value::Int(number) => Ok(number as f64),
            Value::Float(number) => Ok(number),
            value => {
                let what = if float { "a float" } else { "an integer" };
                Err(self.expected(what, value, pos).frame(pos, context))
            }
        }
    }

    /// `+` and interpolation.
    pub(super) fn concat(
        &mut self,
        parts: &'static [Part],
        string: bool,
        env: Option<&'static Env>,
        pos: Pos,
    ) -> Result<Value> {
        let Some((first, rest)) = parts.split_first() else { return Ok(self.string(b"")) };
        let at = first.pos;
        let first = self.eval(first.code, env)?;
        if !string {
            match first {
                Value::Int(_) | Value::Float(_) => {
                    let mut sum = first;
                    for part in rest {
                        let value = self.eval(part.code, env)?;
                        sum = self.add(sum, value, part.pos)?;
                    }
                    return Ok(sum);
                }
                _ => {}
            }
        }
        let is_path = !string && matches!(first, Value::Path(_));
        let context = "while evaluating a path segment";
        let mut set = ContextSet::default();
        // Only after a string are paths copied to the store: `set + /path` is not.
        let copy = string || matches!(first, Value::String(_));
        let how = Coerce { more: false, copy };
        let mut pieces: Vec<&'static [u8]> = Vec::with_capacity(parts.len());
        pieces.push(self.coerce(first, &mut set, how, at, context)?);
        for part in rest {
            let value = self.eval(part.code, env)?;
            pieces.push(self.coerce(value, &mut set, how, part.pos, context)?);
        }
        let len = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        self.room_for(len)?;
        if is_path {
            if !set.is_empty() {
                let message = "a string that refers to a store path cannot be appended to a path";
                return Err(Error::at(Kind::Other, message, pos));
            }
            let path = canonical(&pieces.concat());
            let bytes = self.heap.slice(&path);
            return Ok(Value::Path(self.heap.alloc(Str::plain(bytes))));
        }
        let bytes = match pieces.as_slice() {
            [only] => only,
            _ => self.heap.concat(&pieces, len),
        };
        let context = set.finish(self.heap);
        Ok(Value::String(self.heap.alloc(Str { bytes, context })))
    }

    /// `+` on numbers.
    pub(super) fn add(&mut self, left: Value, right: Value, pos: Pos) -> Result<Value> {
        Ok(match (left, right) {
            (Value::Int(a), Value::Int(b)) => match a.checked_add(b) {
                Some(sum) => Value::Int(sum),
                None => {
                    return Err(Error::at(Kind::Other, format!("integer overflow in adding {a} + {b}"), pos));
                }
            },
            (Value::Int(a), Value::Float(b)) => Value::Float(a as f64 + b),
            (Value::Float(a), Value::Int(b)) => Value::Float(a + b as f64),
            (Value::Float(a), Value::Float(b)) => Value::Float(a + b),
            (left, right) => {
                let to = if matches!(left, Value::Int(_)) { "an integer" } else { "a float" };
                return Err(Error::at(Kind::Type, format!("cannot add {} to {to}", right.describe()), pos));
            }
        })
    }

    fn compare_code(
        &mut self,
        left: &'static Expr,
        right: &'static Expr,
        env: Option<&'static Env>,
        pos: Pos,
    ) -> Result<Option<Ordering>> {
        let (left, right) = (self.eval(left, env)?, self.eval(right, env)?);
        self.compare(left, right, pos)
    }

    /// Order of two values; `None` if a NaN is involved.
    pub(super) fn compare(&mut self, left: Value, right: Value, pos: Pos) -> Result<Option<Ordering>> {
        self.step()?;
        Ok(match (left, right) {
            (Value::Int(a), Value::Int(b)) => Some(a.cmp(&b)),
            (Value::Int(a), Value::Float(b)) => (a as f64).partial_cmp(&b),
            (Value::Float(a), Value::Int(b)) => a.partial_cmp(&(b as f64)),
            (Value::Float(a), Value::Float(b)) => a.partial_cmp(&b),
            (Value::String(a), Value::String(b)) | (Value::Path(a), Value::Path(b)) => {
                Some(a.bytes.cmp(b.bytes))
            }
            (Value::List(a), Value::List(b)) => {
                for (a, b) in a.items.iter().zip(b.items) {
                    let (a, b) = (self.force(a)?, self.force(b)?);
                    if !self.equal(a, b)? {
                        return self.deeper(pos, |ev| ev.compare(a, b, pos));
                    }
                }
                Some(a.items.len().cmp(&b.items.len()))
            }
            (left, right) => {
                let (a, b) = (left.describe(), right.describe());
                let (shown_a, shown_b) = (self.show_for_error(left), self.show_for_error(right));
                let message = if std::mem::discriminant(&left) == std::mem::discriminant(&right)
                    || (left.is_function() && right.is_function())
                {
                    format!(
                        "cannot compare {a} with {b}; values of that type are incomparable (values are {shown_a} and {shown_b})"
                    )
                } else {
                    format!("cannot compare {a} with {b}; values are {shown_a} and {shown_b}")
                };
                return Err(Error::at(Kind::Type, message, pos));
            }
        })
    }

    /// Equality of two thunks: the same thunk is equal to itself.
    pub(super) fn equal_thunks(&mut self, left: Ref, right: Ref) -> Result<bool> {
        let (a, b) = (self.force(left)?, self.force(right)?);
        if std::ptr::eq(left, right) {
            return Ok(true);
        }
        self.equal(a, b)
    }

    /// `==`.
    pub(super) fn equal(&mut self, left: Value, right: Value) -> Result<bool> {
        self.step()?;
        Ok(match (left, right) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => a as f64 == b,
            (Value::Float(a), Value::Float(b)) => a == b,
            (Value::String(a), Value::String(b)) | (Value::Path(a), Value::Path(b)) => a.bytes == b.bytes,
            (Value::List(a), Value::List(b)) => {
                if a.items.len() != b.items.len() {
                    return Ok(false);
                }
                for (a, b) in a.items.iter().zip(b.items) {
                    if !self.deeper(0, |ev| ev.equal_thunks(a, b))? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Attrs(a), Value::Attrs(b)) => self.deeper(0, |ev| ev.equal_attrs(a, b))?,
            _ => false,
        })
    }

    fn equal_attrs(&mut self, a: &'static Attrs, b: &'static Attrs) -> Result<bool> {
        // Derivations are equal if their `outPath`s are.
        if self.is_derivation(a)?
            && self.is_derivation(b)?
            && let (Some(a), Some(b)) = (a.get(sym::out_path), b.get(sym::out_path))
        {
            return self.equal_thunks(a.value, b.value);
        }
        if a.len() != b.len() {
            return Ok(false);
        }
        let (a, b) = (a.flat(), b.flat());
        for (a, b) in a.iter().zip(b.iter()) {
            if a.name != b.name || !self.equal_thunks(a.value, b.value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether `type` is `"derivation"`.
    pub fn is_derivation(&mut self, attrs: &'static Attrs) -> Result<bool> {
        match attrs.get(sym::type_) {
            Some(attr) => {
                Ok(matches!(self.force(attr.value)?, Value::String(text) if text.bytes == b"derivation"))
            }
            None => Ok(false),
        }
    }

    /// `assert a == b`: says what differs.
    pub(super) fn assert_equal(&mut self, left: Value, right: Value) -> Result<()> {
        if self.equal(left, right)? {
            return Ok(());
        }
        let fail = |message: String| Err(Error::new(Kind::Assertion, message));
        match (left, right) {
            (Value::Int(a), Value::Int(b)) => {
                fail(format!("an integer with value '{a}' is not equal to an integer with value '{b}'"))
            }
            (Value::Float(a), Value::Float(b)) => {
                let (a, b) = (super::quoting::float(a), super::quoting::float(b));
                fail(format!("a float with value '{a}' is not equal to a float with value '{b}'"))
            }
            (Value::Int(a), Value::Float(b)) => {
                let b = super::quoting::float(b);
                fail(format!("an integer with value '{a}' is not equal to a float with value '{b}'"))
            }
            (Value::Float(a), Value::Int(b)) => {
                let a = super::quoting::float(a);
                fail(format!("a float with value '{a}' is not equal to an integer with value '{b}'"))
            }
            (Value::Bool(a), Value::Bool(b)) => fail(format!("boolean '{a}' is not equal to boolean '{b}'")),
            (Value::String(a), Value::String(b)) => {
                let (a, b) = (super::quoting::quote(a.bytes), super::quoting::quote(b.bytes));
                fail(format!("string '{a}' is not equal to string '{b}'"))
            }
            (Value::Path(a), Value::Path(b)) => {
                fail(format!("path '{}' is not equal to path '{}'", a.lossy(), b.lossy()))
            }
            (Value::List(a), Value::List(b)) => {
                if a.items.len() != b.items.len() {
                    return fail(format!(
                        "list of size '{}' is not equal to list of size '{}', left hand side is '{}', right hand side is '{}'",
                        a.items.len(),
                        b.items.len(),
                        self.show_for_error(left),
                        self.show_for_error(right)
                    ));
                }
                for (n, (a, b)) in a.items.iter().zip(b.items).enumerate() {
                    let (a, b) = (self.force(a)?, self.force(b)?);
                    self.assert_equal(a, b)
                        .map_err(|error| error.frame(0, format!("while comparing list element {n}")))?;
                }
                Ok(())
            }
            (Value::Attrs(a), Value::Attrs(b)) => self.assert_equal_attrs(a, b, left, right),
            (a, b) if a.is_function() && b.is_function() => fail(
                "distinct functions and immediate comparisons of identical functions compare as unequal"
                    .into(),
            ),
            _ => {
                let (a, b) = (self.show_for_error(left), self.show_for_error(right));
                fail(format!(
                    "{} of value '{a}' is not equal to {} of value '{b}'",
                    left.describe(),
                    right.describe()
                ))
            }
        }
    }

    fn assert_equal_attrs(
        &mut self,
        a: &'static Attrs,
        b: &'static Attrs,
        left: Value,
        right: Value,
    ) -> Result<()> {
        if self.is_derivation(a)?
            && self.is_derivation(b)?
            && let (Some(one), Some(other)) = (a.get(sym::out_path), b.get(sym::out_path))
        {
            let (one, other) = (self.force(one.value)?, self.force(other.value)?);
            return self
                .assert_equal(one, other)
                .map_err(|error| error.frame(0, "while comparing a derivation by its 'outPath' attribute"));
        }
        if a.len() != b.len() {
            let (a, b) = (self.show_for_error(left), self.show_for_error(right));
            let message = format!("attribute names of attribute set '{a}' differs from attribute set '{b}'");
            return Err(Error::new(Kind::Assertion, message));
        }
        for attr in self.sorted(a) {
            if b.get(attr.name).is_none() {
                let name = attr_name(self.text(attr.name).bytes);
                let (a, b) = (self.show_for_error(left), self.show_for_error(right));
                let message = format!("attribute name '{name}' is contained in '{a}', but not in '{b}'");
                return Err(Error::new(Kind::Assertion, message));
            }
        }
        for attr in a.flat().iter() {
            let Some(other) = b.get(attr.name) else { continue };
            let (one, other) = (self.force(attr.value)?, self.force(other.value)?);
            if !self.equal(one, other)? {
                let name = self.text(attr.name).lossy();
                return self
                    .assert_equal(one, other)
                    .map_err(|error| error.frame(attr.pos, format!("while comparing attribute '{name}'")));
            }
        }
        Ok(())
    }

    /// `{ file, line, column }`, or null.
    pub(super) fn position(&mut self, pos: Pos) -> Value {
        let Some((source, line, column)) = self.shared.line_and_column(pos) else { return Value::Null };
        let file: &[u8] = match &source.origin {
            Origin::File(file) => file,
            Origin::Ours { file, .. } if !file.is_empty() => file.as_bytes(),
            Origin::Ours { .. } | Origin::Text(_) => return Value::Null,
        };
        let attrs = vec![
            self.attr(sym::file, self.string(file)),
            self.attr(sym::line, Value::Int(line as i64)),
            self.attr(sym::column, Value::Int(column as i64)),
        ];
        Value::Attrs(Attrs::from_unsorted(self.heap, attrs))
    }
}
