//! The catalogue's files, edited in place: what is not changed keeps every byte.
//!
//! `toml_edit` tells where a table is and makes the new one; the text around it is never printed again.

use std::ops::Range;

use toml_edit::{Document, DocumentMut, Item, Table, Value, value};

/// A file that cannot be edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It is no TOML.
    #[error("the file is not TOML: {0}")]
    Syntax(String),
    /// It has not the table.
    #[error("there is no [[{array}]] with {key} = \"{text}\"")]
    NoTable {
        /// The array of tables.
        array: &'static str,
        /// The key.
        key: &'static str,
        /// Its value.
        text: String,
    },
    /// It has not the key.
    #[error("there is no {0}")]
    NoKey(String),
    /// The tables are written in a way that cannot be edited one by one.
    #[error("the [[{0}]] tables are written inline; write them as [[{0}]]")]
    Inline(&'static str),
}

/// One table of an array: its text is `range`, from its header to the end of its last line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// In bytes.
    pub range: Range<usize>,
    /// What its identifying key says.
    pub name: String,
}

/// What is to be set in a table; `None` removes the key.
pub type Changes = Vec<(&'static str, Option<Value>)>;

fn parse(text: &str) -> Result<Document<&str>, EditError> {
    Document::parse(text).map_err(|error| EditError::Syntax(error.message().to_owned()))
}

/// The last byte of anything in `item`.
fn end(item: &Item) -> usize {
    let own = item.span().map_or(0, |span| span.end);
    let inner = match item {
        Item::Table(table) => table.iter().map(|(_, item)| end(item)).max(),
        Item::ArrayOfTables(tables) => {
            tables.iter().flat_map(|table| table.iter().map(|(_, item)| end(item))).max()
        }
        _ => None,
    };
    own.max(inner.unwrap_or(0))
}

/// Where the line of `at` ends, its newline included.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// All tables of `[[array]]`, in the file's order; `key` tells them apart.
///
/// # Errors
/// When the file is no TOML, or the array is written inline.
pub fn blocks(text: &str, array: &'static str, key: &str) -> Result<Vec<Block>, EditError> {
    let document = parse(text)?;
    let tables = match document.get(array) {
        None => return Ok(Vec::new()),
        Some(Item::ArrayOfTables(tables)) => tables,
        Some(_) => return Err(EditError::Inline(array)),
    };
    let mut blocks = Vec::new();
    for table in tables {
        let span = table.span().ok_or(EditError::Inline(array))?;
        let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        let last = table.iter().map(|(_, item)| end(item)).max().unwrap_or(0).max(span.start);
        let name = table.get(key).and_then(Item::as_str).unwrap_or_default().to_owned();
        blocks.push(Block { range: start..line_end(text, last), name });
    }
    Ok(blocks)
}

/// The table called `name`.
///
/// # Errors
/// When there is none.
pub fn block(text: &str, array: &'static str, key: &'static str, name: &str) -> Result<Block, EditError> {
    let found = blocks(text, array, key)?.into_iter().find(|block| block.name == name);
    found.ok_or_else(|| EditError::NoTable { array, key, text: name.to_owned() })
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// A copy of a table with changes and without its comments, which were about the old one.
///
/// # Errors
/// When the block is no table of that array.
pub fn copy(text: &str, block: &Block, array: &'static str, changes: &Changes) -> Result<String, EditError> {
    let mut document: DocumentMut = text[block.range.clone()]
        .parse()
        .map_err(|error: toml_edit::TomlError| EditError::Syntax(error.to_string()))?;
    let table = document
        .get_mut(array)
        .and_then(Item::as_array_of_tables_mut)
        .and_then(|tables| tables.get_mut(0))
        .ok_or(EditError::Inline(array))?;
    table.decor_mut().clear();
    strip_comments(table);
    apply(table, changes);
    document.set_trailing("");
    Ok(document.to_string().replace("\r\n", "\n").replace('\n', newline(text)))
}

fn strip_comments(table: &mut Table) {
    for (mut key, item) in table.iter_mut() {
        key.leaf_decor_mut().clear();
        match item {
            Item::Value(value) => value.decor_mut().clear(),
            Item::Table(inner) => strip_comments(inner),
            _ => {}
        }
    }
}

fn apply(table: &mut Table, changes: &Changes) {
    for (key, new) in changes {
        match new {
            None => drop(table.remove(key)),
            Some(new) => {
                // A key that is there keeps its place.
                table.insert(key, value(new.clone()));
            }
        }
    }
}

/// A new table's text.
pub fn table(array: &str, changes: &Changes) -> String {
    let mut text = format!("[[{array}]]\n");
    for (key, new) in changes {
        if let Some(new) = new {
            text.push_str(&format!("{key} = {new}\n"));
        }
    }
    text
}

/// `text` with a table after `block`, one empty line between them; `None`: at the end.
pub fn insert(text: &str, after: Option<&Block>, table: &str) -> String {
    let newline = newline(text);
    let at = after.map_or(text.len(), |block| block.range.end);
    let (before, rest) = text.split_at(at);
    let mut out = before.to_owned();
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(newline);
    }
    if !out.is_empty() {
        out.push_str(newline);
    }
    out.push_str(&table.replace("\r\n", "\n").replace('\n', newline));
    out.push_str(rest);
    out
}

/// `text` without a table, the comment right above it and one empty line.
pub fn remove(text: &str, block: &Block) -> String {
    let mut start = block.range.start;
    while let Some(line) = text[..start].strip_suffix('\n') {
        let above = line.rfind('\n').map_or(0, |newline| newline + 1);
        if !text[above..start].trim_start().starts_with('#') || above == 0 {
            break;
        }
        start = above;
    }
    let before = &text[..start];
    let shorter = before.strip_suffix("\r\n").or_else(|| before.strip_suffix('\n'));
    let before = match shorter {
        Some(shorter) if shorter.is_empty() || shorter.ends_with('\n') => shorter,
        _ => before,
    };
    format!("{before}{}", &text[block.range.end..])
}

/// `text` with other values in one table. Keys that are there are replaced where they stand; new ones come last.
///
/// # Errors
/// When there is no such table.
pub fn set(
    text: &str,
    array: &'static str,
    key: &'static str,
    name: &str,
    changes: &[(&str, Value)],
) -> Result<String, EditError> {
    let mut text = text.to_owned();
    for (what, new) in changes {
        let block = block(&text, array, key, name)?;
        let span = {
            let document = parse(&text)?;
            let tables = document.get(array).and_then(Item::as_array_of_tables);
            let table = tables
                .into_iter()
                .flatten()
                .find(|table| table.get(key).and_then(Item::as_str) == Some(name));
            table.and_then(|table| table.get(what)).and_then(Item::span)
        };
        match span {
            Some(span) => text.replace_range(span, &new.to_string()),
            None => {
                let line = format!("{what} = {new}{}", newline(&text));
                text.insert_str(block.range.end, &line);
            }
        }
    }
    Ok(text)
}

/// `text` with other values in the table at `path`, whether it stands as `[a.b]`, as `b = { … }` or with dots. All of
/// the keys must be there.
///
/// # Errors
/// When the table or a key is not there.
pub fn set_in(text: &str, path: &[&str], changes: &[(&str, Value)]) -> Result<String, EditError> {
    let mut text = text.to_owned();
    for (what, new) in changes {
        let span = {
            let document = parse(&text)?;
            let mut item = Some(document.as_item());
            for name in path.iter().chain([what]) {
                item = item.and_then(|item| item.get(name));
            }
            item.and_then(Item::span)
        };
        let Some(span) = span else {
            return Err(EditError::NoKey(path.iter().chain([what]).copied().collect::<Vec<_>>().join(".")));
        };
        text.replace_range(span, &new.to_string());
    }
    Ok(text)
}

/// `flake.toml` with another version of an action in `[ci.actions]`, a table that is made where it is missing.
///
/// # Errors
/// When the file is no TOML, or the actions stand inline in another table.
pub fn action(text: &str, name: &str, version: &str, rev: &str) -> Result<String, EditError> {
    let document = parse(text)?;
    let entry = format!("{{ version = {}, rev = {} }}", Value::from(version), Value::from(rev));
    let line = format!("{} = {entry}{}", Value::from(name), newline(text));
    let mut new = text.to_owned();
    match document.get("ci").and_then(|ci| ci.get("actions")) {
        None => {
            if !text.ends_with('\n') {
                new.push_str(newline(text));
            }
            new.push_str(&format!("{0}[ci.actions]{0}{line}", newline(text)));
        }
        Some(Item::Table(table)) => match table.get(name).and_then(Item::span) {
            Some(span) => new.replace_range(span, &entry),
            None => new.insert_str(line_end(text, end(&Item::Table(table.clone()))), &line),
        },
        Some(_) => return Err(EditError::NoKey("[ci.actions] table; it stands inline".to_owned())),
    }
    Ok(new)
}

/// The string that the first table of `[[array]]` in `text` has under `key`.
pub fn string(text: &str, array: &str, key: &str) -> Option<String> {
    let document = parse(text).ok()?;
    let table = document.get(array)?.as_array_of_tables()?.get(0)?;
    table.get(key)?.as_str().map(str::to_owned)
}

/// An array of strings on one line.
pub fn strings<'a>(all: impl IntoIterator<Item = &'a str>) -> Value {
    Value::Array(all.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\ndescription = \"x\" # why\n\n[[version]]\nversion = \"1.0\"   # first\npostgresql = [\n  \"15\", # old\n]\nhash = \"a\"\n[version.env]\nA = \"b\"\n\n# about 2.0\n[[version]]\nversion = \"2.0\"\nhash = \"c\" # see there\n# the end\n";

    #[test]
    fn tables_are_found_whole() {
        let blocks = blocks(FILE, "version", "version").unwrap();
        let texts: Vec<_> = blocks.iter().map(|block| &FILE[block.range.clone()]).collect();
        assert_eq!(texts.len(), 2);
        assert!(
            texts[0].starts_with("[[version]]\nversion = \"1.0\"") && texts[0].ends_with("A = \"b\"\n"),
            "{}",
            texts[0]
        );
        assert_eq!(texts[1], "[[version]]\nversion = \"2.0\"\nhash = \"c\" # see there\n");
        assert_eq!((blocks[0].name.as_str(), blocks[1].name.as_str()), ("1.0", "2.0"));
    }

    #[test]
    fn a_copy_has_the_changes_and_no_comments() {
        let block = block(FILE, "version", "version", "1.0").unwrap();
        let changes = vec![("version", Some("1.1".into())), ("hash", None), ("tag", Some("v1.1".into()))];
        let copy = copy(FILE, &block, "version", &changes).unwrap();
        let value: toml::Table = copy.parse().unwrap();
        let version = &value["version"][0];
        assert_eq!(version["version"].as_str(), Some("1.1"));
        assert_eq!(version["env"]["A"].as_str(), Some("b"));
        assert_eq!(version["tag"].as_str(), Some("v1.1"));
        assert!(version.get("hash").is_none() && !copy.contains("# first"), "{copy}");
    }

    #[test]
    fn everything_else_keeps_its_bytes() {
        for file in [FILE.to_owned(), FILE.replace('\n', "\r\n")] {
            let first = block(&file, "version", "version", "1.0").unwrap();
            let added = insert(&file, Some(&first), "[[version]]\nversion = \"1.1\"\n");
            assert!(file.starts_with(&added[..first.range.end]));
            assert!(added.ends_with(&file[first.range.end..]));
            let new = block(&added, "version", "version", "1.1").unwrap();
            assert_eq!(remove(&added, &new), file);
            let set = set(&file, "version", "version", "2.0", &[("hash", "d".into())]).unwrap();
            assert_eq!(set, file.replace("\"c\"", "\"d\""));
            let second = block(&file, "version", "version", "2.0").unwrap();
            let less = remove(&file, &second);
            assert!(!less.contains("about 2.0") && less.contains("# the end"), "{less}");
        }
    }

    #[test]
    fn actions_come_into_their_table() {
        let first = action("[ci]\nprogram = \"p\"", "a/b", "1.2.3", "c0").expect("it is edited");
        assert_eq!(
            first,
            "[ci]\nprogram = \"p\"\n\n[ci.actions]\n\"a/b\" = { version = \"1.2.3\", rev = \"c0\" }\n"
        );
        let more = format!("{first}\n[settings]\nx = 1\n");
        let second = action(&more, "c/d", "2.0.0", "c1").expect("it is edited");
        assert!(
            second.contains("\"c0\" }\n\"c/d\" = { version = \"2.0.0\", rev = \"c1\" }\n\n[settings]"),
            "{second}"
        );
        let third = action(&second, "a/b", "1.3.0", "c2").expect("it is edited");
        assert_eq!(third, second.replace("1.2.3", "1.3.0").replace("c0", "c2"));
        assert!(action("[ci]\nactions = { }\n", "a/b", "1", "c").is_err());
    }

    #[test]
    fn values_of_a_table_by_its_path() {
        let new = || Value::from("new");
        for (before, after) in [
            (
                "# a\n[i.n]\nu = \"x\"  # why\nr   =  \"old\"# c\n",
                "# a\n[i.n]\nu = \"x\"  # why\nr   =  \"new\"# c\n",
            ),
            ("[i]\nn = { u = 'x', r = 'old' }\n", "[i]\nn = { u = 'x', r = \"new\" }\n"),
            ("i.n.u = 'x'\r\ni.n.r = 'old'\r\n", "i.n.u = 'x'\r\ni.n.r = \"new\"\r\n"),
        ] {
            assert_eq!(set_in(before, &["i", "n"], &[("r", new())]).as_deref(), Ok(after));
        }
        let lacks = set_in("[i.n]\nu = 1\n", &["i", "n"], &[("r", new())]);
        assert_eq!(lacks, Err(EditError::NoKey("i.n.r".into())));
    }

    #[test]
    fn a_file_without_a_last_newline() {
        let text = "a = 1\n\n[[version]]\nversion = \"1\"";
        let block = block(text, "version", "version", "1").unwrap();
        assert_eq!(insert(text, Some(&block), "[[version]]\n"), format!("{text}\n\n[[version]]\n"));
        assert!(matches!(blocks("version = [{}]", "version", "version"), Err(EditError::Inline("version"))));
        assert!(matches!(blocks("a = ", "version", "version"), Err(EditError::Syntax(_))));
    }
}
