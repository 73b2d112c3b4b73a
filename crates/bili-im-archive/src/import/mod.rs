//! What was exported, read again.

mod answers;
mod input;
mod lines;
mod reading;
mod report;
mod storing;
#[cfg(test)]
mod tests;

pub use self::{
    reading::Import,
    report::{BrokenLine, ImportReport},
};
