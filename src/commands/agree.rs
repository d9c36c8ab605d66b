//! What is not done without a yes.

use crate::error::Error;
use crate::ui::Ui;

/// Asks whether something is to be done; `--yes` of a command is for it not to ask. Fails where the person says no, and
/// where there is no terminal to ask on.
pub(super) fn agree(what: &str, ui: &Ui) -> Result<(), Error> {
    match ui.confirm(&format!("{what}?")) {
        None => Err(Error::Unconfirmed { question: format!("to {what}") }),
        Some(false) => Err(Error::Declined),
        Some(true) => Ok(()),
    }
}
