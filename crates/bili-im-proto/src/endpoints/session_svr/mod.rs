mod my_group_unread;
mod single_unread;

pub use self::{my_group_unread::*, single_unread::*};
