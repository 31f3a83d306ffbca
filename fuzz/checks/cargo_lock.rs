//! Any text is a Cargo.lock or an error, and what is one has names that can be file names.

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(lock) = pgflakegen::upstream::cargo::Lock::parse(text, "fuzz") else { return };
    for name in ["pgrx", "serde", "a"] {
        for version in lock.versions(name) {
            assert!(!version.contains(['/', '\\', '\0', '\n']), "{version:?}");
        }
        let _ = (lock.version(name), lock.repository_of(name));
    }
    let _ = lock.has_git();
}
