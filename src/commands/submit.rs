//! The queries of a plan on their way into a Flink.

use std::future::Future;
use std::path::Path;

use crate::deploy::flink::{Places, Prepared, Submitted};
use crate::deploy::local::{REGION, Run};
use crate::error::Error;
use crate::ui::Ui;

/// Hands the queries to Flink, whose job goes with this run.
pub(super) async fn submit(
    prepared: &Prepared,
    run: &Run,
    (path, stop): (&Path, impl Future<Output = Error> + Unpin),
    ui: &Ui,
) -> Result<Submitted, Error> {
    let places = Places::local(run.endpoint(), REGION, &folder_of(path));
    let job = hand_over(prepared, &places, stop, ui).await?;
    run.note_job(&job)?;
    ui.note(&format!("the Flink job runs (job {}); it ends with this process, which has its streams", job.id));
    Ok(job)
}

/// Returns the folder of a pipeline file as a Flink finds it, which runs elsewhere than here, if on this machine.
pub(super) fn folder_of(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.parent().map_or_else(String::new, |folder| folder.display().to_string())
}

/// Submits a job. Broken off, it leaves none behind but those that were there before.
pub(super) async fn hand_over(
    prepared: &Prepared,
    places: &Places,
    mut stop: impl Future<Output = Error> + Unpin,
    ui: &Ui,
) -> Result<Submitted, Error> {
    let submission = tokio::select! {
        error = &mut stop => return Err(error),
        submission = prepared.begin() => submission?,
    };
    tokio::select! {
        error = &mut stop => {
            ui.note("stopping; a job that Flink has begun is taken back");
            if let Err(error) = submission.withdraw().await {
                ui.note(&format!("note: its Flink job may have been started: {error}"));
            }
            Err(error)
        }
        submitted = submission.submit(places) => Ok(submitted?),
    }
}

/// Ends the job whose streams are about to go.
pub(super) async fn withdraw(job: &Submitted, run: &Run, ui: &Ui) {
    ui.note("cancelling the Flink job");
    match job.stop().await {
        Ok(_) => run.folder().forget_job(),
        Err(error) => ui.note(&format!("note: the Flink job {} may still be there: {error}", job.id)),
    }
}
