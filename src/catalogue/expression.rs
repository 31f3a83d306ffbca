//! Nix expressions as values: built from catalogue data, printed only through the quoting rules.

use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::layout;
use crate::nix::syntax::quote;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Nix {
    /// `"text"`.
    String(String),
    /// `"v${finalAttrs.version}"`: literal parts, with `variable` between them.
    Template {
        /// What stands before, between and after.
        parts: Vec<String>,
        /// The expression between them.
        variable: &'static str,
    },
    /// `true`, `false`.
    Bool(bool),
    /// `[ … ]`.
    List(Vec<Nix>),
    /// `{ … }`, in the given order.
    Attrs(Vec<(String, Nix)>),
    /// A variable or a path into one: `perlPackages.DBI`.
    Path(String),
    /// A file of the repository, relative to the file that is being made.
    File(Utf8PathBuf),
    /// Text that [`Nix`] itself has printed before.
    Printed(String),
    /// `inherit name;`, inside [`Nix::Attrs`] only.
    Inherit,
}

impl Nix {
    /// A string.
    pub fn string(text: impl Into<String>) -> Self {
        Nix::String(text.into())
    }

    /// A list of strings.
    pub fn strings(texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Nix::List(texts.into_iter().map(Nix::string).collect())
    }

    /// A list of attribute paths.
    pub fn paths<'a>(paths: impl IntoIterator<Item = &'a String>) -> Self {
        Nix::List(paths.into_iter().map(|path| Nix::Path(path.clone())).collect())
    }

    /// A file given relative to `catalogue/`, as seen from a file `depth` directories below the root.
    pub fn catalogue_file(file: &Utf8Path, depth: usize) -> Self {
        let up = "../".repeat(depth);
        let prefix = if up.is_empty() { "./" } else { up.as_str() };
        Nix::File(Utf8PathBuf::from(format!("{prefix}{}", layout::in_catalogue(file))))
    }
}

impl From<&str> for Nix {
    fn from(text: &str) -> Self {
        Nix::string(text)
    }
}

impl fmt::Display for Nix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Nix::String(text) => f.write_str(&quote::string(text)),
            Nix::Template { parts, variable } => {
                let quoted: Vec<_> = parts.iter().map(|part| quote::string_content(part)).collect();
                // A `$` before the `${` would otherwise take away its meaning.
                let joined = quoted
                    .iter()
                    .enumerate()
                    .map(|(i, part)| match (i + 1 < quoted.len(), part.strip_suffix('$')) {
                        (true, Some(head)) if !part.ends_with("\\$") => format!("{head}\\$"),
                        _ => part.clone(),
                    })
                    .collect::<Vec<_>>()
                    .join(&format!("${{{variable}}}"));
                write!(f, "\"{joined}\"")
            }
            Nix::Bool(value) => write!(f, "{value}"),
            Nix::List(items) => {
                f.write_str("[ ")?;
                for item in items {
                    write!(f, "{item} ")?;
                }
                f.write_str("]")
            }
            Nix::Attrs(attributes) => {
                f.write_str("{ ")?;
                for (name, value) in attributes {
                    match value {
                        Nix::Inherit => write!(f, "inherit {}; ", quote::attribute(name))?,
                        value => write!(f, "{} = {value}; ", quote::attribute(name))?,
                    }
                }
                f.write_str("}")
            }
            Nix::Path(path) => f.write_str(&quote::attribute_path(path)),
            Nix::File(path) => path_literal(f, path),
            Nix::Printed(text) => f.write_str(text),
            Nix::Inherit => Ok(()),
        }
    }
}

/// A path literal; parts that the lexer would not take are concatenated as a string.
fn path_literal(f: &mut fmt::Formatter<'_>, path: &Utf8Path) -> fmt::Result {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '/');
    if path.as_str().chars().all(plain) {
        return f.write_str(path.as_str());
    }
    let up = path.components().take_while(|c| matches!(c.as_str(), "." | "..")).count();
    let (head, tail): (Vec<_>, Vec<_>) = path.components().enumerate().partition(|(index, _)| *index < up);
    let join = |parts: Vec<(usize, camino::Utf8Component<'_>)>| {
        parts.iter().map(|(_, c)| c.as_str()).collect::<Vec<_>>().join("/")
    };
    write!(f, "({}/. + {})", join(head), quote::string(&format!("/{}", join(tail))))
}

/// The common shape of texts that contain their own version: `v0.8.0` at 0.8.0 and `v0.7.4` at 0.7.4 give
/// the template `v…`. `None` when the shapes differ or some text lacks its version.
pub fn template<'a>(
    texts: impl IntoIterator<Item = (&'a str, &'a str)>,
    variable: &'static str,
) -> Option<Nix> {
    let mut shape: Option<Vec<&str>> = None;
    for (text, version) in texts {
        let parts: Vec<&str> = text.split(version).collect();
        if version.is_empty() || parts.len() < 2 || shape.as_ref().is_some_and(|s| *s != parts) {
            return None;
        }
        shape = Some(parts);
    }
    let parts = shape?.into_iter().map(str::to_owned).collect::<Vec<_>>();
    // `tag = "${finalAttrs.version}"` is `tag = finalAttrs.version`.
    if parts.len() == 2 && parts.iter().all(String::is_empty) {
        return Some(Nix::Path(variable.to_owned()));
    }
    Some(Nix::Template { parts, variable })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_shared_or_not_used() {
        let shown = |texts: &[(&str, &str)]| {
            template(texts.iter().copied(), "finalAttrs.version").map(|nix| nix.to_string())
        };
        assert_eq!(
            shown(&[("v1.2", "1.2"), ("v1.3", "1.3")]).as_deref(),
            Some(r#""v${finalAttrs.version}""#)
        );
        assert_eq!(shown(&[("1.2", "1.2")]).as_deref(), Some("finalAttrs.version"));
        assert_eq!(shown(&[("v1.2", "1.2"), ("r1.3", "1.3")]), None);
        assert_eq!(shown(&[("wal2json_2_6", "2.6")]), None);
        assert_eq!(shown(&[("$1", "1")]).as_deref(), Some(r#""\$${finalAttrs.version}""#));
    }

    #[test]
    fn files_with_odd_names_stay_paths() {
        assert_eq!(Nix::File("../../catalogue/a-b_1+.nix".into()).to_string(), "../../catalogue/a-b_1+.nix");
        assert_eq!(Nix::File("../a b.nix".into()).to_string(), r#"(../. + "/a b.nix")"#);
    }
}
