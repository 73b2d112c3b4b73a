mod exit;

pub use exit::*;
