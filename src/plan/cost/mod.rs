//! What a plan costs a month on AWS: what follows from the file, what is assumed, and what nobody knows.

mod bill;
mod cents;
mod item;
mod prices;
mod usage;

pub use bill::{Between, Bill, Line};
pub use cents::Cents;
pub use item::Item;
pub use prices::{Assumed, Assumptions, Price, Prices};
pub use usage::{Basis, Flow, GB, Part, StreamUse, Usage};

/// The hours of a month: a twelfth of the 8,760 of a year (AWS Pricing Calculator, which counts every month so).
pub const MONTH_HOURS: f64 = 730.0;
