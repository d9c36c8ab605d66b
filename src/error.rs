//! What a command can fail with, as a whole: the only place with exit codes and hints.

use std::path::PathBuf;

use crate::deploy::aws::{advise_of_streams, is_denied_by_streams};
use crate::deploy::{AwsError, DeployError, FlinkError, RemoteError};
use crate::engine::EngineError;
use crate::render::RenderError;
use crate::replay::ReplayError;
use crate::streams::LogError;
use crate::trial::TrialError;

/// A command's failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line asks for something that makes no sense.
    #[error("{message}")]
    Usage {
        /// What.
        message: String,
        /// What to do instead.
        hint: String,
    },
    /// Pipeline files have mistakes, which are drawn already.
    #[error("{drawn}")]
    File {
        /// The mistakes with their places.
        drawn: String,
    },
    /// What was written needs a hand; its mistakes are drawn already.
    #[error("{drawn}")]
    Unfinished {
        /// The mistakes with their places.
        drawn: String,
    },
    /// A file or folder could not be read or written.
    #[error("`{}` could not be {action}: {source}", path.display())]
    Io {
        /// `read`, `written` or `used`.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Something must be said yes to, and nobody is there to ask.
    #[error("{question} needs a yes, and there is no terminal to ask on")]
    Unconfirmed {
        /// What would be done.
        question: String,
    },
    /// The person said no.
    #[error("nothing was done")]
    Declined,
    /// What the target needs is not there.
    #[error("{message}")]
    Unavailable {
        /// What is missing.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A query failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An artifact cannot be written.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// Running or finding a pipeline failed.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// A Flink failed, or the job in it.
    #[error(transparent)]
    Flink(#[from] FlinkError),
    /// A pipeline that is elsewhere failed, or cannot be put there.
    #[error(transparent)]
    Remote(RemoteError),
    /// A pipeline on AWS failed, or cannot be put there.
    #[error(transparent)]
    Aws(AwsError),
    /// A file of records cannot be played.
    #[error(transparent)]
    Replay(ReplayError),
    /// There is nothing to test.
    #[error("{message}")]
    NoTests {
        /// What is missing.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Tests failed, or could not be run anywhere.
    #[error("{failed} of {total} tests failed")]
    Tests {
        /// How many.
        failed: usize,
        /// Of how many.
        total: usize,
    },
    /// What a pipeline needs is not there.
    #[error("{bad} of {all} things that a pipeline needs are not as they should be")]
    Unwell {
        /// How many.
        bad: usize,
        /// Of how many.
        all: usize,
    },
    /// Queries that are wrong pass all tests.
    #[error("{survived} of {total} mutants were noticed by no test")]
    Mutants {
        /// How many passed.
        survived: usize,
        /// How many there were.
        total: usize,
    },
    /// A clean stop that the person asked for.
    #[error("interrupted")]
    Interrupted,
    /// `plan --detailed-exitcode` sees changes.
    #[error("there are changes")]
    Changes,
    /// Nobody reads what is written any more.
    #[error("the output was closed")]
    BrokenPipe,
}

impl From<TrialError> for Error {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::Engine(error) => Self::Engine(error),
            TrialError::Generate(error) => Self::Deploy(error.into()),
            TrialError::Flink(error) => Self::Flink(error),
            TrialError::Io { path, source } => Self::Io { action: "used", path, source },
        }
    }
}

impl From<RemoteError> for Error {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::Log(error) => Self::Log(error),
            RemoteError::Deploy(error) => Self::Deploy(error),
            RemoteError::Flink(error) => Self::Flink(error),
            error => Self::Remote(error),
        }
    }
}

impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        match error {
            AwsError::Deploy(error) => Self::Deploy(error),
            AwsError::Render(error) => Self::Render(error),
            AwsError::Streams(error) => Self::Log(error),
            AwsError::Io { path, source } => Self::Io { action: "used", path, source },
            error => Self::Aws(error),
        }
    }
}

impl Error {
    /// Makes a failure of reading a path.
    pub fn read(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io { action: "read", path: path.into(), source }
    }

    /// Makes a failure of writing a path.
    pub fn write(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io { action: "written", path: path.into(), source }
    }

    /// Makes a failure of writing to stdout.
    pub fn stdout(source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        Self::write("stdout", source)
    }

    /// Returns the exit code: those of sysexits.h where there is one for it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Changes => 2,
            Self::Usage { .. } => 64,
            Self::Log(LogError::Endpoint { message, answered, .. }) if is_denied_by_streams(message, *answered) => 77,
            Self::Unavailable { .. } | Self::Log(LogError::Endpoint { .. }) => 69,
            Self::Aws(error) if error.is_denied() => 77,
            Self::Aws(error) if error.is_unavailable() => 69,
            Self::Flink(error) if error.is_unavailable() => 69,
            Self::Remote(error) if error.is_unavailable() => 69,
            Self::Io { source, .. } | Self::Deploy(DeployError::Folder { source, .. })
                if source.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                77
            }
            Self::File { .. } => 78,
            Self::Interrupted => 130,
            Self::Io { .. }
            | Self::Unfinished { .. }
            | Self::Unconfirmed { .. }
            | Self::Declined
            | Self::NoTests { .. }
            | Self::Tests { .. }
            | Self::Unwell { .. }
            | Self::Mutants { .. }
            | Self::Log(_)
            | Self::Engine(_)
            | Self::Render(_)
            | Self::Deploy(_)
            | Self::Flink(_)
            | Self::Remote(_)
            | Self::Aws(_)
            | Self::Replay(_) => 1,
        }
    }

    /// Returns whether there is something to tell.
    pub fn is_silent(&self) -> bool {
        matches!(self, Self::BrokenPipe | Self::Changes | Self::Interrupted)
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::Unavailable { hint, .. } | Self::NoTests { hint, .. } => {
                Some(hint.clone())
            }
            Self::Unconfirmed { .. } => Some("add --yes".to_owned()),
            Self::Deploy(error) => error.hint(),
            Self::Flink(error) => error.hint(),
            Self::Remote(error) => error.hint(),
            Self::Aws(error) => error.hint(),
            Self::Engine(EngineError::Table(error)) => Some(error.help.clone()),
            Self::Engine(EngineError::Checkpoint(_)) => {
                Some("`pipe down --yes` removes the saved state with the records; then start again".to_owned())
            }
            Self::Log(LogError::Endpoint { message, answered, .. }) => advise_of_streams(message, *answered),
            Self::Log(LogError::Locked { .. }) => {
                Some("stop the process that uses it; where that is a pipeline, `pipe down` does".to_owned())
            }
            Self::Log(LogError::Storage { source, .. }) => Some(advise_of_folder(source.downcast_ref())),
            Self::Log(LogError::Format { .. }) => Some(
                "use the version of pipe that wrote it; where it is a pipeline's, `pipe down --yes` removes it"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// Returns the message with everything that lies behind it.
    pub fn full(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(inner) = source {
            let inner_text = inner.to_string();
            if !text.contains(&inner_text) {
                text = format!("{text}: {inner_text}");
            }
            source = inner.source();
        }
        text
    }
}

/// Returns what to do about a folder of streams that cannot be used.
fn advise_of_folder(error: Option<&std::io::Error>) -> String {
    use std::io::ErrorKind::{AlreadyExists, NotADirectory, PermissionDenied, ReadOnlyFilesystem};
    if error.and_then(std::io::Error::raw_os_error) == Some(rustix::io::Errno::MFILE.raw_os_error()) {
        return "let this process have more files open, as with `ulimit -n 1024`".to_owned();
    }
    let advice = match error.map(std::io::Error::kind) {
        Some(PermissionDenied | ReadOnlyFilesystem) => "let this user write there, or name another folder",
        Some(AlreadyExists | NotADirectory) => "something that is no folder has its name: name another one",
        Some(_) => "start again when its disk has room and works; what was acknowledged is there",
        None => "the folder is damaged: bring back a copy of it, or take it away and begin anew",
    };
    advice.to_owned()
}
