//! What the endpoint knows and keeps, for its operations.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::{
    changes::{Changes, Status},
    chaos::{Chaos, Trouble},
    checks::Checks,
    consumers::Leaving,
    distribution::Spread,
    error::{ApiError, Kind},
    known::Known,
    record::Manners,
    room::Room,
    settings::{AllSettings, Settings},
    subscribe::Subscriptions,
    throttle::Throttle,
};
use crate::streams::{Capacity, LogError, RECORD_BYTES, ShardId, local::LocalLog};

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
    /// Whether streams keep records no longer than they are told to.
    pub expires: bool,
    /// Trouble on purpose, and the seed of it.
    pub chaos: Option<(Chaos, u64)>,
}

/// What the endpoint serves.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    log: Arc<LocalLog>,
    region: String,
    room: Room,
    settings: AllSettings,
    streams: Changes<Known>,
    consumers: Changes<Leaving>,
    throttle: Throttle,
    subscriptions: Subscriptions,
    spread: Spread,
    removed: Notify,
    closing: watch::Sender<bool>,
    limits: bool,
    expires: bool,
    trouble: Option<Trouble>,
}

impl Api {
    /// Serves a log.
    pub fn new(log: Arc<LocalLog>, options: Options) -> Self {
        Self(Arc::new(Inner {
            log,
            region: options.region,
            room: Room::new(),
            settings: AllSettings::default(),
            streams: Changes::taking(options.delay),
            consumers: Changes::taking(options.delay),
            throttle: Throttle::new(options.limits),
            subscriptions: Subscriptions::default(),
            spread: Spread::default(),
            removed: Notify::new(),
            closing: watch::Sender::new(false),
            limits: options.limits,
            expires: options.expires,
            trouble: options.chaos.map(|(chaos, seed)| Trouble::new(chaos, seed)),
        }))
    }

    /// Ends what would go on by itself: subscriptions, and the upkeep.
    pub fn close(&self) {
        self.0.closing.send_replace(true);
    }

    /// Returns how many records shards of a stream have refused because they were given more than they take; those that
    /// have refused none are not among them.
    pub fn refused(&self, stream: &str) -> HashMap<ShardId, u64> {
        self.0.log.created(stream).map_or_else(|_| HashMap::new(), |created| self.0.throttle.refused(created))
    }

    /// Returns what requests wait for that are too much at once.
    pub(super) fn room(&self) -> &Room {
        &self.0.room
    }

    /// Returns whether it ends.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.0.closing.subscribe()
    }

    pub(super) fn log(&self) -> &LocalLog {
        &self.0.log
    }

    /// Returns the name by which AWS knows a stream.
    pub(super) fn arn(&self, stream: &str) -> String {
        format!("arn:aws:kinesis:{}:{ACCOUNT}:stream/{stream}", self.0.region)
    }

    /// Returns what is known of a stream, whatever becomes of it.
    pub(super) fn stream(&self, name: &str) -> Result<Known, ApiError> {
        if let Some(known) = self.0.streams.was(name) {
            return Ok(Known { status: Status::Deleting, ..known });
        }
        Ok(self.known(name)?)
    }

    /// Returns what is known of a stream that the log has.
    pub(super) fn known(&self, name: &str) -> Result<Known, LogError> {
        let status = self.0.streams.status(name);
        let description = self.log().describe_stream(name)?;
        Ok(Known { description, settings: self.0.settings.of(self.log(), name)?, status, expires: self.0.expires })
    }

    /// Returns what is known of a stream that nothing is being done with.
    pub(super) fn active(&self, name: &str) -> Result<Known, ApiError> {
        let known = self.stream(name)?;
        if known.status == Status::Active {
            return Ok(known);
        }
        Err(known.not_active())
    }

    /// Expects a stream to take and give records.
    pub(super) fn expect_present(&self, name: &str) -> Result<(), ApiError> {
        match self.0.streams.status(name) {
            Status::Active | Status::Updating => Ok(()),
            Status::Creating | Status::Deleting => Err(LogError::UnknownStream { stream: name.to_owned() }.into()),
        }
    }

    /// Returns what is known of a stream that takes and gives records.
    pub(super) fn present(&self, name: &str) -> Result<Known, ApiError> {
        self.expect_present(name)?;
        self.stream(name)
    }

    /// Returns what a stream was told.
    pub(super) fn settings(&self, stream: &str) -> Result<Arc<Settings>, ApiError> {
        Ok(self.0.settings.of(self.log(), stream)?)
    }

    /// Returns what the records of a stream may be that was told this; what those of a new one may be where there is no such
    /// stream.
    pub(super) fn manners(&self, settings: Option<&Arc<Settings>>) -> Manners<'_> {
        let most = settings.map_or(RECORD_BYTES, |settings| settings.record_bytes());
        Manners { most, spread: settings.filter(|settings| settings.spread).map(|_| &self.0.spread) }
    }

    /// Returns whether it takes no more than AWS does.
    pub(super) fn limits(&self) -> bool {
        self.0.limits
    }

    /// Returns whether streams keep records no longer than they are told to.
    pub(super) fn expires(&self) -> bool {
        self.0.expires
    }

    /// Returns the trouble that is made on purpose.
    pub(super) fn trouble(&self) -> Option<&Trouble> {
        self.0.trouble.as_ref()
    }

    /// Returns the subscriptions that there are.
    pub(super) fn subscriptions(&self) -> &Subscriptions {
        &self.0.subscriptions
    }

    /// Returns what keeps requests within the limits.
    pub(super) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    /// Changes what a stream was told.
    pub(super) fn change<T>(
        &self,
        stream: &str,
        change: impl FnOnce(&mut Settings) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.0.settings.change(self.log(), stream, change)
    }

    /// Changes what a stream was told that nothing is being done with, which is UPDATING then.
    pub(super) fn update<T>(
        &self,
        stream: &str,
        change: impl FnOnce(&Known, &mut Settings) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.updating(stream, |known| self.change(stream, |settings| change(known, settings)))
    }

    /// Does something with a stream that nothing else is being done with, which is UPDATING meanwhile and for a while after.
    pub(super) fn updating<T>(
        &self,
        stream: &str,
        work: impl FnOnce(&Known) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let claim = match self.0.streams.claim(stream, Status::Updating) {
            Ok(claim) => claim,
            Err(status) => return Err(Known { status, ..self.stream(stream)? }.not_active()),
        };
        let done = work(&Known { status: Status::Active, ..self.stream(stream)? })?;
        claim.made();
        Ok(done)
    }

    /// Returns the streams that are on their way from one state to the next, by name.
    pub(super) fn streams(&self) -> &Changes<Known> {
        &self.0.streams
    }

    /// Returns the consumers that are, by ARN.
    pub(super) fn consumers(&self) -> &Changes<Leaving> {
        &self.0.consumers
    }

    /// Makes a stream that was told what `tell` writes down.
    pub(super) fn create(
        &self,
        name: &str,
        capacity: Capacity,
        tell: impl FnOnce(&mut Settings),
    ) -> Result<(), ApiError> {
        if self.log().created(name).is_ok() {
            return Err(LogError::StreamExists { stream: name.to_owned() }.into());
        }
        let claim = self.0.streams.claim(name, Status::Creating);
        let claim = claim.map_err(|_| LogError::StreamExists { stream: name.to_owned() })?;
        self.0.settings.create(self.log(), name, capacity, tell)?;
        claim.made();
        Ok(())
    }

    /// Removes a stream.
    pub(super) fn remove(&self, known: Known) -> Result<(), ApiError> {
        let name = known.description.name.clone();
        let claim = self.0.streams.remove(&name, known.clone());
        let claim = claim.map_err(|status| Known { status, ..known }.not_active())?;
        self.0.settings.delete(self.log(), &name)?;
        claim.made();
        self.0.removed.notify_one();
        Ok(())
    }

    /// Waits until a stream has been removed.
    pub(super) async fn something_was_removed(&self) {
        self.0.removed.notified().await;
    }

    /// Walks over the streams that are not being removed.
    pub(super) fn each_stream(&self) -> impl Iterator<Item = Result<Known, ApiError>> {
        let streams = self.log().stream_names().into_iter().map(|name| self.stream(&name));
        // One that is removed just now is passed over.
        streams.filter(|stream| !stream.as_ref().is_err_and(|error| error.kind == Kind::ResourceNotFound))
    }

    /// Begins to check a request.
    pub(super) fn checks(&self) -> Checks<'_> {
        Checks::new(&self.0.region)
    }

    /// Returns the region that streams say they are in.
    pub(super) fn region(&self) -> &str {
        &self.0.region
    }

    /// Names all streams, those that are being removed among them.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = self.log().stream_names();
        names.extend(self.0.streams.leaving().into_iter().map(|stream| stream.description.name));
        names.sort_unstable();
        names.dedup();
        names
    }
}
