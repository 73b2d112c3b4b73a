//! What several endpoints answer, as it travels.

pub(crate) use emoticon::{Address, Emoticon, emoticons};
pub(crate) use message::MessageBody;
pub(crate) use session::{SessionBody, SessionList};

mod emoticon;
mod message;
mod session;
