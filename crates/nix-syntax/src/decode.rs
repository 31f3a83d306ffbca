//! Bytes of a Nix file as text.

/// The text of a file's bytes. Bytes that are not UTF-8 become U+FFFD, and the second value says
/// where the first of them stands in the resulting text.
pub fn decode(bytes: Vec<u8>) -> (String, Option<usize>) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(at))
        }
    }
}
