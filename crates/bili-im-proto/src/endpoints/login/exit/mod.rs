mod v2;

pub use v2::*;
