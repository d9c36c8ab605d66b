//! What a plan would change in an account, found out without changing anything.

use std::path::Path;

use crate::plan::Plan;

use super::change_set::{ResourceDelta, Template, Wanted};
use super::release::Release;
use super::stack::{Found, Stack};
use super::texts::differences;
use super::{Account, AwsError, Drift, Obstacle, State};

/// How an account differs from a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The stack, where it is there and more than a proposal.
    pub found: Option<Found>,
    /// How its application stands, where there is one.
    pub application: Option<State>,
    /// What happens to its resources; none of them where `changes` are not known.
    pub changes: Vec<ResourceDelta>,
    /// What somebody changed by hand.
    pub drifts: Vec<Drift>,
    /// What could not be found out, and why.
    pub unknown: Vec<String>,
    /// What is in the way.
    pub obstacles: Vec<Obstacle>,
    /// The bucket for code that is made where it is missing.
    pub shared_bucket: Option<String>,
    /// The status of a stack that never came to be: it has to go first.
    pub never_was: Option<String>,
}

impl Comparison {
    /// Compares. A stack that is there is asked for a change set, which is taken back; where that does not tell what was
    /// changed by hand, it is looked for. `folder` is that of the pipeline file.
    pub async fn of(plan: &Plan, account: &Account, folder: &Path) -> Result<Self, AwsError> {
        let stack = Stack::of_pipeline(account, &plan.name);
        let mut comparison = Self::default();
        let found = match stack.find().await {
            Err(error @ AwsError::Foreign { .. }) => {
                comparison.obstacles.push(Obstacle::stack(&stack.name, error.to_string()));
                None
            }
            found => found?.filter(|found| !found.is_only_proposed()),
        };
        comparison.never_was = found.as_ref().filter(|found| found.never_was()).map(|found| found.status.clone());
        let found = found.filter(|found| !found.never_was());
        let release = Release::of(plan, account, folder)?;
        comparison.shared_bucket = release.bucket.clone().filter(|_| release.shared_bucket);
        match Obstacle::look(account, &release, found.as_ref()).await {
            Ok(obstacles) => comparison.obstacles.extend(obstacles),
            Err(error) => comparison.unknown.push(format!("which names are taken: {error}")),
        }
        let Some(found) = found else { return Ok(comparison) };
        if let Some(application) = release.application(account) {
            comparison.application = application.state().await?;
        }
        if found.takes_change() {
            comparison.propose(&stack, &found, &release).await?;
        } else if found.is_moving() {
            comparison.unknown.push(format!("the stack {} is {}: `pipe up` waits for that", stack.name, found.status));
        } else {
            let why = format!("it is {}, and takes no change", found.status);
            comparison.obstacles.push(Obstacle::stack(&stack.name, why));
        }
        comparison.found = Some(found);
        Ok(comparison)
    }

    async fn propose(&mut self, stack: &Stack, found: &Found, release: &Release) -> Result<(), AwsError> {
        if release.template.len() > Template::LONGEST {
            self.unknown.push(format!(
                "which changes make a resource anew: the template is longer than the {} bytes that a call takes, and a plan \
                 puts nothing into the bucket, from where `pipe up` has it compared",
                Template::LONGEST
            ));
            let before = stack.template().await?;
            self.changes = differences((&before, &found.parameters), (&release.template, &release.parameters));
            return self.look_for_drift(stack).await;
        }
        let wanted =
            Wanted { template: Template::Text(release.template.clone()), parameters: release.parameters.clone() };
        let set = stack.propose(&wanted, false).await?;
        let sees_drift = set.as_ref().is_some_and(|set| set.sees_drift);
        if let Some(set) = set {
            stack.discard(&set).await?;
            self.changes = set.changes;
        }
        if sees_drift { Ok(()) } else { self.look_for_drift(stack).await }
    }

    /// What cannot be compared with what is there is no reason to show nothing.
    async fn look_for_drift(&mut self, stack: &Stack) -> Result<(), AwsError> {
        match stack.drifts().await {
            Ok(drifts) => self.drifts = drifts,
            Err(error) => self.unknown.push(format!("what was changed by hand: {error}")),
        }
        Ok(())
    }
}
