mod nav;

pub use nav::*;
