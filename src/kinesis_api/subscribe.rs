//! `SubscribeToShard`: records of a shard, pushed as they come.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body as Frames, Bytes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::{
    Api, Operation, Run,
    changes::Status,
    consumers,
    error::{ApiError, Kind},
    event_stream,
    get_records::{self, Record},
    list_shards,
    moment::Moment,
    place::Place,
    resource::{ConsumerName, consumer_arn, no_consumer},
    text::Text,
    wire::{Body, Wire},
};
use crate::streams::{LogError, Millis, ReadLimit, ShardId};

pub(super) const OPERATION: Operation = Operation { name: "SubscribeToShard", run: Run::Events(run) };

/// How long a subscription lasts, and for how long after it has begun no other takes its place (Kinesis API reference,
/// `SubscribeToShard`).
pub(super) const LIFE: Duration = Duration::from_mins(5);
const SETTLED: Duration = Duration::from_secs(5);
/// How often an event comes at the least, so that the other side knows how far it is.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a consumer that does not read is given to learn why its subscription ends.
const LAST_WORD: Duration = Duration::from_secs(5);
/// The most records of one event, and their data, unless a single record has more.
const EVENT: ReadLimit = ReadLimit { records: 500, bytes: 1 << 20 };
/// What a consumer is given of a shard in a second (Kinesis API reference, `RegisterStreamConsumer`).
const BYTES_EACH_SECOND: f64 = 2_097_152.0;

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "ConsumerARN")]
    consumer: Option<Text<'a>>,
    #[serde(rename = "ShardId")]
    shard: Option<Text<'a>>,
    #[serde(rename = "StartingPosition")]
    position: Option<Position<'a>>,
    #[serde(rename = "DryRun")]
    dry_run: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Position<'a> {
    #[serde(borrow, rename = "Type")]
    kind: Option<Text<'a>>,
    sequence_number: Option<Text<'a>>,
    timestamp: Option<Moment>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    records: Vec<Record<'a>>,
    /// Behind which number the next subscription goes on: none where others go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_sequence_number: Option<&'a str>,
    millis_behind_latest: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    child_shards: Option<Vec<Value>>,
}

/// When a subscription has begun, and what ends it before its time, with why.
type Begun = (Instant, oneshot::Sender<ApiError>);

/// The subscriptions that there are.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// By consumer and shard.
    // Held for a look.
    under_way: Mutex<HashMap<(String, ShardId), Begun>>,
}

impl Subscriptions {
    /// Begins with one, in place of the one before; `settled` is for how long that one cannot be replaced.
    fn begin(
        &self,
        consumer: &str,
        shard: ShardId,
        settled: Duration,
    ) -> Result<oneshot::Receiver<ApiError>, ApiError> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        under_way.retain(|_, (begun, ends)| *begun + settled > now || !ends.is_closed());
        let key = (consumer.to_owned(), shard);
        if under_way.get(&key).is_some_and(|(begun, _)| *begun + settled > now) {
            let message = format!("Another active subscription exists for this consumer: {consumer} and {shard}");
            return Err(ApiError::new(Kind::ResourceInUse, message));
        }
        let (ends, ended) = oneshot::channel();
        if let Some((_, before)) = under_way.insert(key, (now, ends)) {
            let message = "Another subscription of this consumer to the shard has taken over.";
            // It may be over already.
            before.send(ApiError::new(Kind::ResourceInUse, message)).ok();
        }
        Ok(ended)
    }

    /// Ends those of a consumer that has been removed.
    pub(super) fn end(&self, consumer: &str, why: &ApiError) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let over = under_way.extract_if(|(arn, _), _| arn == consumer);
        for (_, (_, ends)) in over {
            ends.send(why.clone()).ok();
        }
    }
}

/// One subscription.
struct Subscription {
    api: Api,
    wire: Wire,
    stream: String,
    /// When the stream was made, and the consumer: others of their names are not meant.
    created: Millis,
    consumer: (String, Millis),
    shard: ShardId,
    offset: u64,
}

/// What an attempt to go on has come to.
enum Step {
    /// There is something to send.
    Event {
        frame: Bytes,
        /// How much data it has.
        data_bytes: usize,
        /// It is the last one: the shard has been read to its end.
        last: bool,
    },
    /// There is nothing to send.
    Nothing,
}

fn run(api: &Api, body: Body<'_>) -> Result<Frames, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let arn = checks.required("consumerARN", input.consumer.as_deref());
    let shard = checks.required("shardId", input.shard.as_deref());
    if input.shard.is_some() {
        checks.name("shardId", shard);
    }
    let position = input.position.as_ref();
    if position.is_none() {
        checks.required::<()>("startingPosition", None);
    }
    let kind = position.and_then(|position| position.kind.as_deref());
    let sequence = position.and_then(|position| position.sequence_number.as_deref());
    let timestamp = position.and_then(|position| position.timestamp);
    let place =
        Place { members: ["startingPosition.type", "startingPosition.sequenceNumber"], kind, sequence, timestamp };
    if position.is_some() {
        place.check(&mut checks);
    }
    let consumer = if input.consumer.is_some() {
        ConsumerName::read(&mut checks, "consumerARN", arn)
    } else {
        checks.finish()?;
        return Err(ApiError::argument("ConsumerARN must be provided."));
    };
    checks.finish()?;
    let registered = consumers::find(api, consumer)?.created;
    // However its ARN was spelt.
    let arn = &consumer_arn(api, consumer.stream, consumer.name, registered);
    if api.consumers().status(arn) == Status::Creating {
        let message = format!("Consumer {} is not ACTIVE, instead in state CREATING", consumer.name);
        return Err(ApiError::new(Kind::ResourceInUse, message));
    }
    let (shard, offset) = place.find(api, consumer.stream, shard)?;
    if input.dry_run == Some(true) {
        return Err(ApiError::dry_run());
    }
    let settled = if api.limits() { SETTLED } else { Duration::ZERO };
    let replaced = api.subscriptions().begin(arn, shard, settled)?;
    let (events, frames) = event_stream::Frames::body();
    let stream = consumer.stream.to_owned();
    let created = api.log().created(&stream)?;
    let consumer = (consumer.name.to_owned(), registered);
    let subscription = Subscription { api: api.clone(), wire: body.wire, stream, created, consumer, shard, offset };
    tokio::spawn(subscription.push(events, replaced));
    Ok(frames)
}

impl Subscription {
    /// Pushes records until the consumer leaves, the subscription is ended, or its life is over.
    async fn push(self, events: mpsc::Sender<Bytes>, ended: oneshot::Receiver<ApiError>) {
        let ends = Instant::now() + LIFE;
        let (api, wire) = (self.api.clone(), self.wire);
        let mut closing = api.closing();
        let end = tokio::select! {
            // The consumer has left.
            () = events.closed() => return,
            _ = closing.wait_for(|closing| *closing) => return,
            Ok(why) = ended => Err(why),
            over = timeout_at(ends, self.events(&events)) => over.unwrap_or(Ok(())),
        };
        if let Err(error) = end {
            // Nobody is left to be told where that fails, or nobody listens.
            timeout(LAST_WORD, events.send(event_stream::exception(wire, &error))).await.ok();
        }
    }

    /// Sends events until the shard is over.
    async fn events(mut self, events: &mpsc::Sender<Bytes>) -> Result<(), ApiError> {
        let first = self.wire.write(&serde_json::json!({}))?;
        let first = event_stream::event("initial-response", self.wire, first);
        if events.send(first).await.is_err() {
            return Ok(());
        }
        let news = self.api.log().news(&self.stream, self.shard)?;
        let (mut last_sent, mut heartbeat) = (Instant::now(), true);
        loop {
            let mut changed = pin!(news.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            let step;
            // Reading takes as long as a disk does, and writing the event as long as a megabyte: not on a thread that others'
            // requests are waiting for.
            (self, step) = tokio::task::spawn_blocking(move || {
                let step = self.step(heartbeat);
                (self, step)
            })
            .await
            .map_err(|_| ApiError::new(Kind::Internal, "the shard could not be read"))?;
            match step? {
                Step::Event { frame, data_bytes, last } => {
                    if events.send(frame).await.is_err() || last {
                        return Ok(());
                    }
                    (last_sent, heartbeat) = (Instant::now(), false);
                    if self.api.limits() {
                        #[expect(clippy::cast_precision_loss, reason = "an event is far smaller")]
                        sleep(Duration::from_secs_f64(data_bytes as f64 / BYTES_EACH_SECOND)).await;
                    }
                }
                Step::Nothing => {
                    tokio::select! {
                        () = changed => {}
                        () = sleep_until(last_sent + HEARTBEAT) => heartbeat = true,
                    }
                }
            }
        }
    }

    /// Expects that the stream and the consumer are those that it began with.
    fn expect_there(&self) -> Result<(), ApiError> {
        let (name, registered) = &self.consumer;
        self.api.expect_present(&self.stream)?;
        if self.api.log().created(&self.stream)? != self.created {
            return Err(LogError::UnknownStream { stream: self.stream.clone() }.into());
        }
        let settings = self.api.settings(&self.stream)?;
        if settings.consumers.get(name).is_none_or(|consumer| consumer.created != *registered) {
            return Err(no_consumer(&self.api, &self.stream, name));
        }
        Ok(())
    }

    /// Makes the next event, where there are records, the shard is over or a sign of life is due.
    fn step(&mut self, heartbeat: bool) -> Result<Step, ApiError> {
        self.expect_there()?;
        let log = self.api.log();
        let read = log.read_from(&self.stream, self.shard, self.offset, EVENT)?;
        if read.blocks.is_empty() && read.ended.is_none() && !heartbeat {
            return Ok(Step::Nothing);
        }
        let child_shards = match read.ended {
            Some(_) => Some(list_shards::children(self.shard, &log.all_shards(&self.stream)?)),
            None => None,
        };
        let settings = self.api.settings(&self.stream)?;
        let last = child_shards.is_some();
        let sequence = log.sequence_before(&self.stream, self.shard, read.next)?;
        let event = Event {
            records: read.blocks.iter().flat_map(|block| get_records::records(block, &settings)).collect(),
            continuation_sequence_number: (!last).then(|| sequence.as_str()),
            millis_behind_latest: read.millis_behind,
            child_shards,
        };
        let data_bytes = read.blocks.iter().map(crate::streams::Block::data_bytes).sum();
        let frame = event_stream::event("SubscribeToShardEvent", self.wire, self.wire.write(&event)?);
        self.offset = read.next;
        Ok(Step::Event { frame, data_bytes, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_subscription_is_taken_over_only_when_it_has_settled() {
        let subscriptions = Subscriptions::default();
        let mut first = subscriptions.begin("c", ShardId(0), SETTLED).unwrap();
        let refused = subscriptions.begin("c", ShardId(0), SETTLED).unwrap_err();
        assert_eq!(refused.kind, Kind::ResourceInUse);
        // Others are others.
        subscriptions.begin("c", ShardId(1), SETTLED).unwrap();
        subscriptions.begin("d", ShardId(0), SETTLED).unwrap();
        assert!(first.try_recv().is_err(), "it goes on");
        tokio::time::advance(SETTLED).await;
        let second = subscriptions.begin("c", ShardId(0), SETTLED).unwrap();
        assert_eq!(first.try_recv().unwrap().kind, Kind::ResourceInUse);
        // One whose consumer has left is remembered for as long as it could not be taken over.
        drop(second);
        assert!(subscriptions.begin("c", ShardId(0), SETTLED).is_err());
        tokio::time::advance(SETTLED).await;
        subscriptions.begin("c", ShardId(0), SETTLED).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_subscription_has_signs_of_life_and_five_minutes() {
        let dir = tempfile::TempDir::new().unwrap();
        let log =
            crate::streams::local::LocalLog::open(dir.path(), crate::streams::local::Durability::Process).unwrap();
        log.create_stream("s", crate::streams::Capacity::Provisioned(1)).unwrap();
        let api = Api::new(log, super::super::Options::default());
        let call = |body: Value| {
            let bytes = serde_json::to_vec(&body).unwrap();
            let operation =
                super::super::OPERATIONS.iter().find(|operation| operation.name == "RegisterStreamConsumer");
            let Some(Operation { run: Run::Whole(register), .. }) = operation else { panic!("an operation") };
            register(&api, Body { wire: Wire::Json, bytes: &bytes }).unwrap()
        };
        let answer = call(serde_json::json!({ "StreamARN": api.arn("s"), "ConsumerName": "c" }));
        let consumer: Value = serde_json::from_slice(&answer).unwrap();
        let subscribe = serde_json::json!({
            "ConsumerARN": consumer["Consumer"]["ConsumerARN"],
            "ShardId": "shardId-000000000000",
            "StartingPosition": { "Type": "LATEST" },
        });
        let begun = Instant::now();
        let bytes = serde_json::to_vec(&subscribe).unwrap();
        let frames = run(&api, Body { wire: Wire::Json, bytes: &bytes }).unwrap();
        let mut frames = std::pin::pin!(frames);
        let mut count = 0;
        while let Some(frame) = http_body_util::BodyExt::frame(&mut frames).await {
            assert!(frame.unwrap().is_data());
            count += 1;
        }
        assert_eq!(begun.elapsed().as_secs(), LIFE.as_secs());
        // The first answer, and then one every five seconds.
        let heartbeats = LIFE.as_secs() / HEARTBEAT.as_secs();
        assert!((heartbeats..=heartbeats + 2).contains(&count), "{count}");
    }
}
