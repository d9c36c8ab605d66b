//! How fast a running pipeline goes: it is looked at for a moment.

use std::time::Duration;

use crate::deploy::local::{Contact, RunStatus};
use crate::observe::Rates;

/// How long records are counted to see how fast they come.
const COUNT_FOR: Duration = Duration::from_secs(1);

/// Asks once more how a pipeline stands, a moment after it stood as `before`; returns how fast it went meanwhile, too.
pub(super) async fn counted(contact: &Contact, before: &RunStatus) -> Option<(RunStatus, Option<Rates>)> {
    tokio::time::sleep(COUNT_FOR).await;
    let after = contact.status().await?;
    let rates = Rates::between(before, &after);
    Some((after, rates))
}
