mod web_interface;

pub use web_interface::*;
