//! Records of a file, played before a pipeline's queries as if they came now.
//!
//! Owns when a record of a file arrives, and what the queries make of it. May import `engine`, `deploy`, `recording` and what
//! they import. Never reads a clock: time goes on with the records, and whoever plays them says how far it has come
//! between them.

mod ahead;
mod arrivals;
mod error;
mod load;
mod player;

pub use ahead::read_ahead;
pub use arrivals::{Arrivals, Timing};
pub use error::ReplayError;
pub use load::load;
pub use player::{Player, Totals};
