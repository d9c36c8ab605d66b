//! What every pipeline needs of this machine.

use rustix::fs::statvfs;
use rustix::process::{Resource, getrlimit};

use crate::deploy::local::{Contact, Folder, LOOPBACK, listen};

use super::check::Check;

/// The disk that a pipeline should find free: the generator of the first example writes a gigabyte in a day.
const DISK: u64 = 1 << 30;
/// The files that a process should be able to have open: the streams' tables and journals, and some hundred clients.
const FILES: u64 = 1_024;
/// The port that the endpoint takes first.
const PORT: u16 = 4567;

/// Looks at the folder, its disk, the limits of processes and the port.
pub(super) async fn look() -> Vec<Check> {
    vec![folder(), disk(), files(), port().await]
}

fn folder() -> Check {
    // What is made there is gone at once.
    match tempfile::tempfile_in(".") {
        Ok(_) => Check::good("folder", "this folder can be written to"),
        Err(error) => Check::bad(
            "folder",
            format!("this folder cannot be written to: {error}"),
            "go to one that can: streams are kept in `.pipe` below it",
        ),
    }
}

fn disk() -> Check {
    let free = match statvfs(".") {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            let what = format!("how much of its disk is free is not known: {error}");
            return Check::odd("disk", what, "see that there is a gigabyte");
        }
    };
    let what = format!("{} MiB of its disk are free", free >> 20);
    if free >= DISK {
        Check::good("disk", what)
    } else {
        Check::odd("disk", what, "make room: `pipe down` removes a pipeline with its records")
    }
}

fn files() -> Check {
    // Up to the greatest that it may have it takes by itself.
    let most = getrlimit(Resource::Nofile).maximum;
    match most {
        Some(most) if most < FILES => {
            let what = format!("a process may have {most} files open");
            Check::odd("files", what, format!("let it have {FILES}, as with `ulimit -n {FILES}`"))
        }
        Some(most) => Check::good("files", format!("a process may have {most} files open")),
        None => Check::good("files", "a process may have any number of files open"),
    }
}

async fn port() -> Check {
    if listen(LOOPBACK, Some(PORT)).await.is_ok() {
        return Check::good("port", format!("port {PORT} is free for the endpoint"));
    }
    for folder in Folder::all() {
        if let Ok(Some(contact)) = Contact::find(&folder).await
            && contact.endpoint().ends_with(&format!(":{PORT}"))
        {
            let what = format!("pipeline {} has port {PORT} (process {})", folder.pipeline(), contact.pid());
            return Check::good("port", format!("{what}; another one takes the next that is free"));
        }
    }
    let todo = "nothing, where clients read the address that `pipe up` prints; else stop that program, or give --port";
    Check::odd("port", format!("another program has port {PORT}: the endpoint takes the next that is free"), todo)
}
