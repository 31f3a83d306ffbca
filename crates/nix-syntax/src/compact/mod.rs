//! A flat syntax tree for the evaluator.
//!
//! The tokens are rnix's, the shape is that of rnix's tree: the same kinds, without blanks, comments and
//! the punctuation that says nothing more. What differs is the making: rowan allocates, hashes and counts
//! references for each node and token and keeps every byte; here a node is sixteen bytes of one array,
//! which takes a fifth of the time. Only whole programs get a tree: for the wording of a syntax error the
//! text goes to rnix. That both see the same tree is tested, but for numbers such as `0.a`, which rnix cuts
//! otherwise than Nix.

mod parse;

use rnix::SyntaxKind::{self, *};

/// The syntax tree of a text without syntax errors.
pub struct Tree<'t> {
    text: &'t str,
    arrays: Arrays,
    root: Child,
}

/// What a tree consists of.
#[derive(Default)]
pub struct Arrays {
    tokens: Vec<Token>,
    nodes: Vec<NodeData>,
    /// The children of each node, one node after another.
    children: Vec<Child>,
    /// While parsing: children of nodes that are not finished.
    open: Vec<Child>,
}

impl Arrays {
    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        let children = self.children.capacity() + self.open.capacity();
        self.tokens.capacity() * size_of::<Token>()
            + self.nodes.capacity() * size_of::<NodeData>()
            + children * size_of::<Child>()
    }
}

/// A token that is no blank or comment.
#[derive(Clone, Copy)]
struct Token {
    kind: SyntaxKind,
    start: u32,
    end: u32,
}

#[derive(Clone, Copy)]
struct NodeData {
    kind: SyntaxKind,
    /// The number of its first token.
    token: u32,
    /// Where its children begin.
    first: u32,
    /// How many they are.
    count: u32,
}

/// A token, a node, or a node that is nothing but one token: a number with two bits that say which.
#[derive(Clone, Copy)]
struct Child(u32);

const TOKEN: u32 = 0;
const NODE: u32 = 1;
const IDENT: u32 = 2;
const LITERAL: u32 = 3;

impl Child {
    fn new(number: usize, what: u32) -> Self {
        Self((number as u32) << 2 | what)
    }

    fn what(self) -> u32 {
        self.0 & 3
    }

    fn number(self) -> usize {
        (self.0 >> 2) as usize
    }
}

/// Where a text that is not a program stops being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The token there; `None` for the end of the text.
    pub token: Option<SyntaxKind>,
    /// Its place in bytes.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
}

impl<'t> Tree<'t> {
    /// Parses a text of less than 1 GiB.
    ///
    /// # Errors
    /// The first token that cannot be there.
    pub fn parse(text: &'t str) -> Result<Self, Stop> {
        Self::parse_in(text, Arrays::default())
    }

    /// As [`Self::parse`], in memory that a tree before had.
    ///
    /// # Errors
    /// As there; the memory is lost then.
    pub fn parse_in(text: &'t str, arrays: Arrays) -> Result<Self, Stop> {
        parse::parse(text, arrays)
    }

    /// The memory of a tree that is not needed any more.
    pub fn into_arrays(self) -> Arrays {
        self.arrays
    }

    /// The expression that the text is.
    pub fn root(&self) -> Node<'_> {
        self.node(self.root)
    }

    fn node(&self, child: Child) -> Node<'_> {
        Node { tree: self, child }
    }

    fn token(&self, number: usize) -> (SyntaxKind, &str, u32) {
        let Token { kind, start, end } = self.arrays.tokens[number];
        (kind, &self.text[start as usize..end as usize], start)
    }
}

/// A node.
#[derive(Clone, Copy)]
pub struct Node<'g> {
    tree: &'g Tree<'g>,
    child: Child,
}

/// A child: a node, or a token that counts.
#[derive(Clone, Copy)]
pub enum Element<'g> {
    /// A node.
    Node(Node<'g>),
    /// A token: kind, text, offset in bytes.
    Token(SyntaxKind, &'g str, u32),
}

impl<'g> Node<'g> {
    /// Its kind, as rnix has it.
    pub fn kind(self) -> SyntaxKind {
        match self.child.what() {
            NODE => self.tree.arrays.nodes[self.child.number()].kind,
            IDENT => NODE_IDENT,
            _ => NODE_LITERAL,
        }
    }

    /// Where it begins, in bytes.
    pub fn start(self) -> u32 {
        let token = match self.child.what() {
            NODE => self.tree.arrays.nodes[self.child.number()].token as usize,
            _ => self.child.number(),
        };
        self.tree.arrays.tokens[token].start
    }

    fn children(self) -> &'g [Child] {
        if self.child.what() != NODE {
            return &[];
        }
        let data = self.tree.arrays.nodes[self.child.number()];
        &self.tree.arrays.children[data.first as usize..(data.first + data.count) as usize]
    }

    /// Its children.
    pub fn elements(self) -> impl Iterator<Item = Element<'g>> {
        let tree = self.tree;
        let own = (self.child.what() != NODE).then(|| tree.token(self.child.number()));
        let own = own.into_iter().map(|(kind, text, start)| Element::Token(kind, text, start));
        own.chain(self.children().iter().map(move |child| match child.what() {
            TOKEN => {
                let (kind, text, start) = tree.token(child.number());
                Element::Token(kind, text, start)
            }
            _ => Element::Node(tree.node(*child)),
        }))
    }

    /// Its children that are nodes.
    pub fn nodes(self) -> impl Iterator<Item = Node<'g>> {
        let tree = self.tree;
        self.children().iter().filter(|child| child.what() != TOKEN).map(move |child| tree.node(*child))
    }

    /// Its n-th child that is a node.
    pub fn node(self, n: usize) -> Option<Node<'g>> {
        self.nodes().nth(n)
    }

    /// Its first token that counts: kind, text, offset.
    pub fn token(self) -> Option<(SyntaxKind, &'g str, u32)> {
        if self.child.what() != NODE {
            return Some(self.tree.token(self.child.number()));
        }
        let token = self.children().iter().find(|child| child.what() == TOKEN)?;
        Some(self.tree.token(token.number()))
    }

    /// Whether it has a token of `kind`.
    pub fn has(self, kind: SyntaxKind) -> bool {
        let tree = self.tree;
        self.children()
            .iter()
            .any(|child| child.what() == TOKEN && tree.arrays.tokens[child.number()].kind == kind)
    }

    /// The node without parentheses around it.
    pub fn peel(self) -> Node<'g> {
        let mut node = self;
        while node.kind() == NODE_PAREN {
            match node.node(0) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }
}

#[cfg(test)]
mod tests;
