//! The code that the machine runs: names are symbols, variables are slots, constants are made.
//!
//! It is built once per file, never changes, and is shared by all threads.

use super::heap::{Shareable, Thin};
use super::symbol::Symbol;

/// A position: an offset into the concatenation of all files read, 0 for none.
pub type Pos = u32;

/// Marks the position of an attribute that messages know and programs do not.
pub const HIDDEN: Pos = 1 << 31;

/// An expression.
#[derive(Debug)]
#[repr(align(8))]
#[allow(missing_docs)] // a field is what the comment of its variant says
pub enum Expr {
    /// A constant.
    Const(Shareable),
    /// A path relative to the folder of the file, as it is written. Sets of packages name thousands
    /// of files and use few: the whole path is made when it is needed.
    Path { dir: Thin<u8>, text: Thin<u8> },
    /// A variable in the innermost environment.
    Var0 { slot: u32, pos: Pos },
    /// A variable `depth` environments out.
    Var { depth: u32, slot: u32, pos: Pos },
    /// A name that only a `with` can give; how far out their environments are, innermost first.
    WithVar { name: Symbol, withs: Thin<u32>, pos: Pos },
    /// A global: `builtins` or one of the names that need no prefix.
    Global(u32),
    /// `base.a.b`, or `base.a.b or default`.
    Select(&'static Select),
    /// `base.name`, the usual case.
    SelectOne { base: &'static Expr, name: Symbol, pos: Pos },
    /// `base ? a.b`.
    HasAttr { base: &'static Expr, path: Thin<AttrName> },
    /// A function.
    Lambda(&'static Lambda),
    /// A call with one argument.
    Call1 { function: &'static Expr, arg: &'static Expr, pos: Pos },
    /// A call with two.
    Call2 { function: &'static Expr, args: &'static [&'static Expr; 2], pos: Pos },
    /// A call with all the arguments that are written.
    Call { function: &'static Expr, args: Thin<&'static Expr>, pos: Pos },
    /// `let`, or what wraps a set with `inherit (from)`.
    Let(&'static Let),
    /// `if`.
    If(&'static If),
    /// `assert`.
    Assert(&'static Assert),
    /// `with`; how large an environment to make.
    With { attrs: &'static Expr, body: &'static Expr, slots: u32 },
    /// `{ … }` of names that are known, sorted by symbol.
    Set(Thin<AttrExpr>),
    /// `rec { … }`, and `{ … }` with computed names.
    Attrs(&'static AttrsExpr),
    /// A list.
    List(Thin<&'static Expr>),
    /// A binary operator.
    Binary { op: BinaryOp, left: &'static Expr, right: &'static Expr, pos: Pos },
    /// `!`.
    Not(&'static Expr),
    /// Interpolation, and `+`; `string` if the result is a string whatever comes first.
    Concat { parts: Thin<Part>, string: bool, pos: Pos },
    /// `__curPos`.
    CurPos { pos: Pos },
    /// Something that the parser let pass and evaluation refuses.
    Fail { message: &'static &'static str, pos: Pos },
}

const _: () = assert!(size_of::<Expr>() == 24);

/// A part of what is put together.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// What it is.
    pub code: &'static Expr,
    /// Where it is: the `${`, or the operand of `+`.
    pub pos: Pos,
}

/// `base.a.b`, or `base.a.b or default`.
#[derive(Debug)]
pub struct Select {
    /// Where to look.
    pub base: &'static Expr,
    /// What for.
    pub path: Thin<AttrName>,
    /// What if it is not there.
    pub default: Option<&'static Expr>,
    /// Where it is.
    pub pos: Pos,
}

/// `if`.
#[derive(Debug)]
pub struct If {
    /// What decides.
    pub condition: &'static Expr,
    /// Its value if that is true.
    pub then: &'static Expr,
    /// Else.
    pub other: &'static Expr,
    /// Where it is.
    pub pos: Pos,
}

/// `assert`.
#[derive(Debug)]
pub struct Assert {
    /// What must be true.
    pub condition: &'static Expr,
    /// Its value then.
    pub body: &'static Expr,
    /// Where it is.
    pub pos: Pos,
    /// The condition as a message shows it.
    pub text: &'static str,
}

/// Binary operators that are not calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `->`
    Implies,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    More,
    /// `>=`
    MoreOrEqual,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `//`
    Update,
    /// `++`
    Append,
}

/// A part of an attribute path.
#[derive(Clone, Copy, Debug)]
pub enum AttrName {
    /// A name.
    Static(Symbol),
    /// `${…}`.
    Dynamic(&'static Expr),
}

impl AttrName {
    /// The name, if it needs no evaluation.
    pub fn fixed(&self) -> Option<Symbol> {
        match self {
            Self::Static(name) => Some(*name),
            Self::Dynamic(_) => None,
        }
    }
}

/// A function's code.
#[derive(Debug)]
pub struct Lambda {
    /// How it takes its arguments.
    pub params: Params,
    /// What it does.
    pub body: &'static Expr,
    /// Slots of its environment: parameters first, then the variables of `let`s in its body.
    pub slots: u32,
    /// Where it is.
    pub pos: Pos,
    /// The attribute or variable it is bound to.
    pub name: Option<Symbol>,
}

/// How a function takes its arguments.
#[derive(Debug)]
#[allow(missing_docs)] // as above
pub enum Params {
    /// `a: b: c: …`, as many as are written one right after another; slots 0, 1, 2.
    /// Positions of the inner functions follow for when it is printed half applied.
    Names { names: &'static [Symbol], positions: &'static [Pos] },
    /// `{ a, b ? 1, ... } @ whole`.
    Pattern(Pattern),
}

/// The pattern of a function that takes a set.
#[derive(Debug)]
pub struct Pattern {
    /// Sorted by symbol; the n-th goes to slot n, after `whole`.
    pub formals: &'static [Formal],
    /// Whether `...` is there.
    pub ellipsis: bool,
    /// Whether slot 0 is for the whole set.
    pub whole: bool,
    /// The name of the whole set.
    pub whole_name: Option<Symbol>,
}

/// One parameter of a pattern.
#[derive(Clone, Copy, Debug)]
pub struct Formal {
    /// Its name.
    pub name: Symbol,
    /// Where it is.
    pub pos: Pos,
    /// What to take if it is not given.
    pub default: Option<&'static Expr>,
}

/// Variables and a body.
#[derive(Debug)]
pub struct Let {
    /// `Some(n)`: a new environment with `n` slots; `None`: the innermost one has room.
    pub slots: Option<u32>,
    /// What each variable is.
    pub bindings: Thin<LetBinding>,
    /// The body.
    pub body: &'static Expr,
}

/// A variable of a `let`.
#[derive(Clone, Copy, Debug)]
pub struct LetBinding {
    /// Its slot.
    pub slot: u32,
    /// Whether its expression is of the environment outside (`inherit x;`).
    pub outside: bool,
    /// What it is.
    pub value: &'static Expr,
}

/// The code of an attribute set that is more than names and values.
#[derive(Debug)]
pub struct AttrsExpr {
    /// Sorted by symbol.
    pub attrs: Thin<AttrExpr>,
    /// `${name} = value`.
    pub dynamic: Thin<DynamicAttr>,
    /// For `rec`: its environment.
    pub rec: Option<&'static RecInfo>,
}

/// What `rec` adds to an attribute set.
#[derive(Clone, Copy, Debug)]
pub struct RecInfo {
    /// As for [`Let::slots`].
    pub slots: Option<u32>,
    /// The slot of the first attribute; the others follow in their order.
    pub first: u32,
    /// Which attributes are of the environment outside (`inherit x;`), by their index.
    pub outside: Thin<u32>,
    /// Variables that are no attributes (`inherit (from)`).
    pub hidden: Thin<(u32, &'static Expr)>,
    /// Which attribute is `__overrides`.
    pub overrides: Option<u32>,
}

/// One attribute of a set.
#[derive(Clone, Copy, Debug)]
pub struct AttrExpr {
    /// Its name.
    pub name: Symbol,
    /// Where.
    pub pos: Pos,
    /// What it is.
    pub value: &'static Expr,
}

const _: () = assert!(size_of::<AttrExpr>() == 16);

/// An attribute whose name is computed.
#[derive(Clone, Copy, Debug)]
pub struct DynamicAttr {
    /// Its name; `null` leaves it out.
    pub name: &'static Expr,
    /// What it is.
    pub value: &'static Expr,
    /// Where.
    pub pos: Pos,
}

/// A file that was parsed.
#[derive(Debug)]
pub struct File {
    /// Its code.
    pub code: &'static Expr,
    /// Where it is.
    pub path: &'static [u8],
}

impl std::fmt::Debug for Shareable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shareable")
    }
}
