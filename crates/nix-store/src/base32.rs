//! Nix's own base-32: 32 characters without `e`, `o`, `t`, `u`, read from the last byte back.

/// The alphabet, in order of value.
pub const ALPHABET: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

const fn reverse_table() -> [u8; 256] {
    let mut table = [255u8; 256];
    let mut i = 0;
    while i < 32 {
        table[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    table
}

const REVERSE: [u8; 256] = reverse_table();

/// How many characters `bytes` bytes take.
pub const fn encoded_len(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { (bytes * 8 - 1) / 5 + 1 }
}

/// Whether `byte` is one of the 32 characters.
pub const fn is_base32(byte: u8) -> bool {
    REVERSE[byte as usize] != 255
}

/// Encodes `bytes`.
pub fn encode(bytes: &[u8]) -> String {
    let len = encoded_len(bytes.len());
    let mut out = String::with_capacity(len);
    for n in (0..len).rev() {
        let bit = n * 5;
        let (byte, shift) = (bit / 8, bit % 8);
        let low = u16::from(bytes[byte]) >> shift;
        let high = match bytes.get(byte + 1) {
            Some(next) => u16::from(*next) << (8 - shift),
            None => 0,
        };
        out.push(ALPHABET[((low | high) & 0x1f) as usize] as char);
    }
    out
}

/// Decodes `text` into exactly `bytes` bytes; `None` if a character is not of the alphabet,
/// the length is wrong, or the unused bits are not zero.
pub fn decode(text: &[u8], bytes: usize) -> Option<Vec<u8>> {
    if text.len() != encoded_len(bytes) {
        return None;
    }
    let mut out = vec![0u8; bytes];
    for (n, character) in text.iter().rev().enumerate() {
        let digit = REVERSE[*character as usize];
        if digit == 255 {
            return None;
        }
        let bit = n * 5;
        let (byte, shift) = (bit / 8, bit % 8);
        let wide = u16::from(digit) << shift;
        out[byte] |= wide as u8;
        let carry = (wide >> 8) as u8;
        if carry != 0 {
            *out.get_mut(byte + 1)? |= carry;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known() {
        assert_eq!(encode(&[]), "");
        assert_eq!(encode(&[0x1f]), "0z");
        assert_eq!(decode(b"0z", 1), Some(vec![0x1f]));
        assert_eq!(decode(b"zz", 1), None, "bits beyond the last byte");
        assert_eq!(decode(b"0e", 1), None, "not of the alphabet");
        let characters = (0..=u8::MAX).filter(|byte| is_base32(*byte));
        assert!(characters.eq(ALPHABET.iter().copied()), "in the order of their bytes");
    }

    proptest! {
        #[test]
        fn round_trip(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
            let text = encode(&bytes);
            prop_assert_eq!(decode(text.as_bytes(), bytes.len()), Some(bytes));
        }
    }
}
