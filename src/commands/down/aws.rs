//! `pipe down` on AWS.

use crate::deploy::aws::{Note, Removal};
use crate::deploy::local::Folder;
use crate::error::Error;
use crate::ui::Ui;

use super::super::on_aws::OnAws;
use super::super::progress::Teller;

impl OnAws {
    /// Says what goes.
    pub(super) fn announce(&self, ui: &Ui) {
        ui.note(&format!(
            "  the stack of pipeline {} goes, with its streams and application: {}",
            self.pipeline, self.account
        ));
    }

    /// Removes everything of it.
    pub(super) async fn remove(&self, ui: &Ui) -> Result<(), Error> {
        let teller = Teller::new(ui);
        let tell = |progress| teller.tell(progress);
        let removal = Removal {
            account: &self.account,
            pipeline: &self.pipeline,
            bucket: self.bucket.as_deref(),
            engine: self.engine,
        };
        let removed = removal.carry_out(&tell).await;
        ui.clear_status();
        let removed = removed?;
        ui.note(&if removed.stack {
            format!("removed the stack of pipeline `{}` from {}", self.pipeline, self.account)
        } else {
            format!("there is no stack of pipeline `{}` in {}", self.pipeline, self.account)
        });
        for (kind, name) in &removed.retained {
            ui.note(&format!("note: {kind} {name} stays, as its template says, and costs what its contents cost"));
        }
        if let Some(bucket) = removed.bucket {
            ui.note(&format!(
                "removed {} of code; the bucket {bucket} stays, which other pipelines may use and which costs nothing while \
                 it is empty",
                super::super::check::count(removed.objects, "object", "objects")
            ));
        }
        Note::forget(&Folder::of(&self.pipeline));
        Ok(())
    }
}
