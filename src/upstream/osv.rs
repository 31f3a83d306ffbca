//! Asking osv.dev, or another server with its interface.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::http::FetchError;
use super::prefetch::Upstream;
use crate::accounts::audit::osv::{Record, query};
use crate::accounts::audit::{Asked, Vulnerability};

/// Questions in one request; the server takes a thousand.
const AT_ONCE: usize = 500;

/// Answers of a question come in pages; more than this nobody has.
const PAGES: usize = 50;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    results: Vec<Results>,
}

#[derive(Default, Deserialize)]
struct Results {
    #[serde(default)]
    vulns: Vec<Named>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// What the server knows of each, in the order of the questions.
///
/// # Errors
/// When it does not answer, or not as it should.
pub fn ask(upstream: &Upstream, asked: &[Asked]) -> Result<Vec<Vec<Vulnerability>>, FetchError> {
    let base = &upstream.endpoints.osv;
    let address = |path: &str| {
        let text = format!("{base}{path}");
        Url::parse(&text).map_err(|error| FetchError::BadUrl(text, error.to_string()))
    };
    let batch = address("/v1/querybatch")?;
    let mut ids: Vec<Vec<String>> = vec![Vec::new(); asked.len()];
    for (number, questions) in asked.chunks(AT_ONCE).enumerate() {
        let mut open: Vec<(usize, Value)> = questions
            .iter()
            .enumerate()
            .map(|(at, question)| (number * AT_ONCE + at, query(question)))
            .collect();
        for _ in 0..PAGES {
            if open.is_empty() {
                break;
            }
            let queries: Vec<&Value> = open.iter().map(|(_, query)| query).collect();
            let text = upstream.client.post(&batch, &json!({ "queries": queries }))?;
            let answer: Answer = read(&batch, &text)?;
            if answer.results.len() != open.len() {
                let why = format!("{} answers to {} questions", answer.results.len(), open.len());
                return Err(FetchError::Other { url: crate::git::shown(&batch), why });
            }
            let mut more = Vec::new();
            for ((at, mut query), results) in open.into_iter().zip(answer.results) {
                if let Some(list) = ids.get_mut(at) {
                    list.extend(results.vulns.into_iter().map(|named| named.id));
                }
                if let Some(token) = results.next_page_token.filter(|token| !token.is_empty()) {
                    query["page_token"] = token.into();
                    more.push((at, query));
                }
            }
            open = more;
        }
    }
    let mut wanted: Vec<String> = ids.iter().flatten().cloned().collect();
    wanted.sort();
    wanted.dedup();
    let records: Vec<Result<(String, Record), FetchError>> = wanted
        .into_par_iter()
        .map(|id| {
            let url = address(&format!("/v1/vulns/{}", crate::accounts::text::encoded(&id, "")))?;
            let record: Record = read(&url, &upstream.client.text(&url)?)?;
            Ok((id, record))
        })
        .collect();
    let records: BTreeMap<String, Record> = records.into_iter().collect::<Result<_, _>>()?;
    Ok(asked
        .iter()
        .zip(ids)
        .map(|(question, ids)| {
            let mut found: Vec<Vulnerability> = ids
                .iter()
                .filter_map(|id| records.get(id))
                .filter_map(|record| record.concerning(question, true))
                .collect();
            found.sort_by(|a, b| a.id.cmp(&b.id));
            found.dedup_by(|a, b| a.id == b.id);
            found
        })
        .collect())
}

fn read<T: for<'de> Deserialize<'de>>(url: &Url, text: &str) -> Result<T, FetchError> {
    serde_json::from_str(text).map_err(|error| FetchError::Other {
        url: crate::git::shown(url),
        why: format!("that is no answer of OSV: {error}"),
    })
}
