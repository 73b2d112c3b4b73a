//! JSON that several endpoints answer with.

mod emoticon;
mod message;
mod session;

pub(crate) use self::{
    emoticon::emoticons,
    message::MessageBody,
    session::{SessionBody, SessionList},
};
