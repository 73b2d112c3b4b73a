//! Upload an image: `POST /x/dynamic/feed/draw/upload_bfs`.

use md5::{Digest, Md5};
use serde::Serialize;

use self::picture::Picture;
use crate::answer::{Data, Refusal};
use crate::call::Call;
use crate::codes::{CSRF, Code};
use crate::multipart::{Part, parts};

mod picture;
#[cfg(test)]
mod tests;

// Codes of this endpoint's own (docs/protocol.md §11).
const NO_FILE: Code = Code(-1, "未添加图片");
const BAD_PARAMETER: Code = Code(-2, "参数错误");
const TOO_SMALL: Code = Code(-3, "图片尺寸过小");
const NOT_LOGGED_IN: Code = Code(-4, "账号未登录");
const BAD_IMAGE: Code = Code(-7, "图片信息错误");

/// Sides of pictures that are not for every day are longer, in pixels.
const LONGEST_SMALL_SIDE: u32 = 420;

#[derive(Serialize)]
struct Uploaded {
    image_url: String,
    image_width: u32,
    image_height: u32,
    /// Kilobytes, with a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    img_size: Option<f64>,
}

pub(super) fn answer(call: &mut Call<'_>) -> Result<Data, Refusal> {
    let bili_jct = &call.login_or(NOT_LOGGED_IN)?.bili_jct;
    let request = call.request;
    let parts = parts(&request.content_type, &request.body)
        .map_err(|error| BAD_PARAMETER.because(error.to_string()))?;
    if text(&parts, "csrf") != Some(bili_jct)
        || request.cookie("bili_jct").as_ref() != Some(bili_jct)
    {
        return Err(CSRF.because("csrf or the cookie bili_jct is not the login's"));
    }
    if text(&parts, "biz") != Some("im") {
        return Err(BAD_PARAMETER.because("biz is not im"));
    }
    let is_daily = match text(&parts, "category") {
        Some("daily") => true,
        Some("draw" | "cos") => false,
        _ => return Err(BAD_PARAMETER.because("category is none of daily, draw, cos")),
    };
    let file = parts
        .iter()
        .find(|part| part.name == "file_up" && part.is_file && !part.bytes.is_empty())
        .ok_or_else(|| NO_FILE.because("there is no file called file_up, or it is empty"))?;
    let picture = Picture::read(&file.bytes)
        .ok_or_else(|| BAD_IMAGE.because("file_up is neither JPEG nor PNG nor GIF"))?;
    if !is_daily && picture.width.min(picture.height) <= LONGEST_SMALL_SIDE {
        return Err(TOO_SMALL.because(format!(
            "a side of {LONGEST_SMALL_SIDE} pixels or less is only for the category daily"
        )));
    }
    let options = &call.state.options;
    let chance = &mut call.state.chance;
    let scheme = if options.http_image_urls.strikes(chance) {
        "http"
    } else {
        "https"
    };
    let is_size_missing = options.img_size_missing.strikes(chance);
    Ok(Data::of(&Uploaded {
        image_url: format!(
            "{scheme}://i0.hdslb.com/bfs/im_new/{}.{}",
            stem(&file.bytes),
            picture.extension
        ),
        image_width: picture.width,
        image_height: picture.height,
        img_size: (!is_size_missing).then_some(file.bytes.len() as f64 / 1024.0),
    }))
}

fn text<'a>(parts: &'a [Part], name: &str) -> Option<&'a str> {
    let part = parts.iter().find(|part| part.name == name)?;
    std::str::from_utf8(&part.bytes).ok()
}

/// The same picture is kept under the same name.
fn stem(bytes: &[u8]) -> String {
    let digest = Md5::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
