//! Generated records: rows made by fields, at a pace, into a stream.
//!
//! Owns how a row becomes a record and when it is due. May import `plan` and everything above it. Never reads the clock
//! of the wall: a record's time is given, and only the pace looks at how much time has passed.

mod clock;
mod column;
mod computing;
mod delivery;
mod error;
mod frame;
mod key;
mod lines;
mod records;
mod run;
mod sample;
mod schedule;
mod seed;
mod table_rows;
mod tasks;
mod texts;

pub use clock::{Clock, Pacing};
pub use delivery::Delivery;
pub use error::GenerateError;
pub use lines::Lines;
pub use records::Records;
pub use run::Run;
pub use sample::sample;
pub use schedule::Schedule;
