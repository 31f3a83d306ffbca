//! placeholder until the loader lands
pub fn is_free(name: &str) -> bool {
    !matches!(name, "unfree" | "tsl")
}
