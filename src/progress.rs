//! What is being done, told to an [`Observer`]: how much of it is done, of how much, and which parts run. Whoever runs
//! an operation shows it, or does not care ([`Observer`] of `()`).
//!
//! Must not know who looks, nor where it is shown.

/// Hears what is being done. Called from any thread; a part of it begins and ends on the thread that does it.
pub trait Observer: Sync {
    /// Something begins: `what` is a participle, `total` how many parts it has (0: see [`Self::expect`]). Gives the
    /// number that the other calls name it by; `None`: nobody looks, and nothing more is told of it.
    fn begin(&self, what: &'static str, total: usize) -> Option<u64> {
        let _ = (what, total);
        None
    }

    /// There are so many more parts.
    fn expect(&self, doing: u64, more: usize) {
        let _ = (doing, more);
    }

    /// It is done.
    fn end(&self, doing: u64) {
        let _ = doing;
    }

    /// A part begins. Gives its number.
    fn begin_part(&self, doing: u64, name: String) -> u64 {
        let _ = (doing, name);
        0
    }

    /// So many bytes will come for a part, if anybody knows; none did so far.
    fn expect_bytes(&self, doing: u64, part: u64, total: Option<u64>) {
        let _ = (doing, part, total);
    }

    /// So many more bytes came.
    fn add_bytes(&self, doing: u64, part: u64, more: u64) {
        let _ = (doing, part, more);
    }

    /// A part is done.
    fn end_part(&self, doing: u64, part: u64) {
        let _ = (doing, part);
    }
}

/// Nobody looks.
impl Observer for () {}

/// Something that is being done, until this is dropped.
pub struct Progress<'a> {
    observer: &'a dyn Observer,
    number: Option<u64>,
}

/// A part of it that is being done, until this is dropped.
pub struct Task<'a> {
    observer: &'a dyn Observer,
    numbers: Option<(u64, u64)>,
}

/// Begins something; see [`Observer::begin`].
pub fn progress<'a>(observer: &'a dyn Observer, what: &'static str, total: usize) -> Progress<'a> {
    Progress { observer, number: observer.begin(what, total) }
}

impl<'a> Progress<'a> {
    /// There are so many more parts.
    pub fn expect(&self, more: usize) {
        if let Some(number) = self.number {
            self.observer.expect(number, more);
        }
    }

    /// Begins a part; its name is asked for only if somebody sees it.
    pub fn begin<N: Into<String>>(&self, name: impl FnOnce() -> N) -> Task<'a> {
        let numbers = self.number.map(|number| (number, self.observer.begin_part(number, name().into())));
        Task { observer: self.observer, numbers }
    }
}

impl Task<'_> {
    /// So many bytes will come, if anybody knows; none did so far.
    pub fn expect_bytes(&self, total: Option<u64>) {
        if let Some((doing, part)) = self.numbers {
            self.observer.expect_bytes(doing, part, total);
        }
    }

    /// So many more bytes came.
    pub fn add_bytes(&self, more: u64) {
        if let Some((doing, part)) = self.numbers {
            self.observer.add_bytes(doing, part, more);
        }
    }
}

impl Drop for Task<'_> {
    fn drop(&mut self) {
        if let Some((doing, part)) = self.numbers {
            self.observer.end_part(doing, part);
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.observer.end(number);
        }
    }
}
