//! The images of the service, which each follow from their path: `GET /bfs/…`.

use http::{Method, Response, StatusCode};
use md5::{Digest, Md5};
use png::{ColorType, Encoder};

use crate::{
    answer::{html, respond},
    request::Incoming,
};

/// What the paths of images begin with.
pub(crate) const FOLDER: &str = "/bfs/";

/// The length of a giant image, in bytes.
const GIANT: usize = 32 << 20;

/// The image that a request asks for; `None` when it asks for none. Some words in the path stand
/// for what goes wrong.
pub(crate) fn answer(incoming: &Incoming) -> Option<Response<Vec<u8>>> {
    let path = incoming.path.as_str();
    if incoming.method != Method::GET || !path.starts_with(FOLDER) {
        return None;
    }
    if path.contains("gone") {
        return Some(html(StatusCode::NOT_FOUND));
    }
    if path.contains("html") {
        return Some(html(StatusCode::OK));
    }
    let mut image = draw(path).unwrap_or_default();
    if path.contains("giant") {
        image.resize(GIANT, 0);
    }
    Some(respond(StatusCode::OK, "image/png", image))
}

/// A PNG of 4 × 4 grey pixels.
fn draw(path: &str) -> Result<Vec<u8>, png::EncodingError> {
    let mut image = Vec::new();
    let mut encoder = Encoder::new(&mut image, 4, 4);
    encoder.set_color(ColorType::Grayscale);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&Md5::digest(path))?;
    writer.finish()?;
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Sim;

    #[test]
    fn an_image_follows_from_its_path_and_needs_no_cookie() {
        let mut sim = Sim::demo();
        let mut get = |path| sim.get_with_cookie("", path);
        let image = get("/bfs/im_new/a.jpg");
        assert_eq!(image.header("content-type"), Some("image/png"));
        let read = png::Decoder::new(std::io::Cursor::new(image.0.body())).read_info();
        assert_eq!(read.unwrap().info().size(), (4, 4));
        assert_eq!(image.0.body(), get("/bfs/im_new/a.jpg").0.body());
        assert_ne!(image.0.body(), get("/bfs/im_new/b.jpg").0.body());
        assert_eq!(get("/bfs/gone/a.jpg").status(), 404);
        assert_eq!(get("/bfs/giant.png").0.body().len(), GIANT);
        let page = get("/bfs/html.png");
        assert_eq!(page.status(), 200);
        assert!(page.text().starts_with("<!DOCTYPE html>"));
    }
}
