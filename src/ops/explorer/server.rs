//! The page served on this machine, made anew whenever the catalogue changes.
//!
//! One page for one user: `127.0.0.1` only, GET only, two paths, nothing of the disk. A request must name the address
//! that is listened at: a page of elsewhere whose name has come to mean this machine (DNS rebinding) names another.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use camino::Utf8Path;

use super::{Error, Host, Request, explorer};
use crate::explorer::page::{self, For, Page};
use crate::layout::CATALOGUE;
use crate::ops::Loaded;

/// How often the catalogue is looked at.
const LOOK: Duration = Duration::from_millis(300);
/// How long a request or an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nothing is said on a connection that waits for news.
const SILENCE: Duration = Duration::from_secs(15);
/// Connections at once.
const MOST: usize = 32;
/// Bytes of a request.
const HEAD: usize = 16 * 1024;

/// What happens while it serves.
#[derive(Debug)]
pub enum Event<'e> {
    /// The page was made anew.
    Renewed,
    /// The catalogue has errors now; the page stays as it was.
    Wrong(&'e Loaded),
    /// It cannot be read now; the page stays as it was.
    Failed(&'e Error),
}

/// Listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// What is served.
struct Served {
    page: Page,
    /// Raised with every change.
    news: u64,
    /// The catalogue has errors.
    wrong: bool,
}

struct Shared {
    served: Mutex<Served>,
    changed: Condvar,
    connections: AtomicUsize,
    port: u16,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Listens at a port of `127.0.0.1`; 0: at a free one.
    ///
    /// # Errors
    /// When it cannot.
    pub fn listen(port: u16) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the process ends; `on` is told what happens.
    ///
    /// # Errors
    /// When there is no page to begin with.
    pub fn run(self, request: &Request<'_>, host: &dyn Host, on: &dyn Fn(Event<'_>)) -> Result<(), Error> {
        let mut seen = fingerprint(request.root);
        let page = page::page(&explorer(request, host)?.data, For::Server);
        let served = Mutex::new(Served { page, news: 0, wrong: false });
        let shared = Arc::new(Shared {
            served,
            changed: Condvar::new(),
            connections: AtomicUsize::new(0),
            port: self.address.port(),
        });
        let answering = Arc::clone(&shared);
        std::thread::Builder::new().name("serving".into()).spawn(move || {
            for connection in self.listener.incoming().flatten() {
                accept(&answering, connection);
            }
        })?;
        loop {
            std::thread::sleep(LOOK);
            let now = fingerprint(request.root);
            if now == seen {
                continue;
            }
            seen = now;
            let made = explorer(request, host);
            let mut served = shared.lock();
            served.news += 1;
            served.wrong = made.is_err();
            if let Ok(made) = &made {
                served.page = page::page(&made.data, For::Server);
            }
            drop(served);
            shared.changed.notify_all();
            on(match &made {
                Ok(_) => Event::Renewed,
                Err(Error::Unusable(loaded)) => Event::Wrong(loaded),
                Err(error) => Event::Failed(error),
            });
        }
    }
}

/// What tells one state of the catalogue from another, without reading it.
fn fingerprint(root: &Utf8Path) -> Vec<(std::path::PathBuf, u64, Option<SystemTime>)> {
    walkdir::WalkDir::new(root.join(CATALOGUE))
        .sort_by_file_name()
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((entry.into_path(), metadata.len(), metadata.modified().ok()))
        })
        .collect()
}

fn accept(shared: &Arc<Shared>, connection: TcpStream) {
    if shared.connections.fetch_add(1, Ordering::Relaxed) >= MOST {
        shared.connections.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let answering = Arc::clone(shared);
    let spawned = std::thread::Builder::new().name("answering".into()).spawn(move || {
        // Whoever has gone needs no answer.
        let _ = answer(&answering, connection);
        answering.connections.fetch_sub(1, Ordering::Relaxed);
    });
    if spawned.is_err() {
        shared.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// The page; of HEAD only what comes before it.
    Page { body: bool },
    /// To be told of changes.
    Changes,
    /// Nothing that is here.
    Refused(&'static str),
}

fn answer(shared: &Shared, mut connection: TcpStream) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let head = read_head(&mut connection)?;
    match asked(&head, shared.port) {
        Asked::Page { body } => {
            let page = shared.lock().page.clone();
            let length = page.text.len();
            let policy = format!("{}; frame-ancestors 'none'", page.policy);
            write!(
                connection,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
                 Content-Security-Policy: {policy}\r\n{COMMON}"
            )?;
            if body {
                connection.write_all(page.text.as_bytes())?;
            }
            connection.flush()
        }
        Asked::Changes => tell(shared, &mut connection),
        Asked::Refused(status) => {
            write!(
                connection,
                "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n{COMMON}{status}",
                status.len()
            )
        }
    }
}

/// The end of every head.
const COMMON: &str = "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
                      Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n\
                      Connection: close\r\n\r\n";

fn read_head(connection: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (mut head, mut part) = (Vec::new(), [0; 2048]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() <= HEAD {
        match connection.read(&mut part)? {
            0 => break,
            count => head.extend_from_slice(&part[..count]),
        }
    }
    Ok(head)
}

/// Reads a request's head, which is to name the port of this machine that is listened at.
fn asked(head: &[u8], port: u16) -> Asked {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    if !request.parse(head).is_ok_and(|parsed| parsed.is_complete()) {
        return Asked::Refused("400 Bad Request");
    }
    let values = |name: &str| -> Vec<&[u8]> {
        let named = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| header.value).collect()
    };
    let own = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    match values("host")[..] {
        [host] if own.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(host)) => {}
        _ => return Asked::Refused("421 Misdirected Request"),
    }
    let is_other_site =
        values("sec-fetch-site").iter().any(|site| matches!(*site, b"cross-site" | b"same-site"));
    match (request.method, request.path.unwrap_or_default()) {
        (Some(method @ ("GET" | "HEAD")), "/") => Asked::Page { body: method == "GET" },
        (Some("GET"), "/changes") if !is_other_site => Asked::Changes,
        (Some("GET" | "HEAD"), _) => Asked::Refused("404 Not Found"),
        _ => Asked::Refused("405 Method Not Allowed"),
    }
}

/// Says that there is something new, until nobody listens.
fn tell(shared: &Shared, connection: &mut TcpStream) -> io::Result<()> {
    write!(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{COMMON}retry: 1000\n\n")?;
    let mut told = shared.lock().news;
    loop {
        let served = shared.lock();
        let (served, _) = shared
            .changed
            .wait_timeout_while(served, SILENCE, |served| served.news == told)
            .unwrap_or_else(PoisonError::into_inner);
        let line = match (served.news == told, served.wrong) {
            (true, _) => ": still here\n\n",
            (false, true) => "data: wrong\n\n",
            (false, false) => "data: new\n\n",
        };
        told = served.news;
        drop(served);
        connection.write_all(line.as_bytes())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(head: &str) -> Asked {
        asked(head.as_bytes(), 8015)
    }

    #[test]
    fn only_whoever_names_this_very_server_is_answered() {
        for host in ["127.0.0.1:8015", "localhost:8015", "LocalHost:8015"] {
            let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert_eq!(says(&head), Asked::Page { body: true });
        }
        let misdirected = Asked::Refused("421 Misdirected Request");
        for host in ["evil.example:8015", "127.0.0.1", "127.0.0.1:80", "localhost:8015.evil.example", ""] {
            assert_eq!(says(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")), misdirected, "{host}");
        }
        assert_eq!(says("GET / HTTP/1.1\r\n\r\n"), misdirected);
        let two = "GET / HTTP/1.1\r\nHost: localhost:8015\r\nHost: evil.example\r\n\r\n";
        assert_eq!(says(two), misdirected);
    }

    #[test]
    fn there_is_the_page_and_nothing_else() {
        let of = |line: &str| says(&format!("{line} HTTP/1.1\r\nHost: localhost:8015\r\n\r\n"));
        assert_eq!(of("HEAD /"), Asked::Page { body: false });
        assert_eq!(of("GET /changes"), Asked::Changes);
        for path in ["/..", "/catalogue/flake.toml", "//", "/changes/", "/%2e%2e/etc/passwd", "/?a"] {
            assert_eq!(of(&format!("GET {path}")), Asked::Refused("404 Not Found"), "{path}");
        }
        assert_eq!(of("POST /"), Asked::Refused("405 Method Not Allowed"));
        let other = "GET /changes HTTP/1.1\r\nHost: localhost:8015\r\nSec-Fetch-Site: cross-site\r\n\r\n";
        assert_eq!(says(other), Asked::Refused("404 Not Found"));
        for broken in ["", "GET /", "GET / HTTP/1.1\r\nHost", "\0\r\n\r\n", "GET / HTTP/9\r\n\r\n"] {
            assert_eq!(says(broken), Asked::Refused("400 Bad Request"), "{broken:?}");
        }
    }
}
