//! A stand-in for the metadata service of an EC2 instance, version 2 alone: a token first, and nothing without it.
//!
//! One connection on standard input and output, as qemu's guestfwd has it; what several of them share is in a folder:
//! `user-data`, `instance-id`, the `token`, and `log`, a line for each request.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Who is asked for what.
#[derive(clap::Args)]
pub struct Args {
    /// The folder with `user-data` and `instance-id`.
    folder: PathBuf,
    /// Serve at this port of this machine, in place of one connection on standard input and output.
    #[arg(long)]
    listen: Option<u16>,
}

/// Serves as was asked for.
pub fn run(args: &Args) -> Result<String> {
    match args.listen {
        None => serve(std::io::stdin().lock(), std::io::stdout().lock(), &args.folder)?,
        Some(port) => {
            for stream in TcpListener::bind(("127.0.0.1", port))?.incoming() {
                let stream = stream?;
                // Whoever hangs up in the middle is no concern of the next.
                let _ = serve(std::io::BufReader::new(stream.try_clone()?), stream, &args.folder);
            }
        }
    }
    Ok(String::new())
}

/// Serves a connection until it is closed.
fn serve(mut input: impl BufRead, mut output: impl Write, folder: &Path) -> Result<()> {
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace();
        let (method, path) =
            (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
        let (mut token, mut ttl, mut length) = (None, None, 0_usize);
        loop {
            let mut header = String::new();
            if input.read_line(&mut header)? == 0 || header.trim().is_empty() {
                break;
            }
            let Some((name, value)) = header.split_once(':') else { continue };
            match name.to_ascii_lowercase().as_str() {
                "x-aws-ec2-metadata-token" => token = Some(value.trim().to_owned()),
                "x-aws-ec2-metadata-token-ttl-seconds" => ttl = value.trim().parse::<u32>().ok(),
                "content-length" => length = value.trim().parse().unwrap_or(0),
                _ => {}
            }
        }
        let mut body = vec![0; length.min(4096)];
        input.read_exact(&mut body)?;
        let (status, text) = answer(folder, &method, &path, token.as_deref(), ttl)?;
        let mut log = OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
        writeln!(log, "{method} {path} {status}")?;
        write!(
            output,
            "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        )?;
        output.flush()?;
    }
}

/// Status and body.
fn answer(
    folder: &Path,
    method: &str,
    path: &str,
    token: Option<&str>,
    ttl: Option<u32>,
) -> Result<(&'static str, String)> {
    let known = folder.join("token");
    if method == "PUT" && path == "/latest/api/token" {
        // As Amazon's: a lifetime is asked for, of six hours at most.
        return Ok(match ttl {
            Some(1..=21600) => {
                let made = format!("token-{:016x}", std::process::id());
                fs::write(&known, &made).with_context(|| format!("{}", known.display()))?;
                ("200 OK", made)
            }
            _ => ("400 Bad Request", String::new()),
        });
    }
    let right = fs::read_to_string(&known).ok();
    if token.is_none() || token != right.as_deref() {
        return Ok(("401 Unauthorized", String::new()));
    }
    let Some((version, rest)) = path.trim_start_matches('/').split_once('/') else {
        return Ok(("200 OK", "2009-04-04\n2021-03-23\nlatest".to_owned()));
    };
    if !["2009-04-04", "2021-03-23", "latest"].contains(&version) {
        return Ok(("404 Not Found", String::new()));
    }
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let identity = read("instance-id").unwrap_or_default().trim().to_owned();
    let text = match rest {
        "user-data" => read("user-data"),
        "meta-data/" | "meta-data" => {
            Some("ami-id\nhostname\ninstance-id\ninstance-type\nlocal-hostname\nplacement/".to_owned())
        }
        "meta-data/ami-id" => Some("ami-0123456789abcdef0".to_owned()),
        "meta-data/hostname" | "meta-data/local-hostname" => Some("machine.internal".to_owned()),
        "meta-data/instance-id" => Some(identity),
        "meta-data/instance-type" => Some("t3.small".to_owned()),
        "meta-data/placement/" | "meta-data/placement" => Some("availability-zone\nregion".to_owned()),
        "meta-data/placement/availability-zone" => Some("eu-central-1a".to_owned()),
        "meta-data/placement/region" => Some("eu-central-1".to_owned()),
        "dynamic/instance-identity/" | "dynamic/instance-identity" => Some("document".to_owned()),
        "dynamic/instance-identity/document" => {
            Some(format!("{{\"instanceId\": \"{identity}\", \"region\": \"eu-central-1\"}}"))
        }
        _ => None,
    };
    Ok(text.map_or(("404 Not Found", String::new()), |text| ("200 OK", text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(folder: &Path, request: &str) -> String {
        let mut said = Vec::new();
        serve(request.as_bytes(), &mut said, folder).expect("an answer");
        String::from_utf8(said).expect("text")
    }

    #[test]
    fn nothing_without_a_token() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("user-data"), "#cloud-config\n").expect("written");
        let get = "GET /latest/user-data HTTP/1.1\r\n";
        assert!(ask(folder.path(), &format!("{get}\r\n")).starts_with("HTTP/1.1 401"));
        let put = "PUT /latest/api/token HTTP/1.1\r\n";
        assert!(ask(folder.path(), &format!("{put}\r\n")).starts_with("HTTP/1.1 400"));
        let said = ask(folder.path(), &format!("{put}X-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n"));
        let token = said.rsplit("\r\n").next().expect("a body");
        let said = ask(folder.path(), &format!("{get}X-aws-ec2-metadata-token: {token}\r\n\r\n"));
        assert!(said.ends_with("\r\n\r\n#cloud-config\n"), "{said}");
        assert!(
            ask(folder.path(), &format!("{get}X-aws-ec2-metadata-token: other\r\n\r\n")).contains(" 401 ")
        );
        let log = fs::read_to_string(folder.path().join("log")).expect("a log");
        assert_eq!(log.lines().count(), 5, "{log}");
    }
}
