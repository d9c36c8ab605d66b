//! Looking, without touching, at what a plan's names stand for in an account.

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_kinesisanalytics::Client as KinesisAnalytics;

use crate::plan::{EngineKind, Plan};
use crate::streams::kinesis::{KinesisLog, told};
use crate::streams::{Log, LogError};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// The state of the stack of the pipeline's name, where there is one.
    pub stack: Option<String>,
    /// The streams of the plan that are there, with their open shards.
    pub streams: Vec<(String, usize)>,
    /// The state of the SQL application of the pipeline's name, where the target has one.
    pub application: Option<String>,
}

/// Nothing could be seen.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The target names no region, and neither does the environment.
    #[error("no region is set; say `region` in the target, or set AWS_REGION")]
    NoRegion,
    /// What is there runs no SQL.
    #[error("it is an application of {runtime}, and only those of SQL-1_0 are brought over")]
    NotSql {
        /// The runtime environment that it has.
        runtime: String,
    },
    /// AWS refused or did not answer.
    #[error("{operation} failed: {message}")]
    Refused {
        /// The API operation.
        operation: &'static str,
        /// What it said.
        message: String,
    },
}

/// Looks at everything that the plan's target would make.
pub async fn look(plan: &Plan) -> Result<Look, LookError> {
    let config = super::configure(&plan.target).await;
    if config.region().is_none() {
        return Err(LookError::NoRegion);
    }
    let stack = stack(&config, &plan.name).await?;
    let streams = streams(&config, plan).await?;
    let application = match plan.target.engine {
        EngineKind::KinesisSql => application(&config, &plan.name).await?,
        _ => None,
    };
    Ok(Look { stack, streams, application })
}

async fn stack(config: &SdkConfig, name: &str) -> Result<Option<String>, LookError> {
    match CloudFormation::new(config).describe_stacks().stack_name(name).send().await {
        Ok(found) => {
            let status = found.stacks().first().and_then(|stack| stack.stack_status());
            Ok(status.map(|status| status.as_str().to_owned()))
        }
        // An absent stack is a validation error whose text says so: there is no code of its own for it.
        Err(error)
            if error.code() == Some("ValidationError")
                && error.message().is_some_and(|message| message.contains("does not exist")) =>
        {
            Ok(None)
        }
        Err(error) => Err(LookError::Refused { operation: "DescribeStacks", message: told(&error) }),
    }
}

async fn streams(config: &SdkConfig, plan: &Plan) -> Result<Vec<(String, usize)>, LookError> {
    let log = KinesisLog::of(config);
    let mut found = Vec::new();
    for stream in &plan.streams {
        match log.describe(&stream.name).await {
            Ok(description) => found.push((stream.name.clone(), description.shards.len())),
            Err(LogError::UnknownStream { .. }) => {}
            Err(error) => {
                return Err(LookError::Refused { operation: "DescribeStream", message: error.to_string() });
            }
        }
    }
    Ok(found)
}

async fn application(config: &SdkConfig, name: &str) -> Result<Option<String>, LookError> {
    match KinesisAnalytics::new(config).describe_application().application_name(name).send().await {
        Ok(found) => {
            let status = found.application_detail().map(|detail| detail.application_status().as_str().to_owned());
            Ok(status)
        }
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(LookError::Refused { operation: "DescribeApplication", message: told(&error) }),
    }
}
