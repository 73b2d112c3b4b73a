//! JSON that several endpoints answer with.

mod emoticon;
mod message;
mod session;

pub(crate) use self::{
    emoticon::{Address, Emoticon, emoticons},
    message::MessageBody,
    session::{SessionBody, SessionList},
};
