mod feed;

pub use feed::*;
