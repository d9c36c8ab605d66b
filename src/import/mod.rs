//! A `CloudFormation` template with Kinesis Data Analytics SQL applications → a pipeline.toml that runs.
mod intrinsics;
mod node;
mod template;
