//! Every integration test, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "tests are told by the environment what they may use")]

mod cli;
mod faults;
mod habits;
mod peers;
mod suite;
