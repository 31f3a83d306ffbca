//! Which repository is meant, and whether it is one that the user means.

use crate::layout::CATALOGUE;
use std::os::unix::fs::MetadataExt as _;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};

/// Who asks, and from where.
struct Asking {
    here: Utf8PathBuf,
    /// The home folder: what lies in it, or above, is no repository that all that is below it belongs to.
    home: Option<Utf8PathBuf>,
    /// Users whose folders are trusted.
    users: Vec<u32>,
}

/// The repository: the given directory, else the nearest one upwards that has a catalogue, else this one.
///
/// Upwards it goes no further than the file system and the home folder. What it finds there belongs to this user or
/// to root: anybody can put a catalogue into a folder that all may write to, such as /tmp.
pub(crate) fn root(given: Option<&Utf8Path>) -> anyhow::Result<Utf8PathBuf> {
    if let Some(given) = given {
        anyhow::ensure!(given.is_dir(), "{given} is no directory; --root wants the repository's");
        return Ok(given.to_owned());
    }
    let here = std::env::current_dir().context("the current directory cannot be read")?;
    let here = Utf8PathBuf::try_from(here).context("the current directory's path is not UTF-8")?;
    let home = std::env::var("HOME").ok().filter(|home| !home.is_empty());
    let mut users = vec![rustix::process::geteuid().as_raw(), 0];
    // As git does: whoever became root by sudo is still whom they were.
    if users[0] == 0 {
        users.extend(std::env::var("SUDO_UID").ok().and_then(|user| user.parse::<u32>().ok()));
    }
    let home = home.and_then(|home| Utf8PathBuf::from(home).canonicalize_utf8().ok());
    find(&Asking { here, home, users })
}

fn find(asking: &Asking) -> anyhow::Result<Utf8PathBuf> {
    let Asking { here, home, users } = asking;
    let device = here.metadata().with_context(|| format!("{here} cannot be read"))?.dev();
    for (steps, folder) in here.ancestors().enumerate() {
        if steps > 0
            && (home.as_deref() == Some(folder) || folder.metadata().is_ok_and(|m| m.dev() != device))
        {
            break;
        }
        let Ok(found) = folder.join(CATALOGUE).metadata() else { continue };
        if !found.is_dir() {
            continue;
        }
        let owner = folder.metadata()?.uid();
        if let Some(other) = [owner, found.uid()].into_iter().find(|owner| !users.contains(owner))
            && steps > 0
        {
            anyhow::bail!(
                "{folder} has a catalogue, but belongs to another user (uid {other}), who could have put it there for \
                 you to run; if you trust it, say so: `--root {folder}`"
            );
        }
        return Ok(folder.to_owned());
    }
    Ok(here.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(here: &Utf8Path, home: Option<&Utf8Path>, users: &[u32]) -> Asking {
        Asking { here: here.to_owned(), home: home.map(Utf8Path::to_owned), users: users.to_vec() }
    }

    #[test]
    fn upwards_to_the_nearest_catalogue_of_this_user() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = Utf8Path::from_path(folder.path()).expect("UTF-8").canonicalize_utf8().expect("there");
        let own = rustix::process::geteuid().as_raw();
        let below = top.join("a/b");
        std::fs::create_dir_all(&below).expect("made");
        std::fs::create_dir(top.join(CATALOGUE)).expect("made");
        assert_eq!(find(&asking(&below, None, &[own])).expect("found"), top);
        // Not the home folder, unless it is where one is.
        assert_eq!(find(&asking(&below, Some(&top), &[own])).expect("found"), below);
        assert_eq!(find(&asking(&top, Some(&top), &[own])).expect("found"), top);
        assert_eq!(find(&asking(&below, Some(&top.join("a")), &[own])).expect("found"), below);
        // Somebody else's only where one has gone oneself.
        let error = find(&asking(&below, None, &[own + 1])).expect_err("another user's").to_string();
        assert!(error.contains(&format!("uid {own}")) && error.contains(&format!("--root {top}")), "{error}");
        assert_eq!(find(&asking(&top, None, &[own + 1])).expect("here"), top);
    }
}
