//! The format and size of a picture, read without decoding it.

use imageinfo::{ImageFormat, ImageInfo};

/// A JPEG, PNG, GIF or WebP.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) extension: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Picture {
    /// Reads the header; `None` when the format is another one, or a side is 0.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let info = ImageInfo::from_raw_data(bytes).ok()?;
        let extension = match info.format {
            ImageFormat::JPEG => "jpg",
            ImageFormat::PNG => "png",
            ImageFormat::GIF => "gif",
            ImageFormat::WEBP => "webp",
            _ => return None,
        };
        let side = |pixels| u32::try_from(pixels).ok().filter(|pixels| *pixels > 0);
        Some(Self {
            extension,
            width: side(info.size.width)?,
            height: side(info.size.height)?,
        })
    }
}

#[cfg(test)]
pub(super) mod testing {
    pub(crate) const GIF: &[u8] =
        b"GIF89a\x03\0\x04\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    pub(crate) const WEBP: &[u8] =
        b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";

    /// A PNG that ends after its header.
    pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend(width.to_be_bytes());
        png.extend(height.to_be_bytes());
        png.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
        png
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        testing::{GIF, WEBP, png},
        *,
    };

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\
        \xff\xc0\0\x11\x08\0\x05\0\x06\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xd9";

    #[test]
    fn formats_and_sizes_are_recognized() {
        for (bytes, extension, width, height) in [
            (png(640, 480).as_slice(), "png", 640, 480),
            (GIF, "gif", 3, 4),
            (JPEG, "jpg", 6, 5),
            (WEBP, "webp", 1, 1),
        ] {
            let picture = Picture {
                extension,
                width,
                height,
            };
            assert_eq!(Picture::read(bytes), Some(picture));
        }
    }

    #[test]
    fn other_formats_and_broken_pictures_are_refused() {
        for bytes in [
            b"".as_slice(),
            b"<html>",
            // A BMP.
            b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0",
            &png(0, 5),
            &png(1, 1)[..10],
        ] {
            assert_eq!(Picture::read(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read_without_panic(
            picture in prop::sample::select(vec![
                JPEG.to_vec(), GIF.to_vec(), WEBP.to_vec(), png(1, 1), b"II*\0".to_vec(),
            ]),
            changes in prop::collection::vec((0..50_usize, any::<u8>()), 0..4),
            rest in prop::collection::vec(any::<u8>(), 0..64),
            length in 0..128_usize,
        ) {
            let mut bytes = [picture, rest].concat();
            bytes.truncate(length);
            for (at, byte) in changes {
                if let Some(old) = bytes.get_mut(at) {
                    *old = byte;
                }
            }
            Picture::read(&bytes);
        }
    }
}
