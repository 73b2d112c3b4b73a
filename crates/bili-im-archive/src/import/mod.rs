//! What was exported, read again.

mod answers;
mod lines;
mod reading;
mod storing;
#[cfg(test)]
mod tests;

pub use self::reading::{BrokenLine, Import, ImportReport};
