//! A cheap view of rnix's tree: green nodes with their offset, without the reference-counted
//! cursors that rowan would make for each node.

use rnix::{NixLanguage, SyntaxKind};
use rowan::{GreenNodeData, Language, NodeOrToken};

/// A node and where it starts.
#[derive(Clone, Copy)]
pub struct Node<'g> {
    data: &'g GreenNodeData,
    /// Offset in bytes.
    pub start: u32,
}

/// A child: a node, or a token that is no blank or comment.
#[derive(Clone, Copy)]
pub enum Element<'g> {
    /// A node.
    Node(Node<'g>),
    /// A token: kind, text, offset.
    Token(SyntaxKind, &'g str, u32),
}

fn kind_of(raw: rowan::SyntaxKind) -> SyntaxKind {
    NixLanguage::kind_from_raw(raw)
}

impl<'g> Node<'g> {
    /// The root of a tree.
    pub fn root(data: &'g GreenNodeData) -> Self {
        Self { data, start: 0 }
    }

    /// Its kind.
    pub fn kind(self) -> SyntaxKind {
        kind_of(self.data.kind())
    }

    /// Offset of its end.
    pub fn end(self) -> u32 {
        self.start + u32::from(self.data.text_len())
    }

    /// Its children.
    pub fn elements(self) -> impl Iterator<Item = Element<'g>> {
        let mut at = self.start;
        self.data.children().filter_map(move |child| {
            let start = at;
            match child {
                NodeOrToken::Node(data) => {
                    at += u32::from(data.text_len());
                    Some(Element::Node(Node { data, start }))
                }
                NodeOrToken::Token(token) => {
                    at += u32::from(token.text_len());
                    match kind_of(token.kind()) {
                        SyntaxKind::TOKEN_WHITESPACE | SyntaxKind::TOKEN_COMMENT => None,
                        kind => Some(Element::Token(kind, token.text(), start)),
                    }
                }
            }
        })
    }

    /// Its children that are nodes.
    pub fn nodes(self) -> impl Iterator<Item = Node<'g>> {
        self.elements().filter_map(|element| match element {
            Element::Node(node) => Some(node),
            Element::Token(..) => None,
        })
    }

    /// Its n-th child that is a node.
    pub fn node(self, n: usize) -> Option<Node<'g>> {
        self.nodes().nth(n)
    }

    /// Its first token: kind, text, offset.
    pub fn token(self) -> Option<(SyntaxKind, &'g str, u32)> {
        self.elements().find_map(|element| match element {
            Element::Token(kind, text, start) => Some((kind, text, start)),
            Element::Node(_) => None,
        })
    }

    /// Whether it has a token of `kind`.
    pub fn has(self, kind: SyntaxKind) -> bool {
        self.elements().any(|element| matches!(element, Element::Token(found, ..) if found == kind))
    }

    /// The node without parentheses around it.
    pub fn peel(self) -> Node<'g> {
        let mut node = self;
        while node.kind() == SyntaxKind::NODE_PAREN {
            match node.node(0) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }
}
