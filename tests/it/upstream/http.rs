//! Servers that misbehave.

use std::io::Read;

use pgflakegen::upstream::credentials::Credentials;
use pgflakegen::upstream::http::{Client, FetchError};
use pgflakegen::upstream::progress::Silent;
use url::Url;

use crate::upstream::impatient;
use crate::upstream::server::{Answer, Server};

fn client() -> Client {
    Client::new(impatient(), Credentials::none(), false, 10 << 20).unwrap()
}

fn get(client: &Client, url: &str) -> Result<Vec<u8>, FetchError> {
    client.get(&Url::parse(url).unwrap(), &Silent).map(|spool| {
        let mut bytes = Vec::new();
        spool.reader(spool.all()).read_to_end(&mut bytes).unwrap();
        bytes
    })
}

#[test]
fn what_passes_is_tried_again() {
    let server = Server::start();
    for (name, first) in [
        ("/busy", Answer::Status(429, "Retry-After: 0\r\n".into())),
        ("/date", Answer::Status(503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n".into())),
        ("/limit", Answer::Status(403, "x-ratelimit-remaining: 0\r\n".into())),
        ("/broken", Answer::Status(500, String::new())),
        ("/short", Answer::WrongLength(100, b"too short".to_vec())),
        ("/gone", Answer::HangUp),
        ("/slow", Answer::Stall),
    ] {
        let url =
            server.on(name, Answer::InTurn(vec![first.clone(), first, Answer::Bytes(b"at last".to_vec())]));
        assert_eq!(get(&client(), &url).unwrap(), b"at last", "{name}");
        assert_eq!(server.count(name), 3, "{name}");
    }
}

#[test]
fn what_does_not_pass_is_said_at_once() {
    let server = Server::start();
    for status in [401, 403, 404, 410, 400] {
        let path = format!("/{status}");
        let url = server.on(&path, Answer::Status(status, String::new()));
        let error = get(&client(), &url).unwrap_err();
        assert!(error.to_string().contains(&path), "{error}");
        assert_eq!(server.count(&path), 1, "{error}");
    }
    assert!(matches!(get(&client(), &format!("{}/nothing", server.address())), Err(FetchError::NotFound(_))));
}

#[test]
fn patience_ends() {
    let server = Server::start();
    let short = server.on("/short", Answer::WrongLength(100, b"too short".to_vec()));
    let error = get(&client(), &short).unwrap_err();
    assert!(matches!(error, FetchError::CutOff { got: 9, announced: 100, .. }), "{error:?}");
    let stall = server.on("/stall", Answer::Stall);
    let error = get(&client(), &stall).unwrap_err();
    assert!(matches!(error, FetchError::Timeout(_)), "{error:?}");
    let busy = server.on("/busy", Answer::Status(429, "Retry-After: 100000\r\n".into()));
    let error = get(&client(), &busy).unwrap_err();
    assert!(matches!(error, FetchError::RateLimited { status: 429, .. }), "{error:?}");
    assert_eq!((server.count("/short"), server.count("/stall"), server.count("/busy")), (3, 3, 3));
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let server = Server::start();
    let end = server.on("/end", Answer::Bytes(b"here".to_vec()));
    let start = server.on("/start", Answer::Redirect(end));
    assert_eq!(get(&client(), &start).unwrap(), b"here");
    let looping = server.on("/loop", Answer::Redirect("/loop".into()));
    assert!(matches!(get(&client(), &looping), Err(FetchError::Redirects(_))));
    assert_eq!(server.count("/loop"), 11);
}

#[test]
fn a_flood_is_stopped() {
    let server = Server::start();
    let announced = server.on("/announced", Answer::WrongLength(1 << 40, Vec::new()));
    assert!(matches!(get(&client(), &announced), Err(FetchError::TooLarge { .. })));
    let endless = server.on("/endless", Answer::Endless(20 << 20));
    assert!(matches!(get(&client(), &endless), Err(FetchError::TooLarge { .. })));
    assert_eq!((server.count("/announced"), server.count("/endless")), (1, 1));
}

#[test]
fn offline_is_said_at_once() {
    let begin = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/x", begin.local_addr().unwrap());
    drop(begin);
    assert!(matches!(get(&client(), &nobody), Err(FetchError::Offline { .. })));
    let server = Server::start();
    let url = server.on("/x", Answer::Bytes(Vec::new()));
    let offline = Client::new(impatient(), Credentials::none(), true, 1 << 20).unwrap();
    assert!(matches!(get(&offline, &url), Err(FetchError::Offline { .. })));
    assert_eq!(server.count("/x"), 0);
}

#[test]
fn passwords_go_to_their_host_and_nowhere_else() {
    let server = Server::start();
    server.on("/secret", Answer::Status(403, String::new()));
    let url = format!("{}/secret", server.address().replace("http://", "http://me:pa55@"));
    let error = get(&client(), &url).unwrap_err().to_string();
    assert!(!error.contains("pa55") && !error.contains("me:"), "{error}");
    assert!(server.headers("/secret").contains("Basic bWU6cGE1NQ=="), "{}", server.headers("/secret"));
    // localhost is another host than 127.0.0.1
    let other = server.on("/other", Answer::Bytes(b"x".to_vec())).replace("127.0.0.1", "localhost");
    server.on("/from", Answer::Redirect(other));
    let netrc = "machine 127.0.0.1 login a password b\n";
    let client = Client::new(impatient(), Credentials::new(None, netrc), false, 1 << 20).unwrap();
    get(&client, &format!("{}/from", server.address())).unwrap();
    assert!(
        server.headers("/from").to_lowercase().contains("authorization: basic ytpi"),
        "{}",
        server.headers("/from")
    );
    assert!(!server.headers("/other").to_lowercase().contains("authorization"));
}

#[test]
fn files_are_read_in_place() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a b"), "text").unwrap();
    let url = Url::from_file_path(directory.path().join("a b")).unwrap();
    assert_eq!(get(&client(), url.as_str()).unwrap(), b"text");
    let missing = Url::from_file_path(directory.path().join("c")).unwrap();
    assert!(get(&client(), missing.as_str()).unwrap_err().to_string().contains("no such file"));
    let folder = Url::from_file_path(directory.path()).unwrap();
    assert!(get(&client(), folder.as_str()).is_err());
}

#[test]
fn a_byte_now_and_then_is_no_answer() {
    let server = Server::start();
    let url = server.on("/drip", Answer::Drip(std::time::Duration::from_millis(40)));
    assert!(matches!(get(&client(), &url), Err(FetchError::Timeout(_))));
    assert_eq!(server.count("/drip"), 3);
    let url = server.on("/endless", Answer::Endless(64 << 20));
    assert!(matches!(get(&client(), &url), Err(FetchError::TooLarge { .. })));
}

#[test]
fn redirects_lead_to_servers_only() {
    let server = Server::start();
    for (to, why) in [
        ("file:///etc/passwd", "only https and http"),
        ("ftp://example.org/", "only https and http"),
        ("data:text/plain,x", "only https and http"),
    ] {
        let url = server.on("/from", Answer::Redirect(to.into()));
        let error = get(&client(), &url).unwrap_err();
        assert!(matches!(error, FetchError::Elsewhere { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
    }
    // A password that a server writes is not sent.
    let to = server.on("/to", Answer::Bytes(b"x".to_vec())).replace("http://", "http://me:pa55@");
    let url = server.on("/from", Answer::Redirect(to));
    assert_eq!(get(&client(), &url).unwrap(), b"x");
    assert!(!server.headers("/to").to_lowercase().contains("authorization"), "{}", server.headers("/to"));
}
