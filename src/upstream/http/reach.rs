//! Where a redirect may lead: not from the internet into a private network, not from https to http, and nowhere
//! but to http and https. A server that we ask is not to choose what we ask of machines that it cannot reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use url::{Host, Url};

/// Whether an address is of this machine, of a private network, or of none.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || a == 0
        || a >= 240
        // Shared between a provider and its customers; of protocols; of measurements.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    // IPv4 in another dress: mapped, compatible, translated, 6to4.
    if s[..5] == [0; 5] && (s[5] == 0xffff || s[5] == 0) {
        return s[5] == 0 && (s[6], s[7]) <= (0, 1) || inner(s[6], s[7]);
    }
    if s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return inner(s[6], s[7]);
    }
    if s[0] == 0x2002 {
        return inner(s[1], s[2]);
    }
    address.is_multicast()
        || (s[0] & 0xfe00) == 0xfc00
        || (s[0] & 0xffc0) == 0xfe80
        || (s[0] & 0xffc0) == 0xfec0
        || (s[0] == 0x64 && s[1] == 0xff9b)
}

/// Whether the name of a host says already that it is private; `None`: it must be looked up.
fn by_name(url: &Url) -> Option<bool> {
    match url.host()? {
        Host::Ipv4(address) => Some(is_private_v4(address)),
        Host::Ipv6(address) => Some(is_private_v6(address)),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let last = name.rsplit('.').next().unwrap_or_default();
            let private =
                matches!(last, "localhost" | "local" | "internal" | "lan" | "home" | "corp" | "intranet");
            (private || !name.contains('.')).then_some(true)
        }
    }
}

/// Whether a host is private. Where a proxy does the looking up, names are all there is to judge by.
pub fn is_private_host(url: &Url, look_up: bool) -> bool {
    by_name(url).unwrap_or_else(|| {
        let (Some(host), true) = (url.host_str(), look_up) else { return false };
        let port = url.port_or_known_default().unwrap_or(443);
        (host, port).to_socket_addrs().is_ok_and(|mut all| all.any(|address| is_private(address.ip())))
    })
}

/// Whether `to` may be asked because a server at `at` says so, when somebody asked for `first`.
///
/// # Errors
/// Why not.
pub fn may_follow(first: &Url, at: &Url, to: &Url, look_up: bool) -> Result<(), &'static str> {
    if !matches!(to.scheme(), "http" | "https") {
        return Err("only https and http are followed");
    }
    if at.scheme() == "https" && to.scheme() == "http" {
        return Err("the connection would not be secure any more");
    }
    if to.host() != first.host() && is_private_host(to, look_up) && !is_private_host(first, look_up) {
        return Err("that is in a private network");
    }
    Ok(())
}

/// Whether a proxy looks names up for us.
pub fn behind_proxy() -> bool {
    ureq::Proxy::try_from_env().is_some()
}

/// Whether both are the same server, to which the same passwords belong.
pub fn same_server(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Finds public addresses only: a name may lead elsewhere when it is looked up the second time.
#[derive(Debug)]
pub(super) struct Public {
    /// The proxy, which may be anywhere.
    pub proxy: Option<String>,
}

/// A name that has private addresses.
#[derive(Debug, thiserror::Error)]
#[error("its address is in a private network")]
pub(super) struct PrivateAddress;

impl Resolver for Public {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        let is_proxy = self.proxy.as_deref().is_some_and(|proxy| uri.host() == Some(proxy));
        if !is_proxy && found.iter().any(|address| is_private(address.ip())) {
            return Err(ureq::Error::Other(Box::new(PrivateAddress)));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn private_addresses() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "198.19.9.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:0a00:0001::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:0101:0101::1",
        ] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn where_a_redirect_may_lead() {
        let follow = |first: &str, to: &str| may_follow(&url(first), &url(first), &url(to), false);
        let public = "https://example.org/a";
        for good in ["https://example.org/b", "https://other.example/", "https://1.1.1.1/"] {
            assert_eq!(follow(public, good), Ok(()), "{good}");
        }
        for bad in [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://intranet/",
            "https://db.internal/",
            "https://169.254.169.254/latest",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::ffff:10.0.0.1]/",
            "http://example.org/",
            "file:///etc/passwd",
            "ftp://example.org/",
        ] {
            assert!(follow(public, bad).is_err(), "{bad}");
        }
        // Who asks for something private may be led to something private, and elsewhere.
        for to in ["http://127.0.0.1:2/", "http://10.0.0.1/", "https://example.org/"] {
            assert_eq!(follow("http://localhost:1/", to), Ok(()), "{to}");
        }
        // It does not matter how many steps it takes.
        let (first, at) = (url(public), url("https://other.example/"));
        assert!(may_follow(&first, &at, &url("https://10.0.0.1/"), false).is_err());
        assert!(may_follow(&url("http://a.example/"), &at, &url("http://b.example/"), false).is_err());
    }

    #[test]
    fn passwords_belong_to_one_server() {
        assert!(same_server(&url("https://a.example/x"), &url("https://a.example:443/y")));
        for other in ["http://a.example/x", "https://b.example/x", "https://a.example:444/x"] {
            assert!(!same_server(&url("https://a.example/x"), &url(other)), "{other}");
        }
    }

    #[test]
    fn a_name_that_leads_inside_is_not_followed() {
        let agent = ureq::Agent::with_parts(
            Config::default(),
            ureq::unversioned::transport::DefaultConnector::default(),
            Public { proxy: None },
        );
        let error = agent.get("http://localhost:1/").call().unwrap_err();
        assert!(matches!(&error, ureq::Error::Other(why) if why.is::<PrivateAddress>()), "{error:?}");
    }
}
