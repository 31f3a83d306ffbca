//! What a server said while git talked to it: git's own messages tell neither a status nor where it leads.

use std::path::Path;
use std::time::Duration;

use url::Url;

use super::super::error::GitError;
use super::super::patience::{Answer, retry_after};

/// What a server said, as git's trace tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct HttpTrace {
    status: u16,
    /// What was asked for last.
    pub(super) asked: Option<String>,
    /// How long to wait, as the server has it.
    pub(super) after: Option<Duration>,
    location: Option<String>,
    /// Whether it takes no more requests for now.
    exhausted: bool,
    /// Until then: seconds since 1970.
    reset: Option<String>,
}

impl HttpTrace {
    /// What a trace in a file tells.
    pub(super) fn of(trace: &Path) -> Self {
        let text = std::fs::read(trace).unwrap_or_default();
        Self::read(&String::from_utf8_lossy(&text))
    }

    /// The last answer of a trace.
    fn read(trace: &str) -> Self {
        let mut said = Self::default();
        for line in trace.lines() {
            if let Some((_, header)) = line.split_once("=> Send header: ")
                && (header.starts_with("GET ") || header.starts_with("POST "))
            {
                said = Self { asked: Some(header.to_owned()), ..Self::default() };
            }
            let Some((_, header)) = line.split_once("<= Recv header: ") else { continue };
            if header.starts_with("HTTP/") {
                let status = header.split(' ').nth(1).and_then(|status| status.parse().ok());
                said = Self { status: status.unwrap_or(0), asked: said.asked, ..Self::default() };
            } else if let Some((name, value)) = header.split_once(':') {
                match name.to_ascii_lowercase().as_str() {
                    "retry-after" => said.after = retry_after(value),
                    "location" => said.location = Some(value.trim().to_owned()),
                    "x-ratelimit-remaining" => said.exhausted = value.trim() == "0",
                    "x-ratelimit-reset" => said.reset = Some(value.trim().to_owned()),
                    _ => {}
                }
            }
        }
        said
    }

    /// The repository's address elsewhere.
    pub(super) fn leads_to(&self, at: &str) -> Option<String> {
        if !matches!(self.status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let asked = Url::parse(&format!("{}/info/refs", at.trim_end_matches('/'))).ok()?;
        let to = asked.join(self.location.as_deref()?).ok()?;
        let (base, _) = to.as_str().split_once("/info/refs")?;
        Some(base.to_owned())
    }

    /// The error, in the server's words where git has none for it.
    pub(super) fn explain(&self, error: GitError, token: bool) -> GitError {
        let GitError::Failed { url, why } = error else { return error };
        let status = self.status;
        let exhausted = self.exhausted || self.after.is_some();
        let answer = Answer { status, exhausted, reset: self.reset.as_deref(), after: self.after };
        let why = match answer.limit(url.starts_with("https://github.com/") && !token) {
            Some((until, hint)) => format!("it refuses more requests {until} (HTTP {status}){hint}"),
            None => why,
        };
        GitError::Failed { url, why }
    }

    /// Whether the same may well succeed a little later.
    pub(super) fn is_passing(&self, error: &GitError) -> bool {
        const PASSING: [&str; 12] = [
            "Connection reset",
            "Connection timed out",
            "Connection closed by",
            "Empty reply",
            "Operation timed out",
            "Operation too slow",
            "early EOF",
            "hung up unexpectedly",
            "unexpected disconnect",
            "transfer closed",
            "kex_exchange_identification",
            "unexpected eof",
        ];
        let GitError::Failed { why, .. } = error else { return false };
        match self.status {
            408 | 425 | 429 | 500..=599 => true,
            403 => self.after.is_some(),
            // Nothing came, or the answer was cut off.
            0 | 200..=299 => PASSING.iter().any(|sign| why.contains(sign)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_a_server_says() {
        let trace = "10:00 http.c:1 => Send header: GET /x HTTP/2\n10:00 http.c:1 == Info: x\n10:00 http.c:1 <= Recv header: HTTP/1.1 407 Proxy\n10:00 http.c:1 <= Recv header: Retry-After: 9\n\
            10:00 http.c:1 <= Recv header: HTTP/2 503\n10:00 http.c:1 <= Recv header, 0000000015 bytes (0x0000000f)\n10:00 http.c:1 <= Recv header: retry-after: 2\n";
        let said = HttpTrace::read(trace);
        let asked = Some("GET /x HTTP/2".to_owned());
        let expected =
            HttpTrace { status: 503, asked, after: Some(Duration::from_secs(2)), ..HttpTrace::default() };
        assert_eq!(said, expected);
        let failed = |why: &str| GitError::Failed { url: String::new(), why: why.into() };
        assert!(said.is_passing(&failed("x")));
        for (status, why, wanted) in [
            (404, "x", false),
            (401, "x", false),
            (429, "x", true),
            (0, "unable to access 'x': Recv failure: Connection reset by peer", true),
            (0, "unable to access 'x': Could not resolve host: x", false),
            (200, "the remote end hung up unexpectedly", true),
            (200, "protocol error: bad line", false),
        ] {
            let said = HttpTrace { status, ..HttpTrace::default() };
            assert_eq!(said.is_passing(&failed(why)), wanted, "{status} {why}");
        }
        assert!(!said.is_passing(&GitError::Offline(String::new())));
    }

    #[test]
    fn a_limit_is_said_with_its_end() {
        let reset = SystemTime::now() + Duration::from_secs(3000);
        let reset = reset.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let limited = HttpTrace::read(&format!(
            "t http.c:1 <= Recv header: HTTP/2 403\nt http.c:1 <= Recv header: X-RateLimit-Remaining: 0\n\
             t http.c:1 <= Recv header: X-RateLimit-Reset: {reset}\n"
        ));
        let explained = |said: &HttpTrace, token| {
            let url = "https://github.com/a/b".to_owned();
            said.explain(GitError::Failed { url, why: "error: 403".into() }, token).to_string()
        };
        let said = explained(&limited, false);
        assert!(said.contains("it refuses more requests until "), "{said}");
        assert!(said.contains("UTC, in 50 minutes (HTTP 403); with GITHUB_TOKEN"), "{said}");
        assert!(!explained(&limited, true).contains("TOKEN"));
        let forbidden = HttpTrace { status: 403, ..HttpTrace::default() };
        assert!(explained(&forbidden, false).ends_with("error: 403"));
        let busy = HttpTrace { status: 429, ..HttpTrace::default() };
        assert!(explained(&busy, true).ends_with("it refuses more requests for now (HTTP 429)"));
    }

    #[test]
    fn where_a_server_leads() {
        let to = |location: &str| {
            let said = HttpTrace { status: 301, location: Some(location.into()), ..HttpTrace::default() };
            said.leads_to("https://a.example/o/r.git")
        };
        let query = "?service=git-upload-pack";
        for (location, wanted) in [
            (format!("https://b.example/n/r/info/refs{query}"), Some("https://b.example/n/r")),
            (format!("/n/r.git/info/refs{query}"), Some("https://a.example/n/r.git")),
            ("https://b.example/login".to_owned(), None),
        ] {
            assert_eq!(to(&location).as_deref(), wanted, "{location}");
        }
        assert_eq!(
            HttpTrace { status: 200, location: Some("/x/info/refs".into()), ..HttpTrace::default() }
                .leads_to("https://a"),
            None
        );
    }
}
