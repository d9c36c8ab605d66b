//! The durable log on this machine.
