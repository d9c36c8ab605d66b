//! `pipe` turns one `pipeline.toml` into a real-time analytics pipeline.

mod commands;
pub mod deploy;
pub mod document;
pub mod engine;
pub mod error;
pub mod field;
pub mod generate;
pub mod infra;
pub mod kinesis_api;
pub mod plan;
pub mod render;
pub mod spec;
pub mod sql;
pub mod streams;
pub mod ui;
pub mod window;

/// Runs the command line of this process and returns its exit code.
pub fn main() -> std::process::ExitCode {
    commands::main()
}
