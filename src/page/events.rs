//! What a page is told as it happens, as server-sent events: how the pipeline stands, and the rows that its queries write.

use std::borrow::Cow;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::deploy::local::RunStatus;
use crate::observe::{Graph, Rates, Seen, findings};
use crate::plan::Plan;
use crate::record::Row;
use crate::streams::{Follower, Position, now};

use super::Page;
use super::columns::Output;

/// How often it is told how the pipeline stands.
const STANDS: Duration = Duration::from_secs(1);
/// How often rows are looked for. A person waits for a window's close no longer than this and the engine's own pause.
const ROWS: Duration = Duration::from_millis(250);
/// How many events wait for a slow browser. Who does not take them stops the reading, and nothing piles up.
const WAITING: usize = 4;
/// How far back rows are shown to a page that begins, in milliseconds.
const HISTORY: i64 = 60 * 60 * 1000;
/// How many rows one event has at the most.
const ROWS_AT_ONCE: usize = 2_000;

/// Where a browser left off, in the address; one that comes back by itself says so in a header.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    since: String,
}

/// Answers with events until the browser leaves, or the page ends.
pub(super) async fn events(
    State(page): State<Page>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or(&asked.since).to_owned();
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut stop = page.stop.clone();
        let teller = Teller::new(page, sender, &known);
        tokio::select! {
            // Either way nobody is left to tell.
            _ = stop.wait_for(|stop| *stop) => {}
            _ = teller.tell() => {}
        }
    });
    let events = unfold(receiver, |mut receiver| async { Some((Ok(receiver.recv().await?), receiver)) });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// The browser does not listen any more.
struct Left;

/// Tells one browser.
struct Teller {
    page: Page,
    sender: mpsc::Sender<Event>,
    outputs: Vec<Told>,
    before: Option<RunStatus>,
}

/// A stream whose rows are told.
struct Told {
    output: Output,
    /// Brings them, while there is somebody who has them.
    follower: Option<Follower>,
    /// From when on they have not been told, in milliseconds since 1970-01-01T00:00:00Z.
    since: i64,
}

impl Teller {
    /// Begins with an hour of rows, or where the browser left off: `known` is the id of the last event that it has.
    fn new(page: Page, sender: mpsc::Sender<Event>, known: &str) -> Self {
        let begin = now().saturating_sub(HISTORY);
        let mut known = known.split(',').map(|since| since.parse::<i64>().ok());
        let outputs = Output::all(&page.content.plan).into_iter().map(|output| {
            let since = known.next().flatten().unwrap_or(begin).max(begin);
            Told { output, follower: None, since }
        });
        let outputs = outputs.collect();
        Self { page, sender, outputs, before: None }
    }

    async fn tell(mut self) -> Result<(), Left> {
        let plan = &self.page.content.plan;
        let hello = json!({
            "pipeline": plan.name,
            "description": plan.description,
            "target": plan.target.name,
            "outputs": self.outputs.iter().map(|told| &told.output).collect::<Vec<_>>(),
        });
        self.send("hello", &hello).await?;
        let (mut stands, mut rows) = (interval(STANDS), interval(ROWS));
        for due in [&mut stands, &mut rows] {
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            tokio::select! {
                _ = stands.tick() => self.stands().await?,
                _ = rows.tick() => self.rows().await?,
            }
        }
    }

    async fn send(&self, name: &str, data: &Value) -> Result<(), Left> {
        // JSON has no line end outside of its texts, where it is written with a backslash.
        let event = Event::default().event(name).id(self.place()).data(data.to_string());
        self.sender.send(event).await.map_err(|_| Left)
    }

    /// Returns how far the rows have been told.
    fn place(&self) -> String {
        self.outputs.iter().map(|told| told.since.to_string()).collect::<Vec<_>>().join(",")
    }

    /// Tells how the pipeline stands.
    async fn stands(&mut self) -> Result<(), Left> {
        let status = match self.page.contact().await {
            Some(contact) => contact.status().await,
            None => None,
        };
        let rates = self.before.as_ref().zip(status.as_ref()).and_then(|(before, after)| Rates::between(before, after));
        let plan = &self.page.content.plan;
        let seen = Seen { running: status.is_some(), rates: rates.clone(), ..Seen::default() };
        let found = status.as_ref().map_or_else(Vec::new, |status| findings(status, Some(plan), &seen));
        let told = json!({
            "now": now(),
            "status": status,
            "rates": rates,
            "findings": found,
            "graph": Graph::of(plan, rates.as_ref()).svg(),
        });
        self.before = status;
        self.send("stands", &told).await
    }

    /// Tells of the rows that have come. Where nobody has them now, or what has them went away, it is tried again.
    async fn rows(&mut self) -> Result<(), Left> {
        for place in 0..self.outputs.len() {
            loop {
                let told = &mut self.outputs[place];
                let Some(follower) = &mut told.follower else { break self.follow(place).await };
                let Ok((brought, at_end)) = follower.poll().await else { break told.follower = None };
                for followed in brought {
                    let told = &mut self.outputs[place];
                    told.since = followed.marks.last().map_or(told.since, |(arrival, _)| told.since.max(arrival + 1));
                    for records in followed.records.chunks(ROWS_AT_ONCE) {
                        self.send("rows", &self.outputs[place].rows(&self.page.content.plan, records)).await?;
                    }
                }
                if at_end {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Begins to follow a stream, behind what was told already.
    async fn follow(&mut self, place: usize) {
        if let Some((log, manners)) = self.page.log().await {
            let told = &mut self.outputs[place];
            let (name, since) = (told.output.stream.clone(), Position::AtTime(told.since));
            told.follower = Follower::open(log, &[name], &since, manners).await.ok();
        }
    }
}

impl Told {
    /// Writes rows as lists of their values, in the order of the columns.
    fn rows(&self, plan: &Plan, records: &[Vec<u8>]) -> Value {
        let output = &self.output;
        let shape = plan.shape(&output.stream);
        let rows = shape.as_ref().map_or(Cow::Borrowed(records), |shape| shape.as_json(records));
        let row = |record: &Vec<u8>| {
            let row = Row::of(record);
            let value = |column: &String| row.get(column).map_or(Value::Null, read);
            output.columns.iter().map(value).collect::<Value>()
        };
        let rows: Vec<Value> = rows.iter().map(row).collect();
        json!({ "stream": output.stream, "rows": rows })
    }
}

/// The digits that a double always holds.
const DIGITS: usize = 17;

/// Reads a value; a number that a double does not hold stays as it is written, as text.
fn read(value: &RawValue) -> Value {
    let written = value.get();
    let read: Value = serde_json::from_str(written).unwrap_or_default();
    if read.is_number() && written.bytes().filter(u8::is_ascii_digit).count() > DIGITS { written.into() } else { read }
}
