//! Taking a query up where it was left.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::plan::{Plan, Query, StreamsKind};
use crate::record::RecordFormat;
use crate::streams::RECORD_BYTES;
use crate::streams::local::LocalLog;

use super::checkpoint::{self, CheckpointError, Restored};
use super::feed::{Afar, Feed, LocalFeed, RemoteFeed};
use super::graph::Graph;
use super::outputs::Outputs;
use super::run::{Engine, EngineError, Limits};
use super::status::{Counters, QueryStatus, TimeKind};

/// A query as it was saved, before it begins to read.
struct Saved {
    graph: Graph,
    counters: Counters,
    restored: Option<Restored>,
}

impl Saved {
    /// Builds a query, and takes up its saved state, where there is one.
    fn of(log: &LocalLog, plan: &Plan, query: &Query) -> Result<Self, EngineError> {
        let mut this = Self::nothing(plan, query)?;
        let Some(bytes) = log.state(&state_key(query))? else { return Ok(this) };
        let fingerprint = checkpoint::fingerprint(plan, query);
        let restored = checkpoint::restore(&mut this.graph, &fingerprint, &mut this.counters, &bytes);
        this.restored = Some(restored.map_err(|error| CheckpointError::Unreadable {
            query: query.name.clone(),
            reason: error.strip_backtrace(),
        })?);
        Ok(this)
    }

    /// Builds a query of which nothing counts that was saved.
    fn nothing(plan: &Plan, query: &Query) -> Result<Self, EngineError> {
        let failed = |source| EngineError::Query { query: query.name.clone(), source };
        Ok(Self { graph: Graph::new(plan, query).map_err(failed)?, counters: Counters::default(), restored: None })
    }

    /// Begins to read.
    fn with(self, log: Arc<LocalLog>, (plan, query): (&Plan, &Query), feed: Box<dyn Feed>, limits: Limits) -> Engine {
        let status = self.status(plan, query);
        Engine {
            log,
            query: query.clone(),
            format: query.stream.as_ref().and_then(|name| plan.stream(name)).map_or(RecordFormat::Json, |it| it.format),
            graph: self.graph,
            feed,
            limits,
            fingerprint: checkpoint::fingerprint(plan, query),
            state_key: state_key(query),
            counters: self.counters,
            status: watch::Sender::new(status),
            saved: Instant::now(),
            save_took: Duration::ZERO,
            dirty: false,
            unsaved: Outputs::default(),
            restored: self.restored,
            detail_due: None,
        }
    }

    fn status(&self, plan: &Plan, query: &Query) -> QueryStatus {
        let open = self.graph.open();
        QueryStatus {
            name: query.name.clone(),
            from: plan.streams_read(query).join(", "),
            counters: self.counters.clone(),
            watermark: self.graph.watermark(),
            open_windows: open.windows,
            open_groups: open.groups,
            time: if self.graph.time.watermark.is_by_arrival() { TimeKind::Arrival } else { TimeKind::Event },
            closing: self.graph.closing(),
            shards: self.graph.shard_times(),
            ..QueryStatus::default()
        }
    }
}

impl Engine {
    /// Builds a query over the streams of a log, which exist, and takes up its saved state, where there is one.
    pub fn open(log: Arc<LocalLog>, plan: &Plan, query: &Query) -> Result<Self, EngineError> {
        let mut saved = Saved::of(&log, plan, query)?;
        let mut feed = LocalFeed::begin(&log, &mut saved.graph)?;
        if feed.is_none() {
            saved = Saved { restored: Some(Restored::Nothing), ..Saved::nothing(plan, query)? };
            feed = LocalFeed::begin(&log, &mut saved.graph)?;
        }
        let feed = feed.expect("nothing was consumed, so that nothing of it can be of another stream");
        let watermark = &saved.graph.time.watermark;
        if let (true, Some(moment)) = (watermark.is_by_arrival(), watermark.moment()) {
            feed.not_before(moment.div_euclid(1000))?;
        }
        let behind = feed.millis_behind()?;
        let mut engine = saved.with(log, (plan, query), Box::new(feed), Limits::default());
        engine.tell(behind);
        Ok(engine)
    }

    /// Builds a query over streams elsewhere, which exist, and takes up the state that is saved in a log on this machine.
    /// Its rows go into streams of that log, which exist too, to be written from there.
    pub async fn open_afar(log: Arc<LocalLog>, afar: &Afar, plan: &Plan, query: &Query) -> Result<Self, EngineError> {
        let mut saved = Saved::of(&log, plan, query)?;
        let mut feed = RemoteFeed::begin(afar, &mut saved.graph).await?;
        if feed.is_none() {
            saved = Saved { restored: Some(Restored::Nothing), ..Saved::nothing(plan, query)? };
            feed = RemoteFeed::begin(afar, &mut saved.graph).await?;
        }
        let feed = feed.expect("nothing was consumed, so that nothing of it can be of another stream");
        let limits = Limits { full: Some(afar.full.clone()), record: Some(RECORD_BYTES) };
        Ok(saved.with(log, (plan, query), Box::new(feed), limits))
    }
}

/// Returns the key under which a query's state is saved.
fn state_key(query: &Query) -> String {
    // By what it writes: what a query is called may depend on others of the file.
    format!("engine/{}", query.stream.as_ref().unwrap_or(&query.name))
}

/// Returns whether a query asks something else than the one whose state is saved; `None` where no state is saved.
pub fn has_changed(log: &LocalLog, plan: &Plan, query: &Query) -> Result<Option<bool>, EngineError> {
    let saved = log.state(&state_key(query))?;
    let saved = saved.as_deref().and_then(checkpoint::saved_fingerprint);
    Ok(saved.map(|saved| saved != checkpoint::fingerprint(plan, query)))
}

/// Reads how a query stood when its state was last saved, without running it. What came into streams elsewhere since is not
/// asked for.
pub fn saved_status(log: &Arc<LocalLog>, plan: &Plan, query: &Query) -> Result<QueryStatus, EngineError> {
    if plan.target.streams == StreamsKind::Kinesis {
        return Ok(Saved::of(log, plan, query)?.status(plan, query));
    }
    let engine = Engine::open(Arc::clone(log), plan, query)?;
    let status = engine.status.borrow().clone();
    Ok(status)
}
