#![doc = include_str!("../README.md")]

mod addresses;
mod client;
mod clock;
mod driver;
mod exchange;
#[cfg(feature = "push")]
mod push;

pub use bili_im_proto as proto;
pub use ureq;

#[cfg(feature = "push")]
pub use crate::push::Push;
pub use crate::{
    client::{Client, ClientBuilder, qr_login, qr_login_with},
    clock::now,
    driver::{Items, StopHandle},
};
