#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod faults;

mod answer;
mod call;
mod chance;
mod codes;
mod control;
mod cookie;
mod endpoints;
mod ids;
mod images;
mod multipart;
mod push;
mod reply;
mod request;
#[cfg(feature = "server")]
mod server;
mod service;
mod snapshot;
mod state;
#[cfg(test)]
mod testing;
mod time;
mod wbi;
mod wire;
mod world;

pub use ids::{GroupId, MsgKey, Seqno, Talker, Uid};
pub use push::{PushEnd, PushId, PushReply};
pub use reply::Reply;
#[cfg(feature = "tls")]
pub use rustls;
#[cfg(feature = "server")]
pub use server::Server;
pub use service::Service;
pub use snapshot::{AccountState, ClockState, Count, MessageState, SessionState, Snapshot};
pub use state::{BlockWord, ReplyText};
pub use time::UnixMicros;
pub use wbi::SigningKeys;
pub use world::{
    Accepts, Account, Act, Group, Large, Message, Mode, Options, OverStrangerLimit, PushParts,
    QrLogin, SendLimit, SessionSettings, StaleSignature, Whim, World, WorldError,
};
