//! Upload an image: `POST /x/dynamic/feed/draw/upload_bfs`.

use md5::{Digest, Md5};
use serde::Serialize;

use super::picture::Picture;
use crate::{
    answer::{Data, Refusal},
    call::Call,
    codes::{CSRF, Code},
    multipart::{Part, parts},
};

// Codes that only this endpoint uses (docs/protocol.md §11).
const NO_FILE: Code = Code(-1, "未添加图片");
const BAD_PARAMETER: Code = Code(-2, "参数错误");
const TOO_SMALL: Code = Code(-3, "图片尺寸过小");
const NOT_LOGGED_IN: Code = Code(-4, "账号未登录");
const BAD_IMAGE: Code = Code(-7, "图片信息错误");

/// Pictures of categories other than `daily` need longer sides than this, in pixels.
const LONGEST_SMALL_SIDE: u32 = 420;

#[derive(Serialize)]
struct Uploaded {
    image_url: String,
    image_width: u32,
    image_height: u32,
    /// The size in kilobytes, with a fraction.
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
    let scheme = if options.http_image_urls.occurs(chance) {
        "http"
    } else {
        "https"
    };
    let is_size_missing = options.img_size_missing.occurs(chance);
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

/// The address of a picture. The same picture always gets the same address.
fn stem(bytes: &[u8]) -> String {
    let digest = Md5::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::picture::testing::png;
    use crate::{
        ids::{Talker, Uid},
        testing::{Answer, Sim, world},
    };

    const PATH: &str = "/x/dynamic/feed/draw/upload_bfs";
    const CSRF: &str = "00000000000000000000000000000001";

    /// A world with a sender and a reader. Only the given options vary by chance.
    fn sim(options: &str) -> Sim {
        Sim::new(world(&format!(
            r#"{{"accounts":[{{"uid":1}},{{"uid":2,"follows":[1]}}],"options":{{{options}}}}}"#
        )))
    }

    fn calm() -> Sim {
        sim(r#""http_image_urls":"never","img_size_missing":"never""#)
    }

    const FIELDS: [(&str, &str); 3] = [("biz", "im"), ("category", "daily"), ("csrf", CSRF)];

    fn body(fields: &[(&str, &str)], file: Option<&[u8]>) -> Vec<u8> {
        let mut body = Vec::new();
        if let Some(file) = file {
            let head = "--b\r\nContent-Disposition: form-data; name=\"file_up\"; filename=\"a.png\"\r\n\
                Content-Type: image/png\r\n\r\n";
            body.extend(head.as_bytes());
            body.extend(file);
            body.extend(b"\r\n");
        }
        for (name, value) in fields {
            let part = format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend(part.as_bytes());
        }
        body.extend(b"--b--\r\n");
        body
    }

    fn upload(sim: &mut Sim, cookie: &str, fields: &[(&str, &str)], file: Option<&[u8]>) -> Answer {
        sim.post_bytes(
            "multipart/form-data; boundary=b",
            cookie,
            PATH,
            body(fields, file),
        )
    }

    /// The code of an upload with these fields.
    fn upload_with(fields: &[(&str, &str)], file: Option<&[u8]>) -> i64 {
        let mut sim = calm();
        let cookie = sim.cookie(1);
        upload(&mut sim, &cookie, fields, file).code()
    }

    #[test]
    fn an_uploaded_picture_has_an_address_its_sides_and_its_kilobytes() {
        let mut sim = calm();
        let cookie = sim.cookie(1);
        let mut file = png(640, 480);
        file.resize(1536, 0);
        let data = upload(&mut sim, &cookie, &FIELDS, Some(&file)).data();
        assert_eq!(data["image_width"], 640);
        assert_eq!(data["image_height"], 480);
        assert_eq!(data["img_size"], 1.5);
        let url = data["image_url"].as_str().unwrap();
        assert!(url.starts_with("https://i0.hdslb.com/bfs/im_new/") && url.ends_with(".png"));
        assert_eq!(
            upload(&mut sim, &cookie, &FIELDS, Some(&file)).data()["image_url"],
            url
        );
        let other = upload(&mut sim, &cookie, &FIELDS, Some(&png(1, 1))).data();
        assert_ne!(other["image_url"], url);
    }

    #[test]
    fn an_uploaded_picture_can_be_sent() {
        let mut sim = calm();
        let cookie = sim.cookie(1);
        let url = upload(&mut sim, &cookie, &FIELDS, Some(&png(1, 1))).data()["image_url"].clone();
        let content = serde_json::json!({ "url": url }).to_string();
        let sending = sim.sending(1, Talker::User(Uid(2)), 2, &content);
        assert_eq!(sim.deliver(&sending).code(), 0);
    }

    #[test]
    fn the_address_may_be_http_and_the_size_missing() {
        let mut sim = sim(r#""http_image_urls":"always","img_size_missing":"always""#);
        let cookie = sim.cookie(1);
        let data = upload(&mut sim, &cookie, &FIELDS, Some(&png(1, 1))).data();
        assert!(data["image_url"].as_str().unwrap().starts_with("http://"));
        assert!(data.get("img_size").is_none());
    }

    #[test]
    fn an_unknown_cookie_gets_this_endpoints_own_code() {
        let mut sim = calm();
        let answer = upload(&mut sim, "SESSDATA=sim-9", &FIELDS, Some(&png(1, 1)));
        assert_eq!(answer.code(), -4);
    }

    #[test]
    fn the_token_is_needed_in_the_form_and_in_the_cookie() {
        let wrong = [("biz", "im"), ("category", "daily"), ("csrf", "0")];
        assert_eq!(upload_with(&wrong, Some(&png(1, 1))), -111);
        assert_eq!(upload_with(&FIELDS[..2], Some(&png(1, 1))), -111);
        let answer = upload(&mut calm(), "SESSDATA=sim-1", &FIELDS, Some(&png(1, 1)));
        assert_eq!(answer.code(), -111);
    }

    #[test]
    fn a_file_is_required() {
        assert_eq!(upload_with(&FIELDS, None), -1);
        assert_eq!(upload_with(&FIELDS, Some(b"")), -1);
        let mut no_file = FIELDS.to_vec();
        no_file.push(("file_up", "only text"));
        assert_eq!(upload_with(&no_file, None), -1);
    }

    #[test]
    fn the_other_fields_must_be_valid() {
        for (biz, category) in [("new_dyn", "daily"), ("im", "weekly"), ("im", "")] {
            let fields = [("biz", biz), ("category", category), ("csrf", CSRF)];
            assert_eq!(
                upload_with(&fields, Some(&png(1, 1))),
                -2,
                "{biz} {category}"
            );
        }
    }

    #[test]
    fn pictures_of_other_categories_must_be_large() {
        let drawn = [("biz", "im"), ("category", "draw"), ("csrf", CSRF)];
        assert_eq!(upload_with(&drawn, Some(&png(420, 1000))), -3);
        assert_eq!(upload_with(&drawn, Some(&png(421, 421))), 0);
    }

    #[test]
    fn a_file_that_is_not_a_picture_is_refused() {
        assert_eq!(upload_with(&FIELDS, Some(b"<html>")), -7);
    }

    #[test]
    fn a_body_that_is_not_multipart_or_ends_too_early_is_a_bad_parameter() {
        let mut sim = calm();
        let cookie = sim.cookie(1);
        let whole = body(&FIELDS, Some(&png(1, 1)));
        for (content_type, body) in [
            ("application/json", whole.clone()),
            ("multipart/form-data", whole.clone()),
            ("multipart/form-data; boundary=c", whole.clone()),
            ("multipart/form-data; boundary=b", whole[..100].to_vec()),
            ("multipart/form-data; boundary=b", Vec::new()),
        ] {
            let answer = sim.post_bytes(content_type, &cookie, PATH, body);
            assert_eq!(answer.code(), -2, "{content_type}");
        }
    }
}
