//! What can go wrong with a pipeline on AWS.

use std::path::PathBuf;

use crate::render::RenderError;
use crate::streams::LogError;

use super::super::{DeployError, EmptyEndpoint};
use super::Obstacle;
use super::refusal::{Refusal, advise};

/// A failure to put a pipeline to work on AWS, to look at it or to remove it.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The target names no region, and neither does the environment.
    #[error("no AWS region is set for target `{target}`")]
    NoRegion {
        /// The target.
        target: String,
    },
    /// The environment has an endpoint that is none.
    #[error(transparent)]
    EmptyEndpoint(#[from] EmptyEndpoint),
    /// AWS refused a call, or did not answer.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An answer that lacks what the API says it has.
    #[error("{operation} gave an odd answer: {what}")]
    Odd {
        /// The API operation.
        operation: &'static str,
        /// What is odd.
        what: String,
    },
    /// A stack of that name is there, and `pipe` did not make it for this pipeline.
    #[error("there is a stack `{stack}` that was not made for pipeline `{pipeline}`{}", other.as_ref().map_or_else(String::new, |other| format!(", but for `{other}`")))]
    Foreign {
        /// The stack.
        stack: String,
        /// The pipeline.
        pipeline: String,
        /// The other pipeline that it was made for, where `pipe` made it.
        other: Option<String>,
    },
    /// The stack that the bucket for the code of all pipelines is to be in is somebody else's.
    #[error(
        "there is a stack `{stack}` that `pipe` did not make, and the bucket for code is to be in one of that name"
    )]
    ForeignCode {
        /// The stack.
        stack: String,
    },
    /// Names that the pipeline is to have are taken.
    #[error("in {account} there is what `pipe` did not make for this pipeline: {}", listed(obstacles))]
    InTheWay {
        /// The account.
        account: String,
        /// What has them.
        obstacles: Vec<Obstacle>,
    },
    /// A stream could not be looked at.
    #[error(transparent)]
    Streams(#[from] LogError),
    /// A stack is in a state that nothing can be done from.
    #[error("the stack `{stack}` is {status}{}", reason_text(reason.as_deref()))]
    Stuck {
        /// The stack.
        stack: String,
        /// Its status.
        status: String,
        /// Why, if AWS says so.
        reason: Option<String>,
    },
    /// A change to a stack failed.
    #[error("the stack `{stack}` is {status}: {} failed: {}", resource.as_deref().unwrap_or("it"), reason.as_deref().unwrap_or("AWS does not say why"))]
    Failed {
        /// The stack.
        stack: String,
        /// Its status by now.
        status: String,
        /// The first resource that failed, with its type.
        resource: Option<String>,
        /// Why, as AWS says.
        reason: Option<String>,
    },
    /// An application did not start.
    #[error("the application `{application}` does not run: it is {status}{}", waited.map_or_else(String::new, |waited| format!(" after {waited} s")))]
    NotRunning {
        /// The application.
        application: String,
        /// Its status.
        status: String,
        /// How long it was waited for in seconds, if it did not fail before.
        waited: Option<u64>,
    },
    /// An update did not start, and the version before was put back.
    #[error("the update was rolled back: {source}")]
    RolledBack {
        /// Why the new version did not run.
        #[source]
        source: Box<AwsError>,
    },
    /// Something is not done in the time that it may take.
    #[error("{what} is {status} after {seconds} s")]
    Slow {
        /// What.
        what: String,
        /// How it stands.
        status: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The plan has no job for the engine of its target.
    #[error("target `{target}` cannot run this pipeline: {}", reasons.join("; "))]
    NoJob {
        /// The target.
        target: String,
        /// What it cannot do.
        reasons: Vec<String>,
    },
    /// The connector's jar cannot be had, or is not the one that it should be.
    #[error("the connector {}: {reason}", jar)]
    Jar {
        /// Its coordinates or its path.
        jar: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        help: String,
    },
    /// The bucket named in the file is not there.
    #[error("the bucket `{bucket}` is not there")]
    NoBucket {
        /// The bucket.
        bucket: String,
    },
    /// A file could not be read or written.
    #[error("`{}` could not be used: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A note cannot be understood.
    #[error("`{}` is not to be understood: {reason}", path.display())]
    Note {
        /// The note.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Something else is going on with the pipeline.
    #[error("another `pipe` is putting pipeline `{pipeline}` to work, or removing it")]
    Busy {
        /// The pipeline.
        pipeline: String,
    },
    /// The pipeline is in another place than it is asked for now.
    #[error("pipeline `{pipeline}` is in {noted}, and the file and the credentials lead to {wanted}")]
    Elsewhere {
        /// The pipeline.
        pipeline: String,
        /// Where it is.
        noted: String,
        /// Where they lead to.
        wanted: String,
    },
    /// Somebody else changed the stack while a change to it was prepared.
    #[error("the stack `{stack}` was changed by somebody else meanwhile, and this change was not made")]
    Overtaken {
        /// The stack.
        stack: String,
    },
    /// A bucket that these credentials may not ask for.
    #[error(
        "the bucket `{bucket}` is not for these credentials: it is another account's, or they lack s3:ListBucket on it"
    )]
    NotOurs {
        /// The bucket.
        bucket: String,
    },
    /// An artifact cannot be written.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A file of this machine could not be used.
    #[error(transparent)]
    Deploy(#[from] DeployError),
}

fn listed(obstacles: &[Obstacle]) -> String {
    obstacles.iter().map(Obstacle::to_string).collect::<Vec<_>>().join("; ")
}

fn reason_text(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}

impl AwsError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoRegion { target } => Some(format!("say `region` in [targets.{target}], or set AWS_REGION")),
            Self::EmptyEndpoint(_) => Some(EmptyEndpoint::HELP.to_owned()),
            Self::Refused(refusal) => refusal.hint(),
            Self::Odd { .. } => Some("`endpoint_url` is to be that of something like AWS".to_owned()),
            Self::Foreign { other: Some(_), .. } => Some(
                "the name of a stack has `-` where that of a pipeline has `_`, so that these two come to one: give one of them \
                 another name"
                    .to_owned(),
            ),
            Self::ForeignCode { .. } => Some(
                "name a `bucket` of your own in the target, or give that stack another name".to_owned(),
            ),
            Self::InTheWay { .. } => Some(
                "give yours other names in the file, or remove what is in the way; streams that are there already are used as \
                 they are by `engine = \"embedded\"` and `engine = \"flink\"` with `streams = \"kinesis\"`"
                    .to_owned(),
            ),
            Self::Foreign { other: None, pipeline, .. } => Some(format!(
                "`pipe` changes and removes only stacks that it made (tag managed-by = pipe, pipeline = {pipeline}): give the \
                 pipeline another name"
            )),
            Self::Stuck { stack, status, .. } => Some(match status.as_str() {
                "UPDATE_ROLLBACK_FAILED" => format!(
                    "mend what the events of the stack name, then `aws cloudformation continue-update-rollback --stack-name \
                     {stack}`, and run this command again"
                ),
                "DELETE_FAILED" => {
                    "remove what the events of the stack name by hand, and run `pipe down` again".to_owned()
                }
                _ => format!("`aws cloudformation describe-stack-events --stack-name {stack}` tells more"),
            }),
            Self::Failed { reason, .. } => reason.as_deref().and_then(advise),
            Self::NotRunning { application, .. } => Some(format!(
                "its log says why: `aws logs tail /aws/kinesis-analytics/{application} --since 1h`; run this command again to \
                 go on"
            )),
            Self::RolledBack { source } => source.hint(),
            Self::Slow { .. } => Some("run the command again: it goes on where it was".to_owned()),
            Self::NoJob { .. } => {
                Some("`pipe check` tells where in the file it stands; `pipe up` runs it here".to_owned())
            }
            Self::Jar { help, .. } => Some(help.clone()),
            Self::NoBucket { .. } => Some(
                "make it, or leave `bucket` out of the target: `pipe up` then makes one for the account".to_owned(),
            ),
            Self::Note { .. } => {
                Some("it says what was put on AWS: mend it, or remove it after `pipe down --target`".to_owned())
            }
            Self::Elsewhere { pipeline, .. } => Some(format!(
                "a folder keeps one account of a pipeline: work on the other one from a folder of its own. With the credentials \
                 of the first `pipe down {pipeline}` removes it from there"
            )),
            Self::Overtaken { .. } => Some("run this command again: it looks at the stack anew".to_owned()),
            Self::NotOurs { .. } => Some("ask for that permission, or name another `bucket` in the target".to_owned()),
            Self::Busy { .. } => Some("wait for it, and run this command again".to_owned()),
            Self::Deploy(error) => error.hint(),
            Self::Io { .. } | Self::Render(_) | Self::Streams(_) => None,
        }
    }

    /// Returns whether what the target needs is not there.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::NoRegion { .. } | Self::EmptyEndpoint(_) | Self::NoBucket { .. } | Self::Jar { .. } => true,
            Self::Refused(refusal) => refusal.is_unavailable(),
            _ => false,
        }
    }

    /// Returns whether it is a matter of permission.
    pub fn is_denied(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.is_denied(),
            Self::NotOurs { .. } => true,
            _ => false,
        }
    }
}
