mod dynamic;
mod frontend;
mod im;
mod passport_login;
mod web_interface;

pub use self::{dynamic::*, frontend::*, im::*, passport_login::*, web_interface::*};
