//! Generated records: rows made by fields, at a pace, into a stream.
//!
//! Owns how a row becomes a record and when it is due. May import `plan` and everything above it. Never reads the clock
//! of the wall: a record's time is given, and only the pace looks at how much time has passed.

mod column;
mod error;
mod frame;
mod key;
mod lines;
mod pace;
mod records;
mod run;
mod sample;
mod seed;

pub use error::GenerateError;
pub use lines::Lines;
pub use pace::Pace;
pub use records::Records;
pub use run::Run;
pub use sample::sample;
