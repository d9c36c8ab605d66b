//! Tasks that wait for each other, on a few threads.

use std::sync::{Condvar, Mutex, PoisonError};

/// Runs tasks by their numbers, each behind those that it waits for, on up to so many threads, the caller's among them.
/// Tasks for which others wait come first. A task that panics takes the caller with it.
pub(super) fn run(threads: usize, waits_for: &[Vec<usize>], work: impl Fn(usize) + Sync) {
    let tasks = Tasks::new(waits_for);
    let work_off = || {
        while let Some(task) = tasks.take() {
            // Even where it panics, the others must not wait for it.
            let done = Done { tasks: &tasks, task };
            work(task);
            drop(done);
        }
    };
    let threads = threads.min(waits_for.len());
    if threads <= 1 {
        return work_off();
    }
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work_off);
        }
        work_off();
    });
}

/// Returns a task that never could begin, where there is one: in a circle of waiting, or behind one.
pub(super) fn stuck(waits_for: &[Vec<usize>]) -> Option<usize> {
    let mut done = vec![false; waits_for.len()];
    while let Some(next) =
        (0..done.len()).find(|task| !done[*task] && waits_for[*task].iter().all(|other| done[*other]))
    {
        done[next] = true;
    }
    done.iter().position(|done| !done)
}

struct Tasks<'t> {
    waits_for: &'t [Vec<usize>],
    // Held only to take a task or to give one back.
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Tasks that can begin, the last one next.
    ready: Vec<usize>,
    /// By task, how many of those that it waits for are not done.
    waiting: Vec<usize>,
    /// How many tasks are not done.
    left: usize,
}

struct Done<'t, 'w> {
    tasks: &'t Tasks<'w>,
    task: usize,
}

impl<'t> Tasks<'t> {
    fn new(waits_for: &'t [Vec<usize>]) -> Self {
        let mut ready: Vec<usize> = (0..waits_for.len()).filter(|task| waits_for[*task].is_empty()).collect();
        ready.sort_by_key(|task| waits_for.iter().any(|waited| waited.contains(task)));
        let waiting = waits_for.iter().map(Vec::len).collect();
        Self { waits_for, state: Mutex::new(State { ready, waiting, left: waits_for.len() }), changed: Condvar::new() }
    }

    /// Waits for a task that can begin; returns nothing where all have been done.
    fn take(&self) -> Option<usize> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(task) = state.ready.pop() {
                return Some(task);
            }
            if state.left == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Done<'_, '_> {
    fn drop(&mut self) {
        let mut state = self.tasks.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.left -= 1;
        for (task, waited) in self.tasks.waits_for.iter().enumerate() {
            state.waiting[task] -= waited.iter().filter(|waited| **waited == self.task).count();
            if state.waiting[task] == 0 && waited.contains(&self.task) {
                state.ready.push(task);
            }
        }
        self.tasks.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_task_runs_once_and_behind_what_it_waits_for(
            earlier in proptest::collection::vec(proptest::collection::vec(0_usize..20, 0..4), 0..20),
            threads in 1_usize..4,
        ) {
            // A task waits for earlier ones, so that there is no circle.
            let waits_for: Vec<Vec<usize>> = earlier
                .iter()
                .enumerate()
                .map(|(task, earlier)| earlier.iter().copied().filter(|other| *other < task).collect())
                .collect();
            let done = Mutex::new(Vec::new());
            run(threads, &waits_for, |task| done.lock().expect("a sound lock").push(task));
            let done = done.into_inner().expect("a sound lock");
            prop_assert_eq!(done.len(), waits_for.len());
            for (at, task) in done.iter().enumerate() {
                prop_assert!(!done[..at].contains(task));
                prop_assert!(waits_for[*task].iter().all(|other| done[..at].contains(other)));
            }
        }
    }

    #[test]
    #[should_panic(expected = "no such column")]
    fn a_panic_is_the_callers() {
        run(1, &[Vec::new(), vec![0]], |_| panic!("no such column"));
    }
}
