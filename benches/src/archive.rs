//! An archive of a million messages: filled and searched.

mod filling;
mod searching;
mod texts;

pub use filling::{Filled, MESSAGES};
pub use searching::{Query, queries};
