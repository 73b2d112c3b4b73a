mod generate;
mod poll;

pub use self::{generate::*, poll::*};
