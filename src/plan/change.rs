//! What putting a plan to work would change.

use serde::Serialize;

/// One thing that is wanted, or that is there and not wanted any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What would happen to it.
    #[serde(rename = "change")]
    pub kind: ChangeKind,
    /// What it is in plain words, such as `stream`.
    pub what: String,
    /// What it is called: its name, or its logical id within a stack.
    pub name: String,
    /// How it will be, such as `2 shards`.
    pub detail: String,
    /// Why it is replaced or changed: which property is another one, and whether that makes it anew.
    pub reasons: Vec<String>,
    /// What becomes of the state of open windows, where something becomes of it.
    pub state: Option<String>,
}

/// What would happen to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is made.
    Create,
    /// It is changed where it is.
    Update,
    /// It is made anew and the old one removed.
    Replace,
    /// It is removed.
    Remove,
    /// It stays as it is.
    Keep,
    /// It is in the way: `pipe up` would refuse.
    Conflict,
}

impl ChangeKind {
    /// Every kind, in the order in which they are counted.
    pub const ALL: [Self; 6] = [Self::Create, Self::Update, Self::Replace, Self::Remove, Self::Conflict, Self::Keep];

    /// Returns the sign that it is listed with.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace => "-/+",
            Self::Remove => "-",
            Self::Keep => "=",
            Self::Conflict => "!",
        }
    }

    /// Returns what is said of so many things: `3 to create`.
    pub fn counted(self) -> &'static str {
        match self {
            Self::Create => "to create",
            Self::Update => "to update",
            Self::Replace => "to replace",
            Self::Remove => "to remove",
            Self::Keep => "unchanged",
            Self::Conflict => "in the way",
        }
    }
}

impl Change {
    /// Returns a change without reasons that leaves the state of windows alone.
    pub fn new(kind: ChangeKind, what: impl Into<String>, name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind, what: what.into(), name: name.into(), detail: detail.into(), reasons: Vec::new(), state: None }
    }

    /// Adds why.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reasons.push(reason.into());
        self
    }

    /// Says what becomes of the state of open windows.
    #[must_use]
    pub fn state(mut self, effect: impl Into<String>) -> Self {
        self.state = Some(effect.into());
        self
    }
}
