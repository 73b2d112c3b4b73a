//! What several endpoints answer, as it travels.

mod emoticon;
mod message;
mod session;

pub(crate) use self::{
    emoticon::{Address, Emoticon, emoticons},
    message::MessageBody,
    session::{SessionBody, SessionList},
};
