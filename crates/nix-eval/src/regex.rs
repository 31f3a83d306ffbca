//! POSIX extended regular expressions as C++ Nix's library reads them, on bytes.
//!
//! A pattern is translated for the `regex` crate: the first way in order of preference is the match in both. But the
//! library takes the longer one of alternatives in a search, and what the groups are where a repeated part can match
//! nothing, no automaton tells: there its own way is walked ([`walk`]). Where that takes too long, a search takes the
//! longest match at the leftmost place, which a second automaton finds.

mod parse;
mod walk;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

/// A compiled pattern.
pub struct Regex {
    whole: regex::bytes::Regex,
    search: regex::bytes::Regex,
    longest: Option<DFA>,
    walk: Option<walk::Program>,
    /// Whether whole matches are walked, too.
    subtle: bool,
    /// How many groups there are; the automata know nothing of those at the end that can never take part.
    groups: usize,
    small: bool,
}

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is none.
    Invalid(String),
    /// It is too large.
    TooLarge,
}

/// Where a match and its groups are.
pub struct Match {
    /// The whole match.
    pub span: (usize, usize),
    /// The groups that took part.
    pub groups: Vec<Option<(usize, usize)>>,
}

/// Largest compiled form, and of those that are worth keeping.
const SIZE_LIMIT: usize = 64 << 20;
const SMALL: usize = 256 << 10;

/// As many states the library allows (`_GLIBCXX_REGEX_STATE_LIMIT`).
const MOST_STATES: usize = 100_000;

impl Regex {
    /// Compiles `pattern`.
    pub fn new(pattern: &[u8]) -> Result<Self, Refused> {
        let (tree, groups, translated) = parse::parse(pattern).map_err(Refused::Invalid)?;
        if walk::states(&tree) > MOST_STATES {
            return Err(Refused::TooLarge);
        }
        let (subtle, alternatives) = (parse::is_subtle(&tree), parse::has_alternatives(&tree));
        let walk = (subtle || alternatives).then(|| walk::Program::new(&tree, groups));
        let within = |text: &str, limit| {
            regex::bytes::RegexBuilder::new(text)
                .unicode(false)
                .dot_matches_new_line(true)
                .size_limit(limit)
                .build()
        };
        let mut small = true;
        let mut build = |text: &str| {
            within(text, SMALL).or_else(|_| {
                small = false;
                within(text, SIZE_LIMIT).map_err(|_| Refused::TooLarge)
            })
        };
        let longest = if alternatives {
            let dfa = DFA::builder()
                .configure(DFA::config().match_kind(MatchKind::All).cache_capacity(32 << 20))
                .syntax(syntax::Config::new().unicode(false).utf8(false).dot_matches_new_line(true))
                .thompson(
                    regex_automata::nfa::thompson::Config::new().utf8(false).nfa_size_limit(Some(SIZE_LIMIT)),
                )
                .build(&translated)
                .map_err(|_| Refused::TooLarge)?;
            Some(dfa)
        } else {
            None
        };
        let whole = build(&format!("\\A(?:{translated})\\z"))?;
        let search = build(&translated)?;
        Ok(Self { whole, search, longest, walk, subtle, groups, small })
    }

    /// Whether many like it may be kept.
    pub fn is_small(&self) -> bool {
        self.small
    }

    /// The groups, if all of `text` matches.
    pub fn match_whole(&self, text: &[u8]) -> Option<Vec<Option<(usize, usize)>>> {
        if self.groups == 0 {
            return self.whole.is_match(text).then(Vec::new);
        }
        let captures = self.whole.captures(text)?;
        let walked = self
            .walk
            .as_ref()
            .filter(|_| self.subtle)
            .and_then(|walk| walk.run(text, 0, Some(text.len()), true));
        Some(walked.map_or_else(|| self.groups(&captures, 0), |(_, groups)| groups))
    }

    /// A match that is not empty right at `start`, where an empty one was found: of a repetition that can match nothing
    /// there may be.
    pub fn nonempty_at(&self, text: &[u8], start: usize) -> Option<Match> {
        let (end, groups) = self.walk.as_ref()?.run(text, start, None, false)?;
        Some(Match { span: (start, end), groups })
    }

    /// The match at the leftmost place from `start` on.
    pub fn find_at(&self, text: &[u8], start: usize) -> Option<Match> {
        let captures = self.search.captures_at(text, start)?;
        let first = captures.get(0)?;
        let mut span = (first.start(), first.end());
        let mut found = self.groups(&captures, 0);
        if let Some((end, groups)) = self.walk.as_ref().and_then(|walk| walk.run(text, span.0, None, true)) {
            return Some(Match { span: (span.0, end), groups });
        }
        if let Some(dfa) = &self.longest {
            let mut cache = Cache::new(dfa);
            let input = Input::new(text).anchored(Anchored::Yes).span(span.0..text.len());
            if let Ok(Some(half)) = dfa.try_search_fwd(&mut cache, &input)
                && half.offset() > span.1
            {
                span.1 = half.offset();
                found = match self.whole.captures(&text[span.0..span.1]) {
                    Some(captures) => self.groups(&captures, span.0),
                    None => found,
                };
            }
        }
        Some(Match { span, groups: found })
    }

    fn groups(&self, captures: &regex::bytes::Captures<'_>, shift: usize) -> Vec<Option<(usize, usize)>> {
        let all = captures.iter().skip(1);
        let mut groups: Vec<_> =
            all.map(|group| group.map(|group| (group.start() + shift, group.end() + shift))).collect();
        groups.resize(self.groups, None);
        groups
    }
}
