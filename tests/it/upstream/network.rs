//! The network as a user meets it: many lookups at once, proxies, secrets.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::upstream::bump::{Place, VECTOR, postgresql, vector};
use crate::upstream::server::{Answer, Server};

#[test]
fn lookups_are_made_all_at_once() {
    let place = Place::new();
    std::fs::remove_file(place.path("catalogue/extensions/pgvector.toml")).unwrap();
    postgresql(&place);
    for n in 0..40 {
        let hash = data_encoding::BASE64.encode(&[n + 1; 32]);
        let text = format!(
            "description = \"Number {n}\"\nlicense = \"mit\"\nkind = \"pgxs\"\nsource = {{ github = \"owner/n{n}\", tag = \"v{{version}}\" }}\nversions-from = \"pgxn\"\n\n[[version]]\nversion = \"1.0.0\"\npostgresql = \"15\"\nhash = \"sha256-{hash}\"\n"
        );
        place.write(&format!("catalogue/extensions/n{n}.toml"), &text);
        let answer = br#"{"releases":{"stable":[{"version":"1.0.1"}]}}"#;
        place
            .server
            .on(&format!("/pgxn/dist/n{n}.json"), Answer::After(Duration::from_millis(700), answer.to_vec()));
    }
    for command in [&["outdated"][..], &["bump", "--all", "--dry-run"]] {
        let (_, out, err) = place.said(command);
        assert_eq!(out.matches("1.0.1").count(), 40, "{out}{err}");
        assert!(place.server.most_at_once() >= 30, "{} at once", place.server.most_at_once());
    }
    // As many as asked for, where somebody asks.
    let few = Place::new();
    for file in std::fs::read_dir(place.path("catalogue/extensions")).unwrap() {
        let file = file.unwrap();
        std::fs::create_dir_all(few.path("catalogue/extensions")).unwrap();
        std::fs::copy(file.path(), few.path("catalogue/extensions").join(file.file_name())).unwrap();
    }
    std::fs::remove_file(few.path("catalogue/extensions/pgvector.toml")).unwrap();
    let (_, _, err) = few.said(&["outdated", "--jobs", "2"]);
    assert!(err.contains("PGF502"), "{err}");
    assert!(few.server.most_at_once() <= 2, "{} at once", few.server.most_at_once());
}

#[test]
fn proxies_come_from_the_environment() {
    let place = Place::new();
    let proxy = Server::start();
    proxy.on("/x", Answer::Bytes(b"by proxy".to_vec()));
    let prefetch = |url: &str, no_proxy: &str| {
        let output = place
            .command(&["prefetch", url])
            .env("http_proxy", proxy.address().replace("http://", "http://me:pr0xy-pa55@"))
            .env("no_proxy", no_proxy)
            .output()
            .unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!said.contains("pr0xy-pa55"), "{said}");
        (output.status.code(), said)
    };
    let (code, said) = prefetch("http://files.invalid/x", "");
    assert_eq!(code, Some(0), "{said}");
    // sha256 of "by proxy"
    let hash = pgflakegen::store::hash::Hash::of(pgflakegen::store::hash::Algorithm::Sha256, "by proxy");
    assert!(said.contains(&hash.to_sri()), "{said}");
    assert!(proxy.headers("files.invalid:80").to_lowercase().contains("proxy-authorization: basic"));
    let (code, said) = prefetch("http://files.invalid/nothing", "");
    assert_eq!(code, Some(1), "{said}");
    let direct = place.server.on("/direct", Answer::Bytes(b"direct".to_vec()));
    let (code, said) = prefetch(&direct, "127.0.0.1,localhost");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(place.server.count("/direct"), 1);
}

#[test]
fn no_secret_is_ever_printed() {
    const TOKEN: &str = "ghp_t0ken0123456789";
    const PASSWORD: &str = "pa55-word";
    let place = Place::new();
    postgresql(&place);
    place.serve("pgvector/pgvector", &vector(&["v0.8.0", "v0.8.1"]));
    let server = &place.server;
    let host = server.address().trim_start_matches("http://").to_owned();
    let netrc = place.path("netrc");
    std::fs::write(&netrc, format!("machine 127.0.0.1 login me password {PASSWORD}\n")).unwrap();
    let basic = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
    let secrets = [
        TOKEN.to_owned(),
        PASSWORD.to_owned(),
        basic(&format!("me:{PASSWORD}")),
        basic(&format!("x-access-token:{TOKEN}")),
    ];
    let mut sent = false;
    let look = |arguments: &[&str]| {
        let output = place
            .command(arguments)
            .env("GITHUB_TOKEN", TOKEN)
            .env("NETRC", &netrc)
            .env("GIT_TRACE_CURL", "0")
            .output()
            .unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for secret in &secrets {
            assert!(!said.contains(secret.as_str()), "{arguments:?} prints {secret}:\n{said}");
        }
        for file in walkdir::WalkDir::new(place.root.path()).into_iter().filter_map(Result::ok) {
            let text = std::fs::read_to_string(file.path()).unwrap_or_default();
            assert!(
                file.path() == netrc || secrets.iter().all(|secret| !text.contains(secret.as_str())),
                "{} holds a secret",
                file.path().display()
            );
        }
        said
    };
    let wrong = [
        ("/401", Answer::Status(401, String::new())),
        ("/403", Answer::Status(403, String::new())),
        ("/404", Answer::Status(404, String::new())),
        ("/418", Answer::Status(418, String::new())),
        ("/429", Answer::Status(429, "Retry-After: 0\r\n".into())),
        ("/503", Answer::Status(503, "Retry-After: 0\r\n".into())),
        ("/short", Answer::WrongLength(100, b"short".to_vec())),
        ("/gone", Answer::HangUp),
        ("/loop", Answer::Redirect("/loop".into())),
        ("/away", Answer::Redirect("http://nowhere.invalid/".into())),
        ("/odd", Answer::Redirect("gopher://x/".into())),
        ("/file", Answer::Bytes(b"no archive".to_vec())),
    ];
    for (path, answer) in wrong {
        let plain = server.on(path, answer);
        for url in [plain.clone(), format!("http://me:{PASSWORD}@{host}{path}")] {
            look(&["prefetch", "--unpack", "-v", &url]);
            sent |= server.headers(path).contains(&secrets[2]);
        }
        for url in [format!("git+{plain}"), format!("git+http://me:{PASSWORD}@{host}{path}")] {
            let said = look(&["prefetch", &url]);
            assert!(said.contains("error[PGF5"), "{said}");
        }
        look(&["prefetch", &format!("nonsense://me:{PASSWORD}@{host}{path}")]);
    }
    assert!(sent, "the password was never sent at all");
    for repository in ["https://github.com/owner/none", "https://me:pa55-word@127.0.0.1:1/none"] {
        look(&["prefetch", &format!("git+{repository}")]);
        let text = VECTOR.replace("kind =", &format!("versions-from = \"tags:{repository}\"\nkind ="));
        if !repository.contains("pa55") {
            place.write("catalogue/extensions/pgvector.toml", &text);
            look(&["bump", "pgvector", "--json"]);
            look(&["outdated", "--json"]);
        }
    }
    place.write("catalogue/extensions/pgvector.toml", VECTOR);
    look(&["bump", "pgvector", "-v"]);
    look(&["verify"]);
}

/// A server with a certificate that nobody knows, by `openssl s_server`.
#[test]
fn certificates_come_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.current_dir(folder.path()).args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
        command
    };
    let made = openssl(&[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    ])
    .stdout(Stdio::null())
    .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: openssl is not installed, or cannot make certificates");
        return;
    }
    std::fs::write(
        folder.path().join("x"),
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
    )
    .unwrap();
    let mut server =
        openssl(&["s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem", "-HTTP"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        line.strip_prefix("ACCEPT ").and_then(|rest| rest.rsplit(':').next().map(str::to_owned))
    });
    let url = format!("https://127.0.0.1:{}/x", port.unwrap());
    let place = Place::new();
    let prefetch = |certificates: &str| {
        let output =
            place.command(&["prefetch", &url]).env("NIX_SSL_CERT_FILE", certificates).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let path = |name: &str| folder.path().join(name).display().to_string();
    let outcomes =
        [prefetch(""), prefetch(&path("cert.pem")), prefetch(&path("nothing.pem")), prefetch(&path("x"))];
    let _ = server.kill();
    let _ = server.wait();
    let [unknown, known, missing, none] = outcomes;
    assert!(unknown.0 == Some(1) && unknown.1.contains("no secure connection"), "{unknown:?}");
    assert_eq!(known.0, Some(0), "{known:?}");
    assert!(missing.0 == Some(2) && missing.1.contains("NIX_SSL_CERT_FILE is"), "{missing:?}");
    assert!(none.0 == Some(2) && none.1.contains("holds no certificate"), "{none:?}");
}

/// A git that writes down what it is told by variables, and does as the real one.
fn talkative(place: &Place) -> (std::path::PathBuf, String) {
    use std::os::unix::fs::PermissionsExt;
    let folder = place.path("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let path = std::env::var("PATH").unwrap();
    let git = folder.join("git");
    let log = place.path("said");
    let script = format!(
        "#!/bin/sh\nenv >>'{}'\necho \"args: $*\" >>'{}'\nPATH='{path}' exec git \"$@\"\n",
        log.display(),
        log.display()
    );
    std::fs::write(&git, script).unwrap();
    std::fs::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).unwrap();
    (log, format!("{}:{path}", folder.display()))
}

#[test]
fn git_is_told_of_certificates_and_proxies() {
    let place = Place::new();
    let (log, path) = talkative(&place);
    let certificates = place.path("certificates.pem");
    // Any certificate will do; nothing secure is spoken.
    let pem = include_str!("certificate.pem");
    std::fs::write(&certificates, pem).unwrap();
    let refs = "/o/r/info/refs?service=git-upload-pack";
    place.server.on(refs, Answer::Bytes(format!("{}\tHEAD\n", "a".repeat(40)).into_bytes()));
    let look = |variables: &[(&str, &str)]| {
        let _ = std::fs::remove_file(&log);
        let url = format!("git+{}/o/r", place.server.address());
        let mut command = place.command(&["prefetch", &url]);
        for name in ["SSL_CERT_FILE", "NIX_SSL_CERT_FILE", "GIT_SSL_CAINFO", "http_proxy", "HTTP_PROXY"] {
            command.env_remove(name);
        }
        command.env("PATH", &path).envs(variables.iter().copied()).output().unwrap();
        std::fs::read_to_string(&log).unwrap()
    };
    let file = certificates.to_str().unwrap();
    let wanted = format!("GIT_SSL_CAINFO={file}");
    for name in ["SSL_CERT_FILE", "NIX_SSL_CERT_FILE"] {
        let said = look(&[(name, file)]);
        assert!(said.lines().any(|line| line == wanted), "{name}: {said}");
    }
    // Where git has a variable of its own, both are trusted.
    let own = place.path("own.pem");
    std::fs::write(&own, "own\n").unwrap();
    let said = look(&[("SSL_CERT_FILE", file), ("GIT_SSL_CAINFO", own.to_str().unwrap())]);
    assert!(
        said.lines().any(|line| line.starts_with("GIT_SSL_CAINFO=") && line.ends_with("certificates.pem")),
        "{said}"
    );
    let said = look(&[("SSL_CERT_FILE", file), ("GIT_SSL_CAINFO", "/mine")]);
    assert!(said.lines().any(|line| line == "GIT_SSL_CAINFO=/mine"), "{said}");
    let said = look(&[("NIX_SSL_CERT_FILE", "/no-cert-file.crt")]);
    assert!(!said.contains("GIT_SSL_CAINFO="), "{said}");
    let said = look(&[("HTTP_PROXY", "http://127.0.0.1:1"), ("no_proxy", "*")]);
    assert!(said.lines().any(|line| line == "http_proxy=http://127.0.0.1:1"), "{said}");
    // The address's own transport, and no other; and no option can be made of an address.
    assert!(said.lines().any(|line| line == "GIT_ALLOW_PROTOCOL=http"), "{said}");
    assert!(
        said.lines().filter(|line| line.contains("fetch")).all(|line| line.contains(" -- http://")),
        "{said}"
    );
}

#[test]
fn nobody_leads_us_from_outside_inside() {
    let place = Place::new();
    let inside = Server::start();
    let secret = inside.on("/secret", Answer::Bytes(b"inside".to_vec()));
    // The proxy stands in for the internet.
    let proxy = Server::start();
    proxy.on("/file", Answer::Redirect(secret));
    let refs = "o/r/info/refs?service=git-upload-pack";
    let git =
        inside.on(&format!("/{refs}"), Answer::Bytes(format!("{}\tHEAD\n", "a".repeat(40)).into_bytes()));
    proxy.on(&format!("http://files.invalid/{refs}"), Answer::Redirect(git.clone()));
    proxy.on(&format!("/{refs}"), Answer::Redirect(git));
    for url in ["http://files.invalid/file", "git+http://files.invalid/o/r"] {
        let output = place
            .command(&["prefetch", url])
            .env("http_proxy", proxy.address())
            .env("no_proxy", "")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("not followed: that is in a private network"), "{said}");
    }
    assert_eq!(inside.count("/secret") + inside.count(&format!("/{refs}")), 0);
}
