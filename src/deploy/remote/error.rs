//! What can go wrong with a pipeline that is elsewhere.

use std::path::PathBuf;

use crate::streams::LogError;

use super::super::{DeployError, EmptyEndpoint, FlinkError, Place};

/// A failure to put a pipeline to work elsewhere, to look at it or to remove it.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The environment names no region, and neither does the target.
    #[error("no AWS region is set{}", target.as_ref().map_or_else(String::new, |target| format!(" for target `{target}`")))]
    NoRegion {
        /// The target, where it is about one.
        target: Option<String>,
    },
    /// The environment has an endpoint that is none.
    #[error(transparent)]
    EmptyEndpoint(#[from] EmptyEndpoint),
    /// A stream is being removed.
    #[error("stream `{stream}` is being deleted in {place}")]
    Going {
        /// The stream.
        stream: String,
        /// Where.
        place: Place,
    },
    /// A stream does not say whose it is.
    #[error("stream `{stream}` has an ARN that names no account: `{arn}`")]
    NoAccount {
        /// The stream.
        stream: String,
        /// Its ARN.
        arn: String,
    },
    /// The pipeline is at work somewhere else than the file says.
    #[error("pipeline `{pipeline}` is in {noted}, and the file says {wanted}")]
    Elsewhere {
        /// The pipeline.
        pipeline: String,
        /// Where it is.
        noted: String,
        /// Where it should be.
        wanted: String,
    },
    /// The job that runs is not the one that the file says.
    #[error("the Flink job `{pipeline}` (job {id}) runs, and the file says another job by now")]
    Changed {
        /// The pipeline.
        pipeline: String,
        /// The job.
        id: String,
    },
    /// Another command is putting the pipeline to work or removing it.
    #[error("another `pipe` is putting pipeline `{pipeline}` to work, or removing it")]
    Busy {
        /// The pipeline.
        pipeline: String,
    },
    /// What was made cannot be known.
    #[error("`{}` is not to be understood: {reason}", path.display())]
    Note {
        /// The note.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A file of this machine could not be used.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// Flink failed.
    #[error(transparent)]
    Flink(#[from] FlinkError),
}

impl RemoteError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoRegion { target: Some(target) } => {
                Some(format!("say `region` in [targets.{target}], or set AWS_REGION"))
            }
            Self::NoRegion { target: None } => Some("set AWS_REGION, or AWS_PROFILE to a profile that has one".to_owned()),
            Self::EmptyEndpoint(_) => Some(EmptyEndpoint::HELP.to_owned()),
            Self::Going { .. } => Some("run the command again when it is gone, within a minute or two".to_owned()),
            Self::NoAccount { .. } => Some("`endpoint_url` is to be that of something like Kinesis".to_owned()),
            Self::Elsewhere { pipeline, .. } => {
                Some(format!("`pipe down {pipeline}` removes it from there; then run this command again"))
            }
            Self::Changed { pipeline, .. } => Some(format!(
                "`pipe down {pipeline}` ends it and removes the streams that `pipe up` made; to keep their records cancel \
                 the job on Flink's web page instead. Then run this command again"
            )),
            Self::Busy { .. } => Some("wait for it, and run this command again".to_owned()),
            Self::Note { .. } => Some(
                "it says which streams were made and which job runs: mend it, or remove those by hand, and then the file"
                    .to_owned(),
            ),
            Self::Deploy(error) => error.hint(),
            Self::Flink(error) => error.hint(),
            Self::Log(_) => None,
        }
    }

    /// Returns whether what the target needs is not there.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::NoRegion { .. } | Self::EmptyEndpoint(_) | Self::Going { .. } | Self::NoAccount { .. })
    }
}
