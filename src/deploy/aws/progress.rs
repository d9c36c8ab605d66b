//! What a person is told while AWS works.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How often it is told that something is still waited for.
const PAUSE: Duration = Duration::from_secs(1);

/// Something that happened, or that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A step begins.
    Step(String),
    /// A resource of a stack has another status.
    Resource {
        /// Its logical id.
        id: String,
        /// Its type, as `CloudFormation` names it.
        kind: String,
        /// Its status.
        status: String,
        /// Why, where AWS says so.
        reason: Option<String>,
    },
    /// It is still waited for.
    Waiting {
        /// For what.
        what: String,
        /// How it stands.
        status: String,
        /// For how long.
        elapsed: Duration,
    },
}

/// Where progress is told.
pub type Tell<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// Waits for something that says nothing of itself, and tells that meanwhile.
pub(super) async fn waited<T>(tell: Tell<'_>, what: &str, status: &str, work: impl Future<Output = T>) -> T {
    let (begun, mut work) = (Instant::now(), pin!(work));
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = sleep(PAUSE) => tell(Progress::Waiting {
                what: what.to_owned(),
                status: status.to_owned(),
                elapsed: begun.elapsed(),
            }),
        }
    }
}
