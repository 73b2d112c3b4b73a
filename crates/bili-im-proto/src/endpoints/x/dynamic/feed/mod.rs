mod draw;

pub use draw::*;
