//! `/satori/v1`: the accounts as a server of the Satori protocol (satori.chat), version 1. It maps
//! names, to and from the program's own methods and events.

mod api;
mod content;
mod element;
mod event;
mod login;
mod method;
mod picture;
mod refusal;
mod resources;
mod socket;
mod upload;

pub(crate) use self::{api::api, socket::socket, upload::upload};
