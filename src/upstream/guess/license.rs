//! A licence by the words of its text.

use super::Guess;
use crate::store::archive::SourceTree;

/// Words that only one licence has, most particular first, and nixpkgs' name for it.
const MARKS: [(&[&str], &str); 16] = [
    (&["gnu affero general public license", "version 3"], "agpl3Only"),
    (&["gnu lesser general public license", "version 3"], "lgpl3Only"),
    (&["gnu lesser general public license", "version 2.1"], "lgpl21Only"),
    (&["gnu general public license", "version 3"], "gpl3Only"),
    (&["gnu general public license", "version 2"], "gpl2Only"),
    (&["apache license", "version 2.0"], "asl20"),
    (&["mozilla public license", "2.0"], "mpl20"),
    (&["postgresql license"], "postgresql"),
    (&["postgresql licence"], "postgresql"),
    (
        &[
            "permission to use, copy, modify, and distribute this software and its documentation for any purpose, without fee",
        ],
        "postgresql",
    ),
    (&["permission is hereby granted, free of charge, to any person obtaining"], "mit"),
    (&["permission to use, copy, modify, and/or distribute this software for any purpose"], "isc"),
    (&["permission to use, copy, modify, and distribute this software for any purpose"], "isc"),
    (&["redistribution and use in source and binary forms", "endorse or promote products"], "bsd3"),
    (&["redistribution and use in source and binary forms"], "bsd2"),
    (&["this is free and unencumbered software released into the public domain"], "unlicense"),
];

/// The licence of the file at the top that looks like one.
pub fn find(tree: &SourceTree, paths: &[String]) -> std::io::Result<Option<Guess<&'static str>>> {
    let named = |path: &&String| {
        let upper = path.to_uppercase();
        !path.contains('/') && ["LICEN", "COPYING", "COPYRIGHT"].iter().any(|start| upper.starts_with(start))
    };
    let readme = |path: &&String| !path.contains('/') && path.to_uppercase().starts_with("README");
    for path in paths.iter().filter(named).chain(paths.iter().filter(readme)) {
        let Some(bytes) = tree.file(path)? else { continue };
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        // Some have it as a comment of C.
        let text: Vec<&str> =
            text.split_whitespace().filter(|word| !matches!(*word, "*" | "//" | "#")).collect();
        let text = text.join(" ");
        let found = MARKS.iter().find(|(marks, _)| marks.iter().all(|mark| text.contains(mark)));
        if let Some((_, attribute)) = found {
            return Ok(Some(Guess::new(*attribute, path.clone())));
        }
    }
    Ok(None)
}
