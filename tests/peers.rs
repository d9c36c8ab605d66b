//! Programs that are not ours, against which the tests hold `pipe`: boto3, cfn-lint.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;

/// Returns the Python virtual environment that `PIPE_PEERS` names; `tests/run` makes one and names it. Where it is not
/// set, says what is left out.
pub(crate) fn environment(what: &str) -> Option<PathBuf> {
    let found = env::var_os("PIPE_PEERS").map(PathBuf::from);
    if found.is_none() {
        // Straight to stderr: the harness keeps back what a test prints that passes.
        let mut stderr = io::stderr();
        writeln!(stderr, "left out: {what} (PIPE_PEERS is not set)").unwrap();
    }
    found
}
