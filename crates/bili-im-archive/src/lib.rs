#![doc = include_str!("../README.md")]

mod archive;
mod error;
mod folding;
mod media;
mod messages;
mod reading;
mod rows;
mod saving;
mod search;
mod sessions;
mod words;

pub use bili_im_proto as proto;

pub use crate::{
    archive::Archive,
    error::ArchiveError,
    media::{MediaOutcome, media_request},
    reading::{ArchivedMessage, ArchivedSession, Messages, Part, Person},
    search::{Continuation, Found, Hit, Order, Search},
};
