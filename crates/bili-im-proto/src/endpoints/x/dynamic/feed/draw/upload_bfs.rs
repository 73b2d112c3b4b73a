//! Upload an image: `POST /x/dynamic/feed/draw/upload_bfs`.

use md5::{Digest, Md5};
use memchr::memmem;

use crate::{
    content::{Image, ImageFormat},
    endpoint::prelude::*,
    error::{InvalidContent, RefusalKind},
};

/// Uploads an image and returns its address, by which it can be sent (docs/protocol.md §11).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadBfs {
    file: Vec<u8>,
    format: ImageFormat,
    width: u32,
    height: u32,
}

wire! {
    struct Wire {
        image_url: Option<String>,
        image_width: Option<u32>,
        image_height: Option<u32>,
    }
}

/// An uploaded image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadedImage {
    /// The `https` address.
    pub url: String,
    /// The width in pixels, if the service says.
    pub width: Option<u32>,
    /// The height in pixels, if the service says.
    pub height: Option<u32>,
}

impl UploadBfs {
    /// Takes the bytes of a whole file. The format and dimensions are read from them.
    ///
    /// # Errors
    /// When it is not a JPEG, PNG or GIF, or longer than the service takes.
    pub fn new(file: Vec<u8>) -> Result<Self, InvalidContent> {
        match ImageFormat::of(&file) {
            Some(ImageFormat::Webp) => Err(InvalidContent::Webp),
            _ => Self::or_webp(file),
        }
    }

    /// As [`new`](Self::new), but takes WebP too. Whether the service does is not known: two
    /// clients send it.
    ///
    /// # Errors
    /// When it is no image of these formats, or longer than the service takes.
    pub fn or_webp(file: Vec<u8>) -> Result<Self, InvalidContent> {
        let format = ImageFormat::of(&file).ok_or(InvalidContent::NoImage)?;
        let (bytes, most) = (file.len(), format.most_bytes());
        if bytes > most {
            return Err(InvalidContent::ImageTooLong { bytes, most });
        }
        let size = imagesize::blob_size(&file).map_err(|_| InvalidContent::NoImage)?;
        let pixels = |length: usize| u32::try_from(length).map_err(|_| InvalidContent::NoImage);
        Ok(Self {
            width: pixels(size.width)?,
            height: pixels(size.height)?,
            format,
            file,
        })
    }

    /// The uploaded image, ready to send. Its dimensions, format and size are those of the file,
    /// not those that the service returned.
    ///
    /// # Errors
    /// When `uploaded.url` is not an address of an image.
    pub fn image(&self, uploaded: &UploadedImage) -> Result<Image, InvalidContent> {
        Ok(Image::on_any_host(&uploaded.url)?
            .with_dimensions(self.width, self.height)
            .with_format(self.format)
            .with_length(self.file.len() as u64))
    }

    /// A boundary that does not occur in the file. It depends on the file alone, so the same file
    /// makes the same request.
    fn boundary(&self) -> String {
        let mut digest = Md5::digest(&self.file);
        loop {
            let boundary = format!("bili-im-{}", crate::encode::hex(&digest));
            if memmem::find(&self.file, boundary.as_bytes()).is_none() {
                return boundary;
            }
            digest = Md5::digest(digest);
        }
    }
}

impl Endpoint for UploadBfs {
    type Response = UploadedImage;

    const SPEC: Spec = Spec::post(Host::Main, "/x/dynamic/feed/draw/upload_bfs")
        .csrf_as(&[])
        .slow()
        .codes(&[
            (-1, RefusalKind::BadRequest),
            (-2, RefusalKind::BadRequest),
            (-3, RefusalKind::BadImage),
            (-4, RefusalKind::NotLoggedIn),
            (-7, RefusalKind::BadImage),
            (4125014, RefusalKind::BadImage),
        ]);

    fn parts(&self, context: &Context) -> Result<Parts, Invalid> {
        let csrf = context.csrf_token()?;
        let boundary = self.boundary();
        let (name, mime) = match self.format {
            ImageFormat::Jpeg => ("image.jpg", "image/jpeg"),
            ImageFormat::Png => ("image.png", "image/png"),
            ImageFormat::Gif => ("image.gif", "image/gif"),
            ImageFormat::Webp => ("image.webp", "image/webp"),
        };
        let mut body = Vec::with_capacity(self.file.len() + 1024);
        for (name, value) in [("biz", "im"), ("category", "daily"), ("csrf", csrf)] {
            let part = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        let part = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file_up\"; filename=\"{name}\"\r\n\
             Content-Type: {mime}\r\n\r\n"
        );
        body.extend_from_slice(part.as_bytes());
        body.extend_from_slice(&self.file);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        Parts::raw(&format!("multipart/form-data; boundary={boundary}"), body)
    }

    fn decode(answer: Answer<'_>) -> Result<UploadedImage, Error> {
        let wire: Wire = answer.data()?;
        let url = wire.image_url.as_deref().map(Image::on_any_host);
        let image = answer.require(url.and_then(Result::ok), "data.image_url")?;
        Ok(UploadedImage {
            url: image.url().to_owned(),
            width: wire.image_width,
            height: wire.image_height,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    /// A GIF of one by two pixels.
    const GIF: &[u8] = b"GIF89a\x01\0\x02\0\0\0\0;";

    #[test]
    fn the_image_has_what_the_file_says() {
        let upload = UploadBfs::new(GIF.to_vec()).unwrap();
        let body = r#"{"code":0,"data":{"image_url":"http://i0.hdslb.com/x.gif","image_width":"9","img_size":1.5}}"#;
        let uploaded = decode::<UploadBfs>(200, body).unwrap();
        assert_eq!(uploaded.url, "https://i0.hdslb.com/x.gif");
        let image = upload.image(&uploaded).unwrap();
        assert_eq!((image.width, image.height), (Some(1), Some(2)));
        assert_eq!(
            (image.format, image.size),
            (Some(ImageFormat::Gif), Some(1))
        );
    }

    #[test]
    fn what_is_no_image_is_refused() {
        for file in [&b""[..], b"%PDF", b"GIF89a", b"RIFF....WAVE"] {
            let upload = UploadBfs::new(file.to_vec());
            assert_eq!(upload.unwrap_err(), InvalidContent::NoImage);
        }
    }

    #[test]
    fn a_file_is_refused_where_the_service_would_refuse_it() {
        let gif = |length| [GIF, &vec![0; length - GIF.len()]].concat();
        assert!(UploadBfs::new(gif(1 << 20)).is_ok());
        let (bytes, most) = ((1 << 20) + 1, 1 << 20);
        let too_long = InvalidContent::ImageTooLong { bytes, most };
        assert_eq!(UploadBfs::new(gif(bytes)).unwrap_err(), too_long);

        let webp =
            b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";
        let refused = UploadBfs::new(webp.to_vec()).unwrap_err();
        assert_eq!(refused, InvalidContent::Webp);
        let taken = UploadBfs::or_webp(webp.to_vec()).unwrap();
        assert_eq!(
            (taken.format, taken.width, taken.height),
            (ImageFormat::Webp, 1, 1)
        );
    }

    #[test]
    fn some_codes_have_a_meaning_of_their_own() {
        for (code, kind) in [
            (-3, RefusalKind::BadImage),
            (-4, RefusalKind::NotLoggedIn),
            (-7, RefusalKind::BadImage),
            (-101, RefusalKind::NotLoggedIn),
        ] {
            let body = format!(r#"{{"code":{code}}}"#);
            let error = decode::<UploadBfs>(200, &body).unwrap_err();
            assert_eq!(error.kind(), Some(kind), "{code}");
        }
    }

    #[test]
    fn the_boundary_does_not_occur_in_the_file() {
        let upload = UploadBfs::new(GIF.to_vec()).unwrap();
        let mut file = GIF.to_vec();
        file.extend_from_slice(upload.boundary().as_bytes());
        let other = UploadBfs::new(file.clone()).unwrap();
        assert!(memmem::find(&file, other.boundary().as_bytes()).is_none());
    }
}
