mod dynamic;
mod frontend;
mod passport_login;
mod web_interface;

pub use self::{dynamic::*, frontend::*, passport_login::*, web_interface::*};
