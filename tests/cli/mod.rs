//! What only the whole command can show: the real binary, run as people run it.

mod client;
mod golden;
mod harness;
mod kill;
