//! `src = fetch… { … }` for all versions of one thing at once.

use crate::catalogue::expression::{Nix, template};
use crate::catalogue::model::{Fetcher, Revision, Source};

/// The sources of all versions.
pub struct Sources<'a> {
    all: Vec<(&'a Source, &'a str)>,
    variable: &'static str,
}

impl<'a> Sources<'a> {
    /// Sources with the version each belongs to; `variable` is the Nix expression of that version.
    pub fn new(all: impl IntoIterator<Item = (&'a Source, &'a str)>, variable: &'static str) -> Self {
        Self { all: all.into_iter().collect(), variable }
    }

    /// Whether one fetcher call, with parameters, serves all versions.
    fn shared(&self) -> Option<&Fetcher> {
        let shape = |fetcher: &Fetcher| match fetcher {
            Fetcher::GitHub { owner, repo, submodules, .. } => (0, owner.clone(), repo.clone(), *submodules),
            Fetcher::Url { .. } => (1, String::new(), String::new(), false),
            Fetcher::Git { url, submodules, .. } => (2, url.clone(), String::new(), *submodules),
        };
        let (first, _) = self.all.first()?;
        self.all
            .iter()
            .all(|(source, _)| shape(&source.fetcher) == shape(&first.fetcher))
            .then_some(&first.fetcher)
    }

    fn revisions(&self) -> Vec<(Option<&'a str>, Option<&'a str>)> {
        self.all
            .iter()
            .map(|(source, _)| match &source.fetcher {
                Fetcher::GitHub { at, .. } | Fetcher::Git { at, .. } => match at {
                    Revision::Tag(tag) => (Some(tag.as_str()), None),
                    Revision::Rev(rev) => (None, Some(rev.as_str())),
                },
                Fetcher::Url { .. } => (None, None),
            })
            .collect()
    }

    /// The one text that gives every version's, if there is one.
    fn common(&self, texts: &[Option<&'a str>]) -> Option<Nix> {
        let all: Option<Vec<&str>> = texts.iter().copied().collect();
        template(all?.into_iter().zip(self.all.iter().map(|(_, version)| *version)), self.variable)
    }

    /// Parameters that versions give, with their values.
    pub fn parameters(&self) -> Vec<(&'static str, Vec<Option<Nix>>)> {
        let Some(shared) = self.shared() else {
            let whole = |(source, version): &(&'a Source, &'a str)| {
                let one = Sources { all: vec![(*source, version)], variable: self.variable };
                Some(Nix::Printed(one.whole()))
            };
            return vec![("src", self.all.iter().map(whole).collect())];
        };
        let mut parameters =
            vec![("hash", self.all.iter().map(|(source, _)| Some(Nix::string(&source.hash))).collect())];
        let given = |texts: &[Option<&str>]| texts.iter().map(|text| text.map(Nix::string)).collect();
        match shared {
            Fetcher::Url { .. } => {
                let urls = self.urls();
                if self.common(&urls).is_none() {
                    parameters.push(("url", given(&urls)));
                }
            }
            Fetcher::GitHub { .. } | Fetcher::Git { .. } => {
                let (tags, revs): (Vec<_>, Vec<_>) = self.revisions().into_iter().unzip();
                for (name, texts) in [("tag", tags), ("rev", revs)] {
                    if texts.iter().any(Option::is_some) && self.common(&texts).is_none() {
                        parameters.push((name, given(&texts)));
                    }
                }
            }
        }
        parameters
    }

    fn urls(&self) -> Vec<Option<&'a str>> {
        self.all
            .iter()
            .map(|(source, _)| match &source.fetcher {
                Fetcher::Url { url } => Some(url.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Functions the expression needs.
    pub fn formals(&self) -> Vec<String> {
        let function = |fetcher: &Fetcher| match fetcher {
            Fetcher::GitHub { .. } => "fetchFromGitHub".to_owned(),
            Fetcher::Url { .. } => "fetchurl".to_owned(),
            Fetcher::Git { .. } => "fetchgit".to_owned(),
        };
        let mut all: Vec<_> = self.all.iter().map(|(source, _)| function(&source.fetcher)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The expression of `src`.
    pub fn expression(&self) -> String {
        match self.shared() {
            None => "src".to_owned(),
            Some(fetcher) => self.call(fetcher, true),
        }
    }

    /// The expression with everything in it, for one version.
    pub fn whole(&self) -> String {
        self.all.first().map(|(source, _)| self.call(&source.fetcher, false)).unwrap_or_default()
    }

    fn call(&self, fetcher: &Fetcher, inherit: bool) -> String {
        let mut attributes: Vec<(String, Nix)> = Vec::new();
        let mut push = |name: &str, value: Nix| attributes.push((name.to_owned(), value));
        let at = |push: &mut dyn FnMut(&str, Nix)| {
            let (tags, revs): (Vec<_>, Vec<_>) = self.revisions().into_iter().unzip();
            for (name, texts) in [("tag", tags), ("rev", revs)] {
                if texts.iter().all(Option::is_none) {
                    continue;
                }
                let literal = || texts.first().copied().flatten().map(Nix::string);
                let value = if inherit { self.common(&texts) } else { literal() };
                push(name, value.unwrap_or(Nix::Inherit));
            }
        };
        let function = match fetcher {
            Fetcher::GitHub { owner, repo, submodules, .. } => {
                push("owner", Nix::string(owner));
                push("repo", Nix::string(repo));
                at(&mut push);
                if *submodules {
                    push("fetchSubmodules", Nix::Bool(true));
                }
                "fetchFromGitHub"
            }
            Fetcher::Url { url } => {
                let value = if inherit { self.common(&self.urls()) } else { Some(Nix::string(url)) };
                push("url", value.unwrap_or(Nix::Inherit));
                "fetchurl"
            }
            Fetcher::Git { url, submodules, .. } => {
                push("url", Nix::string(url));
                at(&mut push);
                // Its default is to fetch them.
                if !*submodules {
                    push("fetchSubmodules", Nix::Bool(false));
                }
                "fetchgit"
            }
        };
        let hash = self.all.first().map(|(source, _)| Nix::string(&source.hash));
        push("hash", if inherit { Nix::Inherit } else { hash.unwrap_or(Nix::Inherit) });
        // Inherited names go into one `inherit`.
        let (inherited, given): (Vec<_>, Vec<_>) =
            attributes.into_iter().partition(|(_, value)| *value == Nix::Inherit);
        let mut text = format!("{function} {{\n");
        for (name, value) in given {
            text.push_str(&format!("{name} = {value};\n"));
        }
        if !inherited.is_empty() {
            let mut names: Vec<_> = inherited.into_iter().map(|(name, _)| name).collect();
            names.sort();
            text.push_str(&format!("inherit {};\n", names.join(" ")));
        }
        text.push('}');
        text
    }

    /// The attribute that makes a subdirectory of the source the one that is built.
    pub fn source_root_attribute(&self) -> &'static str {
        if self.unpacks_to_its_name() { "sourceRoot" } else { "setSourceRoot" }
    }

    /// Its value for the subdirectory `root`.
    pub fn source_root(&self, root: &str) -> Nix {
        if self.unpacks_to_its_name() {
            Nix::Template { parts: vec![String::new(), format!("/{root}")], variable: "finalAttrs.src.name" }
        } else {
            // A tarball's top directory has a name that only the tarball knows.
            let quoted = root.replace('\'', "'\\''");
            Nix::string(format!("sourceRoot=$(echo */'{quoted}')"))
        }
    }

    fn unpacks_to_its_name(&self) -> bool {
        self.all.iter().all(|(source, _)| !matches!(source.fetcher, Fetcher::Url { .. }))
    }
}
