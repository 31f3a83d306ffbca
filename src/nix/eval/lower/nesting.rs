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
