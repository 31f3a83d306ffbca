//! Who wants to know how far a download is.

/// Told as bytes come. Called from the thread that downloads.
pub trait Progress: Sync {
    /// How many bytes there will be, if the server says so. Called again for each try.
    fn expect(&self, total: Option<u64>);
    /// That many more came.
    fn advance(&self, bytes: u64);
}

impl Progress for crate::progress::Task<'_> {
    fn expect(&self, total: Option<u64>) {
        self.expect_bytes(total);
    }

    fn advance(&self, bytes: u64) {
        self.add_bytes(bytes);
    }
}

/// Does not care.
pub struct Silent;

impl Progress for Silent {
    fn expect(&self, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
}
