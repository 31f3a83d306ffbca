//! Trying again what may well succeed a little later: the same for downloads and for git.

use std::time::{Duration, SystemTime};

/// How patient we are.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Tries in all.
    pub tries: u32,
    /// Before the second try; doubles each time.
    pub pause: Duration,
    /// The longest pause, also where a server asks for a longer one.
    pub longest: Duration,
    /// Until a connection stands.
    pub connect: Duration,
    /// Without a byte, or with fewer than [`Self::least`].
    pub silence: Duration,
    /// Bytes that must come in that time.
    pub least: u64,
    /// From the beginning of an answer to its end.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 4,
            pause: Duration::from_millis(500),
            longest: Duration::from_secs(60),
            connect: Duration::from_secs(15),
            silence: Duration::from_secs(30),
            least: 3_000,
            whole: Duration::from_secs(3600),
        }
    }
}

/// A try that failed.
pub struct Failed<E> {
    /// Why.
    pub error: E,
    /// Whether the next may succeed.
    pub passing: bool,
    /// How long the server asks us to wait.
    pub after: Option<Duration>,
    /// Which of several requests it was: another one than before is progress.
    pub at: Option<Box<str>>,
}

/// How often progress begins the count anew.
const STEPS: u32 = 8;

impl Patience {
    /// Tries until it succeeds, fails for good, or has been tried often enough; waits by `sleep` in between.
    ///
    /// # Errors
    /// The last try's.
    pub fn again<T, E>(
        &self,
        sleep: &dyn Fn(Duration),
        mut attempt: impl FnMut() -> Result<T, Failed<E>>,
    ) -> Result<T, E> {
        let mut pause = self.pause;
        let mut left = self.tries;
        let (mut at, mut steps) = (None, STEPS);
        loop {
            left = left.saturating_sub(1);
            let failed = match attempt() {
                Ok(found) => return Ok(found),
                Err(failed) => failed,
            };
            if at.is_some() && failed.at.is_some() && at != failed.at && steps > 0 {
                (left, pause, steps) = (self.tries.saturating_sub(1), self.pause, steps - 1);
            }
            at = failed.at;
            if left == 0 || !failed.passing {
                return Err(failed.error);
            }
            sleep(failed.after.unwrap_or(pause).min(self.longest));
            pause = pause.saturating_mul(2);
        }
    }
}

/// What `Retry-After` says: seconds, or a date.
pub fn retry_after(value: &str) -> Option<Duration> {
    match value.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value.trim()).ok()?.duration_since(SystemTime::now()).ok(),
    }
}

/// What an answer says of how many requests a server takes.
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// None is left for now, or a wait is asked for.
    pub exhausted: bool,
    /// `X-RateLimit-Reset`.
    pub reset: Option<&'a str>,
    /// `Retry-After`.
    pub after: Option<Duration>,
}

impl Answer<'_> {
    /// If it takes no more for now: until when, and what would help who has asked GitHub without a token.
    pub fn limit(&self, lacks_token: bool) -> Option<(String, &'static str)> {
        let is_one = self.status == 429 || self.status == 403 && self.exhausted;
        let until = || until(self.reset, self.after).unwrap_or_else(|| "for now".to_owned());
        is_one.then(|| (until(), if lacks_token { WITHOUT_TOKEN } else { "" }))
    }
}

/// What GitHub takes without a token is little.
const WITHOUT_TOKEN: &str =
    "; with GITHUB_TOKEN, which needs no rights, GitHub takes 5,000 requests an hour in place of 60";

/// When a server that has refused takes requests again, for people: by its `X-RateLimit-Reset`, seconds since 1970, or
/// by the wait that it asks for.
fn until(reset: Option<&str>, after: Option<Duration>) -> Option<String> {
    let now = SystemTime::now();
    let reset = reset.and_then(|reset| reset.trim().parse().ok()).map(Duration::from_secs);
    let end = match reset.and_then(|reset| SystemTime::UNIX_EPOCH.checked_add(reset)) {
        Some(end) => end,
        None => now.checked_add(after?)?,
    };
    let minutes = end.duration_since(now).ok()?.as_secs().div_ceil(60);
    // Within a day a time of the day is enough.
    if minutes >= 24 * 60 {
        return None;
    }
    let date = httpdate::fmt_http_date(end);
    let time = date.get(17..22)?;
    Some(format!("until {time} UTC, in {minutes} minute{}", if minutes == 1 { "" } else { "s" }))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn pauses(patience: &Patience, after: Option<u64>, passing: bool) -> Vec<Duration> {
        let pauses = RefCell::new(Vec::new());
        let result: Result<(), ()> = patience.again(&|pause| pauses.borrow_mut().push(pause), || {
            Err(Failed { error: (), passing, after: after.map(Duration::from_secs), at: None })
        });
        assert_eq!(result, Err(()));
        pauses.into_inner()
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let patience = Patience { tries: 6, longest: Duration::from_secs(3), ..Patience::default() };
        let seconds = [0.5, 1.0, 2.0, 3.0, 3.0].map(Duration::from_secs_f64);
        assert_eq!(pauses(&patience, None, true), seconds);
        // What a server asks for is waited for, but not for ever.
        assert_eq!(pauses(&patience, Some(2), true), [Duration::from_secs(2); 5]);
        assert_eq!(pauses(&patience, Some(3000), true), [Duration::from_secs(3); 5]);
        assert_eq!(pauses(&patience, None, false), []);
    }

    #[test]
    fn another_request_is_progress() {
        let patience = Patience { tries: 3, ..Patience::default() };
        let tried = |requests: &[&str]| {
            let mut requests = requests.iter();
            let mut count = 0;
            let result: Result<(), ()> = patience.again(&|_| {}, || {
                count += 1;
                match requests.next() {
                    Some(at) => Err(Failed { error: (), passing: true, after: None, at: Some((*at).into()) }),
                    None => Ok(()),
                }
            });
            (result.is_ok(), count)
        };
        assert_eq!(tried(&["a", "a", "b", "b"]), (true, 5));
        assert_eq!(tried(&["a", "a", "a", "b"]), (false, 3));
        assert!(!tried(&["a", "b"].repeat(50)).0);
    }

    #[test]
    fn when_servers_are_ready_again() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let at = |seconds: u64| until(Some(&(now + seconds).to_string()), None);
        let said = at(3000).unwrap();
        assert!(said.starts_with("until ") && said.ends_with(" UTC, in 50 minutes"), "{said}");
        assert_eq!(&said[8..9], ":", "{said}");
        assert!(until(None, Some(Duration::from_secs(60))).unwrap().ends_with("in 1 minute"));
        for (reset, after) in
            [(None, None), (Some("soon"), None), (Some("7"), None), (None, Some(Duration::MAX))]
        {
            assert_eq!(until(reset, after), None, "{reset:?}");
        }
        assert_eq!(at(200_000), None);
    }

    #[test]
    fn what_servers_ask_for() {
        assert_eq!(retry_after(" 17 "), Some(Duration::from_secs(17)));
        assert_eq!(retry_after("soon"), None);
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(1000));
        assert!(retry_after(&date).is_some_and(|wait| wait > Duration::from_secs(900)));
    }
}
