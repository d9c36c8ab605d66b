//! Generated records: rows made by fields, on a schedule, into a stream.
//!
//! Owns how a row becomes a record, when it is due and what happens to it on its way. May import `engine`, which computes
//! expressions and reads tables, `plan` and everything above it. Never reads the clock of the wall: it is given.

mod by_key;
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
mod sink;
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
pub use sink::{IntoLines, IntoLog, Sink};
