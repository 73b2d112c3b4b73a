#![doc = include_str!("../README.md")]

mod addresses;
mod client;
mod driver;
mod exchange;

pub use bili_im_proto as proto;
pub use ureq;

pub use crate::{
    client::{Client, ClientBuilder, qr_login, qr_login_with},
    driver::{Items, StopHandle, now},
};
