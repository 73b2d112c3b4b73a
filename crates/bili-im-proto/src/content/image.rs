//! Images in messages (docs/protocol.md §5, §9).

use http::Uri;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    content::json,
    error::InvalidContent,
    lenient::{self, Lenient, wire},
};

/// Endings of the hosts whose images the service accepts.
const IMAGE_HOSTS: [&str; 2] = [".hdslb.com", ".biliimg.com"];

/// An image to send, or received, given by its address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Image {
    url: String,
    /// Whether any host is allowed.
    #[serde(default)]
    any_host: bool,
    /// Its width in pixels.
    pub width: Option<u32>,
    /// Its height in pixels.
    pub height: Option<u32>,
    /// Its format: `jpeg`, `png` or `gif`.
    pub format: Option<ImageFormat>,
    /// Its size in kilobytes of 1024 bytes, rounded up.
    pub size: Option<u32>,
}

impl Eq for Image {}

/// The file format of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF.
    Gif,
    /// WebP. Whether the service takes it is not known: two clients send it.
    Webp,
}

impl ImageFormat {
    /// The format of a file, by its first bytes. `None` for other formats.
    pub fn of(file: &[u8]) -> Option<Self> {
        match imagesize::image_type(file).ok()? {
            imagesize::ImageType::Jpeg => Some(Self::Jpeg),
            imagesize::ImageType::Png => Some(Self::Png),
            imagesize::ImageType::Gif => Some(Self::Gif),
            imagesize::ImageType::Webp => Some(Self::Webp),
            _ => None,
        }
    }

    /// The longest file that the service takes, in bytes (docs/protocol.md §11).
    pub const fn most_bytes(self) -> usize {
        match self {
            Self::Gif => 1 << 20,
            Self::Jpeg | Self::Png | Self::Webp => 20 << 20,
        }
    }
}

impl Image {
    /// An image on the service's hosts. An `http` address becomes `https`.
    ///
    /// # Errors
    /// When `url` is not an address of an image, or its host is not the service's.
    pub fn new(url: &str) -> Result<Self, InvalidContent> {
        let (host, url) = split(url)?;
        let ours = IMAGE_HOSTS.iter().any(|ending| host.ends_with(ending));
        if ours {
            Ok(Self::unchecked(url))
        } else {
            Err(InvalidContent::ImageHost(host))
        }
    }

    /// Refuses an image on a foreign host unless [`on_any_host`](Self::on_any_host) made it.
    /// Deserialized images did not go through [`new`](Self::new).
    pub(crate) fn check(&self) -> Result<(), InvalidContent> {
        if self.any_host {
            Ok(())
        } else {
            Self::new(&self.url).map(drop)
        }
    }

    /// An image on any host, in case the service accepts hosts that [`new`](Self::new) refuses.
    ///
    /// # Errors
    /// When `url` is not an address of an image.
    pub fn on_any_host(url: &str) -> Result<Self, InvalidContent> {
        split(url).map(|(_, url)| Self {
            any_host: true,
            ..Self::unchecked(url)
        })
    }

    fn unchecked(url: String) -> Self {
        Self {
            url,
            any_host: false,
            width: None,
            height: None,
            format: None,
            size: None,
        }
    }

    /// Sets the width and height in pixels.
    #[must_use]
    pub fn with_dimensions(self, width: u32, height: u32) -> Self {
        Self {
            width: Some(width),
            height: Some(height),
            ..self
        }
    }

    /// Sets the format.
    #[must_use]
    pub fn with_format(self, format: ImageFormat) -> Self {
        Self {
            format: Some(format),
            ..self
        }
    }

    /// Sets [`size`](Self::size) from the length in bytes.
    #[must_use]
    pub fn with_length(self, bytes: u64) -> Self {
        Self {
            size: u32::try_from(bytes.div_ceil(1024)).ok(),
            ..self
        }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn json(&self) -> String {
        #[derive(Serialize)]
        struct Content<'a> {
            url: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            width: Option<u32>,
            #[serde(skip_serializing_if = "Option::is_none")]
            height: Option<u32>,
            #[serde(rename = "imageType", skip_serializing_if = "Option::is_none")]
            image_type: Option<ImageFormat>,
            #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
            format: Option<ImageFormat>,
            original: u8,
            #[serde(skip_serializing_if = "Option::is_none")]
            size: Option<u32>,
        }
        json(&Content {
            url: &self.url,
            width: self.width,
            height: self.height,
            image_type: self.format,
            format: self.format,
            original: 1,
            size: self.size,
        })
    }
}

/// The host of an image's address in lower case, and the address with `https` for `http`.
fn split(url: &str) -> Result<(String, String), InvalidContent> {
    let refused = || InvalidContent::ImageUrl(crate::printable::excerpt(url.as_bytes(), 200));
    let rest = ["https://", "http://", "//"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))
        .ok_or_else(refused)?;
    let url = format!("https://{rest}");
    let uri: Uri = url.parse().map_err(|_| refused())?;
    let authority = uri.authority().ok_or_else(refused)?;
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return Err(refused());
    }
    Ok((authority.host().to_ascii_lowercase(), url))
}

wire! {
    pub(super) struct ImageWire {
        url: Option<String>,
        width: Option<u32>,
        height: Option<u32>,
        #[serde(rename = "imageType")]
        image_type: Option<ImageFormat>,
        #[serde(rename = "type")]
        format: Option<ImageFormat>,
        size: Option<f64>,
    }
}

impl ImageWire {
    pub(super) fn finish(self) -> Option<Image> {
        let size = self.size.map(f64::ceil);
        Some(Image {
            url: self.url.filter(|url| !url.is_empty())?,
            any_host: false,
            width: self.width,
            height: self.height,
            format: self.image_type.or(self.format),
            size: size
                .filter(|size| (0.0..=f64::from(u32::MAX)).contains(size))
                .map(|size| size as u32),
        })
    }
}

impl Lenient for ImageFormat {
    /// Accepts names such as `jpg` and MIME types such as `image/jpeg`.
    fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let name: String = lenient::or_default(deserializer)?;
        let name = name.to_ascii_lowercase();
        Ok(match name.strip_prefix("image/").unwrap_or(&name) {
            "jpeg" | "jpg" => Some(Self::Jpeg),
            "png" => Some(Self::Png),
            "gif" => Some(Self::Gif),
            "webp" => Some(Self::Webp),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{content::Content, msg_type::MsgType};

    #[test]
    fn an_image_must_be_on_the_services_hosts_unless_any_host_is_allowed() {
        for url in [
            "https://i1.hdslb.com/x.jpg",
            "http://i0.hdslb.com/x",
            "//album.biliimg.com/x",
        ] {
            let image = Image::new(url).unwrap();
            assert!(image.url().starts_with("https://"), "{url}");
        }
        for url in [
            "https://hdslb.com.evil.example/x",
            "https://evil-hdslb.com/x",
            "https://example.com/.hdslb.com",
        ] {
            assert!(
                matches!(Image::new(url), Err(InvalidContent::ImageHost(_))),
                "{url}"
            );
            assert!(Image::on_any_host(url).is_ok());
        }
        for url in [
            "",
            "x",
            "ftp://i0.hdslb.com/x",
            "https://a@i0.hdslb.com/x",
            "https:///x",
        ] {
            assert!(
                matches!(Image::new(url), Err(InvalidContent::ImageUrl(_))),
                "{url}"
            );
        }
    }

    #[test]
    fn both_names_of_the_format_a_mime_type_and_a_fraction_are_read() {
        let raw = r#"{"url":"http://x/y","type":"image/jpg","width":"3","height":null,"size":1.2}"#;
        let Content::Image(image) = Content::parse(MsgType::Image, raw) else {
            panic!("not an image")
        };
        assert_eq!(image.format, Some(ImageFormat::Jpeg));
        assert_eq!(
            (image.width, image.height, image.size),
            (Some(3), None, Some(2))
        );
    }
}
