//! A stack in an account: found, followed, removed.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{self, StackEvent, TemplateStage};
use tokio::time::{Instant, sleep};

use crate::infra::STREAM_NAME;
use crate::render::ARCHIVE_BUCKET;
use crate::spec::stack_name;

use super::progress::{Progress, Tell};
use super::{Account, AwsError, Refusal};

/// How often a stack is looked at while it changes: its events come a few a second at the most, and AWS throttles
/// `DescribeStackEvents` per account at some ten a second.
const PAUSE: Duration = Duration::from_secs(2);
/// The first pauses are shorter: small changes, and emulators, are quick.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long a change may take. The slowest resource here, a delivery stream, is there in minutes; `CloudFormation` itself
/// gives up on a resource after an hour or more.
const PATIENCE: Duration = Duration::from_hours(1);

/// The tags by which `pipe` knows its own.
pub(super) const MANAGED_BY: (&str, &str) = ("managed-by", "pipe");
/// The tag that names the pipeline.
pub(super) const PIPELINE: &str = "pipeline";

/// The stack of a name, whether or not it is there.
#[derive(Debug, Clone)]
pub struct Stack {
    pub(super) client: Client,
    /// Its name.
    pub name: String,
    /// The pipeline that it is for, as its tag says.
    pub owner: String,
}

/// A stack that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id, which stays the same when it is gone.
    pub id: String,
    /// Its status, in the API's word.
    pub status: String,
    /// Why, where AWS says so.
    pub reason: Option<String>,
    /// What was said when it was deployed.
    pub parameters: BTreeMap<String, String>,
    /// What it tells.
    pub outputs: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
}

impl Found {
    /// Returns whether it is changing.
    pub fn is_moving(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && !self.is_only_proposed()
    }

    /// Returns whether there is nothing of it yet but the proposal of a first change.
    pub fn is_only_proposed(&self) -> bool {
        self.status == "REVIEW_IN_PROGRESS"
    }

    /// Returns whether it never came to be: it takes no change, and has to go before another one is made.
    pub fn never_was(&self) -> bool {
        matches!(self.status.as_str(), "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED")
    }

    /// Returns whether it takes a change.
    pub fn takes_change(&self) -> bool {
        matches!(
            self.status.as_str(),
            "CREATE_COMPLETE"
                | "UPDATE_COMPLETE"
                | "UPDATE_ROLLBACK_COMPLETE"
                | "IMPORT_COMPLETE"
                | "IMPORT_ROLLBACK_COMPLETE"
        )
    }

    /// Returns the bucket that stays when it goes.
    pub fn archive(&self) -> Option<&str> {
        self.outputs.get(ARCHIVE_BUCKET).map(String::as_str)
    }

    /// Returns the names of its streams, as its outputs tell them.
    pub fn streams(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().filter(|(id, _)| id.ends_with(STREAM_NAME)).map(|(_, name)| name.as_str())
    }

    /// Returns whether it is the owner's. What is only proposed is nobody's yet: it gets its tags with its first change.
    fn is_of(&self, owner: &str) -> bool {
        if self.is_only_proposed() && self.tags.is_empty() {
            return true;
        }
        self.is_pipes() && self.tags.get(PIPELINE).is_some_and(|of| of == owner)
    }

    fn is_pipes(&self) -> bool {
        self.tags.get(MANAGED_BY.0).is_some_and(|by| by == MANAGED_BY.1)
    }
}

impl From<&types::Stack> for Found {
    fn from(stack: &types::Stack) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            id: text(stack.stack_id()),
            status: text(stack.stack_status().map(types::StackStatus::as_str)),
            reason: stack.stack_status_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
            parameters: stack
                .parameters()
                .iter()
                .map(|it| (text(it.parameter_key()), text(it.parameter_value())))
                .collect(),
            outputs: stack.outputs().iter().map(|it| (text(it.output_key()), text(it.output_value()))).collect(),
            tags: stack.tags().iter().map(|it| (text(it.key()), text(it.value()))).collect(),
        }
    }
}

impl Stack {
    /// Means the stack of a name, which is for `owner`.
    pub fn new(account: &Account, name: &str, owner: &str) -> Self {
        Self { client: Client::new(account.config()), name: name.to_owned(), owner: owner.to_owned() }
    }

    /// Means the stack of a pipeline, whether or not it is there.
    pub fn of_pipeline(account: &Account, pipeline: &str) -> Self {
        Self::new(account, &stack_name(pipeline), pipeline)
    }

    /// Looks for it. Fails with [`AwsError::Foreign`] where one of its name was made by somebody else.
    pub async fn find(&self) -> Result<Option<Found>, AwsError> {
        let found = self.describe(&self.name).await?;
        match found {
            Some(found) if !found.is_of(&self.owner) => {
                let other = found.tags.get(PIPELINE).filter(|_| found.is_pipes()).cloned();
                Err(AwsError::Foreign { stack: self.name.clone(), pipeline: self.owner.clone(), other })
            }
            found => Ok(found.filter(|found| found.status != "DELETE_COMPLETE")),
        }
    }

    /// Looks for one by its name, or by its id: that finds one that is gone, too.
    async fn describe(&self, name: &str) -> Result<Option<Found>, AwsError> {
        match self.client.describe_stacks().stack_name(name).send().await {
            Ok(found) => Ok(found.stacks().first().map(Found::from)),
            Err(error) => {
                let refusal = Refusal::of("DescribeStacks", &error);
                // An absent stack is a validation error whose text says so: there is no code of its own for it.
                if refusal.is("ValidationError") && refusal.message.contains("does not exist") {
                    return Ok(None);
                }
                Err(refusal.into())
            }
        }
    }

    /// Returns the template that it was made of.
    pub async fn template(&self) -> Result<String, AwsError> {
        const OPERATION: &str = "GetTemplate";
        let asked =
            self.client.get_template().stack_name(&self.name).template_stage(TemplateStage::Original).send().await;
        let answer = asked.map_err(|error| Refusal::of(OPERATION, &error))?;
        let odd = || AwsError::Odd { operation: OPERATION, what: "it has no template".to_owned() };
        answer.template_body().map(str::to_owned).ok_or_else(odd)
    }

    /// Begins to remove it.
    pub async fn delete(&self) -> Result<(), AwsError> {
        let asked = self.client.delete_stack().stack_name(&self.name).send().await;
        asked.map(drop).map_err(|error| Refusal::of("DeleteStack", &error).into())
    }

    /// Waits until a stack rests that changes, and tells what happens to its resources meanwhile. `since` is what
    /// [`Stack::mark`] gave before the change.
    pub async fn settle(&self, id: &str, since: &Mark, tell: Tell<'_>) -> Result<Settled, AwsError> {
        let begun = Instant::now();
        let (mut seen, mut pause) = (since.clone(), FIRST_PAUSE);
        let mut settled = Settled::default();
        loop {
            let found = self.describe(id).await?;
            for event in self.events_since(id, &mut seen).await? {
                let told = Event::of(&event);
                if settled.failure.is_none() && told.is_failure() {
                    settled.failure = Some(Failure { resource: told.name(), reason: told.reason.clone() });
                }
                tell(told.into());
            }
            let status = found.as_ref().map_or("DELETE_COMPLETE", |found| found.status.as_str()).to_owned();
            if found.as_ref().is_none_or(|found| !found.is_moving()) {
                settled.found = found.filter(|found| found.status != "DELETE_COMPLETE");
                return Ok(settled);
            }
            if begun.elapsed() > PATIENCE {
                let what = format!("the stack `{}`", self.name);
                return Err(AwsError::Slow { what, status, seconds: PATIENCE.as_secs() });
            }
            tell(Progress::Waiting { what: format!("stack {}", self.name), status, elapsed: begun.elapsed() });
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE);
        }
    }

    /// Returns where the events of a stack have come to.
    pub async fn mark(&self, id: &str) -> Result<Mark, AwsError> {
        let mut mark = Mark::default();
        let page = self.events_page(id, None).await?;
        mark.newest = page.0.first().and_then(StackEvent::event_id).map(str::to_owned);
        Ok(mark)
    }

    /// Returns the events behind a mark, oldest first, and moves the mark on.
    async fn events_since(&self, id: &str, mark: &mut Mark) -> Result<Vec<StackEvent>, AwsError> {
        let (mut events, mut token) = (Vec::new(), None);
        'pages: loop {
            let (page, next) = self.events_page(id, token).await?;
            for event in page {
                // The newest come first.
                if mark.newest.is_some() && mark.newest.as_deref() == event.event_id() {
                    break 'pages;
                }
                events.push(event);
            }
            token = next;
            if token.is_none() {
                break;
            }
        }
        if let Some(newest) = events.first().and_then(StackEvent::event_id) {
            mark.newest = Some(newest.to_owned());
        }
        events.reverse();
        Ok(events)
    }

    async fn events_page(
        &self,
        id: &str,
        token: Option<String>,
    ) -> Result<(Vec<StackEvent>, Option<String>), AwsError> {
        match self.client.describe_stack_events().stack_name(id).set_next_token(token).send().await {
            Ok(answer) => {
                let next = answer.next_token().map(str::to_owned);
                Ok((answer.stack_events.unwrap_or_default(), next))
            }
            Err(error) => {
                let refusal = Refusal::of("DescribeStackEvents", &error);
                if refusal.is("ValidationError") && refusal.message.contains("does not exist") {
                    return Ok((Vec::new(), None));
                }
                Err(refusal.into())
            }
        }
    }
}

/// How a stack came to rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// How it stands; `None` where it is gone.
    pub found: Option<Found>,
    /// The first failure on the way.
    pub failure: Option<Failure>,
}

/// A place in the events of a stack.
#[derive(Debug, Clone, Default)]
pub struct Mark {
    newest: Option<String>,
}

/// The first resource that failed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its id and type.
    pub resource: String,
    /// What AWS says.
    pub reason: Option<String>,
}

struct Event {
    id: String,
    kind: String,
    status: String,
    reason: Option<String>,
}

impl Event {
    fn of(event: &StackEvent) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            id: text(event.logical_resource_id()),
            kind: text(event.resource_type()),
            status: text(event.resource_status().map(types::ResourceStatus::as_str)),
            reason: event.resource_status_reason().filter(|reason| !reason.is_empty()).map(str::to_owned),
        }
    }

    /// What is given up because another one failed has not failed itself.
    fn is_failure(&self) -> bool {
        let cancelled = self.reason.as_deref().is_some_and(|reason| reason.contains("cancelled"));
        self.status.ends_with("_FAILED") && self.kind != "AWS::CloudFormation::Stack" && !cancelled
    }

    fn name(&self) -> String {
        format!("{} ({})", self.id, self.kind)
    }
}

impl From<Event> for Progress {
    fn from(event: Event) -> Self {
        Self::Resource { id: event.id, kind: event.kind, status: event.status, reason: event.reason }
    }
}

/// Returns the failure of a stack that rests as it should not.
pub(super) fn failed(stack: &Stack, found: Found, failure: Option<Failure>) -> AwsError {
    let (resource, reason) = match failure {
        Some(failure) => (Some(failure.resource), failure.reason),
        None => (None, found.reason),
    };
    AwsError::Failed { stack: stack.name.clone(), status: found.status, resource, reason }
}
