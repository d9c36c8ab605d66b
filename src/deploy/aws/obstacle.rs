//! What is in the way of a pipeline in an account: what has a name that it is to have, and is not its own.

use crate::infra::{APPLICATION, STREAM};
use crate::plan::EngineKind;

use super::super::remote;
use super::release::Release;
use super::stack::Found;
use super::{Account, Application, AwsError};

/// The type of a stack, as that of a resource.
const STACK: &str = "AWS::CloudFormation::Stack";
/// The output of the stack that tells that it has an application.
const HAS_APPLICATION: &str = "ApplicationName";

/// Something that is in the way: `pipe` neither changes nor removes what it did not make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is, as `CloudFormation` names its type.
    pub kind: &'static str,
    /// Its name in the account.
    pub name: String,
    /// How it stands there.
    pub why: String,
}

impl Obstacle {
    /// Means a stack.
    pub(super) fn stack(name: &str, why: String) -> Self {
        Self { kind: STACK, name: name.to_owned(), why }
    }

    /// Looks for streams and an application of a release's names that are not its stack's. `found` is the stack, where it is
    /// there.
    pub(super) async fn look(
        account: &Account,
        release: &Release,
        found: Option<&Found>,
    ) -> Result<Vec<Self>, AwsError> {
        let mut obstacles = Vec::new();
        let kinesis = remote::Account::with(account.config(), &account.place);
        let own = |name: &str| found.is_some_and(|found| found.streams().any(|own| own == name));
        for name in release.streams.iter().filter(|name| !own(name)) {
            if let Some(summary) = kinesis.find(name).await? {
                let why = if summary.is_going() { "it is being deleted" } else { OTHERS };
                obstacles.push(Self { kind: STREAM, name: name.clone(), why: why.to_owned() });
            }
        }
        // The service of the others is removed from AWS: it has no names to take.
        let new = release.engine == EngineKind::ManagedFlink
            && found.is_none_or(|found| !found.outputs.contains_key(HAS_APPLICATION));
        if let (true, Some(Application { name, .. })) = (new, release.application(account))
            && Application::of(release.engine, account.config(), &name).state().await?.is_some()
        {
            obstacles.push(Self { kind: APPLICATION, name, why: OTHERS.to_owned() });
        }
        Ok(obstacles)
    }
}

/// What is said of something that is there and not the stack's.
const OTHERS: &str = "it is there already, and not of this pipeline's stack";

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.kind {
            STREAM => "stream",
            APPLICATION => "application",
            _ => "stack",
        };
        write!(f, "{what} `{}`: {}", self.name, self.why)
    }
}
