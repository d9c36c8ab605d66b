//! What can be seen of a pipeline: how fast its records go, and why it gives what it gives.
//!
//! Owns rates and findings. May import `deploy` and what it imports. Pure: it is given how a pipeline stands and asks nobody.

mod finding;
mod graph;
mod rates;

pub use finding::{Finding, HotKey, Seen, Weight, findings};
pub use graph::{Edge, Graph, Node, NodeKind, rate_text};
pub use rates::{QueryRate, Rates, ShardRate, StreamRate};
