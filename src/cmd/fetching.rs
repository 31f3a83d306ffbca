//! Options of the commands that fetch.

use anyhow::Context as _;

use crate::ops::Upstream;
use crate::store::archive::Limits;

/// Options of all commands that fetch.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Options {
    /// Refuse archives with more bytes than SIZE (with K, M or G).
    #[arg(long, value_name = "SIZE", default_value = "4G", value_parser = size, global = true)]
    pub max_size: u64,

    /// Take archives whose symbolic links lead out of the tree.
    #[arg(long, global = true)]
    pub allow_links_out: bool,

    /// Read repositories of this machine, too, where the catalogue or a lock file names one (file://).
    #[arg(long, global = true)]
    pub allow_local: bool,

    /// Do not use the network: only file:// can be fetched.
    #[arg(long, global = true)]
    pub offline: bool,
}

fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().next_back() {
        Some((at, 'K' | 'k')) => (&text[..at], 1 << 10),
        Some((at, 'M' | 'm')) => (&text[..at], 1 << 20),
        Some((at, 'G' | 'g')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|_| "write a number of bytes, or 500M or 2G".to_owned())?;
    number.checked_mul(unit).ok_or_else(|| "that is too large".to_owned())
}

impl Options {
    /// The network as these options have it.
    pub fn upstream(&self) -> anyhow::Result<Upstream> {
        let limits = Limits { size: self.max_size, links_out: self.allow_links_out, ..Limits::default() };
        let mut upstream =
            Upstream::from_environment(self.offline, limits).context("downloads cannot be set up")?;
        if self.allow_local {
            upstream.git.trust_local();
        }
        Ok(upstream)
    }
}
