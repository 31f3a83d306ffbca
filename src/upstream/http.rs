//! The one client: every question to a server is put here. Retries with patience where that helps, and at once a clear
//! word where it does not; `reach` says where a server may lead us.
//!
//! What is downloaded goes into a [`Spool`]; a download that fails half-way leaves nothing. Proxies come from
//! `https_proxy` and friends, certificates from `NIX_SSL_CERT_FILE` or `SSL_CERT_FILE`.

pub mod reach;

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Body;
use ureq::http::Response;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::transport::DefaultConnector;
use url::Url;

use self::reach::{PrivateAddress, Public, is_private_host, may_follow, same_server};
use super::credentials::Credentials;
use super::progress::Progress;
pub use crate::git::patience::Patience;
use crate::git::patience::{Answer, Failed, retry_after};
use crate::git::shown;
use crate::store::spool::Spool;

/// Why something could not be fetched. No message holds a password.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FetchError {
    /// The address is none.
    #[error("{0} is not an address to fetch from: {1}")]
    BadUrl(String, String),
    /// Asked not to, or no network at all.
    #[error("{host} cannot be reached: {why}")]
    Offline {
        /// The host.
        host: String,
        /// What the system says.
        why: String,
    },
    /// 404 or 410.
    #[error("{0} is not there (HTTP 404)")]
    NotFound(String),
    /// 401 or 403.
    #[error("{url} may not be read (HTTP {status}){hint}")]
    Forbidden {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// What to do about it.
        hint: &'static str,
    },
    /// 429, or 403 with an exhausted limit, more often than we are patient.
    #[error("{url} refuses more requests {until} (HTTP {status}){hint}")]
    RateLimited {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// How long.
        until: Box<str>,
        /// What to do about it.
        hint: &'static str,
    },
    /// Any other status.
    #[error("{url} answers HTTP {status}")]
    Status {
        /// Where.
        url: String,
        /// The status.
        status: u16,
    },
    /// Fewer bytes than announced.
    #[error("{url} was cut off: {got} of {announced} bytes came")]
    CutOff {
        /// Where.
        url: String,
        /// Bytes that came.
        got: u64,
        /// Bytes announced.
        announced: u64,
    },
    /// More bytes than allowed.
    #[error("{url} is larger than {limit} bytes; --max-size raises the limit")]
    TooLarge {
        /// Where.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// Nothing came for too long.
    #[error("{0} does not answer in time")]
    Timeout(String),
    /// A loop, most likely.
    #[error("{0} redirects too often")]
    Redirects(String),
    /// A server wants us to ask elsewhere.
    #[error("{url} leads to {to}, which is not followed: {why}")]
    Elsewhere {
        /// Where.
        url: String,
        /// Where it leads.
        to: String,
        /// Why not.
        why: String,
    },
    /// The certificate, usually.
    #[error("{url}: no secure connection: {why}; SSL_CERT_FILE can name a file of certificates to trust")]
    Tls {
        /// Where.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// Anything else.
    #[error("{url}: {why}")]
    Other {
        /// Where.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// Our own disk.
    #[error("the download cannot be kept: {0}")]
    Disk(String),
}

impl FetchError {
    /// Whether the same request may well succeed a little later.
    fn is_passing(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::CutOff { .. } | Self::Timeout(_) | Self::Other { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 500..=599),
            _ => false,
        }
    }
}

/// Downloads things.
pub struct Client {
    agent: ureq::Agent,
    /// For where servers lead us: it finds no private addresses.
    public: ureq::Agent,
    /// Whether names are looked up by us, and not by a proxy.
    looks_up: bool,
    patience: Patience,
    credentials: Credentials,
    offline: bool,
    limit: u64,
}

const REDIRECTS: u32 = 10;
/// The longest list of versions and the like; crates.io's longest is 2 MB.
const LONGEST_TEXT: u64 = 256 << 20;

impl Client {
    /// A client that downloads at most `limit` bytes at a time.
    ///
    /// # Errors
    /// When the certificates that the environment names cannot be read.
    pub fn new(patience: Patience, credentials: Credentials, offline: bool, limit: u64) -> io::Result<Self> {
        let mut tls = TlsConfig::builder();
        if let Some(certificates) = certificates()? {
            tls = tls.root_certs(certificates);
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // They are followed one by one, each judged.
            .max_redirects(0)
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_recv_body(Some(patience.whole))
            .timeout_recv_response(Some(patience.silence))
            .timeout_per_read(Some(patience.silence))
            .user_agent(concat!("pgflakegen/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build();
        let proxy = agent.proxy().map(|proxy| proxy.host().to_owned());
        let looks_up = proxy.is_none();
        let public = ureq::Agent::with_parts(agent.clone(), DefaultConnector::default(), Public { proxy });
        let agent = agent.new_agent();
        Ok(Self { agent, public, looks_up, patience, credentials, offline, limit })
    }

    /// What opens doors.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Everything at `url`, which may be `http`, `https` or `file`.
    ///
    /// # Errors
    /// When it cannot be had, after as many tries as make sense.
    pub fn get(&self, url: &Url, progress: &dyn Progress) -> Result<Spool, FetchError> {
        match url.scheme() {
            "file" => return self.file(url),
            "http" | "https" => {}
            _ => return Err(FetchError::BadUrl(shown(url), "only https, http and file are known".into())),
        }
        self.is_online(url)?;
        self.again(|| self.once(url, progress))
    }

    /// As [`Self::get`], for a text.
    ///
    /// # Errors
    /// Also when it is not UTF-8.
    pub fn text(&self, url: &Url) -> Result<String, FetchError> {
        let spool = self.get(url, &super::progress::Silent)?;
        if spool.len() > LONGEST_TEXT {
            return Err(FetchError::TooLarge { url: shown(url), limit: LONGEST_TEXT });
        }
        let mut text = String::new();
        spool
            .reader(spool.all())
            .read_to_string(&mut text)
            .map_err(|_| FetchError::Other { url: shown(url), why: "the answer is not UTF-8".into() })?;
        Ok(text)
    }

    /// The answer to a question in JSON, which asks and changes nothing: it is put again as a download is.
    ///
    /// # Errors
    /// When there is none, after as many tries as make sense, or when it is no text.
    pub fn post(&self, url: &Url, question: &serde_json::Value) -> Result<String, FetchError> {
        self.is_online(url)?;
        let body = question.to_string();
        self.again(|| self.answered(url, &body))
    }

    fn is_online(&self, url: &Url) -> Result<(), FetchError> {
        match self.offline {
            true => {
                let host = url.host_str().unwrap_or_default().to_owned();
                Err(FetchError::Offline { host, why: "--offline was given".into() })
            }
            false => Ok(()),
        }
    }

    /// As often as we have patience for. With an error comes how long the server asks us to wait.
    fn again<T>(
        &self,
        once: impl Fn() -> Result<T, (FetchError, Option<Duration>)>,
    ) -> Result<T, FetchError> {
        self.patience.again(&std::thread::sleep, || {
            once().map_err(|(error, after)| Failed { at: None, passing: error.is_passing(), error, after })
        })
    }

    fn answered(&self, url: &Url, body: &str) -> Result<String, (FetchError, Option<Duration>)> {
        let request = self.agent.post(url.as_str()).header("content-type", "application/json");
        let response = request.send(body).map_err(|error| (translate(error, url), None))?;
        let status = response.status().as_u16();
        if !response.status().is_success() {
            return Err(refusal(&response, status, url, self.credentials.github().is_some()));
        }
        let mut text = String::new();
        let mut reader = response.into_body().into_reader().take(LONGEST_TEXT + 1);
        reader.read_to_string(&mut text).map_err(|error| (translate(ureq::Error::from(error), url), None))?;
        match text.len() as u64 > LONGEST_TEXT {
            true => Err((FetchError::TooLarge { url: shown(url), limit: LONGEST_TEXT }, None)),
            false => Ok(text),
        }
    }

    fn file(&self, url: &Url) -> Result<Spool, FetchError> {
        let bad = |why: String| FetchError::Other { url: shown(url), why };
        let path = url.to_file_path().map_err(|()| bad("it is on another machine".into()))?;
        let file = std::fs::File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => bad("there is no such file".into()),
            _ => bad(error.to_string()),
        })?;
        if file.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(bad("it is no file".into()));
        }
        let spool = Spool::of_file(file).map_err(|error| bad(error.to_string()))?;
        if spool.len() > self.limit {
            return Err(FetchError::TooLarge { url: shown(url), limit: self.limit });
        }
        Ok(spool)
    }

    /// The answer of the server that has one, and not the address of another. Passwords go to the first only.
    fn answer(&self, url: &Url) -> Result<Response<Body>, (FetchError, Option<Duration>)> {
        let mut at = url.clone();
        for step in 0..=REDIRECTS {
            let agent =
                if step == 0 || is_private_host(url, self.looks_up) { &self.agent } else { &self.public };
            let mut request = agent.get(at.as_str());
            if same_server(url, &at)
                && let Some(value) = self.credentials.header(if step == 0 { url } else { &at })
            {
                request = request.header("authorization", value);
            }
            let response = request.call().map_err(|error| (translate(error, &at), None))?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let location = response.headers().get("location").and_then(|value| value.to_str().ok());
            let to = location.and_then(|location| at.join(location).ok());
            let Some(mut to) = to else {
                let (to, why) = ("nowhere".to_owned(), "that is no address".to_owned());
                return Err((FetchError::Elsewhere { url: shown(&at), to, why }, None));
            };
            may_follow(url, &at, &to, self.looks_up).map_err(|why| {
                (FetchError::Elsewhere { url: shown(&at), to: shown(&to), why: why.to_owned() }, None)
            })?;
            // What a server writes there is no password of ours.
            let _ = to.set_username("").and_then(|()| to.set_password(None));
            at = to;
        }
        Err((FetchError::Redirects(shown(url)), None))
    }

    /// One try. With the error comes how long the server asks us to wait.
    fn once(&self, url: &Url, progress: &dyn Progress) -> Result<Spool, (FetchError, Option<Duration>)> {
        let response = self.answer(url)?;
        let status = response.status().as_u16();
        if !response.status().is_success() {
            return Err(refusal(&response, status, url, self.credentials.github().is_some()));
        }
        let announced = response.body().content_length();
        let too_large = || (FetchError::TooLarge { url: shown(url), limit: self.limit }, None);
        if announced.is_some_and(|length| length > self.limit) {
            return Err(too_large());
        }
        progress.expect(announced);
        let mut spool = Spool::default();
        let mut reader = response.into_body().into_reader();
        let mut window = (Instant::now(), 0);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let cut = matches!(
                        error.kind(),
                        io::ErrorKind::UnexpectedEof
                            | io::ErrorKind::ConnectionReset
                            | io::ErrorKind::BrokenPipe
                    );
                    return Err(match announced {
                        Some(announced) if cut => {
                            (FetchError::CutOff { url: shown(url), got: spool.len(), announced }, None)
                        }
                        _ => (translate(ureq::Error::from(error), url), None),
                    });
                }
            };
            spool.write_all(&buffer[..count]).map_err(|error| (FetchError::Disk(error.to_string()), None))?;
            progress.advance(count as u64);
            // A server that sends a byte now and then would keep us for ever.
            if window.0.elapsed() >= self.patience.silence {
                if spool.len() - window.1 < self.patience.least {
                    return Err((FetchError::Timeout(shown(url)), None));
                }
                window = (Instant::now(), spool.len());
            }
            if spool.len() > self.limit {
                return Err(too_large());
            }
        }
        match announced {
            Some(announced) if announced != spool.len() => {
                Err((FetchError::CutOff { url: shown(url), got: spool.len(), announced }, None))
            }
            _ => Ok(spool),
        }
    }
}

fn refusal<B>(response: &Response<B>, status: u16, url: &Url, token: bool) -> (FetchError, Option<Duration>) {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let github = super::credentials::is_github(url);
    let after = header("retry-after").and_then(retry_after);
    let exhausted = header("x-ratelimit-remaining") == Some("0") || header("retry-after").is_some();
    let limit =
        Answer { status, exhausted, reset: header("x-ratelimit-reset"), after }.limit(github && !token);
    let error = match (status, limit) {
        (404 | 410, _) => FetchError::NotFound(shown(url)),
        (_, Some((until, hint))) => {
            FetchError::RateLimited { url: shown(url), status, until: until.into_boxed_str(), hint }
        }
        (401 | 403, _) => FetchError::Forbidden {
            url: shown(url),
            status,
            hint: if github {
                "; is GITHUB_TOKEN still valid?"
            } else {
                "; a netrc file can hold the password"
            },
        },
        (_, _) => FetchError::Status { url: shown(url), status },
    };
    (error, after)
}

fn translate(error: ureq::Error, url: &Url) -> FetchError {
    let host = || url.host_str().unwrap_or_default().to_owned();
    let offline = |why: &str| FetchError::Offline { host: host(), why: why.to_owned() };
    match error {
        ureq::Error::HostNotFound => offline("its name cannot be resolved; is there a network connection?"),
        ureq::Error::ConnectionFailed => offline("no connection"),
        ureq::Error::Timeout(_) => FetchError::Timeout(shown(url)),
        ureq::Error::Other(why) if why.is::<PrivateAddress>() => {
            FetchError::Elsewhere { url: shown(url), to: host(), why: why.to_string() }
        }
        ureq::Error::Tls(why) => FetchError::Tls { url: shown(url), why: why.to_owned() },
        ureq::Error::Rustls(why) => FetchError::Tls { url: shown(url), why: why.to_string() },
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkDown => offline(&error.to_string()),
            // The resolver's errors have no kind of their own.
            _ if error.to_string().contains("lookup address") => {
                offline("its name cannot be resolved; is there a network connection?")
            }
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => FetchError::Timeout(shown(url)),
            // So rustls' errors arrive; trying again would not change them.
            io::ErrorKind::InvalidData => FetchError::Tls { url: shown(url), why: error.to_string() },
            _ => FetchError::Other { url: shown(url), why: error.to_string() },
        },
        ureq::Error::BadUri(why) => FetchError::BadUrl(shown(url), why),
        error => FetchError::Other { url: shown(url), why: error.to_string() },
    }
}

/// The certificates that Nix itself would be told to trust; `None`: Mozilla's, which are built in.
fn certificates() -> io::Result<Option<RootCerts>> {
    let Some((name, path)) = crate::git::remote::certificates() else { return Ok(None) };
    let bad = |why: String| io::Error::other(format!("{name} is {}, which {why}", path.display()));
    let pem = match std::fs::read(&path) {
        Ok(pem) => pem,
        Err(error) => return Err(bad(format!("cannot be read: {error}"))),
    };
    let found: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(bad("holds no certificate".into()));
    }
    Ok(Some(RootCerts::Specific(Arc::new(found))))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_limit_is_said_with_its_end() {
        let reset = SystemTime::now() + Duration::from_secs(3000);
        let reset = reset.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().to_string();
        let limited = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset.as_str())];
        let said = |status: u16, headers: &[(&str, &str)], url: &str, token: bool| {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            let response = response.body(()).unwrap();
            refusal(&response, status, &Url::parse(url).unwrap(), token).0.to_string()
        };
        let github = "https://github.com/a/b";
        let without = said(403, &limited, github, false);
        assert!(without.starts_with("https://github.com/a/b refuses more requests until "), "{without}");
        assert!(without.contains("UTC, in 50 minutes (HTTP 403); with GITHUB_TOKEN"), "{without}");
        assert!(said(403, &limited, github, true).ends_with("in 50 minutes (HTTP 403)"));
        assert!(said(403, &limited, "https://example.org/x", false).ends_with("in 50 minutes (HTTP 403)"));
        assert!(said(429, &[], github, true).ends_with("refuses more requests for now (HTTP 429)"));
        assert!(said(429, &[("retry-after", "90")], github, true).ends_with("in 2 minutes (HTTP 429)"));
        assert!(said(403, &[], github, true).contains("may not be read"));
    }
}
