//! The same work on several things at once.

use datafusion_common::DataFusionError;

/// Does the same to every item: on this thread where there is one, else on as many threads as there are cores.
pub(super) fn in_parallel<T: Send>(
    items: impl Iterator<Item = T>,
    work: impl Fn(T) -> Result<(), DataFusionError> + Sync,
) -> Result<(), DataFusionError> {
    let mut items: Vec<T> = items.collect();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(items.len());
    if threads < 2 {
        return items.into_iter().try_for_each(work);
    }
    let share = items.len().div_ceil(threads);
    let work = &work;
    std::thread::scope(|scope| {
        let mut others = Vec::new();
        while items.len() > share {
            let part = items.split_off(items.len() - share);
            others.push(scope.spawn(move || part.into_iter().try_for_each(work)));
        }
        let mine = items.into_iter().try_for_each(work);
        others
            .into_iter()
            .map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .fold(mine, Result::and)
    })
}
