//! What a plan uses in a month, part by part.

use std::time::Duration;

use serde::Serialize;

use crate::streams::Capacity;

use super::super::capacity::{DELIVERED_BYTES, KB, PUT_UNIT_BYTES, Traffic};
use super::prices::Assumptions;
use super::{Assumed, Item, MONTH_HOURS};

/// The seconds of a month.
const MONTH_SECONDS: f64 = MONTH_HOURS * 3600.0;
/// The bytes of a gigabyte (Kinesis pricing counts in kilobytes of 1,024 bytes).
pub const GB: f64 = 1_073_741_824.0;
/// How long a record is kept at no further price (Kinesis pricing).
const FREE_RETENTION: Duration = Duration::from_hours(24);
/// How long it is kept at the price of a shard; beyond, by the gigabyte (Kinesis pricing).
const EXTENDED_RETENTION: Duration = Duration::from_hours(7 * 24);
/// The storage of a processing unit in gigabytes (Managed Service for Apache Flink, quotas).
const KPU_STORAGE: f64 = 50.0;
/// The processing units that are charged for besides those of the work (Managed Service for Apache Flink pricing).
const ORCHESTRATION: u32 = 1;
/// Why the archive of a month is what it costs at the most.
const ARCHIVE: &str = "its first month; each later one adds as much, as objects stay until somebody removes them";
/// How often Kinesis asks for the key of a stream in a month: every five minutes for each credential (Kinesis developer
/// guide, "Costs, Regions, and Performance Considerations").
const KEY_CALLS: f64 = MONTH_HOURS * 12.0;

/// All that AWS charges for.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// The streams.
    pub streams: Vec<StreamUse>,
    /// The application of Managed Service for Apache Flink: its name, and how many processing units work in it.
    pub application: Option<(String, u32)>,
    /// How many alarms there are.
    pub alarms: u32,
    /// How many dashboards there are.
    pub dashboards: u32,
    /// What else costs something that is not known here: what, of what, and why it is not.
    pub others: Vec<(String, String, String)>,
}

/// A stream with all that its price depends on.
#[derive(Debug, Clone)]
pub struct StreamUse {
    /// Its name.
    pub name: String,
    /// Its shards.
    pub capacity: Capacity,
    /// How long a record stays.
    pub retention: Duration,
    /// How many read all of it.
    pub readers: u32,
    /// Whether Firehose archives it in S3.
    pub archived: bool,
    /// Whether it is encrypted with a key of KMS.
    pub encrypted: bool,
    /// What is written to it.
    pub flow: Flow,
}

/// What is written to a stream.
#[derive(Debug, Clone)]
pub enum Flow {
    /// What its generator makes.
    Made(Box<Traffic>),
    /// So many records in a second at the most, of so many bytes at the most.
    AtMost(f64, usize),
    /// It is not known, for a reason.
    Unknown(String),
}

/// Where a quantity comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// It follows from the file.
    Declared,
    /// Nobody says it: a range is assumed.
    Assumed,
}

/// So much of something.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What.
    pub item: Item,
    /// Of what, such as `stream trades`.
    pub of: String,
    /// Where the quantity comes from.
    pub basis: Basis,
    /// At the least and at the most, in units of the item; or why it is not known.
    pub quantity: Result<(f64, f64), String>,
    /// Why it is assumed to be that.
    pub why: Option<String>,
}

impl Part {
    fn declared(item: Item, of: &str, quantity: f64) -> Self {
        let quantity = Ok((quantity, quantity));
        Self { item, of: of.to_owned(), basis: Basis::Declared, quantity, why: None }
    }

    /// Takes a known quantity for the most that there is.
    fn at_most(mut self, why: &str) -> Self {
        if let Ok((low, _)) = &mut self.quantity {
            (*low, self.basis, self.why) = (0.0, Basis::Assumed, Some(why.to_owned()));
        }
        self
    }

    fn assumed(item: Item, of: &str, assumed: &Assumed, factor: f64) -> Self {
        let quantity = Ok((assumed.low * factor, assumed.high * factor));
        Self { item, of: of.to_owned(), basis: Basis::Assumed, quantity, why: Some(assumed.why.clone()) }
    }
}

impl Usage {
    /// Lists what is used in a month.
    pub fn parts(&self, assumed: &Assumptions) -> Vec<Part> {
        let mut parts: Vec<Part> = self.streams.iter().flat_map(StreamUse::parts).collect();
        let encrypted = self.streams.iter().filter(|stream| stream.encrypted).count();
        if let Some((name, kpus)) = &self.application {
            let of = format!("application {name}");
            let kpus = f64::from(*kpus);
            let billed = kpus + f64::from(ORCHESTRATION);
            parts.push(Part::declared(Item::KpuHours, &of, billed * MONTH_HOURS));
            parts.push(Part::declared(Item::ApplicationStorage, &of, kpus * KPU_STORAGE));
            parts.push(Part::assumed(Item::Snapshots, &of, &assumed.snapshots, 1.0));
            parts.push(Part::assumed(Item::LogIn, &of, &assumed.log, 1.0));
            parts.push(Part::assumed(Item::LogStorage, &of, &assumed.log, 1.0));
            parts.push(Part::assumed(Item::Objects, &of, &assumed.code, 1.0));
            parts.push(Part::assumed(Item::ObjectPuts, &of, &assumed.uploads, 1e-3));
        }
        for (item, count) in [(Item::Alarms, self.alarms), (Item::Dashboards, self.dashboards)] {
            if count > 0 {
                parts.push(Part::declared(item, "stack", f64::from(count)));
            }
        }
        if encrypted > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a number of streams")]
            let calls = encrypted as f64 * KEY_CALLS / 1e3;
            parts.push(Part::assumed(Item::KeyCalls, "streams", &assumed.credentials, calls));
        }
        parts
    }
}

/// Something that grows with the records of a stream.
#[derive(Clone, Copy)]
struct Growing {
    item: Item,
    /// What a record comes to, by its traffic and by its greatest size.
    by_traffic: fn(&Traffic) -> f64,
    by_size: fn(usize) -> f64,
    /// How many of the item's units a thing a second comes to in a month.
    factor: f64,
}

impl StreamUse {
    fn parts(&self) -> Vec<Part> {
        let of = format!("stream {}", self.name);
        let beyond = |limit: Duration| self.retention.saturating_sub(limit).as_secs_f64();
        let mut parts = Vec::new();
        let units = Growing {
            item: Item::PutUnits,
            by_traffic: |traffic| traffic.units_per_record,
            by_size: |size| whole(size.div_ceil(PUT_UNIT_BYTES)),
            factor: MONTH_SECONDS / 1e6,
        };
        let rounded = |item, factor| Growing {
            item,
            by_traffic: |traffic| traffic.rounded_bytes_per_record,
            by_size: |size| whole(size.div_ceil(KB) * KB),
            factor,
        };
        // What is kept is what came in while it is kept.
        let kept = |item, seconds: f64| Growing {
            item,
            by_traffic: |traffic| traffic.bytes_per_record,
            by_size: whole,
            factor: seconds / GB,
        };
        match self.capacity {
            Capacity::Provisioned(shards) => {
                let hours = f64::from(shards) * MONTH_HOURS;
                parts.push(Part::declared(Item::ShardHours, &of, hours));
                parts.push(self.growing(&of, units));
                if beyond(FREE_RETENTION) > 0.0 {
                    parts.push(Part::declared(Item::ExtendedRetention, &of, hours));
                }
            }
            Capacity::OnDemand => {
                parts.push(Part::declared(Item::StreamHours, &of, MONTH_HOURS));
                parts.push(self.growing(&of, rounded(Item::StreamIn, MONTH_SECONDS / GB)));
                if self.readers > 0 {
                    let factor = MONTH_SECONDS / GB * f64::from(self.readers);
                    parts.push(self.growing(&of, rounded(Item::StreamOut, factor)));
                }
                let extended = beyond(FREE_RETENTION) - beyond(EXTENDED_RETENTION);
                if extended > 0.0 {
                    parts.push(self.growing(&of, kept(Item::OnDemandRetention, extended)));
                }
            }
        }
        if self.archived {
            parts.push(self.growing(
                &of,
                Growing {
                    item: Item::Archived,
                    by_traffic: |traffic| traffic.delivered_bytes_per_record,
                    by_size: |size| whole(size.div_ceil(DELIVERED_BYTES) * DELIVERED_BYTES),
                    factor: MONTH_SECONDS / GB,
                },
            ));
            parts.push(self.growing(&format!("archive of {of}"), kept(Item::Objects, MONTH_SECONDS)).at_most(ARCHIVE));
        }
        if beyond(EXTENDED_RETENTION) > 0.0 {
            parts.push(self.growing(&of, kept(Item::LongTermRetention, beyond(EXTENDED_RETENTION))));
        }
        parts
    }

    fn growing(&self, of: &str, growing: Growing) -> Part {
        match &self.flow {
            Flow::Made(traffic) => {
                let each = (growing.by_traffic)(traffic);
                Part::declared(growing.item, of, traffic.records_per_second * each * growing.factor)
            }
            Flow::AtMost(records, size) => {
                let why = format!("it gets none or up to {records} records/s, of up to {size} bytes");
                let high = records * (growing.by_size)(*size) * growing.factor;
                Part::assumed(growing.item, of, &Assumed { low: 0.0, high, why }, 1.0)
            }
            Flow::Unknown(why) => Part {
                item: growing.item,
                of: of.to_owned(),
                basis: Basis::Assumed,
                quantity: Err(why.clone()),
                why: None,
            },
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the size of a record")]
fn whole(size: usize) -> f64 {
    size as f64
}
