//! Full-text search.

mod found;
mod options;
mod query;
mod searching;

pub use found::{Found, Hit};
pub use options::{Continuation, Order, Search};
