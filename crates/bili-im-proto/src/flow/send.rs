//! Sending.

use crate::{
    account::Account,
    endpoints::{SendMsg, SentMessage},
    error::{Error, Unconfirmed},
    flow::{call, io::Io},
};

/// Sends a message; an outcome that is not known is told as such.
pub(crate) async fn send<I>(
    account: &Account,
    io: &Io<I>,
    message: &SendMsg,
) -> Result<SentMessage, Error> {
    call::ready(account, io, message).await?;
    call::ask(account, io, message).await.map_err(|error| {
        if error.took_no_effect() {
            error
        } else {
            Error::Unconfirmed(Box::new(Unconfirmed {
                talker: message.talker,
                cause: error,
            }))
        }
    })
}
