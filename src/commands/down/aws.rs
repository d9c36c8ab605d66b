//! `pipe down` on AWS.

use crate::deploy::aws::{Archive, Note, Removal};
use crate::deploy::local::Folder;
use crate::error::Error;
use crate::plan::cost::{Cents, GB, Item, Prices};
use crate::ui::{Ui, count};

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
            left: &self.left,
            engine: self.engine,
        };
        let removed = tokio::select! {
            removed = removal.carry_out(&tell) => removed.map_err(Error::from),
            Ok(()) = tokio::signal::ctrl_c() => Err(Error::Interrupted),
        };
        ui.clear_status();
        if matches!(removed, Err(Error::Interrupted)) {
            ui.note("broken off; what AWS has begun it finishes, and the same command again removes the rest");
        }
        let removed = removed?;
        ui.note(&if removed.stack {
            format!("removed the stack of pipeline `{}` from {}", self.pipeline, self.account)
        } else {
            format!("there is no stack of pipeline `{}` in {}", self.pipeline, self.account)
        });
        if let Some(archive) = &removed.archive {
            ui.note(&stays(archive, &self.account.place.region));
        }
        if let Some(bucket) = removed.bucket {
            ui.note(&format!(
                "removed {} of code; the bucket {bucket} stays, which other pipelines may use and which costs nothing while \
                 it is empty",
                count(removed.objects, "object", "objects")
            ));
        }
        let folder = Folder::of(&self.pipeline);
        // The note of another target tells of what is still there.
        if Note::of(&folder)?.is_some_and(|note| note.expect(&self.pipeline, &self.account).is_ok()) {
            Note::forget(&folder);
        }
        Ok(())
    }
}

/// Says what stays, and what it costs.
fn stays(Archive { name, weight }: &Archive, region: &str) -> String {
    let stays = format!("note: the bucket {name} with the archive stays");
    let Some(weight) = weight else { return format!("{stays}, and costs what its contents cost") };
    if weight.objects == 0 {
        return format!("{stays}; it is empty and costs nothing");
    }
    #[expect(clippy::cast_precision_loss, reason = "bytes are exact to nine petabytes")]
    let gigabytes = weight.bytes as f64 / GB;
    let more = if weight.is_all { "" } else { "more than " };
    let objects = count(weight.objects, "object", "objects");
    let held = format!("{stays}, with {more}{objects} of {gigabytes:.3} GB together");
    let prices = Prices::built_in();
    match prices.of(region, Item::Objects) {
        Some(price) => {
            let month = match Cents::round(gigabytes * price.usd) {
                Cents(0) => "less than a cent".to_owned(),
                cents => format!("{more}${cents}"),
            };
            format!("{held}: {month} a month at ${} a gigabyte (as of {})", price.usd, price.as_of)
        }
        None => format!("{held}; what a gigabyte costs in {region} the table of prices does not say"),
    }
}
