//! One thing that was looked at.

use serde::Serialize;

use crate::error::Error;

/// What was found, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// What was looked at, in a word.
    pub(super) name: &'static str,
    pub(super) outcome: Outcome,
    /// What was found.
    pub(super) what: String,
    /// What to do about it, where something is to be done.
    pub(super) todo: Option<String>,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// As it should be.
    Good,
    /// It may do, or not.
    Odd,
    /// A pipeline cannot work so.
    Bad,
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Odd => "!",
            Self::Bad => "BAD",
        }
    }
}

impl Check {
    pub(super) fn good(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Good, what: what.into(), todo: None }
    }

    pub(super) fn odd(name: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Odd, what: what.into(), todo: Some(todo.into()) }
    }

    pub(super) fn bad(name: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Bad, what: what.into(), todo: Some(todo.into()) }
    }

    /// Takes a failure as what was found.
    pub(super) fn failed(name: &'static str, error: impl Into<Error>) -> Self {
        let error = error.into();
        Self { name, outcome: Outcome::Bad, what: error.full(), todo: error.hint() }
    }
}
