//! Layout of Nix text: byte for byte what nixfmt (RFC 166) prints.

/// Formats a Nix file.
///
/// # Errors
/// The syntax error, for people, when `text` is not Nix.
pub fn format(text: &str) -> Result<String, String> {
    nixfmt_rs::format(text).map_err(|error| nixfmt_rs::format_error(text, None, &error))
}
