//! Programs that are not ours, against which the tests hold `pipe`: boto3, the AWS CLI, cfn-lint, checkov, Chromium, Flink,
//! the Kinesis Client Library, kinesis-mock, `MiniStack`.

pub(crate) mod flink;
pub(crate) mod kinesis_mock;
pub(crate) mod managed_flink;
pub(crate) mod ministack;

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;

/// Returns the Python virtual environment that `PIPE_PEERS` names; `tests/run` makes one and names it. Where it is not
/// set, says what is left out.
pub(crate) fn environment(what: &str) -> Option<PathBuf> {
    found("PIPE_PEERS", what)
}

/// Returns the Python virtual environment that `PIPE_CHECKOV` names: checkov and boto3 want different versions of one library.
pub(crate) fn checkov(what: &str) -> Option<PathBuf> {
    found("PIPE_CHECKOV", what)
}

/// Returns the Python virtual environment that `PIPE_AWSCLI` names: the AWS CLI and boto3 want different versions of one library.
pub(crate) fn aws_cli(what: &str) -> Option<PathBuf> {
    found("PIPE_AWSCLI", what)
}

/// Returns the folder that `PIPE_KCL` names, in which `tests/run` has put the Kinesis Client Library and a program that uses it.
pub(crate) fn kcl(what: &str) -> Option<PathBuf> {
    found("PIPE_KCL", what)
}

/// Returns the `node_modules` that `PIPE_PAGE` names: what the page is built of, and a Chromium that looks at it.
pub(crate) fn page(what: &str) -> Option<PathBuf> {
    found("PIPE_PAGE", what)
}

/// Returns the folder that a variable names, or says what is left out.
fn found(variable: &str, what: &str) -> Option<PathBuf> {
    let found = env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        // Straight to stderr, and at once: the harness keeps back what a test prints that passes.
        io::stderr().write_all(format!("left out: {what} ({variable} is not set)\n").as_bytes()).unwrap();
    }
    found
}
