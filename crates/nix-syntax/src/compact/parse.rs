//! Tokens become a tree: Nix's grammar by recursive descent, its operators by binding power.
//!
//! The rules are those of the manual's chapter on the language; where it leaves something open, C++ Nix's
//! behaviour decides: `a.b or c` takes one operand, `f or` is a call with a variable called `or`, `==`
//! and `<` do not chain, the two pipes do not mix.

use rnix::SyntaxKind::{self, *};

use super::{Arrays, Child, IDENT, LITERAL, NODE, NodeData, Stop, TOKEN, Token, Tree};

type Result<T> = std::result::Result<T, Stop>;

/// Stack left at which a new piece is taken, and how large a piece is.
const RED_ZONE: usize = 64 << 10;
const STACK_PIECE: usize = 4 << 20;

pub(super) fn parse(text: &str, arrays: Arrays) -> Result<Tree<'_>> {
    let Arrays { mut tokens, mut nodes, mut children, mut open } = arrays;
    tokens.clear();
    nodes.clear();
    children.clear();
    open.clear();
    tokens.reserve(text.len() / 6);
    let mut offset = 0;
    for (kind, token) in rnix::tokenize(text) {
        let start = offset;
        offset += token.len() as u32;
        match kind {
            TOKEN_WHITESPACE | TOKEN_COMMENT => {}
            TOKEN_ERROR => return Err(Stop { token: Some(kind), start, end: offset }),
            TOKEN_FLOAT if token.starts_with('0') => number(token, start, &mut tokens),
            _ => tokens.push(Token { kind, start, end: offset }),
        }
    }
    nodes.reserve(tokens.len() / 2);
    children.reserve(tokens.len());
    let mut parser = Parser { text, at: 0, nodes, children, open, tokens };
    parser.expr()?;
    match (parser.peek(), parser.open.pop()) {
        (None, Some(root)) => {
            let Parser { tokens, nodes, children, open, .. } = parser;
            Ok(Tree { text, arrays: Arrays { tokens, nodes, children, open }, root })
        }
        _ => Err(parser.stop()),
    }
}

/// A number that begins with a zero: to Nix, `0.a` selects from 0, and `01.5` is `01` and `.5`.
fn number(token: &str, start: u32, tokens: &mut Vec<Token>) {
    let end = start + token.len() as u32;
    let dot = token.find('.').unwrap_or(token.len());
    let fraction = token.as_bytes().get(dot + 1).is_some_and(u8::is_ascii_digit);
    if (dot == 1 && fraction) || dot == token.len() || (!fraction && dot + 1 < token.len()) {
        tokens.push(Token { kind: TOKEN_FLOAT, start, end });
        return;
    }
    let middle = start + dot as u32;
    tokens.push(Token { kind: TOKEN_INTEGER, start, end: middle });
    tokens.push(Token { kind: if fraction { TOKEN_FLOAT } else { TOKEN_DOT }, start: middle, end });
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    /// The next token.
    at: usize,
    nodes: Vec<NodeData>,
    children: Vec<Child>,
    /// Children of nodes that are not finished.
    open: Vec<Child>,
}

/// Where a node begins: what is open before it, and its first token.
#[derive(Clone, Copy)]
struct Mark {
    open: usize,
    token: usize,
}

/// How tightly an infix operator binds, and which operators may follow as its right operand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Assoc {
    Left,
    Right,
    None,
}

/// Binding powers, loosest first.
const PIPE: u8 = 1;
const NOT: u8 = 8;
const HAS: u8 = 12;
const NEGATE: u8 = 13;

/// The binding power of an infix operator.
const fn infix(kind: SyntaxKind) -> Option<(u8, Assoc)> {
    Some(match kind {
        TOKEN_IMPLICATION => (2, Assoc::Right),
        TOKEN_OR_OR => (3, Assoc::Left),
        TOKEN_AND_AND => (4, Assoc::Left),
        TOKEN_EQUAL | TOKEN_NOT_EQUAL => (5, Assoc::None),
        TOKEN_LESS | TOKEN_LESS_OR_EQ | TOKEN_MORE | TOKEN_MORE_OR_EQ => (6, Assoc::None),
        TOKEN_UPDATE => (7, Assoc::Right),
        TOKEN_ADD | TOKEN_SUB => (9, Assoc::Left),
        TOKEN_MUL | TOKEN_DIV => (10, Assoc::Left),
        TOKEN_CONCAT => (11, Assoc::Right),
        _ => return None,
    })
}

/// Whether an operand can begin with this token.
const fn begins_operand(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        TOKEN_IDENT
            | TOKEN_INTEGER
            | TOKEN_FLOAT
            | TOKEN_STRING_START
            | TOKEN_PATH_ABS
            | TOKEN_PATH_REL
            | TOKEN_PATH_HOME
            | TOKEN_PATH_SEARCH
            | TOKEN_URI
            | TOKEN_L_PAREN
            | TOKEN_L_BRACE
            | TOKEN_L_BRACK
            | TOKEN_REC
            | TOKEN_LET
    )
}

impl Parser<'_> {
    #[inline]
    fn peek(&self) -> Option<SyntaxKind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    #[inline]
    fn ahead(&self, n: usize) -> Option<SyntaxKind> {
        self.tokens.get(self.at + n).map(|token| token.kind)
    }

    /// The next token, as what cannot be there.
    #[cold]
    fn stop(&self) -> Stop {
        match self.tokens.get(self.at) {
            Some(token) => Stop { token: Some(token.kind), start: token.start, end: token.end },
            None => Stop { token: None, start: self.text.len() as u32, end: self.text.len() as u32 },
        }
    }

    #[inline]
    fn skip(&mut self, kind: SyntaxKind) -> Result<()> {
        if self.peek() != Some(kind) {
            return Err(self.stop());
        }
        self.at += 1;
        Ok(())
    }

    /// Takes the next token as a child.
    #[inline]
    fn keep(&mut self) {
        self.open.push(Child::new(self.at, TOKEN));
        self.at += 1;
    }

    /// Takes the next token as a node of its own.
    #[inline]
    fn leaf(&mut self, what: u32) {
        self.open.push(Child::new(self.at, what));
        self.at += 1;
    }

    #[inline]
    fn mark(&self) -> Mark {
        Mark { open: self.open.len(), token: self.at }
    }

    /// All that came since `mark` is one node.
    #[inline]
    fn finish(&mut self, mark: Mark, kind: SyntaxKind) {
        let first = self.children.len();
        self.children.extend_from_slice(&self.open[mark.open..]);
        self.open.truncate(mark.open);
        self.open.push(Child::new(self.nodes.len(), NODE));
        let count = (self.children.len() - first) as u32;
        self.nodes.push(NodeData { kind, token: mark.token as u32, first: first as u32, count });
    }

    fn expr(&mut self) -> Result<()> {
        stacker::maybe_grow(RED_ZONE, STACK_PIECE, || self.expr_here())
    }

    fn expr_here(&mut self) -> Result<()> {
        let mark = self.mark();
        match self.peek() {
            Some(TOKEN_IDENT) => match self.ahead(1) {
                Some(TOKEN_COLON) => {
                    self.leaf(IDENT);
                    self.finish(mark, NODE_IDENT_PARAM);
                    self.lambda(mark)
                }
                Some(TOKEN_AT) => {
                    self.leaf(IDENT);
                    self.finish(mark, NODE_PAT_BIND);
                    self.at += 1;
                    self.formals()?;
                    self.finish(mark, NODE_PATTERN);
                    self.lambda(mark)
                }
                _ => self.operators(),
            },
            Some(TOKEN_L_BRACE) if self.is_pattern() => {
                self.formals()?;
                if self.peek() == Some(TOKEN_AT) {
                    let bind = self.mark();
                    self.at += 1;
                    self.ident()?;
                    self.finish(bind, NODE_PAT_BIND);
                }
                self.finish(mark, NODE_PATTERN);
                self.lambda(mark)
            }
            Some(TOKEN_LET) if self.ahead(1) != Some(TOKEN_L_BRACE) => {
                self.at += 1;
                self.bindings(TOKEN_IN)?;
                self.expr()?;
                self.finish(mark, NODE_LET_IN);
                Ok(())
            }
            Some(TOKEN_WITH) => self.prefixed(mark, NODE_WITH),
            Some(TOKEN_ASSERT) => self.prefixed(mark, NODE_ASSERT),
            Some(TOKEN_IF) => {
                self.at += 1;
                self.expr()?;
                self.skip(TOKEN_THEN)?;
                self.expr()?;
                self.skip(TOKEN_ELSE)?;
                self.expr()?;
                self.finish(mark, NODE_IF_ELSE);
                Ok(())
            }
            _ => self.operators(),
        }
    }

    /// `with a; b` and `assert a; b`.
    fn prefixed(&mut self, mark: Mark, kind: SyntaxKind) -> Result<()> {
        self.at += 1;
        self.expr()?;
        self.skip(TOKEN_SEMICOLON)?;
        self.expr()?;
        self.finish(mark, kind);
        Ok(())
    }

    fn lambda(&mut self, mark: Mark) -> Result<()> {
        self.skip(TOKEN_COLON)?;
        self.expr()?;
        self.finish(mark, NODE_LAMBDA);
        Ok(())
    }

    /// Whether the brace here opens a function's pattern.
    fn is_pattern(&self) -> bool {
        match (self.ahead(1), self.ahead(2)) {
            (Some(TOKEN_R_BRACE), after) => matches!(after, Some(TOKEN_COLON | TOKEN_AT)),
            (Some(TOKEN_ELLIPSIS), _) => true,
            (Some(TOKEN_IDENT), after) => {
                matches!(after, Some(TOKEN_COMMA | TOKEN_QUESTION | TOKEN_R_BRACE))
            }
            _ => false,
        }
    }

    fn formals(&mut self) -> Result<()> {
        self.skip(TOKEN_L_BRACE)?;
        loop {
            match self.peek() {
                Some(TOKEN_R_BRACE) => break,
                Some(TOKEN_ELLIPSIS) => {
                    self.keep();
                    break;
                }
                _ => {}
            }
            let mark = self.mark();
            self.ident()?;
            if self.peek() == Some(TOKEN_QUESTION) {
                self.at += 1;
                self.expr()?;
            }
            self.finish(mark, NODE_PAT_ENTRY);
            if self.peek() != Some(TOKEN_COMMA) {
                break;
            }
            self.at += 1;
        }
        self.skip(TOKEN_R_BRACE)
    }

    fn ident(&mut self) -> Result<()> {
        if self.peek() != Some(TOKEN_IDENT) {
            return Err(self.stop());
        }
        self.leaf(IDENT);
        Ok(())
    }

    fn operators(&mut self) -> Result<()> {
        let mark = self.mark();
        self.operand(PIPE + 1)?;
        let Some(pipe @ (TOKEN_PIPE_RIGHT | TOKEN_PIPE_LEFT)) = self.peek() else { return Ok(()) };
        let mut marks = vec![mark];
        while self.peek() == Some(pipe) {
            self.keep();
            marks.push(self.mark());
            self.operand(PIPE + 1)?;
            if pipe == TOKEN_PIPE_RIGHT {
                self.finish(mark, NODE_BIN_OP);
            }
        }
        if pipe == TOKEN_PIPE_LEFT {
            marks.pop();
            while let Some(mark) = marks.pop() {
                self.finish(mark, NODE_BIN_OP);
            }
        }
        Ok(())
    }

    /// An operand with all operators that bind at least as tightly as `least`.
    fn operand(&mut self, least: u8) -> Result<()> {
        let mark = self.mark();
        match self.peek() {
            Some(TOKEN_INVERT) => self.prefix(mark, NOT)?,
            Some(TOKEN_SUB) => self.prefix(mark, NEGATE)?,
            _ => self.application()?,
        }
        // An operator that does not chain, after one of its rank.
        let mut spent = None;
        while let Some(kind) = self.peek() {
            if kind == TOKEN_QUESTION && HAS >= least {
                self.at += 1;
                self.attr_path()?;
                self.finish(mark, NODE_HAS_ATTR);
                continue;
            }
            let Some((power, assoc)) = infix(kind) else { break };
            if power < least {
                break;
            }
            if spent == Some(power) {
                return Err(self.stop());
            }
            self.keep();
            if assoc == Assoc::Right {
                stacker::maybe_grow(RED_ZONE, STACK_PIECE, || self.operand(power))?;
            } else {
                self.operand(power + 1)?;
            }
            spent = (assoc == Assoc::None).then_some(power);
            self.finish(mark, NODE_BIN_OP);
        }
        Ok(())
    }

    fn prefix(&mut self, mark: Mark, power: u8) -> Result<()> {
        self.keep();
        stacker::maybe_grow(RED_ZONE, STACK_PIECE, || self.operand(power))?;
        self.finish(mark, NODE_UNARY_OP);
        Ok(())
    }

    fn application(&mut self) -> Result<()> {
        let mark = self.mark();
        self.selection()?;
        while self.peek().is_some_and(begins_operand) {
            self.selection()?;
            self.finish(mark, NODE_APPLY);
        }
        Ok(())
    }

    fn selection(&mut self) -> Result<()> {
        let mark = self.mark();
        self.simple()?;
        match self.peek() {
            Some(TOKEN_DOT) => {
                self.at += 1;
                self.attr_path()?;
                if self.peek() == Some(TOKEN_OR) {
                    self.at += 1;
                    stacker::maybe_grow(RED_ZONE, STACK_PIECE, || self.selection())?;
                }
                self.finish(mark, NODE_SELECT);
            }
            Some(TOKEN_OR) => {
                self.leaf(IDENT);
                self.finish(mark, NODE_APPLY);
            }
            _ => {}
        }
        Ok(())
    }

    fn simple(&mut self) -> Result<()> {
        let mark = self.mark();
        match self.peek() {
            Some(TOKEN_IDENT) => self.leaf(IDENT),
            Some(TOKEN_INTEGER | TOKEN_FLOAT | TOKEN_URI) => self.leaf(LITERAL),
            Some(TOKEN_STRING_START) => self.string()?,
            Some(TOKEN_PATH_ABS) => self.path(mark, NODE_PATH_ABS)?,
            Some(TOKEN_PATH_REL) => self.path(mark, NODE_PATH_REL)?,
            Some(TOKEN_PATH_HOME) => self.path(mark, NODE_PATH_HOME)?,
            Some(TOKEN_PATH_SEARCH) => {
                self.keep();
                self.finish(mark, NODE_PATH_SEARCH);
            }
            Some(TOKEN_L_PAREN) => {
                self.at += 1;
                self.expr()?;
                self.skip(TOKEN_R_PAREN)?;
                self.finish(mark, NODE_PAREN);
            }
            Some(TOKEN_L_BRACK) => {
                self.at += 1;
                while self.peek() != Some(TOKEN_R_BRACK) {
                    stacker::maybe_grow(RED_ZONE, STACK_PIECE, || self.selection())?;
                }
                self.at += 1;
                self.finish(mark, NODE_LIST);
            }
            Some(TOKEN_L_BRACE) => {
                self.at += 1;
                self.bindings(TOKEN_R_BRACE)?;
                self.finish(mark, NODE_ATTR_SET);
            }
            Some(TOKEN_REC) => {
                self.keep();
                self.skip(TOKEN_L_BRACE)?;
                self.bindings(TOKEN_R_BRACE)?;
                self.finish(mark, NODE_ATTR_SET);
            }
            Some(TOKEN_LET) => {
                self.at += 1;
                self.skip(TOKEN_L_BRACE)?;
                self.bindings(TOKEN_R_BRACE)?;
                self.finish(mark, NODE_LEGACY_LET);
            }
            _ => return Err(self.stop()),
        }
        Ok(())
    }

    /// Bindings up to `end`, which is taken.
    fn bindings(&mut self, end: SyntaxKind) -> Result<()> {
        loop {
            let mark = self.mark();
            match self.peek() {
                Some(kind) if kind == end => {
                    self.at += 1;
                    return Ok(());
                }
                Some(TOKEN_INHERIT) => {
                    self.at += 1;
                    if self.peek() == Some(TOKEN_L_PAREN) {
                        let from = self.mark();
                        self.at += 1;
                        self.expr()?;
                        self.skip(TOKEN_R_PAREN)?;
                        self.finish(from, NODE_INHERIT_FROM);
                    }
                    while self.peek() != Some(TOKEN_SEMICOLON) {
                        self.attr()?;
                    }
                    self.at += 1;
                    self.finish(mark, NODE_INHERIT);
                }
                _ => {
                    self.attr_path()?;
                    self.skip(TOKEN_ASSIGN)?;
                    self.expr()?;
                    self.skip(TOKEN_SEMICOLON)?;
                    self.finish(mark, NODE_ATTRPATH_VALUE);
                }
            }
        }
    }

    fn attr_path(&mut self) -> Result<()> {
        let mark = self.mark();
        self.attr()?;
        while self.peek() == Some(TOKEN_DOT) {
            self.at += 1;
            self.attr()?;
        }
        self.finish(mark, NODE_ATTRPATH);
        Ok(())
    }

    fn attr(&mut self) -> Result<()> {
        match self.tokens.get(self.at) {
            Some(Token { kind: TOKEN_IDENT | TOKEN_OR, .. }) => self.leaf(IDENT),
            Some(Token { kind: TOKEN_INTERPOL_START, .. }) => self.interpolation(NODE_DYNAMIC)?,
            // An indented string is no name.
            Some(Token { kind: TOKEN_STRING_START, start, end }) if end - start == 1 => self.string()?,
            _ => return Err(self.stop()),
        }
        Ok(())
    }

    fn interpolation(&mut self, kind: SyntaxKind) -> Result<()> {
        let mark = self.mark();
        self.at += 1;
        self.expr()?;
        self.skip(TOKEN_INTERPOL_END)?;
        self.finish(mark, kind);
        Ok(())
    }

    fn string(&mut self) -> Result<()> {
        let mark = self.mark();
        self.keep();
        loop {
            match self.peek() {
                Some(TOKEN_STRING_CONTENT) => self.keep(),
                Some(TOKEN_INTERPOL_START) => self.interpolation(NODE_INTERPOL)?,
                Some(TOKEN_STRING_END) => break,
                _ => return Err(self.stop()),
            }
        }
        self.at += 1;
        self.finish(mark, NODE_STRING);
        Ok(())
    }

    /// A path: its pieces stand side by side without a blank.
    fn path(&mut self, mark: Mark, kind: SyntaxKind) -> Result<()> {
        self.keep();
        while let Some(next) = self.tokens.get(self.at)
            && next.start == self.tokens[self.at - 1].end
        {
            match next.kind {
                TOKEN_PATH_ABS | TOKEN_PATH_REL | TOKEN_PATH_HOME => self.keep(),
                TOKEN_INTERPOL_START => self.interpolation(NODE_INTERPOL)?,
                _ => break,
            }
        }
        self.finish(mark, kind);
        Ok(())
    }
}
