//! Any bytes as the answer of a server: a text, or an error on one line that a terminal can show, soon.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use pgflakegen::upstream::credentials::Credentials;
use pgflakegen::upstream::http::{Client, Patience};
use url::Url;

/// A server that gives the next answer to whoever asks.
static SERVER: LazyLock<(String, Sender<Vec<u8>>)> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/x", listener.local_addr().expect("an address"));
    let (send, answers) = channel::<Vec<u8>>();
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                request.push(byte[0]);
            }
            let _ = stream.write_all(&answer);
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    (address, send)
});

pub fn check(data: &[u8]) {
    let (address, answers) = &*SERVER;
    let patience = Patience {
        tries: 1,
        pause: Duration::ZERO,
        longest: Duration::ZERO,
        connect: Duration::from_secs(5),
        silence: Duration::from_secs(5),
        whole: Duration::from_secs(5),
        ..Patience::default()
    };
    let client = Client::new(patience, Credentials::none(), false, 1 << 16).expect("a client");
    // A redirection would lead to a server of somebody.
    let head = data.iter().take(16).copied().collect::<Vec<u8>>();
    if head.windows(2).any(|pair| pair == b" 3")
        || data.to_ascii_lowercase().windows(8).any(|word| word == b"location")
    {
        return;
    }
    answers.send(data.to_vec()).expect("the server lives");
    let url = Url::parse(address).expect("an address");
    match client.text(&url) {
        Ok(text) => assert!(text.len() <= 1 << 20),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains('\n') && !text.contains('\u{1b}'), "{text:?}");
        }
    }
}
