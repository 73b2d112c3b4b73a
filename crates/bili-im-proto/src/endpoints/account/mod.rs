mod user;

pub use user::*;
