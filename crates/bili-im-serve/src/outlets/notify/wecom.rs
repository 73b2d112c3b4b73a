//! A bot of a WeCom group: `POST /cgi-bin/webhook/send`.

use std::time::Duration;

use bili_im_proto::Secret;
use http::Request;
use serde_json::{Value, json};

use super::service::{Note, Service, check, post_json};
use crate::{outlets::table::Table, toml_file::Fault};

#[derive(Debug)]
struct WeCom(Secret);

pub(super) fn new(table: &mut Table<'_>) -> Result<Box<dyn Service>, Fault> {
    Ok(Box::new(WeCom(table.address()?)))
}

impl Service for WeCom {
    /// A text has 2,048 bytes at most, with the title and the link.
    fn most(&self) -> usize {
        1700
    }

    fn request(&self, note: &Note, _: Duration) -> http::Result<Request<Vec<u8>>> {
        let body = json!({ "msgtype": "text", "text": { "content": note.whole() } });
        post_json(self.0.expose(), body)
    }

    fn check(&self, answer: &Value) -> Result<(), String> {
        check(answer, "errcode", 0, "errmsg")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlets::notify::testing::{note, sent, service, takes};

    #[test]
    fn a_text_has_title_and_link_and_the_code_0_is_success() {
        let url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=SECRET";
        let wecom = service(&format!("to = 'wecom'\nurl = '{url}'"));
        let (sent_to, body) = sent(&*wecom);
        assert_eq!(sent_to, url);
        let text = format!("小明\n*hi* <b>\n{}", note().link.unwrap());
        assert_eq!(
            body,
            json!({ "msgtype": "text", "text": { "content": text } })
        );
        takes(
            &*wecom,
            json!({ "errcode": 0, "errmsg": "ok" }),
            json!({ "errcode": 93000, "errmsg": "no such webhook" }),
        );
    }
}
