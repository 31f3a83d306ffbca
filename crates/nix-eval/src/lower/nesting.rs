//! How deep a text is nested, told before anything that recurses looks at it.

/// What each byte does to the nesting: opens or closes, and whether a run of prefix operators
/// goes on.
const NESTING: ([i32; 256], [u32; 256], [u32; 256]) = {
    let (mut delta, mut add, mut keep) = ([0; 256], [0; 256], [0; 256]);
    delta[b'(' as usize] = 1;
    delta[b'[' as usize] = 1;
    delta[b'{' as usize] = 1;
    delta[b')' as usize] = -1;
    delta[b']' as usize] = -1;
    delta[b'}' as usize] = -1;
    add[b'-' as usize] = 1;
    add[b'!' as usize] = 1;
    keep[b'-' as usize] = u32::MAX;
    keep[b'!' as usize] = u32::MAX;
    keep[b' ' as usize] = u32::MAX;
    keep[b'\n' as usize] = u32::MAX;
    keep[b'\t' as usize] = u32::MAX;
    (delta, add, keep)
};

/// An upper bound of how deep the brackets and prefix operators are nested.
pub(super) fn of(text: &[u8]) -> usize {
    let (delta, add, keep) = &NESTING;
    let (mut depth, mut deepest, mut run) = (0i32, 0i32, 0u32);
    for byte in text {
        let byte = usize::from(*byte);
        depth = depth.saturating_add(delta[byte]).max(0);
        run = (run + add[byte]) & keep[byte];
        deepest = deepest.max(depth.saturating_add(run as i32));
    }
    deepest as usize
}

/// An upper bound of how many sets are inside of each other, each part of an attribute path being one: the dots
/// without what ends a path count in each bracket, and no dot counts twice.
pub(super) fn sets(text: &[u8]) -> usize {
    let (mut path, mut longest, mut dots) = (0usize, 0usize, 0usize);
    for byte in text {
        match byte {
            b'.' => {
                path += 1;
                dots += 1;
            }
            b'=' | b';' => {
                longest = longest.max(path);
                path = 0;
            }
            _ => {}
        }
    }
    let brackets = of(text).max(1);
    brackets.saturating_mul(longest.max(path) + 1).min(dots + brackets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_in_each_other() {
        assert_eq!(sets(b"{ a.b.c = 1; d = x.y; }"), 3);
        assert_eq!(sets(format!("{{ a{} = 1; }}", ".a".repeat(5000)).as_bytes()), 5001);
        // No more dots than there are.
        assert_eq!(sets(b"{ a.b = { c = { d = 1; }; }; }"), 4);
        assert_eq!(sets(b""), 1);
    }
}
