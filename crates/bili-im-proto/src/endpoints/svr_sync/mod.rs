mod fetch_session_msgs;

pub use fetch_session_msgs::*;
