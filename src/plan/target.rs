//! The target that a plan is for.

use crate::spec::{Connector, EngineKind, StreamsKind, TargetSpec};

/// Where a pipeline runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name in the file.
    pub name: String,
    /// Whether the file has it; it exists without that too.
    pub declared: bool,
    /// Where its streams are.
    pub streams: StreamsKind,
    /// What runs its queries.
    pub engine: EngineKind,
    /// The AWS region, where the file says one.
    pub region: Option<String>,
    /// The address to use instead of AWS's, where the file says one.
    pub endpoint_url: Option<String>,
    /// The address of Flink's SQL gateway.
    pub gateway: String,
    /// The connector to Kinesis that Flink has.
    pub connector: Connector,
}

impl Target {
    pub(super) fn of(spec: &TargetSpec) -> Self {
        Self {
            name: spec.name.clone(),
            declared: spec.declared,
            streams: spec.streams,
            engine: spec.engine,
            region: spec.region.clone(),
            endpoint_url: spec.endpoint_url.clone(),
            gateway: spec.gateway.clone(),
            connector: spec.connector,
        }
    }
}
