//! Sending an image from its bytes.

use std::convert::Infallible;

use crate::{
    endpoints::{SendMsg, SentMessage, UploadBfs},
    error::{InvalidContent, check_talker},
    flow::{prelude::*, send::send},
};

impl Account {
    /// Uploads an image, JPEG, PNG or GIF, and sends it as [`send`](Self::send) does.
    ///
    /// # Errors
    /// When the bytes are no such image.
    pub fn send_image_file(
        &self,
        talker: impl Into<Talker>,
        file: Vec<u8>,
    ) -> Result<Flow<Infallible, SentMessage>, InvalidContent> {
        let talker = talker.into();
        let upload = UploadBfs::new(file)?;
        Ok(Flow::of(self, async move |io| {
            upload_and_send(&io, talker, upload).await
        }))
    }
}

async fn upload_and_send(
    io: &Io<Infallible>,
    talker: Talker,
    upload: UploadBfs,
) -> Result<SentMessage, Error> {
    check_talker(talker)?;
    let uploaded = io.call(&upload).await?;
    let image = upload.image(&uploaded)?;
    send(io, SendMsg::new(talker, image)).await
}
