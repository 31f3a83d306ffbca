//! An HTTP server for one test: answers from a table, and misbehaves as told.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is answered to a request.
#[derive(Clone)]
pub enum Answer {
    /// 200 with these bytes.
    Bytes(Vec<u8>),
    /// A status with headers (`"Retry-After: 0\r\n"`) and no body.
    Status(u16, String),
    /// 302 to there.
    Redirect(String),
    /// Announces so many bytes, sends these and hangs up.
    WrongLength(usize, Vec<u8>),
    /// Hangs up without a word.
    HangUp,
    /// Sends the beginning of an answer, then nothing.
    Stall,
    /// Announces 1000 bytes and sends one each time.
    Drip(Duration),
    /// 200 with these bytes, after a while.
    After(Duration, Vec<u8>),
    /// Sends so many zeros without announcing how many.
    Endless(usize),
    /// The nth request gets the nth answer, the last one all others.
    InTurn(Vec<Answer>),
}

type Table = Arc<Mutex<HashMap<String, (Answer, usize)>>>;

/// Serves until it is dropped; its thread ends with the process.
pub struct Server {
    address: String,
    table: Table,
    requests: Arc<Mutex<Vec<(String, String)>>>,
    /// Connections that are open, and the most that ever were.
    open: Arc<Mutex<(usize, usize)>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let table: Table = Arc::default();
        let requests: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let open: Arc<Mutex<(usize, usize)>> = Arc::default();
        let (table_of_thread, requests_of_thread) = (table.clone(), requests.clone());
        let open_of_thread = open.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (table, requests) = (table_of_thread.clone(), requests_of_thread.clone());
                let open = open_of_thread.clone();
                std::thread::spawn(move || serve(stream, &table, &requests, &open));
            }
        });
        Self { address, table, requests, open }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn on(&self, path: &str, answer: Answer) -> String {
        self.table.lock().unwrap().insert(path.to_owned(), (answer, 0));
        format!("{}{path}", self.address)
    }

    /// The most requests that were waiting for an answer at a time.
    pub fn most_at_once(&self) -> usize {
        self.open.lock().unwrap().1
    }

    /// How often `path` was asked for.
    pub fn count(&self, path: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|(asked, _)| asked == path).count()
    }

    /// All headers that came with requests for `path`.
    pub fn headers(&self, path: &str) -> String {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|(asked, _)| asked == path).map(|(_, headers)| headers.as_str()).collect()
    }
}

fn serve(
    mut stream: TcpStream,
    table: &Table,
    requests: &Mutex<Vec<(String, String)>>,
    open: &Mutex<(usize, usize)>,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = String::new();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap_or(0) == 0 || header.trim().is_empty() {
            break;
        }
        headers.push_str(&header);
    }
    requests.lock().unwrap().push((path.clone(), headers));
    if line.starts_with("CONNECT ") {
        // The proxy's own server stands in for every host.
        let _ = stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n");
        return serve(stream, table, requests, open);
    }
    let answer = {
        let mut table = table.lock().unwrap();
        match table.get_mut(&path) {
            None => Answer::Status(404, String::new()),
            Some((answer, count)) => {
                *count += 1;
                match answer {
                    Answer::InTurn(answers) => answers[(*count - 1).min(answers.len() - 1)].clone(),
                    answer => answer.clone(),
                }
            }
        }
    };
    // Counted until its answer begins: from then on the client may come with the next request.
    let answer = {
        let mut now = open.lock().unwrap();
        now.0 += 1;
        now.1 = now.1.max(now.0);
        drop(now);
        let ready = match answer {
            Answer::After(pause, bytes) => {
                std::thread::sleep(pause);
                Answer::Bytes(bytes)
            }
            answer => answer,
        };
        open.lock().unwrap().0 -= 1;
        ready
    };
    // The client may have gone already; that is its business.
    let _ = reply(&mut stream, answer);
}

fn reply(stream: &mut TcpStream, answer: Answer) -> std::io::Result<()> {
    let head = |status: u16, length: usize, more: &str| {
        format!("HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n")
    };
    match answer {
        Answer::Bytes(bytes) => {
            stream.write_all(head(200, bytes.len(), "").as_bytes())?;
            stream.write_all(&bytes)
        }
        Answer::Status(status, more) => stream.write_all(head(status, 0, &more).as_bytes()),
        Answer::Redirect(to) => stream.write_all(head(302, 0, &format!("Location: {to}\r\n")).as_bytes()),
        Answer::WrongLength(announced, bytes) => {
            stream.write_all(head(200, announced, "").as_bytes())?;
            stream.write_all(&bytes)
        }
        Answer::HangUp => Ok(()),
        Answer::Stall => {
            stream.write_all(head(200, 1000, "").as_bytes())?;
            stream.write_all(b"beginning")?;
            std::thread::sleep(Duration::from_secs(5));
            Ok(())
        }
        Answer::Drip(pause) => {
            stream.write_all(head(200, 1000, "").as_bytes())?;
            for _ in 0..1000 {
                stream.write_all(b"x")?;
                stream.flush()?;
                std::thread::sleep(pause);
            }
            Ok(())
        }
        Answer::After(_, bytes) => reply(stream, Answer::Bytes(bytes)),
        Answer::Endless(bytes) => {
            stream.write_all(b"HTTP/1.1 200 Said\r\nConnection: close\r\n\r\n")?;
            let chunk = vec![0; 1 << 16];
            for _ in 0..bytes.div_ceil(chunk.len()) {
                stream.write_all(&chunk)?;
            }
            Ok(())
        }
        Answer::InTurn(_) => Ok(()),
    }
}
