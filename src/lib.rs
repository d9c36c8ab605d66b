//! `pipe` turns one `pipeline.toml` into a real-time analytics pipeline.
//!
//! A file goes one way through the stages, each a type of its own, each arrow one function:
//!
//! ```text
//! pipeline.toml → Document → Spec → Plan → Assembly (rendered files)
//!                                     └──→ a running pipeline (deploy)
//! ```
//!
//! Folders import only what stands above them in this list; those on one line do not see each other:
//!
//! * `document`, `record`, `sql`, `streams`, `ui`: text with places; formats of records; types and expressions; logs of
//!   records; what is shown
//! * `field`, `window`: the kinds of generated column and of window, one file each
//! * `spec`: what a file says
//! * `plan`: what it means
//! * `infra`, `generate`, `engine`, `kinesis_api`, `import`: constructs of a stack; records; windowed queries; the endpoint;
//!   templates of others
//! * `render`: artifacts from templates
//! * `deploy`: pipelines at work
//! * `observe`: what can be seen of them
//! * `trial`: tests at work
//! * `page`: a picture of one in the browser
//! * `error`: exit codes and hints
//! * `commands`: one file per command

mod commands;
pub mod deploy;
pub mod document;
pub mod engine;
pub mod error;
pub mod field;
pub mod generate;
pub mod import;
pub mod infer;
pub mod infra;
pub mod kinesis_api;
pub mod observe;
pub mod page;
pub mod plan;
pub mod rate;
pub mod record;
pub mod recording;
pub mod render;
pub mod replay;
pub mod spec;
pub mod sql;
pub mod streams;
pub mod trial;
pub mod ui;
pub mod window;

/// Runs the command line of this process and returns its exit code.
pub fn main() -> std::process::ExitCode {
    commands::main()
}
