//! How a pipeline on AWS stands, as far as the control planes say.

use crate::plan::EngineKind;
use crate::streams::LogError;
use crate::streams::kinesis::Summary;

use super::super::remote;
use super::stack::{Found, Stack};
use super::{Account, Application, AwsError, State};

/// A pipeline on AWS at a moment.
#[derive(Debug)]
pub struct Standing {
    /// The name of its stack.
    pub name: String,
    /// Its stack; `None` where there is none.
    pub stack: Option<Found>,
    /// Its application; `None` where there is none.
    pub application: Option<State>,
    /// The streams that the stack tells of; `None` is one that somebody removed.
    pub streams: Vec<(String, Result<Option<Summary>, LogError>)>,
}

impl Standing {
    /// Asks for all of it. Changes nothing.
    pub async fn of(account: &Account, pipeline: &str, engine: EngineKind) -> Result<Self, AwsError> {
        let stack = Stack::of_pipeline(account, pipeline);
        let found = stack.find().await?;
        let application = match &found {
            Some(_) => Application::of(engine, account.config(), pipeline).state().await?,
            // One that has no stack is not the pipeline's.
            None => None,
        };
        let mut streams = Vec::new();
        let kinesis = remote::Account::with(account.config(), &account.place);
        for name in found.iter().flat_map(Found::streams) {
            streams.push((name.to_owned(), kinesis.find(name).await));
        }
        Ok(Self { name: stack.name, stack: found, application, streams })
    }

    /// Returns whether its queries run.
    pub fn runs(&self) -> bool {
        self.application == Some(State::Runs)
    }
}
