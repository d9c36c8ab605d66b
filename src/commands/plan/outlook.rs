//! What `pipe plan` has to say of one pipeline.

use serde::Serialize;
use serde_json::Value as Json;

use crate::plan::cost::Bill;
use crate::plan::{Change, ChangeKind};

use super::capacity::Capacity;
use super::permissions::Permissions;

/// The version of the JSON: it goes up when a member changes its meaning or goes away, and not when one comes.
pub(super) const VERSION: u32 = 1;
/// What a summary keeps of the JSON.
const SUMMARY: [&str; 6] = ["version", "pipeline", "target", "summary", "not_compared", "cost"];

/// How much of it is shown to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// How much of what, and one line of cost.
    Summary,
    /// What changes.
    Changes,
    /// Everything.
    Full,
}

/// What `up` would do for one pipeline, and what it needs. The names of the members are those of the JSON.
#[derive(Debug, Serialize)]
pub(super) struct Outlook {
    pub(super) version: u32,
    pub(super) pipeline: String,
    pub(super) target: String,
    pub(super) summary: Summary,
    pub(super) changes: Vec<Change>,
    pub(super) capacity: Capacity,
    pub(super) cost: Bill,
    pub(super) permissions: Permissions,
    #[serde(flatten)]
    pub(super) notes: Notes,
}

/// What there is to say besides.
#[derive(Debug, Default, Serialize)]
pub(super) struct Notes {
    /// What was listed without a look at what is there, and why. Without this the changes may not be true.
    pub(super) not_compared: Vec<String>,
    /// Whether nothing at all could be looked at.
    #[serde(skip)]
    pub(super) is_blind: bool,
    /// The rest.
    #[serde(skip)]
    pub(super) others: Vec<String>,
}

impl Notes {
    /// Says that nothing is known of what is there, and why.
    pub(super) fn blind(&mut self, note: String) {
        self.is_blind = true;
        self.not_compared.push(note);
    }

    /// Adds something.
    pub(super) fn push(&mut self, note: impl Into<String>) {
        self.others.push(note.into());
    }

    /// Returns what is shown at a level.
    pub(super) fn listed(&self, level: Level) -> impl Iterator<Item = &str> {
        let others = self.others.iter().filter(move |_| level != Level::Summary);
        self.not_compared.iter().chain(others).map(String::as_str)
    }
}

/// How many things there are of each kind of change.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    create: usize,
    update: usize,
    replace: usize,
    remove: usize,
    conflict: usize,
    keep: usize,
}

impl Summary {
    /// Counts changes.
    pub(super) fn of(changes: &[Change]) -> Self {
        let of = |kind| changes.iter().filter(|change| change.kind == kind).count();
        Self {
            create: of(ChangeKind::Create),
            update: of(ChangeKind::Update),
            replace: of(ChangeKind::Replace),
            remove: of(ChangeKind::Remove),
            conflict: of(ChangeKind::Conflict),
            keep: of(ChangeKind::Keep),
        }
    }
}

impl Outlook {
    /// Returns whether `pipe up` would have something to do, or would refuse.
    pub(super) fn changes_anything(&self) -> bool {
        self.changes.iter().any(|change| change.kind != ChangeKind::Keep)
    }

    /// Returns how many things there are of a kind.
    pub(super) fn count(&self, kind: ChangeKind) -> usize {
        match kind {
            ChangeKind::Create => self.summary.create,
            ChangeKind::Update => self.summary.update,
            ChangeKind::Replace => self.summary.replace,
            ChangeKind::Remove => self.summary.remove,
            ChangeKind::Conflict => self.summary.conflict,
            ChangeKind::Keep => self.summary.keep,
        }
    }

    /// Returns what is listed at a level.
    pub(super) fn listed(&self, level: Level) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| level == Level::Full || change.kind != ChangeKind::Keep)
    }

    /// Returns how much of what changes, each with its sign.
    pub(super) fn counts(&self) -> String {
        let told = ChangeKind::ALL.into_iter().filter(|kind| self.count(*kind) > 0);
        let told: Vec<String> =
            told.map(|kind| format!("{} {} {}", kind.sign(), self.count(kind), kind.counted())).collect();
        if told.is_empty() { "nothing to change".to_owned() } else { told.join(", ") }
    }

    /// Returns it as one line of JSON. All of it, whatever is shown to a person, but for a summary.
    pub(super) fn json(&self, level: Level) -> String {
        let mut json = serde_json::to_value(self).expect("an outlook is plain data");
        json["notes"] = self.notes.listed(Level::Full).collect();
        if let (Level::Summary, Some(members)) = (level, json.as_object_mut()) {
            members.retain(|name, _| SUMMARY.contains(&name.as_str()));
            if let Some(Json::Object(cost)) = members.get_mut("cost") {
                cost.retain(|name, _| name != "lines");
            }
        }
        json.to_string()
    }
}
