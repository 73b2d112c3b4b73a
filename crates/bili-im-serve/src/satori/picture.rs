//! Images to send: where they are, and how large.

use bili_im_proto::Image;
use serde_json::{Value, json};

use super::{content::Picture, refusal::Refusal, resources::extend};

/// Where an image is.
pub(super) enum Place<'a> {
    /// On the service's hosts.
    Service,
    /// In the address itself, as Base64.
    Data(&'a str),
}

/// Where an image is. Foreign hosts are not asked: a bot gives the image itself.
pub(super) fn place(src: &str) -> Result<Place<'_>, Refusal> {
    if let Some((_, base64)) = src
        .strip_prefix("data:")
        .and_then(|data| data.split_once(";base64,"))
    {
        return Ok(Place::Data(base64));
    }
    match Image::new(src) {
        Ok(_) => Ok(Place::Service),
        Err(_) => Err(Refusal::bad(
            "an image is given as data:…;base64,… or by an address of upload.create",
        )),
    }
}

/// What messages have to say of an image beside its address.
const KNOWN: [&str; 4] = ["width", "height", "format", "size"];

/// The address of an uploaded image, with what else is known of it behind `#`.
pub(super) fn address(uploaded: &Value) -> Option<String> {
    let known = KNOWN
        .into_iter()
        .filter_map(|name| match uploaded.get(name)? {
            Value::String(text) => Some(format!("{name}={text}")),
            value => Some(format!("{name}={}", value.as_u64()?)),
        });
    let known: Vec<String> = known.collect();
    Some(format!(
        "{}#{}",
        uploaded.get("url")?.as_str()?,
        known.join("&")
    ))
}

/// What is known of an image that the service has.
pub(super) fn described(picture: &Picture) -> Value {
    let (url, known) = picture.src.split_once('#').unwrap_or((&picture.src, ""));
    let (width, height) = (picture.width, picture.height);
    let mut image = json!({ "url": url, "width": width, "height": height });
    for (name, value) in known.split('&').filter_map(|part| part.split_once('=')) {
        if KNOWN.contains(&name) {
            let number = value.parse::<u32>().map(Value::from);
            extend(
                &mut image,
                json!({ name: number.unwrap_or_else(|_| value.into()) }),
            );
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_an_uploaded_image_comes_back() {
        let known = json!({ "url": "https://i0.hdslb.com/bfs/a.png", "width": 3, "height": 4, "format": "png", "size": 5 });
        let picture = Picture {
            src: address(&known).unwrap(),
            width: None,
            height: None,
        };
        assert!(matches!(place(&picture.src), Ok(Place::Service)));
        assert_eq!(described(&picture), known);
    }

    #[test]
    fn foreign_images_are_refused() {
        for src in [
            "https://example.com/a.png",
            "file:///etc/passwd",
            "http://127.0.0.1/a.png",
            "",
        ] {
            assert!(place(src).is_err(), "{src}");
        }
        let data = place("data:image/png;base64,AAAA");
        assert!(matches!(data, Ok(Place::Data("AAAA"))));
    }
}
