//! Corrections put into a text.

use super::{Edit, Fix, SourceId};

/// Applies the corrections of `fixes` that concern `source`, in their order; one that touches what an
/// earlier one changed is left for the next round. Gives the new text and how many were applied.
///
/// Everything outside the edits stays byte for byte: comments, layout, line ends.
pub fn apply<'a>(source: SourceId, text: &str, fixes: impl IntoIterator<Item = &'a Fix>) -> (String, usize) {
    let mut chosen: Vec<&Edit> = Vec::new();
    let mut applied = 0;
    for fix in fixes {
        let fits = fix.edits.iter().all(|edit| {
            let range = edit.span.range();
            edit.span.source == source
                && text.get(range.clone()).is_some()
                && chosen.iter().all(|other| {
                    let other = other.span.range();
                    // Two insertions at one place have no order.
                    (range.end <= other.start || other.end <= range.start) && range != other
                })
        });
        if fits && !fix.edits.is_empty() {
            chosen.extend(&fix.edits);
            applied += 1;
        }
    }
    chosen.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(text.len());
    let mut taken = 0;
    for edit in chosen {
        let range = edit.span.range();
        out.push_str(&text[taken..range.start]);
        out.push_str(&edit.replacement);
        taken = range.end;
    }
    out.push_str(&text[taken..]);
    (out, applied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceMap, Span};
    use proptest::prelude::*;

    fn fix(source: SourceId, range: std::ops::Range<usize>, by: &str) -> Fix {
        Fix {
            title: String::new(),
            edits: vec![Edit { span: Span::new(source, range), replacement: by.into() }],
        }
    }

    #[test]
    fn overlapping_fixes_wait_for_the_next_round() {
        let id = SourceMap::new().add("a.nix", "");
        let fixes = [fix(id, 0..3, "x"), fix(id, 2..4, "y"), fix(id, 4..5, "")];
        assert_eq!(apply(id, "abcdef", &fixes), ("xdf".to_owned(), 2));
    }

    proptest! {
        #[test]
        fn what_no_edit_touches_stays(text in "[a-zé\r\n]{0,30}", edits in proptest::collection::vec((0usize..40, 0usize..6, "[A-Z]{0,3}"), 0..6)) {
            let id = SourceMap::new().add("a.nix", "");
            let fixes: Vec<_> = edits.iter().map(|(at, len, by)| fix(id, *at..at + len, by)).collect();
            let (out, _) = apply(id, &text, &fixes);
            // In order, every character of the result is an old one or of a replacement.
            let kept: String = out.chars().filter(|c| !c.is_ascii_uppercase()).collect();
            let mut old = text.chars();
            prop_assert!(kept.chars().all(|c| old.any(|o| o == c)));
        }
    }
}
