//! Sending an image from its bytes.

use crate::{
    account::Account,
    endpoints::{SendMsg, SentMessage, UploadBfs},
    error::{Error, check_talker},
    flow::{call, io::Io, send},
    ids::Talker,
};

/// Uploads an image, then sends it by the address that it got.
pub(crate) async fn send_image_file<I>(
    account: &Account,
    io: &Io<I>,
    talker: Talker,
    upload: UploadBfs,
) -> Result<SentMessage, Error> {
    check_talker(talker)?;
    let uploaded = call::call(account, io, &upload).await?;
    let image = upload.image(&uploaded)?;
    send::send(account, io, SendMsg::new(talker, image)).await
}
