//! The login: the cookies of a browser or of a QR login, in the forms in which people have them
//! (docs/protocol.md §2).

mod cookies;
mod curl;
mod form;
mod headers;
mod json;
mod login;
mod pairs;
mod reading;
mod set_cookie;
mod table;

pub use self::{
    form::{CookieForm, InvalidCredential},
    login::Credential,
};
