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
    /// When the bytes are no such image, or more than the service takes.
    pub fn send_image_file(
        &self,
        talker: impl Into<Talker>,
        file: Vec<u8>,
    ) -> Result<Flow<Infallible, SentMessage>, InvalidContent> {
        Ok(self.send_upload(talker, UploadBfs::new(file)?))
    }

    /// Uploads an image and sends it as [`send`](Self::send) does.
    pub fn send_upload(
        &self,
        talker: impl Into<Talker>,
        upload: UploadBfs,
    ) -> Flow<Infallible, SentMessage> {
        let talker = talker.into();
        Flow::of(self, async move |io| {
            upload_and_send(&io, talker, upload).await
        })
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
