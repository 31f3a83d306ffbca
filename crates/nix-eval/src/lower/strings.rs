//! Literals: numbers, strings with their escapes and indentation, paths.

use rnix::SyntaxKind::{self, *};

use super::super::ir::*;
use super::super::symbol::sym;
use super::super::value::{Str, Value};
use super::{Code, Kind, Lint, Lowering, Result};
use crate::paths::canonical;
use nix_syntax::compact::{Element, Node};

/// A piece of an indented string.
enum Cut<'g> {
    /// Text whose indentation counts.
    Text(&'g str),
    /// What an escape stands for.
    Escape(Vec<u8>),
    /// `${…}`, and where.
    Interpolation(Node<'g>, u32),
}

impl Lowering<'_> {
    pub(super) fn literal(&mut self, node: Node<'_>) -> Result<Code> {
        let Some((kind, text, start)) = node.token() else {
            return self.fail(Kind::Syntax, "syntax error, expected a literal", node.start());
        };
        match kind {
            TOKEN_INTEGER => match text.parse::<i64>() {
                Ok(number) => Ok(self.constant(Value::Int(number))),
                Err(_) => self.fail(Kind::Syntax, format!("invalid integer '{text}'"), start),
            },
            TOKEN_FLOAT => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(self.constant(Value::Float(number))),
                _ => self.fail(Kind::Syntax, format!("invalid float '{text}'"), start),
            },
            _ => {
                let lint = self.context.lints.url_literals;
                self.lint(lint, start, || {
                    let are = if lint == Lint::Fatal { "disallowed" } else { "discouraged" };
                    format!("URL literals are {are}. Consider using a string literal \"{text}\" instead (lint-url-literals)")
                })?;
                Ok(self.string(text.as_bytes()))
            }
        }
    }

    /// The bytes of a string without interpolation.
    pub(super) fn plain_string(&self, node: Node<'_>) -> Result<Option<Vec<u8>>> {
        if self.has_nul {
            self.check_nul(node)?;
        }
        if node.nodes().next().is_some() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for part in self.string_parts(node) {
            if let Piece::Bytes(part) = part {
                bytes.extend_from_slice(&part);
            }
        }
        Ok(Some(bytes))
    }

    /// Fails on a string with a byte that none of Nix's can have.
    fn check_nul(&self, node: Node<'_>) -> Result<()> {
        for element in node.elements() {
            if let Element::Token(TOKEN_STRING_CONTENT, text, start) = element
                && text.contains('\0')
            {
                let indented = matches!(node.token(), Some((TOKEN_STRING_START, "''", _)));
                let blanks = text.len() - text.trim_start_matches(' ').len();
                let skip = if indented && text[blanks..].starts_with('\n') { blanks + 1 } else { 0 };
                let shown = text[skip..].replace('\0', "␀");
                let message = format!(
                    "input string '{shown}' cannot be represented as Nix string because it contains null bytes"
                );
                return self.fail(Kind::Syntax, message, start + skip as u32);
            }
        }
        Ok(())
    }

    pub(super) fn string_expr(&mut self, node: Node<'_>) -> Result<Code> {
        if self.has_nul {
            self.check_nul(node)?;
        }
        let parts = self.string_parts(node);
        match parts.as_slice() {
            [] => return Ok(self.constant(Value::String(&super::super::value::EMPTY_STR))),
            [Piece::Bytes(bytes)] => return Ok(self.string(bytes)),
            _ => {}
        }
        let mut codes = Vec::with_capacity(parts.len());
        for part in parts {
            codes.push(match part {
                Piece::Bytes(bytes) => Part { code: self.string(&bytes), pos: 0 },
                Piece::Code(node, start) => Part { code: self.expr(node)?, pos: self.pos(start) },
            });
        }
        let parts = self.heap().thin(&codes);
        Ok(self.make(Expr::Concat { parts, string: true, pos: self.pos(node.start()) }))
    }

    pub(super) fn string_parts<'g>(&self, node: Node<'g>) -> Vec<Piece<'g>> {
        let indented = matches!(node.token(), Some((TOKEN_STRING_START, "''", _)));
        let mut parts = if indented { strip_indentation(&pieces(node)) } else { plain_parts(node) };
        if !self.context.odd.bytes.is_empty() {
            let made = parts.iter_mut().filter_map(|part| match part {
                Piece::Bytes(bytes) => Some(bytes),
                Piece::Code(..) => None,
            });
            let of = node.elements().filter_map(|element| match element {
                Element::Token(TOKEN_STRING_CONTENT, text, start) => Some(start..start + text.len() as u32),
                _ => None,
            });
            self.context.odd.restore(made, of);
        }
        parts
    }

    pub(super) fn path_expr(&mut self, node: Node<'_>) -> Result<Code> {
        let interpolated = node.nodes().next().is_some();
        let mut codes = Vec::new();
        for element in node.elements() {
            match element {
                Element::Token(kind, text, start) if codes.is_empty() => {
                    let code = self.path_start(kind, text, start, interpolated)?;
                    codes.push(Part { code, pos: self.pos(start) });
                }
                Element::Token(_, text, start) => {
                    codes.push(Part { code: self.string(text.as_bytes()), pos: self.pos(start) });
                }
                Element::Node(interpolation) => {
                    let inner = self.child(interpolation, 0)?;
                    codes.push(Part { code: self.expr(inner)?, pos: self.pos(interpolation.start()) });
                }
            }
        }
        if let ([Part { code, .. }], false) = (codes.as_slice(), interpolated) {
            return Ok(*code);
        }
        let parts = self.heap().thin(&codes);
        Ok(self.make(Expr::Concat { parts, string: false, pos: self.pos(node.start()) }))
    }

    fn path_start(&mut self, kind: SyntaxKind, text: &str, start: u32, interpolated: bool) -> Result<Code> {
        if !interpolated && text.ends_with('/') {
            return self.fail(Kind::Syntax, "path has a trailing slash", start);
        }
        let lints = self.context.lints;
        match kind {
            TOKEN_PATH_ABS | TOKEN_PATH_HOME => self.lint(lints.absolute_path_literals, start, || {
                let what = if kind == TOKEN_PATH_ABS { "absolute" } else { "home" };
                format!("{what} path literals are not portable. Consider replacing path literal '{text}' by a string, relative path, or parameter (lint-absolute-path-literals)")
            })?,
            _ if !text.starts_with('.') => self.lint(lints.short_path_literals, start, || {
                format!("relative path literal '{text}' should be prefixed with '.' for clarity: './{text}' (lint-short-path-literals)")
            })?,
            _ => {}
        }
        if kind == TOKEN_PATH_REL && !interpolated {
            let heap = self.context.heap;
            let dir = *self.dir.get_or_insert_with(|| heap.thin(self.context.dir));
            return Ok(self.make(Expr::Path { dir, text: heap.thin(text.as_bytes()) }));
        }
        let path = self.path_text(kind, text, start)?;
        let path = self.heap().slice(&path);
        Ok(self.constant(Value::Path(self.heap().alloc(Str::plain(path)))))
    }

    /// What a path, or the text before its first interpolation, stands for.
    pub(super) fn path_text(&self, kind: SyntaxKind, text: &str, start: u32) -> Result<Vec<u8>> {
        let mut path = match kind {
            TOKEN_PATH_ABS => canonical(text.as_bytes()),
            TOKEN_PATH_HOME => match self.context.home {
                Some(home) => canonical(&[home, &text.as_bytes()[1..]].concat()),
                None => {
                    let message = format!("the path '{text}' can not be resolved in pure mode");
                    return self.fail(Kind::Other, message, start);
                }
            },
            _ => canonical(&[self.context.dir, b"/", text.as_bytes()].concat()),
        };
        if text.ends_with('/') && path.last() != Some(&b'/') {
            path.push(b'/');
        }
        Ok(path)
    }

    /// `<nixpkgs>` is `__findFile __nixPath "nixpkgs"`.
    pub(super) fn search_path(&mut self, node: Node<'_>) -> Result<Code> {
        let Some((_, text, start)) = node.token() else {
            return self.fail(Kind::Syntax, "syntax error, expected a search path", node.start());
        };
        let name = self.string(text.trim_start_matches('<').trim_end_matches('>').as_bytes());
        let function = self.var(sym::find_file, start)?;
        let path = self.var(sym::nix_path, start)?;
        let args = self.heap().alloc([path, name]);
        Ok(self.make(Expr::Call2 { function, args, pos: self.pos(start) }))
    }
}

/// A part of a string.
pub(super) enum Piece<'g> {
    Bytes(Vec<u8>),
    /// An expression, and where its `${` is.
    Code(Node<'g>, u32),
}

fn plain_parts(node: Node<'_>) -> Vec<Piece<'_>> {
    let mut parts = Vec::new();
    for element in node.elements() {
        match element {
            Element::Token(TOKEN_STRING_CONTENT, text, _) => parts.push(Piece::Bytes(unescape(text))),
            Element::Node(node) => parts.extend(node.node(0).map(|inner| Piece::Code(inner, node.start()))),
            Element::Token(..) => {}
        }
    }
    parts
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => out.push(match bytes.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(other) => other,
                None => b'\\',
            }),
            // A carriage return, alone or before a line feed, is a line feed.
            b'\r' => {
                out.push(b'\n');
                if bytes.peek() == Some(&b'\n') {
                    bytes.next();
                }
            }
            byte => out.push(byte),
        }
    }
    out
}

fn pieces(node: Node<'_>) -> Vec<Cut<'_>> {
    let mut pieces = Vec::new();
    let mut first = true;
    for element in node.elements() {
        let start = std::mem::replace(&mut first, matches!(element, Element::Token(TOKEN_STRING_START, ..)));
        match element {
            Element::Token(TOKEN_STRING_CONTENT, text, _) => {
                // A line feed right after the quotes belongs to them, with blanks before it.
                let rest = text.trim_start_matches(' ').strip_prefix('\n');
                split_pieces(if start { rest.unwrap_or(text) } else { text }, &mut pieces);
            }
            Element::Node(node) => {
                pieces.extend(node.node(0).map(|inner| Cut::Interpolation(inner, node.start())))
            }
            Element::Token(..) => {}
        }
    }
    pieces
}

/// Cuts text the way Nix's lexer does: each piece counts when the last line is looked at.
fn split_pieces<'g>(text: &'g str, pieces: &mut Vec<Cut<'g>>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut start = 0;
    while at < bytes.len() {
        // Plain: anything but `$` and `'`; `$` with what is neither `{` nor `'`; `'` with what is
        // neither `'` nor `$`.
        let next = bytes.get(at + 1);
        let plain = match (bytes[at], next) {
            (b'$', Some(b'{' | b'\'') | None) | (b'\'', Some(b'\'' | b'$') | None) => 0,
            (b'$' | b'\'', Some(_)) => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            _ => 1,
        };
        if plain > 0 {
            at += plain;
            continue;
        }
        if start < at {
            pieces.push(Cut::Text(&text[start..at]));
        }
        let (escape, len): (&[u8], usize) = match &bytes[at..] {
            [b'\'', b'\'', b'$', ..] => (b"$", 3),
            [b'\'', b'\'', b'\'', ..] => (b"''", 3),
            [b'\'', b'\'', b'\\', ..] => {
                let len = text[at + 3..].chars().next().map_or(0, char::len_utf8);
                pieces.push(Cut::Escape(unescape(&text[at + 2..at + 3 + len])));
                at += 3 + len;
                start = at;
                continue;
            }
            [b'$', ..] => (b"$", 1),
            _ => (b"'", 1),
        };
        pieces.push(Cut::Escape(escape.to_vec()));
        at += len;
        start = at;
    }
    if start < at {
        pieces.push(Cut::Text(&text[start..at]));
    }
}

fn strip_indentation<'g>(pieces: &[Cut<'g>]) -> Vec<Piece<'g>> {
    let mut fresh = true;
    let (mut least, mut current) = (usize::MAX, 0);
    for piece in pieces {
        let Cut::Text(text) = piece else {
            if std::mem::take(&mut fresh) {
                least = least.min(current);
            }
            continue;
        };
        for byte in text.bytes() {
            match (fresh, byte) {
                (true, b' ') => current += 1,
                (true, b'\n') => current = 0,
                (true, _) => {
                    fresh = false;
                    least = least.min(current);
                }
                (false, b'\n') => {
                    fresh = true;
                    current = 0;
                }
                (false, _) => {}
            }
        }
    }
    let mut parts = Vec::new();
    let mut fresh = true;
    let mut dropped = 0;
    for (i, piece) in pieces.iter().enumerate() {
        let mut out = Vec::new();
        match piece {
            Cut::Interpolation(node, start) => {
                fresh = false;
                dropped = 0;
                parts.push(Piece::Code(*node, *start));
                continue;
            }
            // Nix strips escapes like text: they hold no blank at a line's start that would matter,
            // but a line feed among them starts a line.
            Cut::Escape(bytes) => strip(bytes, least, &mut fresh, &mut dropped, &mut out),
            Cut::Text(text) => strip(text.as_bytes(), least, &mut fresh, &mut dropped, &mut out),
        }
        if i + 1 == pieces.len()
            && let Some(line) = out.iter().rposition(|byte| *byte == b'\n')
            && out[line + 1..].iter().all(|byte| *byte == b' ')
        {
            out.truncate(line + 1);
        }
        if !out.is_empty() {
            parts.push(Piece::Bytes(out));
        }
    }
    // Neighbouring texts are one constant.
    let mut joined: Vec<Piece<'g>> = Vec::with_capacity(parts.len());
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Piece::Bytes(before)), Piece::Bytes(more)) => before.extend_from_slice(&more),
            (_, part) => joined.push(part),
        }
    }
    joined
}

fn strip(text: &[u8], least: usize, fresh: &mut bool, dropped: &mut usize, out: &mut Vec<u8>) {
    for byte in text {
        match (*fresh, *byte) {
            (true, b' ') => {
                if *dropped >= least {
                    out.push(b' ');
                }
                *dropped += 1;
            }
            (true, b'\n') => {
                *dropped = 0;
                out.push(b'\n');
            }
            (true, byte) => {
                *fresh = false;
                *dropped = 0;
                out.push(byte);
            }
            (false, byte) => {
                out.push(byte);
                *fresh = byte == b'\n';
            }
        }
    }
}
