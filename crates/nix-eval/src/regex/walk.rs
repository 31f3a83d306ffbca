//! A match as libstdc++'s matcher finds it, which tries one way after the other: of a repetition one more before one
//! less, and one more that matches nothing only once at a place; of alternatives both, for the longer one.

use std::sync::Arc;

use super::parse::{Set, Tree};

/// Steps at most: some patterns and texts take exponentially many.
const MOST_STEPS: usize = 5_000_000;

/// So deep ways go at most.
const DEEPEST: usize = 20_000;

/// What the library makes of a pattern.
pub(super) struct Program {
    /// Each with the one that comes next.
    states: Vec<(State, usize)>,
    start: usize,
    groups: usize,
}

enum State {
    One(Arc<Set>),
    Begin,
    End,
    Open(usize),
    Close(usize),
    /// One, and then the other where it may be longer.
    Either(usize),
    /// Once more, or on.
    Repeat(usize),
    Accept,
}

/// How many states a pattern has.
pub(super) fn states(tree: &Tree) -> usize {
    fn of(tree: &Tree) -> usize {
        match tree {
            Tree::One(_) | Tree::Begin | Tree::End => 1,
            Tree::Group(_, inner) => of(inner).saturating_add(2),
            Tree::Sequence(all) => all.iter().fold(1, |sum, tree| of(tree).saturating_add(sum)),
            Tree::Either(a, b) => of(a).saturating_add(of(b)).saturating_add(2),
            Tree::Repeat(inner, 0 | 1, None) => of(inner).saturating_add(1),
            Tree::Repeat(inner, least, most) => {
                let (inner, least) = (of(inner), *least as usize);
                let more = match most {
                    Some(most) => (*most as usize - least).saturating_mul(inner.saturating_add(1)),
                    None => inner,
                };
                // What is copied stays, too.
                inner.saturating_mul(least.saturating_add(1)).saturating_add(more).saturating_add(2)
            }
        }
    }
    of(tree).saturating_add(3)
}

struct Builder {
    states: Vec<(State, usize)>,
}

impl Builder {
    fn add(&mut self, state: State, next: usize) -> usize {
        self.states.push((state, next));
        self.states.len() - 1
    }

    /// States for `tree`, after which comes `next`; the first of them.
    fn build(&mut self, tree: &Tree, next: usize) -> usize {
        match tree {
            Tree::One(set) => self.add(State::One(set.clone()), next),
            Tree::Begin => self.add(State::Begin, next),
            Tree::End => self.add(State::End, next),
            Tree::Group(number, inner) => {
                let close = self.add(State::Close(*number), next);
                let inner = self.build(inner, close);
                self.add(State::Open(*number), inner)
            }
            Tree::Sequence(all) => all.iter().rev().fold(next, |next, tree| self.build(tree, next)),
            Tree::Either(a, b) => {
                let (a, b) = (self.build(a, next), self.build(b, next));
                self.add(State::Either(a), b)
            }
            Tree::Repeat(inner, least, most) => {
                let mut first = match most {
                    None => {
                        let repeat = self.add(State::Accept, next);
                        let inner = self.build(inner, repeat);
                        self.states[repeat].0 = State::Repeat(inner);
                        // `+` is what is repeated, once, and then the repetition of the same.
                        if *least == 1 { inner } else { repeat }
                    }
                    Some(most) => (*least..*most).fold(next, |after, _| {
                        let inner = self.build(inner, after);
                        self.add(State::Repeat(inner), next)
                    }),
                };
                let copies = if most.is_none() && *least == 1 { 0 } else { *least };
                for _ in 0..copies {
                    first = self.build(inner, first);
                }
                first
            }
        }
    }
}

/// Where each group is.
type Groups = Vec<Option<(usize, usize)>>;

impl Program {
    /// What there is to walk.
    pub(super) fn new(tree: &Tree, groups: usize) -> Self {
        let mut builder = Builder { states: Vec::new() };
        let accept = builder.add(State::Accept, 0);
        let start = builder.build(tree, accept);
        Self { states: builder.states, start, groups }
    }

    /// The match that begins at `begin`, and ends at `end` if that is given: its end and its groups. `None` where
    /// there is none, or it takes too long to say.
    pub(super) fn run(
        &self,
        text: &[u8],
        begin: usize,
        end: Option<usize>,
        empty: bool,
    ) -> Option<(usize, Groups)> {
        let mut run = Run {
            program: self,
            text,
            begin,
            end,
            empty,
            at: begin,
            groups: vec![(0, 0, false); self.groups],
            repeated: vec![(0, 0); self.states.len()],
            found: false,
            best: None,
            steps: 0,
        };
        run.walk(self.start, 0).ok()?;
        run.best.filter(|_| run.found)
    }
}

/// It takes too long.
struct TooLong;

struct Run<'r> {
    program: &'r Program,
    text: &'r [u8],
    begin: usize,
    end: Option<usize>,
    /// Whether the match may be empty.
    empty: bool,
    at: usize,
    /// Where each began, where it ended, and whether it did.
    groups: Vec<(usize, usize, bool)>,
    /// Of each repetition, where it was once more last, and how often there.
    repeated: Vec<(usize, u8)>,
    found: bool,
    best: Option<(usize, Groups)>,
    steps: usize,
}

impl Run<'_> {
    fn walk(&mut self, state: usize, depth: usize) -> Result<(), TooLong> {
        self.steps += 1;
        if self.steps > MOST_STEPS || depth > DEEPEST {
            return Err(TooLong);
        }
        stacker::maybe_grow(64 << 10, 1 << 20, || self.step(state, depth + 1))
    }

    fn step(&mut self, state: usize, depth: usize) -> Result<(), TooLong> {
        let (here, next) = &self.program.states[state];
        match here {
            State::One(set) => {
                if self.text.get(self.at).is_some_and(|byte| set[usize::from(*byte)]) {
                    self.at += 1;
                    self.walk(*next, depth)?;
                    self.at -= 1;
                }
            }
            State::Begin if self.at > 0 => {}
            State::End if self.at < self.text.len() => {}
            State::Begin | State::End => self.walk(*next, depth)?,
            State::Open(group) => {
                let before = std::mem::replace(&mut self.groups[*group].0, self.at);
                self.walk(*next, depth)?;
                self.groups[*group].0 = before;
            }
            State::Close(group) => {
                let before = self.groups[*group];
                self.groups[*group] = (before.0, self.at, true);
                self.walk(*next, depth)?;
                self.groups[*group] = before;
            }
            State::Either(first) => {
                self.walk(*first, depth)?;
                let found = std::mem::take(&mut self.found);
                self.walk(*next, depth)?;
                self.found |= found;
            }
            State::Repeat(more) => {
                let (at, times) = self.repeated[state];
                if times == 0 || at != self.at {
                    self.repeated[state] = (self.at, 1);
                    self.walk(*more, depth)?;
                    self.repeated[state] = (at, times);
                } else if times < 2 {
                    self.repeated[state].1 += 1;
                    self.walk(*more, depth)?;
                    self.repeated[state].1 -= 1;
                }
                if !self.found {
                    self.walk(*next, depth)?;
                }
            }
            State::Accept => {
                self.found =
                    self.end.is_none_or(|end| end == self.at) && (self.empty || self.at > self.begin);
                let longer = self.best.as_ref().is_none_or(|(end, _)| *end < self.at);
                if self.found && longer {
                    let groups = self.groups.iter().map(|(start, end, has)| has.then_some((*start, *end)));
                    self.best = Some((self.at, groups.collect()));
                }
            }
        }
        Ok(())
    }
}
