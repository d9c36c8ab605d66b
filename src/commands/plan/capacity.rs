//! What the streams of a plan have to take, and what runs its queries.

use serde::Serialize;

use crate::deploy::DeployError;
use crate::error::Error;
use crate::generate::sample;
use crate::infra::Resource;
use crate::plan::capacity::{RECORD_BYTES, ShardsNeeded, Traffic};
use crate::plan::cost::Flow;
use crate::plan::{ERROR_STREAM, EngineKind, Plan, Source, Stream};
use crate::render::stack;
use crate::streams;

/// How many readers and workers of a job share a processing unit (the stack's `ParallelismPerKPU`).
const PARALLELISM_PER_KPU: u32 = 1;
/// The processing units that an application has at the most (Managed Service for Apache Flink, quotas).
const MAX_KPUS: u32 = 64;

/// What a plan needs.
#[derive(Debug, Serialize)]
pub(super) struct Capacity {
    /// The streams that a generator feeds.
    pub(super) streams: Vec<Fed>,
    /// The streams that queries write.
    pub(super) outputs: Vec<Written>,
    /// The application of Managed Service for Apache Flink.
    pub(super) application: Option<Application>,
}

/// What a generator asks of its stream, by a sample of its records.
#[derive(Debug, Serialize)]
pub(super) struct Fed {
    pub(super) stream: String,
    pub(super) records_per_second: f64,
    pub(super) bytes_per_record: f64,
    pub(super) largest_record: usize,
    pub(super) put_units_per_record: f64,
    /// How many read all of it.
    pub(super) readers: u32,
    /// Its shards; none where it is on demand.
    pub(super) shards: Option<u32>,
    /// How many keep each of them within its limits; none where no number does.
    pub(super) shards_needed: Option<u32>,
    /// The key that alone is more than a shard takes.
    pub(super) hot_key: Option<HotKey>,
    pub(super) hottest_shard: String,
    /// Its share of the records, 0 to 1.
    pub(super) hottest_share: f64,
    /// How much of it is taken: beyond 1 it refuses records.
    pub(super) hottest_load: f64,
    /// The keys that come most often in it.
    pub(super) hottest_keys: Vec<String>,
}

/// A key that no number of shards helps.
#[derive(Debug, Serialize)]
pub(super) struct HotKey {
    pub(super) key: String,
    /// How often it would fill a shard up.
    pub(super) load: f64,
}

/// What is known of a stream that queries write.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    pub(super) stream: String,
    /// The records that it gets at the most, where that can be said.
    pub(super) most_records_per_second: Option<f64>,
    /// The longest of them in bytes.
    pub(super) longest_record: usize,
}

/// What an application works with.
#[derive(Debug, Serialize)]
pub(super) struct Application {
    pub(super) parallelism: u32,
    /// The processing units that work; one more is charged for.
    pub(super) kpus: u32,
}

/// Names the streams that a plan makes, with their shards.
pub(super) fn streams(plan: &Plan) -> impl Iterator<Item = (&str, streams::Capacity)> {
    // Only the embedded engine has a stream of errors.
    let errors = plan.target.engine == EngineKind::Embedded;
    let streams = plan.kept_streams().map(|stream| (stream.name.as_str(), stream.capacity));
    streams.chain(errors.then_some((ERROR_STREAM, streams::Capacity::Provisioned(1))))
}

/// Returns how many read all of a stream.
pub(super) fn readers(plan: &Plan, stream: &str) -> u32 {
    let queries = plan.queries.iter().filter(|query| plan.streams_read(query).contains(&stream)).count();
    let queries = match plan.target.engine {
        // Each query of the embedded engine reads for itself.
        EngineKind::Embedded => u32::try_from(queries).unwrap_or(u32::MAX),
        // A job has one source for all of its queries.
        EngineKind::ManagedFlink | EngineKind::Flink | EngineKind::KinesisSql => u32::from(queries > 0),
    };
    queries.saturating_add(u32::from(is_archived(plan, stream)))
}

/// Returns whether the plan's target archives a stream.
pub(super) fn is_archived(plan: &Plan, stream: &str) -> bool {
    plan.target.stack.archive.iter().any(|archived| archived.value == stream)
}

/// Looks at what is written to each stream of a plan.
pub(super) fn flows(plan: &Plan) -> Result<Vec<(&str, Flow)>, Error> {
    let mut flows = Vec::new();
    for (name, _) in streams(plan) {
        let flow = match (plan.stream(name), plan.generator(name)) {
            (Some(stream), Some(generator)) => {
                Flow::Made(Box::new(sample(generator, stream).map_err(DeployError::from)?))
            }
            (Some(stream), None) if stream.source != Source::Producers => match plan.most_records(name) {
                Some(most) => Flow::AtMost(most, plan.shape(name).map_or(0, |shape| shape.longest_row())),
                None => Flow::Unknown("how many records its query writes is not known".to_owned()),
            },
            (Some(_), None) => Flow::Unknown("it has no generator: what comes from outside is not known".to_owned()),
            (None, _) => Flow::Unknown("how many records cannot be read is not known".to_owned()),
        };
        flows.push((name, flow));
    }
    Ok(flows)
}

impl Capacity {
    /// Finds out what a plan needs.
    pub(super) fn of(plan: &Plan, flows: &[(&str, Flow)]) -> Result<Self, Error> {
        let (mut fed, mut outputs) = (Vec::new(), Vec::new());
        for stream in &plan.streams {
            let Some((_, flow)) = flows.iter().find(|(name, _)| *name == stream.name) else { continue };
            match flow {
                Flow::Made(traffic) => fed.push(Fed::of(stream, traffic, readers(plan, &stream.name))),
                _ if stream.source == Source::Producers => {}
                flow => outputs.push(Written {
                    stream: stream.name.clone(),
                    most_records_per_second: match flow {
                        Flow::AtMost(most, _) => Some(*most),
                        _ => None,
                    },
                    longest_record: plan.shape(&stream.name).map_or(0, |shape| shape.longest_row()),
                }),
            }
        }
        Ok(Self { streams: fed, outputs, application: application(plan)? })
    }

    /// Says what there is too little of.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.streams.iter().flat_map(Fed::warnings).collect();
        if let Some(application) = self.application.as_ref().filter(|application| application.kpus > MAX_KPUS) {
            warnings.push(format!(
                "the application asks for {} KPUs, and AWS gives one {MAX_KPUS} unless a higher quota is asked for",
                application.kpus
            ));
        }
        warnings
    }
}

fn application(plan: &Plan) -> Result<Option<Application>, Error> {
    let stack = stack(plan)?;
    let application = stack.iter().flat_map(|stack| &stack.resources).find_map(|resource| match resource {
        Resource::Application(application) => Some(application),
        _ => None,
    });
    Ok(application.map(|application| {
        let parallelism = application.parallelism;
        Application { parallelism, kpus: parallelism.div_ceil(PARALLELISM_PER_KPU) }
    }))
}

impl Fed {
    fn of(stream: &Stream, traffic: &Traffic, readers: u32) -> Self {
        let hottest = traffic.hottest(stream.capacity.initial_shards(), readers);
        let (shards_needed, hot_key) = match traffic.shards_needed(readers) {
            ShardsNeeded::Number(shards) => (Some(shards), None),
            ShardsNeeded::HotKey { key, of_shard } => (None, Some(HotKey { key, load: of_shard })),
            ShardsNeeded::TooMany => (None, None),
        };
        Self {
            stream: stream.name.clone(),
            records_per_second: traffic.peak_records_per_second,
            bytes_per_record: traffic.bytes_per_record,
            largest_record: traffic.largest_record,
            put_units_per_record: traffic.units_per_record,
            readers,
            shards: match stream.capacity {
                streams::Capacity::Provisioned(shards) => Some(shards),
                streams::Capacity::OnDemand => None,
            },
            shards_needed,
            hot_key,
            hottest_shard: hottest.shard.to_string(),
            hottest_share: hottest.share,
            hottest_load: hottest.of_shard,
            hottest_keys: hottest.keys,
        }
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(HotKey { key, load }) = &self.hot_key {
            warnings.push(format!(
                "no number of shards helps stream {}: key {key} alone is {load:.1} times what a shard takes on AWS",
                self.stream
            ));
        } else if let Some(shards) = self.shards.filter(|_| self.hottest_load > 1.0) {
            let what_helps = match self.shards_needed {
                Some(needed) => format!("with {needed} instead of {shards} each stays within its limits"),
                None => "no even split helps: a partition key with more values, or fewer records, would".to_owned(),
            };
            warnings.push(format!(
                "{} of stream {} would get {:.0} % of the records, {:.1} times what a shard takes on AWS; {what_helps}",
                self.hottest_shard,
                self.stream,
                self.hottest_share * 100.0,
                self.hottest_load
            ));
        }
        if self.largest_record > RECORD_BYTES {
            warnings.push(format!(
                "stream {} gets records of {} bytes with their keys, and Kinesis takes {RECORD_BYTES}: they are refused",
                self.stream, self.largest_record
            ));
        }
        warnings
    }
}
