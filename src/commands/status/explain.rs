//! `pipe status --explain`: what there is to say of a pipeline, and why a query has written nothing.

use std::collections::HashMap;
use std::sync::Arc;

use crate::deploy::local::{Contact, RunStatus};
use crate::observe::{Finding, HotKey, Seen, Weight};
use crate::streams::{Follower, Log, LogError, Manners, Millis, Position, now};
use crate::ui::Ui;

use super::super::counted::counted;

/// How far back records are looked at for their keys, in milliseconds: as far as they are counted.
const LOOK_BACK: Millis = 1_000;
/// How often they are read at the most; more than that is more than anybody waits for.
const MOST_READS: usize = 20;

/// Looks at a running pipeline for a moment: how fast its records come, and which keys they have.
pub(super) async fn look(contact: &Contact, status: &mut RunStatus, seen: &mut Seen) {
    let Some(later) = counted(contact, status).await else { return };
    (*status, seen.rates) = later;
    let spread: Vec<String> =
        status.streams.iter().filter(|stream| stream.shards > 1).map(|stream| stream.name.clone()).collect();
    if !spread.is_empty() {
        let log: Arc<dyn Log> = Arc::new(contact.log().await);
        // Consumers come first where reads are limited: what cannot be looked at is not told.
        seen.hot_keys = hot_keys(log, &spread).await.unwrap_or_default();
    }
}

/// Looks which key the latest records of each stream have most often.
async fn hot_keys(log: Arc<dyn Log>, streams: &[String]) -> Result<Vec<HotKey>, LogError> {
    let since = Position::AtTime(now().saturating_sub(LOOK_BACK));
    let mut follower = Follower::open(log, streams, &since, Manners::HERE).await?;
    let mut marks: Vec<Vec<(Millis, String)>> = vec![Vec::new(); streams.len()];
    for _ in 0..MOST_READS {
        let (brought, at_end) = follower.poll().await?;
        for mut followed in brought {
            marks[followed.stream].append(&mut followed.marks);
        }
        if at_end {
            break;
        }
    }
    Ok(streams.iter().zip(&marks).filter_map(|(stream, marks)| hottest(stream, marks)).collect())
}

/// Returns the key that most records have.
fn hottest(stream: &str, marks: &[(i64, String)]) -> Option<HotKey> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (_, key) in marks {
        *counts.entry(key).or_default() += 1;
    }
    // Of equals the first by name, so that it is always the same one.
    let (key, records) = counts.into_iter().max_by(|one, other| (one.1, other.0).cmp(&(other.1, one.0)))?;
    Some(HotKey { stream: stream.to_owned(), key: key.to_owned(), records, of: marks.len() })
}

/// Writes all that was found, each with what to do.
pub(super) fn show(findings: &[Finding], ui: &Ui) -> std::io::Result<()> {
    ui.data("")?;
    let mut about = "";
    for finding in findings {
        if finding.about != about {
            ui.data(&finding.about)?;
            about = &finding.about;
        }
        ui.data(&format!("  {:<8} {}", finding.weight.word(), finding.what))?;
        if let Some(todo) = &finding.todo {
            ui.data(&format!("           → {todo}"))?;
        }
    }
    Ok(())
}

/// Writes of each query that has written nothing, why that is so.
pub(super) fn show_silence(status: &RunStatus, findings: &[Finding], ui: &Ui) -> std::io::Result<()> {
    for query in status.queries.iter().filter(|query| query.counters.rows == 0) {
        let about = format!("query {}", query.name);
        let reason = findings
            .iter()
            .find(|finding| finding.about == about && matches!(finding.weight, Weight::Blocked | Weight::Waits));
        if let Some(Finding { what, todo, .. }) = reason {
            let todo = todo.as_ref().map_or_else(String::new, |todo| format!("; {todo}"));
            ui.data(&format!("{about}: {what}{todo}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_key_is_the_one_that_comes_most_often() {
        let marks = ["b", "a", "c", "a", "b"].map(|key| (0, key.to_owned()));
        let expected = HotKey { stream: "s".to_owned(), key: "a".to_owned(), records: 2, of: 5 };
        assert_eq!(hottest("s", &marks), Some(expected), "of equals the first");
        assert_eq!(hottest("s", &[]), None);
    }
}
