//! Calls: functions of several arguments, patterns, builtins, sets that can be called.

use super::attrs::Attrs;
use super::error::{Error, Kind, suggest};
use super::heap::{Env, Ref};
use super::ir::{Expr, Formal, Lambda, Params, Pattern, Pos};
use super::machine::{Ev, Result};
use super::quoting::attr_name;
use super::symbol::{Symbol, sym};
use super::value::{Closure, Partial, Value};

impl Ev {
    pub(super) fn call_code(
        &mut self,
        function: Value,
        args: &'static [&'static Expr],
        env: Option<&'static Env>,
        pos: Pos,
    ) -> Result<Value> {
        match args {
            [a, b, c] => {
                let args = [self.delay(a, env), self.delay(b, env), self.delay(c, env)];
                self.call(function, &args, pos)
            }
            _ => {
                let args: Vec<Ref> = args.iter().map(|arg| self.delay(arg, env)).collect();
                self.call(function, &args, pos)
            }
        }
    }

    /// Calls `function`.
    pub fn call(&mut self, function: Value, args: &[Ref], pos: Pos) -> Result<Value> {
        self.may_go_deeper(pos)?;
        if self.heap.exceeded() {
            return self.out_of_memory();
        }
        self.tick()?;
        self.depth += 1;
        let result = self.with_stack(|ev| ev.call_here(function, args, pos));
        self.depth -= 1;
        result
    }

    fn call_here(&mut self, mut function: Value, mut args: &[Ref], pos: Pos) -> Result<Value> {
        while let Some(first) = args.first() {
            match function {
                Value::Closure(closure) => {
                    let lambda = closure.lambda;
                    let env = match &lambda.params {
                        Params::Names { names, .. } => {
                            let given = closure.args.get();
                            let need = names.len() - given.len();
                            if args.len() < need {
                                let args = self.heap.thin(&[given, args].concat());
                                let Closure { lambda, env, .. } = *closure;
                                return Ok(Value::Closure(self.heap.alloc(Closure { lambda, env, args })));
                            }
                            let env = self.heap.env(closure.env, lambda.slots as usize);
                            for (slot, arg) in (0u32..).zip(given.iter().chain(&args[..need])) {
                                env.set(slot, arg);
                            }
                            args = &args[need..];
                            env
                        }
                        Params::Pattern(pattern) => {
                            args = &args[1..];
                            self.bind_pattern(closure, pattern, first, pos)?
                        }
                    };
                    let result = self.eval(lambda.body, Some(env));
                    // SAFETY: made above, by this heap, with as many slots as the function has; who made it is done.
                    unsafe { self.heap.release_slots(env, lambda.slots as usize) };
                    match result {
                        Ok(_) if args.is_empty() => return result,
                        Ok(value) => function = value,
                        Err(error) => return Err(self.while_calling(error, lambda, pos)),
                    }
                }
                Value::Builtin(builtin) => {
                    let arity = builtin.arity as usize;
                    if args.len() < arity {
                        let args = self.heap.thin(args);
                        return Ok(Value::Partial(self.heap.alloc(Partial { builtin, args })));
                    }
                    function = (builtin.run)(self, &args[..arity], pos)
                        .map_err(|error| builtin.frame(error, pos))?;
                    args = &args[arity..];
                }
                Value::Partial(partial) => {
                    let given = partial.args.get();
                    let (have, arity) = (given.len(), partial.builtin.arity as usize);
                    let need = arity - have;
                    let take = need.min(args.len());
                    let mut all = [*first; 8];
                    all[..have].copy_from_slice(given);
                    all[have..have + take].copy_from_slice(&args[..take]);
                    if take < need {
                        let args = self.heap.thin(&all[..have + take]);
                        return Ok(Value::Partial(
                            self.heap.alloc(Partial { builtin: partial.builtin, args }),
                        ));
                    }
                    function = (partial.builtin.run)(self, &all[..arity], pos)
                        .map_err(|error| partial.builtin.frame(error, pos))?;
                    args = &args[need..];
                }
                Value::Attrs(attrs) if attrs.get(sym::functor).is_some() => {
                    let Some(functor) = attrs.get(sym::functor) else { return Ok(function) };
                    let this = self.at(function);
                    let code = self.force(functor.value)?;
                    function = self.call(code, &[this, *first], functor.pos).map_err(|error| {
                        error.frame(
                            pos,
                            "while calling a functor (an attribute set with a '__functor' attribute)",
                        )
                    })?;
                    args = &args[1..];
                }
                value => {
                    let shown = self.show_for_error(value);
                    return Err(Error::at(
                        Kind::Type,
                        format!(
                            "attempt to call something which is not a function but {}: {shown}",
                            value.describe()
                        ),
                        pos,
                    ));
                }
            }
        }
        Ok(function)
    }

    #[cold]
    #[inline(never)]
    fn while_calling(&mut self, error: Box<Error>, lambda: &Lambda, pos: Pos) -> Box<Error> {
        let what = match lambda.name {
            Some(name) => format!("while calling '{}'", self.text(name).lossy()),
            None => "while calling anonymous lambda".to_owned(),
        };
        error.frame(lambda.pos, what).frame(pos, "from call site")
    }

    fn bind_pattern(
        &mut self,
        closure: &Closure,
        pattern: &'static Pattern,
        arg: Ref,
        pos: Pos,
    ) -> Result<&'static Env> {
        let lambda = closure.lambda;
        let attrs = match self.force(arg)? {
            Value::Attrs(attrs) => attrs,
            value => {
                return Err(self
                    .expected("a set", value, lambda.pos)
                    .frame(lambda.pos, "while evaluating the value passed for the lambda argument")
                    .frame(pos, "from call site"));
            }
        };
        let env = self.heap.env(closure.env, lambda.slots as usize);
        let mut slot = 0;
        if pattern.whole {
            env.set(0, arg);
            slot = 1;
        }
        let mut used = 0;
        for formal in pattern.formals {
            match (attrs.get(formal.name), formal.default) {
                (Some(attr), _) => {
                    used += 1;
                    env.set(slot, attr.value);
                }
                (None, Some(default)) => env.set(slot, self.delay(default, Some(env))),
                (None, None) => return self.missing_argument(lambda, pattern, attrs, formal, pos),
            }
            slot += 1;
        }
        if !pattern.ellipsis && used != attrs.len() {
            return self.unexpected_argument(lambda, pattern, attrs, pos);
        }
        Ok(env)
    }

    fn lambda_name(&mut self, lambda: &Lambda) -> std::borrow::Cow<'static, str> {
        match lambda.name {
            Some(name) => self.text(name).lossy(),
            None => "anonymous lambda".into(),
        }
    }

    #[cold]
    fn missing_argument<T>(
        &mut self,
        lambda: &Lambda,
        pattern: &Pattern,
        attrs: &Attrs,
        formal: &Formal,
        pos: Pos,
    ) -> Result<T> {
        let function = self.lambda_name(lambda);
        let name = self.text(formal.name).lossy();
        let mut error = Error::at(
            Kind::MissingAttribute,
            format!("function '{function}' called without required argument '{name}'"),
            lambda.pos,
        );
        let missing = |formal: &&Formal| formal.default.is_none() && attrs.get(formal.name).is_none();
        error.by_order = pattern.formals.iter().filter(missing).count() > 1;
        let given = attrs.flat();
        let unknown =
            given.iter().filter(|attr| pattern.formals.iter().all(|formal| formal.name != attr.name));
        let unknown: Vec<_> = unknown.map(|attr| self.text(attr.name).lossy()).collect();
        if let [meant, ..] = super::error::suggest(&name, unknown).as_slice() {
            error.hint = Some(format!("help: '{meant}' is given, which it does not take").into());
        }
        Err(error.frame(pos, "from call site"))
    }

    #[cold]
    fn unexpected_argument<T>(
        &mut self,
        lambda: &Lambda,
        pattern: &Pattern,
        attrs: &Attrs,
        pos: Pos,
    ) -> Result<T> {
        let known = |name: Symbol| pattern.formals.binary_search_by_key(&name, |formal| formal.name).is_ok();
        let all = attrs.flat();
        let mut unknown = all.iter().map(|attr| attr.name).filter(|name| !known(*name));
        let Some(extra) = unknown.next() else {
            return Err(Error::at(Kind::Other, "internal error: no unexpected argument", pos));
        };
        let function = self.lambda_name(lambda);
        let name = self.text(extra).lossy();
        let shown = attr_name(self.text(extra).bytes);
        let mut error = Error::at(
            Kind::Type,
            format!("function '{function}' called with unexpected argument '{shown}'"),
            lambda.pos,
        );
        let names: Vec<_> = pattern.formals.iter().map(|formal| self.text(formal.name).lossy()).collect();
        error.suggestions = suggest(&name, names);
        error.by_order = unknown.next().is_some();
        Err(error.frame(pos, "from call site"))
    }
}
