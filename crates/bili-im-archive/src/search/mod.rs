//! Full-text search.

mod found;
mod options;
mod query;
mod searching;
#[cfg(test)]
mod tests;

pub use found::{Found, Hit};
pub use options::{Continuation, Order, Search};
