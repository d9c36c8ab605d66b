//! What is on its way from one state to the next.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How a stream or a consumer stands, as answers say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Creating,
    Deleting,
    Active,
    Updating,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Deleting => "DELETING",
            Self::Active => "ACTIVE",
            Self::Updating => "UPDATING",
        }
    }
}

/// Things of one kind, by their names, that are being made, changed or removed. What is asked for has been done by then:
/// others see it a little later, as they do on AWS. A process that ends leaves nothing on its way.
#[derive(Debug)]
pub(super) struct Changes<T> {
    delay: Duration,
    // Held for a look.
    under_way: Mutex<BTreeMap<String, Change<T>>>,
}

#[derive(Debug)]
struct Change<T> {
    status: Status,
    ends: Instant,
    /// What was there, where it is being removed.
    was: Option<T>,
}

impl<T: Clone> Changes<T> {
    /// Every change takes so long.
    pub(super) fn taking(delay: Duration) -> Self {
        Self { delay, under_way: Mutex::default() }
    }

    /// Begins with a change.
    pub(super) fn begin(&self, what: &str, status: Status) {
        self.note(what, status, None);
    }

    /// Begins with a change of something that none is under way of; fails with the one that is.
    pub(super) fn claim(&self, what: &str, status: Status) -> Result<(), Status> {
        let mut current = self.current();
        if let Some(change) = current.get(what) {
            return Err(change.status);
        }
        if !self.delay.is_zero() {
            current.insert(what.to_owned(), Change { status, ends: Instant::now() + self.delay, was: None });
        }
        Ok(())
    }

    /// Takes a change back that could not be made.
    pub(super) fn end(&self, what: &str) {
        self.current().remove(what);
    }

    /// Begins with the removal of what was there.
    pub(super) fn remove(&self, what: &str, was: T) {
        self.note(what, Status::Deleting, Some(was));
    }

    fn note(&self, what: &str, status: Status, was: Option<T>) {
        if !self.delay.is_zero() {
            let change = Change { status, ends: Instant::now() + self.delay, was };
            self.current().insert(what.to_owned(), change);
        }
    }

    /// Returns how something stands that is there or has been.
    pub(super) fn status(&self, what: &str) -> Status {
        self.current().get(what).map_or(Status::Active, |change| change.status)
    }

    /// Returns what was there of something that is being removed.
    pub(super) fn was(&self, what: &str) -> Option<T> {
        self.current().get(what).and_then(|change| change.was.clone())
    }

    /// Returns all that is being removed, in the order of its names.
    pub(super) fn leaving(&self) -> Vec<T> {
        self.current().values().filter_map(|change| change.was.clone()).collect()
    }

    /// Counts what is being made.
    pub(super) fn making(&self) -> usize {
        self.current().values().filter(|change| change.status == Status::Creating).count()
    }

    /// Returns what has not come to its end.
    fn current(&self) -> MutexGuard<'_, BTreeMap<String, Change<T>>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        under_way.retain(|_, change| change.ends > now);
        under_way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_change_is_seen_until_it_is_over() {
        let changes = Changes::taking(Duration::from_secs(1));
        changes.begin("new", Status::Creating);
        changes.remove("old", 7);
        assert_eq!((changes.status("new"), changes.status("old")), (Status::Creating, Status::Deleting));
        assert_eq!((changes.was("new"), changes.was("old"), changes.leaving()), (None, Some(7), vec![7]));
        assert_eq!(changes.making(), 1);
        assert_eq!(changes.claim("old", Status::Updating), Err(Status::Deleting));
        assert_eq!(changes.claim("other", Status::Updating), Ok(()));
        assert_eq!(changes.claim("other", Status::Updating), Err(Status::Updating));
        changes.end("other");
        assert_eq!(changes.status("other"), Status::Active);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((changes.status("new"), changes.was("old"), changes.making()), (Status::Active, None, 0));
    }

    #[tokio::test]
    async fn no_delay_is_no_change_to_see() {
        let changes = Changes::taking(Duration::ZERO);
        changes.remove("old", 7);
        assert_eq!((changes.status("old"), changes.was("old")), (Status::Active, None));
    }
}
