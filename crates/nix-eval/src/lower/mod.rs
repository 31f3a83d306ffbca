//! From rnix's syntax tree to the code of the machine, once per file.
//!
//! Variables become (how many environments out, which slot). One environment serves a whole
//! *region*: the body of a function or of a thunk, with all `let`s in it, because such a body
//! runs once per environment.

mod attrs;
mod expected;
mod nesting;
mod show;
mod strings;
mod syntax;

use std::cell::RefCell;

use rnix::SyntaxKind::{self, *};
use rustc_hash::FxHashMap;

use super::error::{Error, Kind, suggest};
use super::heap::{Heap, Shareable, Thin};
use super::ir::*;
use super::symbol::{Symbol, Symbols, sym};
use super::value::{EMPTY_LIST, Str, Value};
use nix_syntax::compact::{Arrays, Node, Tree};

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

/// What is done about something that Nix takes and advises against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lint {
    /// Nothing.
    #[default]
    Ignore,
    /// It is said.
    Warn,
    /// It is an error.
    Fatal,
}

/// Nix's `lint-*` options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lints {
    /// `http://example.org` without quotes.
    pub url_literals: Lint,
    /// `a/b` for `./a/b`.
    pub short_path_literals: Lint,
    /// `/a/b` and `~/a/b`.
    pub absolute_path_literals: Lint,
}

/// Bytes of a text that are no UTF-8, which Nix takes in comments and strings. In the text that is parsed each is
/// another byte, which the text does not have otherwise: so all stays where it is.
#[derive(Default)]
pub struct Odd {
    mark: u8,
    /// Offset and byte, in order.
    bytes: Vec<(u32, u8)>,
}

impl Odd {
    /// The text to parse for these bytes; `None` where there is nothing to stand in.
    pub fn text(bytes: Vec<u8>) -> Option<(String, Self)> {
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => return Some((text, Self::default())),
            Err(error) => error.into_bytes(),
        };
        let mut marks = (1..=8).chain(14..=31);
        let mark = marks.find(|mark| !bytes.contains(mark))?;
        let mut odd = Self { mark, bytes: Vec::new() };
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                odd.bytes.push((u32::try_from(text.len()).ok()?, *byte));
                text.push(char::from(mark));
            }
        }
        Some((text, odd))
    }

    /// Puts the bytes back into what was made, in order, of these parts of the text.
    fn restore<'p>(
        &self,
        made: impl Iterator<Item = &'p mut Vec<u8>>,
        of: impl Iterator<Item = std::ops::Range<u32>>,
    ) {
        let mut bytes = of.flat_map(|range| {
            let from = self.bytes.partition_point(|(at, _)| *at < range.start);
            let to = self.bytes.partition_point(|(at, _)| *at < range.end);
            &self.bytes[from..to]
        });
        for byte in made.flatten().filter(|byte| **byte == self.mark) {
            if let Some((_, odd)) = bytes.next() {
                *byte = *odd;
            }
        }
    }
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

/// The text with a line feed for each carriage return that ends a comment by itself, which it does for Nix alone; `None`
/// where none does.
fn comments_end(text: &str) -> Option<String> {
    // So many are looked for one by one.
    const MOST: usize = 200;
    let is_alone = |text: &[u8], at: usize| text[at] == b'\r' && text.get(at + 1) != Some(&b'\n');
    let mut bytes = text.as_bytes().to_vec();
    let alone = (0..bytes.len()).filter(|at| is_alone(&bytes, *at)).collect::<Vec<_>>();
    if alone.is_empty() {
        return None;
    }
    if !text.contains("''") {
        // Elsewhere it is a blank, and in a string a line feed: all but in indented strings it may be one everywhere.
        alone.into_iter().for_each(|at| bytes[at] = b'\n');
        return String::from_utf8(bytes).ok();
    }
    let mut text = text.to_owned();
    for _ in 0..MOST {
        let mut start = 0;
        let mut comments = rnix::tokenize(&text).filter_map(|(kind, token)| {
            let here = start;
            start += token.len();
            (kind == TOKEN_COMMENT && token.starts_with('#')).then_some(here..start)
        });
        let found = comments.find_map(|mut comment| comment.find(|at| is_alone(text.as_bytes(), *at)));
        drop(comments);
        let Some(at) = found else { break };
        text.replace_range(at..=at, "\n");
    }
    Some(text)
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

    /// Says what a lint has to say, or fails with it.
    fn lint(&self, lint: Lint, start: u32, message: impl FnOnce() -> String) -> Result<()> {
        match lint {
            Lint::Ignore => Ok(()),
            Lint::Warn => {
                self.context.warnings.borrow_mut().push((self.pos(start), message()));
                Ok(())
            }
            Lint::Fatal => self.fail(Kind::Syntax, message(), start),
        }
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
                let items = node.nodes().map(|item| self.lazy(item)).collect::<Result<Vec<_>>>()?;
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
                let shown = show::show(condition);
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
            let arg = self.lazy(arg)?;
            return Ok(self.make(Expr::Call1 { function, arg, pos }));
        }
        let args = args.into_iter().rev().map(|arg| self.lazy(arg)).collect::<Result<Vec<_>>>()?;
        Ok(self.make(match args[..] {
            [a, b] => Expr::Call2 { function, args: self.heap().alloc([a, b]), pos },
            _ => Expr::Call { function, args: self.heap().thin(&args), pos },
        }))
    }

    fn select(&mut self, node: Node<'_>) -> Result<Code> {
        let pos = self.pos(node.start());
        let base = self.child(node, 0)?;
        let base = self.expr(base)?;
        let path = self.child(node, 1)?;
        let path = self.attr_path(path)?;
        let default = match node.node(2) {
            Some(default) => Some(self.expr(default)?),
            None => None,
        };
        if path.len() <= SHORT_PATH && default.is_none() {
            let names: Option<Vec<_>> = path.iter().map(AttrName::known).collect();
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

    fn lambda(&mut self, node: Node<'_>) -> Result<Code> {
        let name = self.name.take();
        self.in_region(|this| this.lambda_here(node, name))
    }

    fn lambda_here(&mut self, node: Node<'_>, name: Option<Symbol>) -> Result<Code> {
        let pos = self.pos(node.start());
        let param = self.child(node, 0)?;
        let (params, body_node, shadowed) = if param.kind() == NODE_PATTERN {
            let (pattern, shadowed) = self.pattern(param)?;
            (Params::Pattern(pattern), self.child(node, 1)?, shadowed)
        } else {
            let (mut names, mut positions) = (Vec::new(), Vec::new());
            let mut lambda = node;
            // `a: b: …` is one function of several arguments.
            let body = loop {
                let ident = self.child(lambda, 0)?;
                names.push(self.ident(self.child(ident, 0)?)?);
                positions.push(self.pos(lambda.start()));
                let body = self.child(lambda, 1)?;
                let next = body.peel();
                if next.kind() != NODE_LAMBDA || next.node(0).is_none_or(|param| param.kind() == NODE_PATTERN)
                {
                    break body;
                }
                lambda = next;
            };
            self.envs.push(EnvInfo { region: self.region, slots: names.len() as u32 });
            let bound: Vec<_> = names.iter().zip(0u32..).map(|(name, slot)| (*name, slot)).collect();
            let shadowed = self.bind(bound);
            let params =
                Params::Names { names: self.heap().slice(&names), positions: self.heap().slice(&positions) };
            (params, body, shadowed)
        };
        let body = self.expr(body_node);
        self.unbind(shadowed);
        let slots = self.envs.pop().map_or(0, |env| env.slots);
        let body = body?;
        let lambda = Lambda { params, body, slots, pos, name };
        Ok(self.make(Expr::Lambda(self.heap().alloc(lambda))))
    }

    fn pattern(&mut self, node: Node<'_>) -> Result<(Pattern, Shadowed)> {
        let mut whole = None;
        let mut entries = Vec::new();
        for child in node.nodes() {
            match child.kind() {
                NODE_PAT_BIND => whole = Some(self.ident(self.child(child, 0)?)?),
                NODE_PAT_ENTRY => {
                    let name_node = self.child(child, 0)?;
                    entries.push((self.ident(name_node)?, name_node.start(), child.node(1)));
                }
                _ => return self.fail(Kind::Syntax, "syntax error in a function's pattern", child.start()),
            }
        }
        entries.sort_by_key(|(name, start, _)| (*name, *start));
        let twice = entries.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| (pair[1].0, pair[1].1));
        let twice = twice.or_else(|| {
            let whole = whole?;
            entries.iter().any(|(name, ..)| *name == whole).then_some((whole, node.start()))
        });
        if let Some((name, start)) = twice {
            let name = self.context.symbols.text(name).lossy();
            return self.fail(Kind::Syntax, format!("duplicate formal function argument '{name}'"), start);
        }
        let first = u32::from(whole.is_some());
        self.envs.push(EnvInfo { region: self.region, slots: first + entries.len() as u32 });
        let mut bound: Vec<_> = whole.map(|name| (name, 0)).into_iter().collect();
        bound.extend(entries.iter().zip(first..).map(|((name, ..), slot)| (*name, slot)));
        let shadowed = self.bind(bound);
        let mut formals = Vec::with_capacity(entries.len());
        for (name, start, default) in entries {
            let default = match default {
                Some(default) => {
                    self.name = Some(name);
                    Some(self.lazy(default)?)
                }
                None => None,
            };
            formals.push(Formal { name, pos: self.pos(start), default });
        }
        let formals = self.context.heap.slice(&formals);
        let pattern = Pattern {
            formals,
            ellipsis: node.has(TOKEN_ELLIPSIS),
            whole: whole.is_some(),
            whole_name: whole,
        };
        Ok((pattern, shadowed))
    }

    fn binary(&mut self, node: Node<'_>) -> Result<Code> {
        let (left, right) = (self.child(node, 0)?, self.child(node, 1)?);
        let Some((token, _, at)) = node.token() else {
            return self.fail(Kind::Syntax, "syntax error, expected an operator", node.start());
        };
        if matches!(token, TOKEN_PIPE_LEFT | TOKEN_PIPE_RIGHT) {
            return self.pipe(token, left, right, at);
        }
        let starts = (self.pos(left.start()), self.pos(right.start()));
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let pos = self.pos(at);
        let op = match token {
            TOKEN_ADD => {
                let (left, right) = (Part { code: left, pos: starts.0 }, Part { code: right, pos: starts.1 });
                let parts = self.heap().thin(&[left, right]);
                return Ok(self.make(Expr::Concat { parts, string: false, pos }));
            }
            TOKEN_SUB => return self.arithmetic(BinaryOp::Sub, left, right, at),
            TOKEN_MUL => return self.arithmetic(BinaryOp::Mul, left, right, at),
            TOKEN_DIV => return self.arithmetic(BinaryOp::Div, left, right, at),
            TOKEN_LESS => return self.arithmetic(BinaryOp::Less, left, right, at),
            TOKEN_LESS_OR_EQ => return self.arithmetic(BinaryOp::LessOrEqual, left, right, at),
            TOKEN_MORE => return self.arithmetic(BinaryOp::More, left, right, at),
            TOKEN_MORE_OR_EQ => return self.arithmetic(BinaryOp::MoreOrEqual, left, right, at),
            TOKEN_AND_AND => BinaryOp::And,
            TOKEN_OR_OR => BinaryOp::Or,
            TOKEN_IMPLICATION => BinaryOp::Implies,
            TOKEN_EQUAL => BinaryOp::Equal,
            TOKEN_NOT_EQUAL => BinaryOp::NotEqual,
            TOKEN_UPDATE => BinaryOp::Update,
            TOKEN_CONCAT => BinaryOp::Append,
            _ => return self.fail(Kind::Syntax, format!("syntax error, unexpected {token:?}"), at),
        };
        Ok(self.make(Expr::Binary { op, left, right, pos }))
    }

    /// Operators that Nix reads as calls of `__sub` and the like, which a program can shadow.
    fn arithmetic(&mut self, op: BinaryOp, left: Code, right: Code, at: u32) -> Result<Code> {
        let (name, swap, negate) = match op {
            BinaryOp::Sub => (sym::sub, false, false),
            BinaryOp::Mul => (sym::mul, false, false),
            BinaryOp::Div => (sym::div, false, false),
            BinaryOp::Less => (sym::less_than, false, false),
            BinaryOp::LessOrEqual => (sym::less_than, true, true),
            BinaryOp::More => (sym::less_than, true, false),
            _ => (sym::less_than, false, true),
        };
        let pos = self.pos(at);
        if !self.vars.contains_key(&name) {
            return Ok(self.make(Expr::Binary { op, left, right, pos }));
        }
        let function = self.var(name, at)?;
        let args = if swap { [right, left] } else { [left, right] };
        let call = self.make(Expr::Call2 { function, args: self.heap().alloc(args), pos });
        Ok(if negate { self.make(Expr::Not(call)) } else { call })
    }

    fn pipe(&mut self, token: SyntaxKind, left: Node<'_>, right: Node<'_>, at: u32) -> Result<Code> {
        if !self.context.pipes {
            let message = "experimental Nix feature 'pipe-operators' is disabled; add '--extra-experimental-features pipe-operators' to enable it";
            return self.fail(Kind::Other, message, at);
        }
        let (function, arg) = if token == TOKEN_PIPE_LEFT { (left, right) } else { (right, left) };
        let function = self.expr(function)?;
        let arg = self.lazy(arg)?;
        Ok(self.make(Expr::Call1 { function, arg, pos: self.pos(at) }))
    }
}
