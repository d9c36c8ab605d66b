//! From whatever is in an account back to nothing.

use super::bucket::{Bucket, Weight};
use super::progress::{Progress, Tell};
use super::release::{is_own, prefix, shared_bucket};
use super::stack::{Stack, failed};
use super::{Account, Application, AwsError};
use crate::plan::EngineKind;

/// What is removed.
#[derive(Debug, Clone)]
pub struct Removal<'a> {
    /// The account.
    pub account: &'a Account,
    /// The pipeline.
    pub pipeline: &'a str,
    /// The bucket with its code, where it is not the account's own for all pipelines.
    pub bucket: Option<&'a str>,
    /// The buckets with its code from before.
    pub left: &'a [String],
    /// What runs its queries.
    pub engine: EngineKind,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Whether there was a stack.
    pub stack: bool,
    /// How many objects and versions of code there were.
    pub objects: usize,
    /// The bucket with what was archived, which stays.
    pub archive: Option<Archive>,
    /// The bucket that code was removed from and that stays, where it is there.
    pub bucket: Option<String>,
}

/// A bucket with archived records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Its name.
    pub name: String,
    /// What is in it, where that is known.
    pub weight: Option<Weight>,
}

impl Removal<'_> {
    /// Stops the application with a snapshot, removes the stack and waits until it is gone, and removes the code. What is
    /// absent is as it should be. Fails where something stays; begun again it goes on.
    pub async fn carry_out(&self, tell: Tell<'_>) -> Result<Removed, AwsError> {
        let mut removed = Removed { stack: false, objects: 0, archive: None, bucket: None };
        let stack = Stack::of_pipeline(self.account, self.pipeline);
        if let Some(mut found) = stack.find().await? {
            removed.stack = true;
            if let Some(name) = found.archive() {
                // Whoever may not look into it is told of it all the same.
                let weight = Bucket::new(self.account, name).weigh().await.ok();
                removed.archive = Some(Archive { name: name.to_owned(), weight });
            }
            let mut mark = stack.mark(&found.id).await?;
            if found.is_moving() && found.status != "DELETE_IN_PROGRESS" {
                tell(Progress::Step(format!("the stack {} is {}: waiting for that", stack.name, found.status)));
                match stack.settle(&found.id, &mark, tell).await?.found {
                    Some(rests) => found = rests,
                    None => return self.clear(removed, tell).await,
                }
                mark = stack.mark(&found.id).await?;
            }
            if found.status != "DELETE_IN_PROGRESS" {
                self.stop(tell).await?;
                tell(Progress::Step(format!("removing the stack {}", stack.name)));
                stack.delete().await?;
            }
            let settled = stack.settle(&found.id, &mark, tell).await?;
            if let Some(stays) = settled.found {
                return Err(failed(&stack, stays, settled.failure));
            }
        }
        self.clear(removed, tell).await
    }

    async fn stop(&self, tell: Tell<'_>) -> Result<(), AwsError> {
        let application = Application::of(self.engine, self.account.config(), self.pipeline);
        if application.state().await?.is_some() {
            tell(Progress::Step(format!("stopping application {}", application.name)));
            application.rest(tell).await?;
        }
        Ok(())
    }

    async fn clear(&self, mut removed: Removed, tell: Tell<'_>) -> Result<Removed, AwsError> {
        let name = self.bucket.map_or_else(|| shared_bucket(self.account), str::to_owned);
        for name in self.left.iter().filter(|left| **left != name) {
            removed.objects += self.clear_bucket(name, tell).await?;
        }
        if self.engine == EngineKind::KinesisSql {
            // Its code stands in the template.
            return Ok(removed);
        }
        if Bucket::new(self.account, &name).exists().await? {
            removed.objects += self.clear_bucket(&name, tell).await?;
            removed.bucket = Some(name);
        }
        Ok(removed)
    }

    async fn clear_bucket(&self, name: &str, tell: Tell<'_>) -> Result<usize, AwsError> {
        tell(Progress::Step(format!("removing the code in {name}")));
        Bucket::new(self.account, name).clear(&prefix(self.pipeline), |key| is_own(self.pipeline, key)).await
    }
}
