//! The same work on many things at once, with what comes of them in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Does `work` for every item on as many threads as there are cores, and gives what comes of each to `each` on this thread,
/// in the order of the items. Begins no further work once `each` fails.
pub fn in_order<T: Sync, R: Send, E>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut each: impl FnMut(&T, R) -> Result<(), E>,
) -> Result<(), E> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(items.len());
    if threads < 2 {
        return items.iter().try_for_each(|item| each(item, work(item)));
    }
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (next, work, done) = (&next, &work, done.clone());
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    if done.send((index, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let mut early = BTreeMap::new();
        let mut due = 0..items.len();
        for (index, result) in results {
            early.insert(index, result);
            while early.first_key_value().is_some_and(|(index, _)| *index == due.start)
                && let Some((index, result)) = early.pop_first()
            {
                due.start += 1;
                // Leaving this loop closes the channel, which ends the threads.
                each(&items[index], result)?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_first_waits_for_what_stands_before_it() {
        let items: Vec<u64> = (0..50).collect();
        let slow_first = |item: &u64| {
            std::thread::sleep(std::time::Duration::from_millis(if item.is_multiple_of(10) { 5 } else { 0 }));
            item * 2
        };
        let mut seen = Vec::new();
        let ended = in_order(&items, slow_first, |item, doubled| {
            seen.push((*item, doubled));
            Ok::<(), ()>(())
        });
        assert_eq!(ended, Ok(()));
        assert_eq!(seen, items.iter().map(|item| (*item, item * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_begun_behind_a_failure() {
        let begun = AtomicUsize::new(0);
        let items: Vec<u64> = (0..10_000).collect();
        let work = |_: &u64| {
            begun.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_micros(100));
        };
        let ended = in_order(&items, work, |item, ()| if *item == 3 { Err(*item) } else { Ok(()) });
        assert_eq!(ended, Err(3));
        assert!(begun.into_inner() < items.len());
    }
}
