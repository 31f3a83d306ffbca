//! Any bytes are an index of names or an error; what is read is written as the same index. Any text is a list of
//! names or an error.

use pgflakegen::overrides::index::Index;

pub fn check(data: &[u8]) {
    if let Ok(index) = Index::read(data) {
        let bytes = index.write().expect("memory takes everything");
        let again = Index::read(&bytes).expect("what was written can be read");
        assert_eq!((again.len(), &again.revision), (index.len(), &index.revision));
        let _ = index.nearest("opensll", 3);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Index::names_of(text);
    }
}
