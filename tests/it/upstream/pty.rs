//! A program on a terminal: a pty of a given size, and what its screen shows then.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use pty_process::{Size, blocking};

/// Longer than anything takes; what waits for ever fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks whether it has ended.
const SHORT: Duration = Duration::from_millis(20);

/// What was written has come when nothing came for so long.
const QUIET: Duration = Duration::from_millis(300);

pub struct Terminal {
    pty: blocking::Pty,
    child: Child,
    /// The program is not the last who has the terminal open: what it writes as it ends would not always come.
    _open: File,
    came: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// All that was written to the terminal.
    pub raw: Vec<u8>,
}

/// How it ended.
pub struct Ended {
    pub status: ExitStatus,
    /// What the screen shows, rows that were too long for it put together.
    pub screen: String,
    /// All that was written to the terminal.
    pub raw: String,
    pub cursor_hidden: bool,
    pub column: u16,
}

fn some(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

impl Terminal {
    /// Starts a program on a new terminal, as its foreground job.
    pub fn start(command: Command, rows: u16, columns: u16) -> Self {
        let (pty, pts) = blocking::open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let name = rustix::pty::ptsname(&pty, Vec::new()).unwrap();
        let name = Path::new(OsStr::from_bytes(name.as_bytes()));
        let held = File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open(name).unwrap();
        let child = blocking::Command::from(command).spawn(pts).unwrap();
        let mut reading = File::from(pty.as_fd().try_clone_to_owned().unwrap());
        let (send, came) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 1 << 16];
            // The last one who has the terminal open leaves: an error on Linux.
            while let Ok(count @ 1..) = reading.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let parser = vt100::Parser::new(some(rows), some(columns), 10_000);
        Self { pty, child, _open: held, came, parser, raw: Vec::new() }
    }

    /// Takes what comes next; `false` at the end.
    fn take(&mut self, until: Instant) -> bool {
        match self.came.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(bytes) => {
                self.parser.process(&bytes);
                self.raw.extend(bytes);
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("it does not end; so far: {}", self.text()),
        }
    }

    /// Takes what comes within a while; whether anything does.
    fn take_for(&mut self, time: Duration) -> bool {
        let Ok(bytes) = self.came.recv_timeout(time) else { return false };
        self.parser.process(&bytes);
        self.raw.extend(bytes);
        true
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// Waits until `text` was written after `from` bytes; gives how many bytes there are then.
    pub fn until(&mut self, text: &str, from: usize) -> usize {
        let end = Instant::now() + PATIENCE;
        while !String::from_utf8_lossy(&self.raw[from..]).contains(text) {
            assert!(self.take(end), "it ended without {text:?}: {}", self.text());
        }
        self.raw.len()
    }

    /// Types something.
    pub fn types(&mut self, keys: &[u8]) {
        self.pty.write_all(keys).unwrap();
    }

    pub fn resize(&mut self, rows: u16, columns: u16) {
        self.pty.resize(Size::new(rows, columns)).unwrap();
        self.parser.screen_mut().set_size(some(rows), some(columns));
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "it does not end; so far: {}", self.text());
            self.take_for(SHORT);
        };
        // What it has written is on its way.
        while self.take_for(QUIET) {}
        let screen = self.parser.screen();
        Ended {
            status,
            screen: screen.contents(),
            raw: self.text(),
            cursor_hidden: screen.hide_cursor(),
            column: screen.cursor_position().1,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
