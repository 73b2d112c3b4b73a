//! Upload an image: `POST /x/dynamic/feed/draw/upload_bfs`.

use http::StatusCode;
use md5::{Digest, Md5};
use serde::Serialize;

use super::picture::Picture;
use crate::{
    codes::{CSRF, Code},
    endpoints::prelude::*,
    multipart::{Part, parts},
};

// Codes that only this endpoint uses (docs/protocol.md §11).
const NO_FILE: Code = Code(-1, "未添加图片");
const BAD_PARAMETER: Code = Code(-2, "参数错误");
const TOO_SMALL: Code = Code(-3, "图片尺寸过小");
const NOT_LOGGED_IN: Code = Code(-4, "账号未登录");
const BAD_IMAGE: Code = Code(-7, "图片信息错误");
const TOO_LARGE: Code = Code(4_125_014, "图片大小超过限制");

/// Pictures of categories other than `daily` need longer sides than this, in pixels.
const LONGEST_SMALL_SIDE: u32 = 420;

/// The site's limits, in bytes.
const LONGEST: usize = 20 << 20;
const LONGEST_GIF: usize = 1 << 20;

#[derive(Serialize)]
struct Uploaded {
    image_url: String,
    image_width: u32,
    image_height: u32,
    /// The size in kilobytes, with a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    img_size: Option<f64>,
}

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let bili_jct = &call.login_or(NOT_LOGGED_IN)?.bili_jct;
    call.check_csrf_cookie(bili_jct)?;
    let request = call.request;
    let parts = parts(&request.content_type, &request.body)
        .map_err(|error| BAD_PARAMETER.because(error.to_string()))?;
    if text(&parts, "csrf") != Some(bili_jct) {
        return Err(CSRF.because("csrf is not the login's bili_jct"));
    }
    if text(&parts, "biz") != Some("im") {
        return Err(BAD_PARAMETER.because("biz is not im"));
    }
    let is_daily = match text(&parts, "category") {
        Some("daily") => true,
        None if !call.is_strict() => true,
        Some("draw" | "cos") => false,
        _ => return Err(BAD_PARAMETER.because("category is none of daily, draw, cos")),
    };
    let file = parts
        .iter()
        .find(|part| part.name == "file_up" && part.is_file && !part.bytes.is_empty())
        .ok_or_else(|| NO_FILE.because("there is no file called file_up, or it is empty"))?;
    if file.bytes.len() > LONGEST {
        let why = "file_up is larger than 20 MiB";
        return Err(Refusal::page(StatusCode::PAYLOAD_TOO_LARGE, why));
    }
    let takes_webp = call.state.options.takes_webp;
    let picture = Picture::read(&file.bytes)
        .filter(|picture| picture.extension != "webp" || takes_webp)
        .ok_or_else(|| BAD_IMAGE.because("file_up is no picture of an accepted format"))?;
    if picture.extension == "gif" && file.bytes.len() > LONGEST_GIF {
        return Err(TOO_LARGE.because("a GIF is larger than 1 MiB"));
    }
    if !is_daily && picture.width.min(picture.height) <= LONGEST_SMALL_SIDE {
        return Err(TOO_SMALL.because(format!(
            "a side of {LONGEST_SMALL_SIDE} pixels or less is only for the category daily"
        )));
    }
    let options = &call.state.options;
    let chance = &mut call.state.chance;
    let is_http = options.http_image_urls.occurs(chance);
    let scheme = if is_http { "http" } else { "https" };
    let (stem, extension) = (stem(&file.bytes), picture.extension);
    let is_size_missing = options.img_size_missing.occurs(chance);
    Ok(Data::of(&Uploaded {
        image_url: format!("{scheme}://i0.hdslb.com/bfs/im_new/{stem}.{extension}"),
        image_width: picture.width,
        image_height: picture.height,
        img_size: (!is_size_missing).then_some(file.bytes.len() as f64 / 1024.0),
    }))
}

fn text<'a>(parts: &'a [Part], name: &str) -> Option<&'a str> {
    let part = parts.iter().find(|part| part.name == name)?;
    std::str::from_utf8(&part.bytes).ok()
}

/// The address of a picture. The same picture always gets the same address.
fn stem(bytes: &[u8]) -> String {
    let digest = Md5::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::picture::testing::{GIF, WEBP, png};
    use crate::testing::{Got, Sim};

    const MULTIPART: &str = "multipart/form-data; boundary=b";
    const TOKEN: &str = "00000000000000000000000000000001";
    const FIELDS: [(&str, &str); 3] = [("biz", "im"), ("category", "daily"), ("csrf", TOKEN)];

    /// A world with a sender and a reader. Only the given options vary by chance.
    fn sim(options: &str) -> Sim {
        Sim::from_json(&format!(
            r#"{{"accounts":[{{"uid":1}},{{"uid":2,"follows":[1]}}],"options":{{{options}}}}}"#
        ))
    }

    fn calm() -> Sim {
        sim(r#""http_image_urls":"never","img_size_missing":"never""#)
    }

    fn body(fields: &[(&str, &str)], file: Option<&[u8]>) -> Vec<u8> {
        let mut body = Vec::new();
        let head = "--b\r\nContent-Disposition: form-data; name=";
        if let Some(file) = file {
            let type_of_file = "Content-Type: image/png";
            let part = format!("{head}\"file_up\"; filename=\"a.png\"\r\n{type_of_file}\r\n\r\n");
            body.extend(part.as_bytes());
            body.extend(file);
            body.extend(b"\r\n");
        }
        for (name, value) in fields {
            let part = format!("{head}\"{name}\"\r\n\r\n{value}\r\n");
            body.extend(part.as_bytes());
        }
        body.extend(b"--b--\r\n");
        body
    }

    fn upload(sim: &mut Sim, cookie: &str, fields: &[(&str, &str)], file: Option<&[u8]>) -> Got {
        sim.post_body(MULTIPART, cookie, "upload_bfs", &body(fields, file))
    }

    /// The `data` of an upload by account 1.
    fn uploaded(sim: &mut Sim, file: &[u8]) -> serde_json::Value {
        let cookie = sim.cookie(1);
        upload(sim, &cookie, &FIELDS, Some(file)).data()
    }

    #[test]
    fn an_uploaded_picture_has_an_address_its_sides_and_its_kilobytes() {
        let mut sim = calm();
        let mut file = png(640, 480);
        file.resize(1536, 0);
        let data = uploaded(&mut sim, &file);
        assert_eq!(data["image_width"], 640);
        assert_eq!(data["image_height"], 480);
        assert_eq!(data["img_size"], 1.5);
        let url = data["image_url"].as_str().unwrap();
        assert!(url.starts_with("https://i0.hdslb.com/bfs/im_new/") && url.ends_with(".png"));
        assert_eq!(uploaded(&mut sim, &file)["image_url"], url);
        assert_ne!(uploaded(&mut sim, &png(1, 1))["image_url"], url);
    }

    #[test]
    fn the_address_may_be_http_and_the_size_missing() {
        let mut sim = sim(r#""http_image_urls":"always","img_size_missing":"always""#);
        let data = uploaded(&mut sim, &png(1, 1));
        assert!(data["image_url"].as_str().unwrap().starts_with("http://"));
        assert!(data.get("img_size").is_none());
    }

    #[test]
    fn the_cookies_must_be_of_a_login() {
        for (options, cookie, code) in [
            ("", "SESSDATA=sim-9", -4),
            ("", "SESSDATA=sim-1; bili_jct=9", -111),
            ("", "SESSDATA=sim-1", 0),
            (r#""mode":"strict""#, "SESSDATA=sim-1", -111),
        ] {
            let answer = upload(&mut sim(options), cookie, &FIELDS, Some(&png(1, 1)));
            assert_eq!(answer.code(), code, "{cookie}");
        }
    }

    #[test]
    fn the_file_and_the_fields_must_be_valid() {
        let pixel = png(1, 1);
        let pixel = Some(pixel.as_slice());
        let [biz, category, csrf] = FIELDS;
        let drawn = ("category", "draw");
        let cookie = calm().cookie(1);
        for (fields, file, code) in [
            ([biz, category, ("csrf", "0")], pixel, -111),
            ([biz, category, ("x", "")], pixel, -111),
            ([("biz", "new_dyn"), category, csrf], pixel, -2),
            ([biz, ("category", "weekly"), csrf], pixel, -2),
            ([biz, ("category", ""), csrf], pixel, -2),
            // Pictures of other categories than daily must be large.
            ([biz, drawn, csrf], Some(&*png(420, 1000)), -3),
            ([biz, drawn, csrf], Some(&*png(421, 421)), 0),
            (FIELDS, Some(b"<html>".as_slice()), -7),
            (FIELDS, None, -1),
            (FIELDS, Some(b""), -1),
        ] {
            let answer = upload(&mut calm(), &cookie, &fields, file);
            assert_eq!(answer.code(), code, "{fields:?} {file:?}");
        }
        let no_file = [&FIELDS[..], &[("file_up", "only text")]].concat();
        assert_eq!(upload(&mut calm(), &cookie, &no_file, None).code(), -1);
    }

    #[test]
    fn a_picture_may_have_20_mib_and_a_gif_1_mib() {
        let long = |head: &[u8], length: usize| [head, &vec![0; length - head.len()]].concat();
        let (png, cookie) = (png(1, 1), calm().cookie(1));
        let post = |file: &[u8]| upload(&mut calm(), &cookie, &FIELDS, Some(file));
        assert_eq!(post(&long(&png, 20 << 20)).code(), 0);
        assert_eq!(post(&long(&png, (20 << 20) + 1)).status(), 413);
        assert_eq!(post(&long(GIF, 1 << 20)).code(), 0);
        assert_eq!(post(&long(GIF, (1 << 20) + 1)).code(), 4_125_014);
    }

    #[test]
    fn webp_is_taken_when_the_world_says_so() {
        for (options, code) in [("", -7), (r#""takes_webp":true"#, 0)] {
            let mut sim = sim(options);
            let cookie = sim.cookie(1);
            let answer = upload(&mut sim, &cookie, &FIELDS, Some(WEBP));
            assert_eq!(answer.code(), code);
        }
    }

    #[test]
    fn the_category_can_be_left_out_unless_the_mode_is_strict() {
        for (options, code) in [("", 0), (r#""mode":"strict""#, -2)] {
            let mut sim = sim(options);
            let cookie = sim.cookie(1);
            let fields = [FIELDS[0], FIELDS[2]];
            let answer = upload(&mut sim, &cookie, &fields, Some(&png(1, 1)));
            assert_eq!(answer.code(), code);
        }
    }

    #[test]
    fn a_body_that_is_not_multipart_or_ends_too_early_is_a_bad_parameter() {
        let mut sim = calm();
        let cookie = sim.cookie(1);
        let whole = body(&FIELDS, Some(&png(1, 1)));
        for (content_type, body) in [
            ("application/json", &*whole),
            ("multipart/form-data", &whole),
            ("multipart/form-data; boundary=c", &whole),
            (MULTIPART, &whole[..100]),
            (MULTIPART, b""),
        ] {
            let answer = sim.post_body(content_type, &cookie, "upload_bfs", body);
            assert_eq!(answer.code(), -2, "{content_type}");
        }
    }
}
