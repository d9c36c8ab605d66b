//! What is read, and what is refused.

mod mistakes;
mod print;
mod shapes;
