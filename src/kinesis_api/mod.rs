//! The Kinesis Data Streams API over a local log, for clients that are told this endpoint.
//!
//! Owns the protocol (JSON 1.1 and CBOR 1.1 over HTTP/1.1 and HTTP/2), its limits and its errors, all as AWS has them. May
//! import `streams`. Keeps what it is told of streams in the log, and nothing else beyond its process. Answers only to those
//! who call it by a name of this machine, unless it is told to answer everybody.

mod account;
mod changes;
mod chaos;
mod checks;
mod consumers;
mod create_stream;
mod delete_stream;
mod describe_stream;
mod distribution;
mod encryption;
mod error;
mod event_stream;
mod get_records;
mod get_shard_iterator;
mod host;
mod known;
mod list_shards;
mod list_streams;
mod mode;
mod moment;
mod monitoring;
mod place;
mod policy;
mod put_record;
mod put_records;
mod record;
mod record_size;
mod request;
mod reshard;
mod resource;
mod retention;
mod server;
mod settings;
mod stream_name;
mod subscribe;
mod tags;
#[cfg(test)]
mod tests;
mod text;
mod throttle;
mod tls;
mod token;
mod upkeep;
mod warm_throughput;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, atomic::AtomicU64};
use std::time::Duration;

use tokio::sync::watch;

pub use chaos::Chaos;
pub use server::{Hosts, router, serve};
pub use tls::{Certificate, TlsListener};
pub use upkeep::upkeep;

use crate::streams::{
    LogError, RECORD_BYTES,
    local::{LocalLog, ReshardError},
};
use changes::{Changes, Status};
use chaos::Trouble;
use distribution::Spread;
use error::ApiError;
use known::Known;
use record::Manners;
use settings::{AllSettings, Settings};
use subscribe::Subscriptions;
use throttle::Throttle;
use wire::Body;

/// The account that owns every stream here.
pub const ACCOUNT: &str = "000000000000";

/// How the endpoint behaves; without more words as fast as it can, and with every change at once.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The region that its streams say they are in.
    pub region: String,
    /// How long a stream or a consumer is said to be on its way when it is made, changed or removed.
    pub delay: Duration,
    /// Whether shards and operations take no more than they do on AWS.
    pub limits: bool,
    /// Trouble on purpose, and the seed of it.
    pub chaos: Option<(Chaos, u64)>,
}

/// What the endpoint serves.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    log: Arc<LocalLog>,
    region: String,
    requests: AtomicU64,
    settings: AllSettings,
    changes: Changes,
    throttle: Throttle,
    subscriptions: Subscriptions,
    spread: Spread,
    closing: watch::Sender<bool>,
    limits: bool,
    trouble: Option<Trouble>,
    /// Streams that are being removed, as they were.
    // Held for a look.
    removed: Mutex<BTreeMap<String, Known>>,
}

impl Api {
    /// Serves a log.
    pub fn new(log: Arc<LocalLog>, options: Options) -> Self {
        Self(Arc::new(Inner {
            log,
            region: options.region,
            requests: AtomicU64::new(0),
            settings: AllSettings::default(),
            changes: Changes::taking(options.delay),
            throttle: Throttle::new(options.limits),
            subscriptions: Subscriptions::default(),
            spread: Spread::default(),
            closing: watch::Sender::new(false),
            limits: options.limits,
            trouble: options.chaos.map(|(chaos, seed)| Trouble::new(chaos, seed)),
            removed: Mutex::default(),
        }))
    }

    /// Ends what would go on by itself: subscriptions.
    pub fn close(&self) {
        self.0.closing.send_replace(true);
    }

    /// Returns whether it ends.
    fn closing(&self) -> watch::Receiver<bool> {
        self.0.closing.subscribe()
    }

    fn log(&self) -> &LocalLog {
        &self.0.log
    }

    /// Returns the name by which AWS knows a stream.
    fn arn(&self, stream: &str) -> String {
        format!("arn:aws:kinesis:{}:{ACCOUNT}:stream/{stream}", self.0.region)
    }

    /// Returns what is known of a stream, whatever becomes of it.
    fn stream(&self, name: &str) -> Result<Known, ApiError> {
        let status = self.status(name);
        if status == Status::Deleting
            && let Some(known) = self.0.removed.lock().unwrap_or_else(PoisonError::into_inner).get(name)
        {
            return Ok(known.clone());
        }
        let description = self.log().describe_stream(name)?;
        Ok(Known { description, settings: self.0.settings.of(self.log(), name)?, status })
    }

    /// Returns what is known of a stream that nothing is being done with.
    fn active(&self, name: &str) -> Result<Known, ApiError> {
        let known = self.stream(name)?;
        if known.status == Status::Active {
            return Ok(known);
        }
        Err(known.not_active())
    }

    /// Expects a stream to take and give records.
    fn expect_present(&self, name: &str) -> Result<(), ApiError> {
        match self.status(name) {
            Status::Active | Status::Updating => Ok(()),
            Status::Creating | Status::Deleting => Err(LogError::UnknownStream { stream: name.to_owned() }.into()),
        }
    }

    /// Returns what is known of a stream that takes and gives records.
    fn present(&self, name: &str) -> Result<Known, ApiError> {
        self.expect_present(name)?;
        self.stream(name)
    }

    /// Returns what a stream was told.
    fn settings(&self, stream: &str) -> Result<Arc<Settings>, ApiError> {
        Ok(self.0.settings.of(self.log(), stream)?)
    }

    /// Returns what the records of a stream may be that was told this; what those of a new one may be where there is no such
    /// stream.
    fn manners(&self, settings: Option<&Arc<Settings>>) -> Manners<'_> {
        let most = settings.map_or(RECORD_BYTES, |settings| settings.record_bytes());
        Manners { most, spread: settings.filter(|settings| settings.spread).map(|_| &self.0.spread) }
    }

    /// Returns whether it takes no more than AWS does.
    fn limits(&self) -> bool {
        self.0.limits
    }

    /// Returns the trouble that is made on purpose.
    fn trouble(&self) -> Option<&Trouble> {
        self.0.trouble.as_ref()
    }

    /// Returns the subscriptions that there are.
    fn subscriptions(&self) -> &Subscriptions {
        &self.0.subscriptions
    }

    /// Returns what keeps requests within the limits.
    fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    /// Changes what a stream was told.
    fn change<T>(
        &self,
        stream: &str,
        change: impl FnOnce(&mut Settings) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.0.settings.change(self.log(), stream, change)
    }

    /// Changes what a stream was told that nothing is being done with, which is UPDATING then.
    fn update<T>(
        &self,
        stream: &str,
        change: impl FnOnce(&Known, &mut Settings) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let known = self.active(stream)?;
        let answer = self.change(stream, |settings| change(&known, settings))?;
        self.begin(stream, Status::Updating);
        Ok(answer)
    }

    /// Says how a stream, or a consumer by its ARN, stands for a while.
    fn begin(&self, what: &str, status: Status) {
        self.0.changes.begin(what, status);
    }

    /// Returns how a stream, or a consumer by its ARN, stands.
    fn status(&self, what: &str) -> Status {
        self.0.changes.status(what)
    }

    /// Removes a stream.
    fn remove(&self, known: Known) -> Result<(), ApiError> {
        let name = known.description.name.clone();
        if known.status == Status::Deleting {
            return Err(known.not_active());
        }
        {
            let mut removed = self.0.removed.lock().unwrap_or_else(PoisonError::into_inner);
            removed.retain(|name, _| self.status(name) == Status::Deleting);
            removed.insert(name.clone(), Known { status: Status::Deleting, ..known });
        }
        self.begin(&name, Status::Deleting);
        Ok(self.log().delete_stream(&name)?)
    }

    /// Walks over the streams that are not being removed.
    fn each_stream(&self) -> impl Iterator<Item = Known> {
        // One that is removed just now is passed over.
        self.log().stream_names().into_iter().filter_map(|name| self.stream(&name).ok())
    }

    /// Returns the region that streams say they are in.
    fn region(&self) -> &str {
        &self.0.region
    }

    /// Names all streams, those that are being removed among them.
    fn names(&self) -> Vec<String> {
        let mut names = self.log().stream_names();
        let removed = self.0.removed.lock().unwrap_or_else(PoisonError::into_inner);
        names.extend(removed.keys().filter(|name| self.status(name) == Status::Deleting).cloned());
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// One operation of the API.
struct Operation {
    name: &'static str,
    run: Run,
}

/// Takes the body of a request and returns that of the answer; may wait for a disk.
enum Run {
    /// All of it.
    Whole(fn(&Api, Body<'_>) -> Result<Vec<u8>, ApiError>),
    /// Events, as long as there are some.
    Events(fn(&Api, Body<'_>) -> Result<axum::body::Body, ApiError>),
}

/// Every operation that is served.
const OPERATIONS: &[Operation] = &[
    tags::ADD,
    create_stream::OPERATION,
    retention::DECREASE,
    policy::DELETE,
    delete_stream::OPERATION,
    consumers::DEREGISTER,
    account::DESCRIBE,
    account::LIMITS,
    describe_stream::OPERATION,
    consumers::DESCRIBE,
    describe_stream::SUMMARY,
    monitoring::DISABLE,
    monitoring::ENABLE,
    get_records::OPERATION,
    policy::GET,
    get_shard_iterator::OPERATION,
    retention::INCREASE,
    list_shards::OPERATION,
    consumers::LIST,
    list_streams::OPERATION,
    tags::LIST_OF_RESOURCE,
    tags::LIST,
    reshard::MERGE,
    put_record::OPERATION,
    put_records::OPERATION,
    policy::PUT,
    consumers::REGISTER,
    tags::REMOVE,
    reshard::SPLIT,
    encryption::START,
    encryption::STOP,
    subscribe::OPERATION,
    tags::TAG,
    tags::UNTAG,
    account::UPDATE,
    record_size::OPERATION,
    reshard::UPDATE,
    mode::OPERATION,
    distribution::OPERATION,
    warm_throughput::OPERATION,
];
