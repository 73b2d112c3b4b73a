mod finger;

pub use finger::*;
