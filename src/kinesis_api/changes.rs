//! What is on its way from one state to the next.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Things of one kind, by their names, that are being made, changed or removed. What is asked for has been done when the
/// request is answered: others see it a little later, as they do on AWS. A process that ends leaves nothing on its way.
#[derive(Debug)]
pub(super) struct Changes<T> {
    delay: Duration,
    // Held for a look.
    under_way: Mutex<BTreeMap<String, Change<T>>>,
    begun: AtomicU64,
}

#[derive(Debug)]
struct Change<T> {
    /// Which change it is: others of the same thing have other numbers.
    number: u64,
    status: Status,
    /// When others see it done; nothing where it has not been done.
    ends: Option<Instant>,
    /// What was there, where it is being removed.
    was: Option<T>,
}

/// A change that is being made. Dropped before it [has been](Self::made), it is taken back.
#[derive(Debug)]
#[must_use]
pub(super) struct Claim<'c, T: Clone> {
    changes: &'c Changes<T>,
    what: String,
    number: u64,
}

impl<T: Clone> Claim<'_, T> {
    /// Says that it has been made.
    pub(super) fn made(self) {
        if self.changes.delay.is_zero() {
            return;
        }
        if let Some(change) = self.changes.current().get_mut(&self.what).filter(|change| change.number == self.number) {
            change.ends = Some(Instant::now() + self.changes.delay);
        }
    }
}

impl<T: Clone> Drop for Claim<'_, T> {
    fn drop(&mut self) {
        let mut current = self.changes.current();
        if current.get(&self.what).is_some_and(|change| change.number == self.number && change.ends.is_none()) {
            current.remove(&self.what);
        }
    }
}

impl<T: Clone> Changes<T> {
    /// Every change takes so long, from when it has been made.
    pub(super) fn taking(delay: Duration) -> Self {
        Self { delay, under_way: Mutex::default(), begun: AtomicU64::new(0) }
    }

    /// Begins with a change of something that none is under way of; fails with the one that is.
    pub(super) fn claim(&self, what: &str, status: Status) -> Result<Claim<'_, T>, Status> {
        self.note(what, status, None, |_| true)
    }

    /// Begins with the removal of what was there, whatever else is being done with it; fails where it is being removed.
    pub(super) fn remove(&self, what: &str, was: T) -> Result<Claim<'_, T>, Status> {
        self.note(what, Status::Deleting, Some(was), |status| status == Status::Deleting)
    }

    fn note(
        &self,
        what: &str,
        status: Status,
        was: Option<T>,
        forbids: impl FnOnce(Status) -> bool,
    ) -> Result<Claim<'_, T>, Status> {
        let mut current = self.current();
        if let Some(change) = current.get(what).filter(|change| forbids(change.status)) {
            return Err(change.status);
        }
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        current.insert(what.to_owned(), Change { number, status, ends: None, was });
        Ok(Claim { changes: self, what: what.to_owned(), number })
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
        under_way.retain(|_, change| change.ends.is_none_or(|ends| ends > now));
        under_way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_change_is_seen_until_it_is_over() {
        let changes = Changes::taking(Duration::from_secs(1));
        changes.claim("new", Status::Creating).unwrap().made();
        changes.remove("old", 7).unwrap().made();
        assert_eq!((changes.status("new"), changes.status("old")), (Status::Creating, Status::Deleting));
        assert_eq!((changes.was("new"), changes.was("old"), changes.leaving()), (None, Some(7), vec![7]));
        assert_eq!(changes.making(), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((changes.status("new"), changes.was("old"), changes.making()), (Status::Active, None, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn only_one_changes_a_thing_for_however_long_that_takes() {
        for delay in [Duration::ZERO, Duration::from_secs(1)] {
            let changes = Changes::<u8>::taking(delay);
            let first = changes.claim("it", Status::Updating).unwrap();
            tokio::time::advance(Duration::from_mins(1)).await;
            assert_eq!(changes.claim("it", Status::Updating).unwrap_err(), Status::Updating);
            // A removal does not wait, and what it took the place of takes nothing from it.
            let removal = changes.remove("it", 7).unwrap();
            assert_eq!(changes.remove("it", 7).unwrap_err(), Status::Deleting);
            first.made();
            assert_eq!(changes.status("it"), Status::Deleting);
            // One that fails leaves nothing.
            drop(removal);
            assert_eq!(changes.status("it"), Status::Active);
            changes.claim("it", Status::Updating).unwrap().made();
            assert_eq!(changes.status("it") == Status::Active, delay.is_zero());
        }
    }
}
