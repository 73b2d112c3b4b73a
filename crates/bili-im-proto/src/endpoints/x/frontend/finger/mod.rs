mod spi;

pub use spi::*;
