//! From rnix's syntax tree to the code of the machine, once per file.
//!
//! Variables become (how many environments out, which slot). One environment serves a whole
//! *region*: the body of a function or of a thunk, with all `let`s in it, because such a body
//! runs once per environment.

mod attrs;
mod expected;
mod function;
mod lint;
mod nesting;
mod odd;
mod operators;
mod show;
mod strings;
mod syntax;

use std::cell::RefCell;

use rnix::SyntaxKind::*;
use rustc_hash::FxHashMap;

use super::error::{Error, Kind, suggest};
use super::heap::{Heap, Shareable, Thin};
use super::ir::*;
use super::symbol::{Symbol, Symbols, sym};
use super::value::{EMPTY_LIST, Str, Value};
use nix_syntax::compact::{Arrays, Node, Tree};

pub use lint::{Lint, Lints};
pub use odd::Odd;
use odd::comments_end;

/// A failure to lower.
pub type Result<T> = std::result::Result<T, Box<Error>>;
type Code = &'static Expr;

/// What lowering needs to know of the world.
pub struct Context<'a> {
    /// Names.
    pub symbols: &'a Symbols,
    /// Where the code goes.
    pub heap: &'a Heap,
    /// Names that are always there, and their index.
    pub globals: &'a FxHashMap<Symbol, u32>,
    /// The position of the file's first byte.
    pub base: Pos,
    /// What relative paths are relative to.
    pub dir: &'a [u8],
    /// What `~` stands for; `None` where it may not be used.
    pub home: Option<&'a [u8]>,
    /// Whether `|>` and `<|` are allowed.
    pub pipes: bool,
    /// Names of a scope around the file (`scopedImport`): slots of an environment.
    pub scope: &'a [Symbol],
    /// What stands in for bytes that are no UTF-8.
    pub odd: &'a Odd,
    /// What is to be said of literals that are out of favour.
    pub lints: Lints,
    /// What was said, and where.
    pub warnings: &'a RefCell<Vec<(Pos, String)>>,
}

/// How deep brackets may be nested: the depth of the stack of C++ Nix's parser.
const MAX_NESTING: usize = 10_000;

/// `a.b.c` selects one attribute after another up to this many; a longer path is an array.
const SHORT_PATH: usize = 4;

/// Memory that lowering a file leaves to the next.
#[derive(Default)]
pub struct Scratch {
    arrays: Arrays,
    vars: Vars,
}

/// As much of it, in bytes, is kept: enough for all but the largest files.
const MOST_SCRATCH: usize = 256 << 10;

/// Where variables are: how many environments in, and the slot there.
type Vars = FxHashMap<Symbol, (u32, u32)>;

/// Stack for each of the sets inside of each other, which the parts of an attribute path are.
const STACK_PER_SET: usize = 4 << 10;
/// So many need no stack of their own, and for more than so many there is none.
const USUAL_SETS: usize = 10_000;
const MOST_SETS: usize = 500_000;

/// Parses and lowers `text`.
pub fn lower(text: &str, context: Context<'_>, scratch: &mut Scratch) -> Result<Code> {
    let sets = if text.len() > USUAL_SETS { nesting::sets(text.as_bytes()) } else { 0 };
    if sets <= USUAL_SETS {
        lower_here(text, context, scratch)
    } else if sets <= MOST_SETS {
        stacker::grow((1 << 20) + sets * STACK_PER_SET, || lower_here(text, context, scratch))
    } else {
        Err(Error::at(Kind::StackOverflow, "stack overflow: attribute paths are too long", context.base))
    }
}

fn lower_here(text: &str, context: Context<'_>, scratch: &mut Scratch) -> Result<Code> {
    if text.len() >= 1 << 30 {
        return Err(Error::new(Kind::Syntax, "file is too large"));
    }
    if text.len() > MAX_NESTING && nesting::of(text.as_bytes()) > MAX_NESTING {
        return Err(Error::at(Kind::Syntax, "memory exhausted: the code is nested too deeply", context.base));
    }
    let ended;
    let text = match text.as_bytes().contains(&b'\r').then(|| comments_end(text)).flatten() {
        Some(text) => {
            ended = text;
            ended.as_str()
        }
        None => text,
    };
    let Scratch { arrays, mut vars } = std::mem::take(scratch);
    vars.clear();
    let tree = match Tree::parse_in(text, arrays) {
        Ok(tree) => tree,
        Err(stop) => return Err(syntax::error(text, stop, context.base)),
    };
    let mut lowering = Lowering {
        context,
        vars,
        envs: Vec::new(),
        withs: Vec::new(),
        last_withs: None,
        dir: None,
        empty_list: None,
        empty_set: None,
        region: 1,
        regions: 1,
        name: None,
        has_nul: text.as_bytes().contains(&0),
    };
    if !lowering.context.scope.is_empty() {
        lowering.envs.push(EnvInfo { region: 0, slots: lowering.context.scope.len() as u32 });
        for (slot, name) in lowering.context.scope.iter().enumerate() {
            lowering.vars.insert(*name, (0, slot as u32));
        }
    }
    let code = lowering.expr(tree.root());
    let (arrays, vars) = (tree.into_arrays(), lowering.vars);
    if arrays.size() + vars.capacity() * size_of::<(Symbol, (u32, u32))>() <= MOST_SCRATCH {
        *scratch = Scratch { arrays, vars };
    }
    code
}

struct EnvInfo {
    region: u32,
    slots: u32,
}

struct Lowering<'a> {
    context: Context<'a>,
    /// Whether there is such a byte, which no string may have.
    has_nul: bool,
    vars: Vars,
    envs: Vec<EnvInfo>,
    withs: Vec<u32>,
    region: u32,
    regions: u32,
    /// Where the variable before found its `with`s: most often those of the next one, too.
    last_withs: Option<Thin<u32>>,
    /// The folder of the file, once a relative path was there.
    dir: Option<Thin<u8>>,
    /// `[ ]`, once it was there.
    empty_list: Option<Code>,
    /// `{ }`, likewise.
    empty_set: Option<Code>,
    /// What the next function is bound to.
    name: Option<Symbol>,
}

/// What to restore when a scope ends.
type Shadowed = Vec<(Symbol, Option<(u32, u32)>)>;

impl<'a> Lowering<'a> {
    fn heap(&self) -> &'a Heap {
        self.context.heap
    }

    fn pos(&self, start: u32) -> Pos {
        self.context.base + start
    }

    fn make(&self, expr: Expr) -> Code {
        self.heap().alloc(expr)
    }

    fn intern(&self, text: &str) -> Symbol {
        self.context.symbols.intern(text.as_bytes())
    }

    fn fail<T>(&self, kind: Kind, message: impl Into<String>, start: u32) -> Result<T> {
        Err(Error::at(kind, message, self.pos(start)))
    }

    fn constant(&self, value: Value) -> Code {
        match Shareable::new(value) {
            Some(constant) => self.make(Expr::Const(constant)),
            None => self.make(Expr::Fail { message: &"internal error: not a constant", pos: 0 }),
        }
    }

    fn empty_list(&mut self) -> Code {
        let code = self.empty_list.unwrap_or_else(|| self.constant(Value::List(&EMPTY_LIST)));
        self.empty_list = Some(code);
        code
    }

    fn empty_set(&mut self) -> Code {
        // No constant: a message shows one that nothing has needed yet as `«thunk»`.
        let code = self.empty_set.unwrap_or_else(|| self.make(Expr::Set(self.heap().thin(&[]))));
        self.empty_set = Some(code);
        code
    }

    fn string(&self, bytes: &[u8]) -> Code {
        self.constant(Value::String(self.heap().alloc(Str::plain(self.heap().slice(bytes)))))
    }

    fn child<'g>(&self, node: Node<'g>, n: usize) -> Result<Node<'g>> {
        match node.node(n) {
            Some(child) => Ok(child),
            None => self.fail(Kind::Syntax, "syntax error, something is missing here", node.start()),
        }
    }

    /// Lowers in a region of its own: what becomes a thunk.
    fn lazy(&mut self, node: Node<'_>) -> Result<Code> {
        self.in_region(|this| this.expr(node))
    }

    fn in_region<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let outside = self.region;
        self.regions += 1;
        self.region = self.regions;
        let result = work(self);
        self.region = outside;
        result
    }

    /// Takes `count` slots: of the innermost environment if it belongs to this region, else of a
    /// new one. Returns whether it is new, and the first slot.
    fn enter(&mut self, count: u32) -> (bool, u32) {
        match self.envs.last_mut() {
            Some(env) if env.region == self.region => {
                let first = env.slots;
                env.slots += count;
                (false, first)
            }
            _ => {
                self.envs.push(EnvInfo { region: self.region, slots: count });
                (true, 0)
            }
        }
    }

    /// Ends what `enter` began; the number of slots if the environment was new.
    fn leave(&mut self, new: bool) -> Option<u32> {
        if new { self.envs.pop().map(|env| env.slots) } else { None }
    }

    fn bind(&mut self, names: impl IntoIterator<Item = (Symbol, u32)>) -> Shadowed {
        let env = self.envs.len() as u32 - 1;
        names.into_iter().map(|(name, slot)| (name, self.vars.insert(name, (env, slot)))).collect()
    }

    fn unbind(&mut self, shadowed: Shadowed) {
        for (name, old) in shadowed.into_iter().rev() {
            match old {
                Some(old) => self.vars.insert(name, old),
                None => self.vars.remove(&name),
            };
        }
    }

    fn local(&self, env: u32, slot: u32, pos: Pos) -> Code {
        let depth = self.envs.len() as u32 - 1 - env;
        self.make(if depth == 0 { Expr::Var0 { slot, pos } } else { Expr::Var { depth, slot, pos } })
    }

    fn var(&mut self, name: Symbol, start: u32) -> Result<Code> {
        let pos = self.pos(start);
        if let Some((env, slot)) = self.vars.get(&name) {
            return Ok(self.local(*env, *slot, pos));
        }
        if let Some(global) = self.context.globals.get(&name) {
            return Ok(self.make(Expr::Global(*global)));
        }
        if self.withs.is_empty() {
            let text = self.context.symbols.text(name).lossy();
            let names = self.vars.keys().chain(self.context.globals.keys());
            let names = names.map(|name| self.context.symbols.text(*name).lossy());
            let close = suggest(&text, names.filter(|name| !name.starts_with("__")));
            return self
                .fail(Kind::UndefinedVariable, format!("undefined variable '{text}'"), start)
                .map_err(|mut error: Box<Error>| {
                    error.suggestions = close;
                    error
                });
        }
        let here = self.envs.len() as u32 - 1;
        let withs: Vec<u32> = self.withs.iter().rev().map(|env| here - env).collect();
        let withs = match self.last_withs {
            Some(last) if last.get() == withs => last,
            _ => *self.last_withs.insert(self.context.heap.thin(&withs)),
        };
        Ok(self.make(Expr::WithVar { name, withs, pos }))
    }

    fn expr(&mut self, node: Node<'_>) -> Result<Code> {
        stacker::maybe_grow(64 << 10, 4 << 20, || self.expr_here(node))
    }

    fn expr_here(&mut self, node: Node<'_>) -> Result<Code> {
        let pos = self.pos(node.start());
        if !matches!(node.kind(), NODE_LAMBDA | NODE_PAREN) {
            self.name = None;
        }
        match node.kind() {
            NODE_PAREN => {
                let inner = self.child(node, 0)?;
                self.expr(inner)
            }
            NODE_IDENT => match self.ident(node)? {
                sym::cur_pos => Ok(self.make(Expr::CurPos { pos })),
                name => self.var(name, node.start()),
            },
            NODE_LITERAL => self.literal(node),
            NODE_STRING => self.string_expr(node),
            NODE_PATH_ABS | NODE_PATH_HOME | NODE_PATH_REL => self.path_expr(node),
            NODE_PATH_SEARCH => self.search_path(node),
            NODE_LIST => {
                let items = node.nodes().map(|item| self.item(item)).collect::<Result<Vec<_>>>()?;
                if items.is_empty() {
                    return Ok(self.empty_list());
                }
                Ok(self.make(Expr::List(self.heap().thin(&items))))
            }
            NODE_APPLY => self.call(node),
            NODE_LAMBDA => self.lambda(node),
            NODE_LET_IN => self.let_in(node),
            NODE_LEGACY_LET => self.legacy_let(node),
            NODE_ATTR_SET => self.attr_set(node),
            NODE_SELECT => self.select(node),
            NODE_HAS_ATTR => {
                let base = self.child(node, 0)?;
                let base = self.expr(base)?;
                let path = self.child(node, 1)?;
                let path = self.attr_path(path)?;
                Ok(self.make(Expr::HasAttr { base, path: self.heap().thin(&path) }))
            }
            NODE_IF_ELSE => {
                let (condition, then, other) =
                    (self.child(node, 0)?, self.child(node, 1)?, self.child(node, 2)?);
                let (condition, then, other) = (self.expr(condition)?, self.expr(then)?, self.expr(other)?);
                Ok(self.make(Expr::If(self.heap().alloc(If { condition, then, other, pos }))))
            }
            NODE_ASSERT => {
                let (condition, body) = (self.child(node, 0)?, self.child(node, 1)?);
                let shown = self.shown(condition)?;
                let shown = String::from_utf8_lossy(&shown);
                let text = std::str::from_utf8(self.heap().slice(shown.as_bytes())).unwrap_or_default();
                let (condition, body) = (self.expr(condition)?, self.expr(body)?);
                Ok(self.make(Expr::Assert(self.heap().alloc(Assert { condition, body, pos, text }))))
            }
            NODE_WITH => self.with(node),
            NODE_BIN_OP => self.binary(node),
            NODE_UNARY_OP => {
                let operand = self.child(node, 0)?;
                match node.token() {
                    Some((TOKEN_INVERT, ..)) => {
                        let operand = self.expr(operand)?;
                        Ok(self.make(Expr::Not(operand)))
                    }
                    _ => {
                        let zero = self.constant(Value::Int(0));
                        let operand = self.expr(operand)?;
                        self.arithmetic(BinaryOp::Sub, zero, operand, node.start())
                    }
                }
            }
            kind => self.fail(Kind::Syntax, format!("syntax error, unexpected {kind:?}"), node.start()),
        }
    }

    fn ident(&self, node: Node<'_>) -> Result<Symbol> {
        match node.token() {
            Some((_, text, _)) => Ok(self.intern(text)),
            None => self.fail(Kind::Syntax, "syntax error, expected a name", node.start()),
        }
    }

    fn call(&mut self, node: Node<'_>) -> Result<Code> {
        let mut args = Vec::new();
        let mut function = node;
        while function.kind() == NODE_APPLY {
            args.push(self.child(function, 1)?);
            function = self.child(function, 0)?;
        }
        let pos = self.pos(function.start());
        let function = self.expr(function)?;
        if let [arg] = args[..] {
            let arg = match lint::is_odd_or(node) {
                // Nix has it where the call begins.
                true => self.in_region(|this| this.var(sym::or, node.start()))?,
                false => self.item(arg)?,
            };
            return Ok(self.make(Expr::Call1 { function, arg, pos }));
        }
        let args = args.into_iter().rev().map(|arg| self.item(arg)).collect::<Result<Vec<_>>>()?;
        Ok(self.make(match args[..] {
            [a, b] => Expr::Call2 { function, args: self.heap().alloc([a, b]), pos },
            _ => Expr::Call { function, args: self.heap().thin(&args), pos },
        }))
    }

    /// An argument or the item of a list.
    fn item(&mut self, node: Node<'_>) -> Result<Code> {
        self.advise_against_or(node);
        self.lazy(node)
    }

    fn select(&mut self, node: Node<'_>) -> Result<Code> {
        let pos = self.pos(node.start());
        let base = self.child(node, 0)?;
        let base = self.expr(base)?;
        let path = self.child(node, 1)?;
        let path = self.attr_path(path)?;
        let default = match node.node(2) {
            Some(default) => {
                self.advise_against_or(default);
                Some(self.expr(default)?)
            }
            None => None,
        };
        if path.len() <= SHORT_PATH && default.is_none() {
            let names: Option<Vec<_>> = path.iter().map(AttrName::fixed).collect();
            if let Some(names) = names {
                let select = |base, name| self.make(Expr::SelectOne { base, name, pos });
                return Ok(names.into_iter().fold(base, select));
            }
        }
        let path = self.heap().thin(&path);
        Ok(self.make(Expr::Select(self.heap().alloc(Select { base, path, default, pos }))))
    }

    fn attr_path(&mut self, node: Node<'_>) -> Result<Vec<AttrName>> {
        node.nodes().map(|part| self.attr_name(part)).collect()
    }

    fn attr_name(&mut self, node: Node<'_>) -> Result<AttrName> {
        Ok(match self.static_name(node)? {
            Some(name) => AttrName::Static(name),
            None => {
                let inner = if node.kind() == NODE_DYNAMIC { self.child(node, 0)? } else { node };
                AttrName::Dynamic(self.expr(inner)?)
            }
        })
    }

    /// The name, if it needs no evaluation.
    fn static_name(&self, node: Node<'_>) -> Result<Option<Symbol>> {
        match node.kind() {
            NODE_IDENT => self.ident(node).map(Some),
            NODE_STRING => Ok(self.plain_string(node)?.map(|bytes| self.context.symbols.intern(&bytes))),
            NODE_DYNAMIC => {
                let inner = self.child(node, 0)?.peel();
                if inner.kind() == NODE_STRING { self.static_name(inner) } else { Ok(None) }
            }
            _ => self.fail(Kind::Syntax, "syntax error, expected an attribute name", node.start()),
        }
    }

    fn with(&mut self, node: Node<'_>) -> Result<Code> {
        let (attrs, body) = (self.child(node, 0)?, self.child(node, 1)?);
        let attrs = self.lazy(attrs)?;
        self.envs.push(EnvInfo { region: self.region, slots: 1 });
        self.withs.push(self.envs.len() as u32 - 1);
        let body = self.expr(body);
        self.withs.pop();
        let slots = self.envs.pop().map_or(1, |env| env.slots);
        let body = body?;
        Ok(self.make(Expr::With { attrs, body, slots }))
    }
}
