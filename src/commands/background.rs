//! `pipe up --detach`: the same command in the background.

use std::ffi::OsString;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::deploy::local::{Contact, DeployError, Folder};
use crate::error::Error;
use crate::page::Key;
use crate::plan::{Plan, StreamsKind};
use crate::ui::Ui;

/// How long a background process may take until it answers: with Flink that is when the job runs.
const START_PATIENCE: Duration = Duration::from_mins(3);

/// Starts the same command in the background and waits until it answers. `page` is whether it serves one, whose address is
/// told.
pub(super) async fn detach(plan: &Plan, page: bool, ui: &Ui) -> Result<(), Error> {
    let folder = Folder::of(&plan.name);
    if let Some(contact) = Contact::find(&folder).await? {
        let pid = contact.status().await.map(|status| status.pid);
        return Err(DeployError::Running { pipeline: plan.name.clone(), pid }.into());
    }
    folder.make()?;
    let output = folder.output();
    // What it says may hold the token of its page, and is for nobody else. Added to, never cut: another process may have begun at the same moment, and be the one that runs.
    let file = std::fs::File::options().create(true).append(true).mode(0o600).open(&output);
    let file = file.map_err(|source| Error::write(&output, source))?;
    let errors = file.try_clone().map_err(|source| Error::write(&output, source))?;
    let program = std::env::current_exe().map_err(|source| Error::read("this program's own path", source))?;
    let mut command = Command::new(&program);
    command.args(in_foreground(std::env::args_os().skip(1))).stdin(Stdio::null()).stdout(file).stderr(errors);
    // A group of its own: Ctrl-C in this terminal is not meant for it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|source| Error::read(&program, source))?;
    let begun = Instant::now();
    while begun.elapsed() < START_PATIENCE {
        if let Some(contact) = Contact::find(&folder).await.ok().flatten().filter(|found| found.pid() == child.id()) {
            ui.note(&format!("pipeline `{}` runs in the background (process {})", plan.name, child.id()));
            // Another one than that of the records is nothing to anybody.
            if plan.target.streams == StreamsKind::Local {
                ui.note(&format!("  endpoint  {}", contact.endpoint()));
            }
            if let (true, Ok(Some(key))) = (page, Key::known(&folder)) {
                ui.note(&format!("  page      {}", key.address(key.port())));
            }
            ui.note(&format!("  log       {}", output.display()));
            // By its file where that is known, so that it is found from here whatever it is called.
            let named = folder.file().map_or_else(|| plan.name.clone(), |file| file.display().to_string());
            ui.note(&format!("`pipe tail {named}` follows it, `pipe down {named}` stops and removes it"));
            return Ok(());
        }
        if child.try_wait().is_ok_and(|ended| ended.is_some()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(Error::Unavailable {
        message: format!("pipeline `{}` did not start: {}", plan.name, last_words(&output)),
        hint: format!("see {}", output.display()),
    })
}

/// Returns the command line of the background process: the same, but that it stays where it is. Flags may stand together
/// (`-dy`), so that `--detach` is undone and not taken out.
fn in_foreground(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    arguments.insert(
        arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len()),
        "--foreground".into(),
    );
    arguments
}

fn last_words(output: &Path) -> String {
    let text = std::fs::read_to_string(output).unwrap_or_default();
    let last = text.lines().rev().find(|line| line.starts_with("error")).or_else(|| text.lines().last());
    let last = last.unwrap_or("it said nothing");
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::up::Args;
    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        up: Args,
    }

    #[test]
    fn a_background_process_does_not_detach_again() {
        for line in [
            &["-d"][..],
            &["--detach"],
            &["-yd", "ticker"],
            &["-dy"],
            &["ticker", "-d", "--for", "1s"],
            &["-d", "--", "x"],
        ] {
            let line: Vec<OsString> = std::iter::once("up").chain(line.iter().copied()).map(OsString::from).collect();
            assert!(Line::try_parse_from(&line).expect("a command line").up.detach, "{line:?}");
            let inner = in_foreground(line.into_iter());
            assert!(!Line::try_parse_from(&inner).expect("a command line").up.detach, "{inner:?}");
        }
    }
}
