//! Tasks that a plan at work consists of.

use tokio::task::{JoinError, JoinSet};

use super::DeployError;

/// Waits for all tasks of a kind, and fails with the first failure.
pub(super) async fn finish<T: 'static, E: Into<DeployError> + 'static>(
    tasks: &mut JoinSet<Result<T, E>>,
) -> Result<(), DeployError> {
    let mut result = Ok(());
    while let Some(ended) = tasks.join_next().await {
        result = result.and(joined(ended));
    }
    result
}

/// Returns how a task ended; its panic goes on here.
pub(super) fn joined<T, E: Into<DeployError>>(ended: Result<Result<T, E>, JoinError>) -> Result<(), DeployError> {
    match ended {
        Ok(result) => result.map(drop).map_err(Into::into),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Ok(()),
    }
}
