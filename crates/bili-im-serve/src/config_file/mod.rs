//! The configuration file of `serve`.

mod outlets;
mod reload;

pub use self::{outlets::Outlets, reload::reload};
