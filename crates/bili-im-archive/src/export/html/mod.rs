//! HTML pages of chat bubbles.

mod bubble;
mod head;
mod pages;
mod plan;
mod sprites;
#[cfg(test)]
mod tests;

pub use self::pages::PageFiles;
