//! What can go wrong with a Flink.

use crate::render::RenderError;

/// A failure to reach a Flink, or of what it was asked to do.
#[derive(Debug, thiserror::Error)]
pub enum FlinkError {
    /// Nothing answers at the address.
    #[error("no Flink answers at {address}")]
    Unreachable {
        /// The address.
        address: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No answer came in time.
    #[error("the Flink at {address} has not answered for {seconds} s")]
    Silent {
        /// The address.
        address: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// Something else answers.
    #[error("what answers at {address} is no Flink SQL gateway: {what}")]
    NotAGateway {
        /// The address.
        address: String,
        /// What was odd about the answer.
        what: String,
    },
    /// A statement was refused, or failed.
    #[error("Flink: {cause}")]
    Refused {
        /// The innermost cause that Flink gives.
        cause: String,
    },
    /// The job does not run.
    #[error("the Flink job `{name}` is {state}{}", because(.cause.as_deref()))]
    Ended {
        /// The job's name.
        name: String,
        /// How it stands.
        state: String,
        /// The innermost cause, where Flink told it.
        cause: Option<String>,
    },
    /// A job of that name runs already.
    #[error("the Flink job `{name}` runs already (job {id})")]
    Running {
        /// The job's name.
        name: String,
        /// Its number.
        id: String,
    },
    /// The job does not begin to run.
    #[error("the Flink job `{name}` is still {state} after {seconds} s")]
    Late {
        /// The job's name.
        name: String,
        /// How it stands.
        state: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// Flink SQL cannot run the pipeline.
    #[error("Flink SQL cannot run this pipeline: {reason}")]
    NoJob {
        /// Why.
        reason: String,
    },
    /// The text of the job is not to be taken apart.
    #[error("the job's SQL cannot be taken apart: {reason}")]
    Text {
        /// Why.
        reason: String,
    },
    /// The job cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
}

fn because(cause: Option<&str>) -> String {
    cause.map_or_else(String::new, |cause| format!(": {cause}"))
}

impl FlinkError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } | Self::Silent { .. } | Self::NotAGateway { .. } => Some(
                "start one with Flink's bin/sql-gateway.sh, or say where it is: `gateway = \"http://…\"` in \
                 [targets.flink]"
                    .to_owned(),
            ),
            Self::Running { .. } => {
                Some("`pipe down` ends it, in the folder in which it was started; so does Flink's web page".to_owned())
            }
            Self::Late { .. } => Some("it may wait for task slots: Flink's web page shows how many are free".to_owned()),
            Self::Refused { cause } if cause.contains("factory for identifier 'kinesis'") => Some(
                "put the connector's jar into Flink's lib folder, for the cluster and the gateway, and start both again"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// Returns whether what the target needs is not there.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Silent { .. } | Self::NotAGateway { .. } | Self::Late { .. })
    }
}

/// Returns the innermost cause of a Java stack trace, as one line without the class that was thrown.
pub(super) fn root_cause(trace: &str) -> String {
    let inner = trace.rsplit("Caused by: ").next().unwrap_or(trace);
    let inner = inner.trim_start().trim_start_matches("<Exception on server side:");
    let line = inner.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no reason given");
    // `package.Class: message`; a class alone says something too.
    match line.split_once(": ") {
        Some((class, message)) if is_class(class) && !message.trim().is_empty() => message.trim().to_owned(),
        _ => line.to_owned(),
    }
}

fn is_class(text: &str) -> bool {
    text.contains('.') && text.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '.' | '$' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_cause_is_told_without_the_stack() {
        let trace = "<Exception on server side:\norg.a.GatewayException: Failed to fetchResults.\n\tat org.a.B.c(D.java:1)\n\
                     Caused by: org.a.ValidationException: SQL validation failed. From line 1\n\tat x.y\n\
                     Caused by: org.b.SqlValidatorException: Object 'nope' not found: is it?\n\tat x.y\n\t... 3 more\n";
        assert_eq!(root_cause(trace), "Object 'nope' not found: is it?");
        assert_eq!(root_cause("java.lang.NullPointerException\n\tat a.b"), "java.lang.NullPointerException");
        assert_eq!(
            root_cause("a.B: Encountered \"<EOF>\" at line 1.\nWas expecting one of:\n"),
            "Encountered \"<EOF>\" at line 1."
        );
        assert_eq!(
            root_cause(
                "<Exception on server side:\norg.a.ValidationException: No such table.\n\tat a.b\nEnd of exception>"
            ),
            "No such table."
        );
        assert_eq!(root_cause("plain: words"), "plain: words");
        assert_eq!(root_cause(""), "no reason given");
    }
}
