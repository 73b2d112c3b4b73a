mod cards;

pub use cards::*;
