//! A change to a stack, as `CloudFormation` proposes it before anything is done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, ChangeSource, DeploymentMode, EventFilter, Parameter,
    Replacement, RequiresRecreation, ResourceChange, ResourceChangeDetail, StackResourceDriftStatus, Tag,
};
use tokio::time::{Instant, sleep};

use crate::streams::now;

use super::stack::{MANAGED_BY, PIPELINE, Stack};
use super::{AwsError, Refusal};

/// How long `CloudFormation` may take to compare: a few seconds for a stack of this size, more with drift.
const PATIENCE: Duration = Duration::from_mins(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// What the status of a change set says that changes nothing; there is no code of its own for it.
const NO_CHANGES: [&str; 3] =
    ["didn't contain changes", "No updates are to be performed", "no updates are to be performed"];

/// What a stack is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its template.
    pub template: Template,
    /// What is said when it is deployed.
    pub parameters: BTreeMap<String, String>,
}

/// Where the template is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// Here.
    Text(String),
    /// In a bucket, for it is too long for a call.
    Url(String),
}

impl Template {
    /// The longest template that a call takes, in bytes (`CloudFormation` quotas, "template body size in a request").
    pub const LONGEST: usize = 51_200;
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    id: String,
    /// The stack's id.
    pub stack: String,
    /// What it does to each resource that it touches.
    pub changes: Vec<ResourceDelta>,
    /// Whether it was compared with what is really there, and not only with the last template.
    pub sees_drift: bool,
}

/// What happens to a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceDelta {
    /// Its logical id.
    pub id: String,
    /// Its type, as `CloudFormation` names it.
    pub kind: String,
    /// What happens.
    pub action: Action,
    /// The properties that are the cause, each once.
    pub reasons: Vec<String>,
    /// How what is there differs from the last template, where that was looked at.
    pub drift: Option<String>,
}

/// What can happen to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed, and stays.
    Update,
    /// It is made anew, and the old one goes.
    Replace,
    /// It may be made anew: that depends on what is known only then.
    MaybeReplace,
    /// It goes.
    Remove,
}

impl Stack {
    /// Has `CloudFormation` propose the change that makes the stack what is wanted; `None` where nothing would change.
    /// For one that is not there a stack is noted that has nothing in it.
    pub async fn propose(&self, wanted: &Wanted, new: bool) -> Result<Option<ChangeSet>, AwsError> {
        // Changes of hands other than ours are put right with it, where the endpoint can.
        let (name, drift) = (proposal(), !new);
        match self.ask(wanted, &name, new, drift).await {
            Err(AwsError::Refused(refusal)) if drift && refusal.is("ValidationError") => {
                self.ask(wanted, &name, new, false).await
            }
            asked => asked,
        }
    }

    async fn ask(&self, wanted: &Wanted, name: &str, new: bool, drift: bool) -> Result<Option<ChangeSet>, AwsError> {
        const OPERATION: &str = "CreateChangeSet";
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let mut request = self
            .client
            .create_change_set()
            .stack_name(&self.name)
            .change_set_name(name)
            .change_set_type(if new { ChangeSetType::Create } else { ChangeSetType::Update })
            // The role has no name of its own, so that this is enough.
            .capabilities(Capability::CapabilityIam)
            .tags(tag(MANAGED_BY.0, MANAGED_BY.1))
            .tags(tag(PIPELINE, &self.owner));
        request = match &wanted.template {
            Template::Text(text) => request.template_body(text),
            Template::Url(url) => request.template_url(url),
        };
        for (key, value) in &wanted.parameters {
            request = request.parameters(Parameter::builder().parameter_key(key).parameter_value(value).build());
        }
        if drift {
            request = request.deployment_mode(DeploymentMode::RevertDrift);
        }
        match request.send().await {
            Ok(_) => {}
            Err(error) => {
                let refusal = Refusal::of(OPERATION, &error);
                // No other process has its name: one that was asked for and not heard of is this one.
                if !refusal.is("AlreadyExistsException") {
                    return Err(refusal.into());
                }
            }
        }
        self.proposed(name).await
    }

    /// Waits until `CloudFormation` has compared.
    async fn proposed(&self, name: &str) -> Result<Option<ChangeSet>, AwsError> {
        const OPERATION: &str = "DescribeChangeSet";
        let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            let mut set =
                ChangeSet { id: name.to_owned(), stack: String::new(), changes: Vec::new(), sees_drift: false };
            let (mut token, mut status, mut reason) = (None, None, String::new());
            loop {
                let request = self.client.describe_change_set().stack_name(&self.name).change_set_name(name);
                let answer = request.set_next_token(token).send().await;
                let answer = answer.map_err(|error| Refusal::of(OPERATION, &error))?;
                set.id = answer.change_set_id().unwrap_or(name).to_owned();
                set.stack = answer.stack_id().unwrap_or(&self.name).to_owned();
                set.sees_drift = answer.deployment_mode().is_some();
                status = answer.status().cloned().or(status);
                answer.status_reason().unwrap_or_default().clone_into(&mut reason);
                let changes = answer.changes().iter().filter_map(|change| change.resource_change());
                set.changes.extend(changes.map(ResourceDelta::from));
                token = answer.next_token().map(str::to_owned);
                if token.is_none() {
                    break;
                }
            }
            match status {
                Some(ChangeSetStatus::CreateComplete) => return Ok(Some(set)),
                Some(ChangeSetStatus::Failed) => {
                    if NO_CHANGES.iter().any(|text| reason.contains(text)) {
                        self.discard(&set).await?;
                        return Ok(None);
                    }
                    let (resource, found) = self.first_mistake(&set.id).await;
                    self.discard(&set).await?;
                    let reason = found.or((!reason.is_empty()).then_some(reason));
                    let status = "as it was".to_owned();
                    return Err(AwsError::Failed { stack: self.name.clone(), status, resource, reason });
                }
                _ => {}
            }
            if begun.elapsed() > PATIENCE {
                let status = status.map_or_else(|| "unknown".to_owned(), |status| status.as_str().to_owned());
                let what = format!("the change set of stack `{}`", self.name);
                return Err(AwsError::Slow { what, status, seconds: PATIENCE.as_secs() });
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Returns the resource that `CloudFormation` found a mistake in before it did anything, and what it says of it: the
    /// change set itself only says that there is one. Where that cannot be asked, neither.
    async fn first_mistake(&self, id: &str) -> (Option<String>, Option<String>) {
        let failed = EventFilter::builder().failed_events(true).build();
        let asked = self.client.describe_events().change_set_name(id).filters(failed).send().await;
        let events = asked.map(|answer| answer.operation_events.unwrap_or_default()).unwrap_or_default();
        let told = events.into_iter().find_map(|event| {
            let reason = event.validation_status_reason.or(event.resource_status_reason)?;
            let name = event.logical_resource_id?;
            let kind = event.resource_type.map_or_else(String::new, |kind| format!(" ({kind})"));
            Some((name + &kind, reason))
        });
        told.unzip()
    }

    /// Takes a proposal back.
    pub async fn discard(&self, set: &ChangeSet) -> Result<(), AwsError> {
        let request = self.client.delete_change_set().stack_name(&set.stack).change_set_name(&set.id);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let refusal = Refusal::of("DeleteChangeSet", &error);
                if refusal.is("ChangeSetNotFound") { Ok(()) } else { Err(refusal.into()) }
            }
        }
    }

    /// Begins to do what was proposed. Returns whether that was accepted now: where it was not, it was begun when nothing
    /// was heard of it, or another change came first.
    pub async fn execute(&self, set: &ChangeSet) -> Result<bool, AwsError> {
        let request = self.client.execute_change_set().stack_name(&set.stack).change_set_name(&set.id);
        // What is to stay when the stack goes is not to stay when it never came to be: it would be in the way of the next.
        let request = request.retain_except_on_create(true);
        match request.client_request_token(token(&set.id)).send().await {
            Ok(_) => Ok(true),
            Err(error) => {
                let refusal = Refusal::of("ExecuteChangeSet", &error);
                if refusal.is("InvalidChangeSetStatus") || refusal.is("ChangeSetNotFound") {
                    return Ok(false);
                }
                Err(refusal.into())
            }
        }
    }
}

/// Returns a name that no other proposal has. What an earlier process left behind under another one goes when a change is
/// carried out.
fn proposal() -> String {
    format!("pipe-{}-{}", now(), std::process::id())
}

/// Returns what makes the same call twice one call: letters, digits and dashes, 128 at the most (API reference,
/// `ClientRequestToken`).
fn token(id: &str) -> String {
    let tail: String = id.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let start = tail.len().saturating_sub(120);
    format!("p{}", &tail[start..])
}

impl From<&ResourceChange> for ResourceDelta {
    fn from(change: &ResourceChange) -> Self {
        let action = match (change.action(), change.replacement()) {
            (Some(ChangeAction::Add), _) => Action::Create,
            (Some(ChangeAction::Remove), _) => Action::Remove,
            (_, Some(Replacement::True)) => Action::Replace,
            (_, Some(Replacement::Conditional)) => Action::MaybeReplace,
            _ => Action::Update,
        };
        let reasons: BTreeSet<String> = change.details().iter().filter_map(reason).collect();
        let drift = change
            .resource_drift_status()
            .filter(|status| matches!(status, StackResourceDriftStatus::Modified | StackResourceDriftStatus::Deleted));
        Self {
            id: change.logical_resource_id().unwrap_or_default().to_owned(),
            kind: change.resource_type().unwrap_or_default().to_owned(),
            action,
            reasons: reasons.into_iter().collect(),
            drift: drift.map(|status| status.as_str().to_lowercase()),
        }
    }
}

/// Says which property is the cause, and whether it makes the resource anew.
fn reason(detail: &ResourceChangeDetail) -> Option<String> {
    let target = detail.target()?;
    let attribute = target.attribute().map_or("Properties", |attribute| attribute.as_str());
    let what = target.name().filter(|name| !name.is_empty()).unwrap_or(attribute);
    let anew = match target.requires_recreation() {
        Some(RequiresRecreation::Always) => ", which makes it anew",
        Some(RequiresRecreation::Conditionally) => ", which may make it anew",
        _ => "",
    };
    let cause = match (detail.change_source(), detail.causing_entity()) {
        (Some(ChangeSource::DirectModification) | None, _) | (_, None) => String::new(),
        (_, Some(entity)) => format!(" (by {entity})"),
    };
    Some(format!("{what}{cause}{anew}"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{ResourceAttribute, ResourceTargetDefinition};

    use super::*;

    #[test]
    fn a_replacement_names_the_property_that_is_the_cause() {
        let target = ResourceTargetDefinition::builder()
            .attribute(ResourceAttribute::Properties)
            .name("Name")
            .requires_recreation(RequiresRecreation::Always)
            .build();
        let detail = ResourceChangeDetail::builder().target(target).causing_entity("CodeKey");
        let direct = detail.clone().change_source(ChangeSource::DirectModification).build();
        let by = detail.change_source(ChangeSource::ParameterReference).build();
        let change = ResourceChange::builder()
            .action(ChangeAction::Modify)
            .replacement(Replacement::True)
            .logical_resource_id("TradesStream")
            .resource_type("AWS::Kinesis::Stream")
            .resource_drift_status(StackResourceDriftStatus::Modified)
            .details(direct.clone())
            .details(direct)
            .details(by)
            .build();
        let delta = ResourceDelta::from(&change);
        assert_eq!(delta.action, Action::Replace);
        assert_eq!(delta.reasons, ["Name (by CodeKey), which makes it anew", "Name, which makes it anew"]);
        assert_eq!(delta.drift.as_deref(), Some("modified"));
    }

    #[test]
    fn a_token_keeps_to_its_letters_and_its_length() {
        let id = format!("arn:aws:cloudformation:eu-west-1:1:changeSet/{}/é", "x".repeat(200));
        let token = token(&id);
        assert!(token.len() <= 128 && token.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-'));
    }
}
