//! Tokens and passwords: GITHUB_TOKEN and netrc. Used for the hosts they are for, over TLS; never shown.

use std::fmt;
use std::path::PathBuf;

use data_encoding::BASE64;
use url::Url;

/// What opens doors.
#[derive(Clone, Default)]
pub struct Credentials {
    github: Option<String>,
    machines: Vec<Machine>,
}

#[derive(Clone, Default)]
struct Machine {
    /// `None`: `default`.
    name: Option<String>,
    login: String,
    password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// The hosts that GITHUB_TOKEN is for.
pub fn is_github(url: &Url) -> bool {
    matches!(
        url.host_str(),
        Some("github.com" | "api.github.com" | "codeload.github.com" | "raw.githubusercontent.com")
    )
}

impl Credentials {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// From GITHUB_TOKEN (or GH_TOKEN) and the netrc file (NETRC, else `~/.netrc`).
    pub fn from_environment() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let path = variable("NETRC")
            .map(PathBuf::from)
            .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".netrc")));
        let netrc = path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        Self::new(variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN")), &netrc)
    }

    /// From a token and a netrc file's text.
    pub fn new(github: Option<String>, netrc: &str) -> Self {
        // A header cannot hold control characters, so such a token cannot be one.
        let github = github.map(|token| token.trim().to_owned());
        let github = github.filter(|token| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()));
        Self { github, machines: parse(netrc) }
    }

    /// The token for GitHub.
    pub fn github(&self) -> Option<&str> {
        self.github.as_deref()
    }

    /// The value of the `Authorization` header for `url`.
    pub fn header(&self, url: &Url) -> Option<String> {
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() != "https" && !local {
            return None;
        }
        let basic = |login: &str, password: &str| {
            format!("Basic {}", BASE64.encode(format!("{login}:{password}").as_bytes()))
        };
        if !url.username().is_empty() {
            return Some(basic(url.username(), url.password().unwrap_or_default()));
        }
        if is_github(url)
            && let Some(token) = &self.github
        {
            return Some(format!("Bearer {token}"));
        }
        let host = url.host_str()?;
        let named = self.machines.iter().find(|machine| machine.name.as_deref() == Some(host));
        let machine = named.or_else(|| self.machines.iter().find(|machine| machine.name.is_none()))?;
        Some(basic(&machine.login, &machine.password))
    }
}

fn parse(netrc: &str) -> Vec<Machine> {
    let mut machines: Vec<Machine> = Vec::new();
    let mut in_macro = false;
    for line in netrc.lines() {
        // A macro goes on until an empty line.
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                "machine" => {
                    machines.push(Machine {
                        name: Some(words.next().unwrap_or_default().into()),
                        ..Machine::default()
                    });
                }
                "default" => machines.push(Machine::default()),
                "macdef" => {
                    in_macro = true;
                    break;
                }
                "login" | "password" | "account" => {
                    let value = words.next().unwrap_or_default().to_owned();
                    match (machines.last_mut(), word) {
                        (Some(machine), "login") => machine.login = value,
                        (Some(machine), "password") => machine.password = value,
                        _ => {}
                    }
                }
                _ if word.starts_with('#') => break,
                _ => {}
            }
        }
    }
    machines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(credentials: &Credentials, url: &str) -> Option<String> {
        credentials.header(&Url::parse(url).unwrap())
    }

    #[test]
    fn each_host_gets_its_own() {
        let netrc = "# mine\nmachine one.example\n  login me password p1\nmacdef init\nmachine x\n\nmachine two.example login you password p2\n";
        let credentials = Credentials::new(Some("t0ken".into()), netrc);
        assert_eq!(header(&credentials, "https://github.com/a/b").as_deref(), Some("Bearer t0ken"));
        assert_eq!(header(&credentials, "https://one.example/").as_deref(), Some("Basic bWU6cDE="));
        assert_eq!(header(&credentials, "https://two.example/").as_deref(), Some("Basic eW91OnAy"));
        assert_eq!(header(&credentials, "https://u:p@three.example/").as_deref(), Some("Basic dTpw"));
        for none in ["https://three.example/", "http://one.example/", "http://github.com/a/b", "https://x/"] {
            assert_eq!(header(&credentials, none), None, "{none}");
        }
        assert!(!format!("{credentials:?}").contains("t0ken"));
    }

    #[test]
    fn a_token_that_cannot_be_sent_is_none() {
        for token in ["", " \n", "a\r\nx-evil: 1", "ü"] {
            assert_eq!(Credentials::new(Some(token.into()), "").github(), None, "{token:?}");
        }
        assert_eq!(Credentials::new(Some("abc\n".into()), "").github(), Some("abc"));
    }
}
