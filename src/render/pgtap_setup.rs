//! `tests/prime.sql`: creates every extension of the catalogue that a server has.

use super::{marker, order};
use crate::catalogue::model::Catalogue;

/// The text of the file, mark included.
pub fn prime(catalogue: &Catalogue) -> String {
    let names: Vec<String> = order::create_all(catalogue)
        .iter()
        .map(|name| format!("  ('{}')", name.replace('\'', "''")))
        .collect();
    let values = if names.is_empty() { "  (null)".to_owned() } else { names.join(",\n") };
    format!(
        "-- {} from catalogue/; edit that instead.\n\n\
         -- Creates every extension of the catalogue that this server has, each after what it requires.\n\
         -- `psql --set=only='a b'` creates a and b alone.\n\
         \\if :{{?only}}\n\\else\n\\set only *\n\\endif\n\n\
         create temp table wanted (position integer generated always as identity, name text);\n\
         insert into wanted (name) values\n{values};\n\n\
         select format('create extension if not exists %I cascade', name)\n\
         from wanted\n\
         join pg_available_extensions using (name)\n\
         where :'only' = '*' or name = any (string_to_array(:'only', ' '))\n\
         order by position\n\
         \\gexec\n\n\
         drop table wanted;\n",
        marker::MARK
    )
}
