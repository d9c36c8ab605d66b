//! The target that a plan is for.

use crate::spec::{Connector, EngineKind, StackSpec, StreamsKind, TargetSpec};

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
    /// The bucket for packaged code, where it is not the account's own for all pipelines.
    pub bucket: Option<String>,
    /// The Maven repository that the connector's jar comes from.
    pub maven: String,
    /// The connector's jar, where it is a file: a path that starts at the pipeline file's folder.
    pub jar: Option<String>,
    /// The SHA-256 of the jar, where the file says it.
    pub jar_sha256: Option<String>,
    /// What the file says about its stack.
    pub stack: StackSpec,
    /// The file of the prices to reckon with, as the pipeline file names it.
    pub prices: Option<String>,
}

impl Target {
    /// Returns whether a part of it is on AWS.
    pub fn is_on_aws(&self) -> bool {
        self.streams == StreamsKind::Kinesis || matches!(self.engine, EngineKind::ManagedFlink | EngineKind::KinesisSql)
    }

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
            bucket: spec.bucket.clone(),
            maven: spec.maven.clone(),
            jar: spec.jar.clone(),
            jar_sha256: spec.jar_sha256.clone(),
            stack: spec.stack.clone(),
            prices: spec.prices.clone(),
        }
    }
}
