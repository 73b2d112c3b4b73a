mod send_msg;

pub use send_msg::*;
