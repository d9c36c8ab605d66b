//! What a page is told as it happens, as server-sent events: how the pipeline stands, and the rows that its queries write.

use std::borrow::Cow;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::value::RawValue;
use serde_json::{Number, Value, json};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::deploy::local::RunStatus;
use crate::observe::{Graph, Rates, Seen, findings};
use crate::plan::Stream as Shape;
use crate::record::Row;
use crate::streams::{Follower, Manners, Position, SHARD_BYTES, SHARD_RECORDS, now};

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

/// Answers with events until the browser leaves, or the page ends. One that comes back begins anew: an hour of rows is soon
/// told, and nothing has to be known of what it has.
pub(super) async fn events(State(page): State<Page>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut stop = page.stop.clone();
        let teller = Teller::new(page, sender);
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
    /// From when on rows are told, in milliseconds since 1970-01-01T00:00:00Z.
    since: i64,
}

/// A stream whose rows are told.
struct Told {
    output: Output,
    /// How its rows are written.
    shape: Option<Shape>,
    /// Brings them, while there is somebody who has them.
    follower: Option<Follower>,
}

impl Teller {
    fn new(page: Page, sender: mpsc::Sender<Event>) -> Self {
        let plan = &page.content.plan;
        let told = |output: Output| Told { shape: plan.shape(&output.stream), output, follower: None };
        let outputs = Output::all(plan).into_iter().map(told).collect();
        Self { page, sender, outputs, before: None, since: now().saturating_sub(HISTORY) }
    }

    async fn tell(mut self) -> Result<(), Left> {
        let plan = &self.page.content.plan;
        let hello = json!({
            "pipeline": plan.name,
            "description": plan.description,
            "target": plan.target.name,
            "limits": { "records": SHARD_RECORDS, "bytes": SHARD_BYTES },
            "outputs": self.outputs.iter().map(|told| &told.output).collect::<Vec<_>>(),
        });
        self.send("hello", &hello).await?;
        let pause = if self.page.content.elsewhere.is_some() { Manners::ELSEWHERE.pause } else { ROWS };
        let (mut stands, mut rows) = (interval(STANDS), interval(pause));
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
        self.sender.send(Event::default().event(name).data(data.to_string())).await.map_err(|_| Left)
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

    /// Tells of the rows that have come. Where nobody has them now it is tried again; where what has them went away, the
    /// browser begins anew.
    async fn rows(&mut self) -> Result<(), Left> {
        for place in 0..self.outputs.len() {
            loop {
                let told = &mut self.outputs[place];
                let Some(follower) = &mut told.follower else { break self.follow(place).await };
                let (brought, at_end) = follower.poll().await.map_err(|_| Left)?;
                // Where it was refused for now, it is not asked at once again.
                let some = !brought.is_empty();
                for followed in brought {
                    for records in followed.records.chunks(ROWS_AT_ONCE) {
                        self.send("rows", &self.outputs[place].rows(records)).await?;
                    }
                }
                if at_end || !some {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Begins to follow a stream.
    async fn follow(&mut self, place: usize) {
        if let Some((log, manners)) = self.page.log().await {
            let told = &mut self.outputs[place];
            let name = told.output.stream.clone();
            told.follower = Follower::open(log, &[name], &Position::AtTime(self.since), manners).await.ok();
        }
    }
}

impl Told {
    /// Writes rows as lists of their values, in the order of the columns.
    fn rows(&self, records: &[Vec<u8>]) -> Value {
        let output = &self.output;
        let rows = self.shape.as_ref().map_or(Cow::Borrowed(records), |shape| shape.as_json(records));
        let row = |record: &Vec<u8>| {
            let row = Row::of(record);
            let value = |column: &String| row.get(column).map_or(Value::Null, read);
            output.columns.iter().map(value).collect::<Value>()
        };
        let rows: Vec<Value> = rows.iter().map(row).collect();
        json!({ "stream": output.stream, "rows": rows })
    }
}

/// The digits that a double holds, whichever they are.
const DIGITS: usize = 15;

/// Reads a value; a number that a double may not hold stays as it is written, as text, but for those whose last digits are
/// behind the point.
fn read(value: &RawValue) -> Value {
    let written = value.get();
    let read: Value = serde_json::from_str(written).unwrap_or_default();
    let whole = written.split(['.', 'e', 'E']).next().unwrap_or(written);
    let digits = whole.bytes().filter(u8::is_ascii_digit).count();
    if read.is_number() && digits > DIGITS {
        return written.into();
    }
    // Read so that every digit is as it is written.
    let exact = if read.is_f64() { written.parse().ok().and_then(Number::from_f64) } else { None };
    exact.map_or(read, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_a_double_does_not_hold_stay_texts() {
        let read = |written: &str| read(&RawValue::from_string(written.to_owned()).unwrap());
        assert_eq!(read("9007199254740993"), "9007199254740993");
        assert_eq!(read("-123456789012345"), -123_456_789_012_345_i64);
        assert_eq!(read("131.29708873379857"), 131.297_088_733_798_57);
        assert_eq!(read("null"), Value::Null);
        assert_eq!(read("\"1234567890123456\""), "1234567890123456");
    }
}
