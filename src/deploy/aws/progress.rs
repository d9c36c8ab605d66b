//! What a person is told while AWS works.

use std::time::Duration;

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
