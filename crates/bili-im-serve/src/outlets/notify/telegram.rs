//! A bot of Telegram: `POST /bot…/sendMessage`.

use std::time::Duration;

use bili_im_proto::Secret;
use http::Request;
use serde_json::{Value, json};

use super::service::{Note, Service, post_json};
use crate::{
    outlets::{table::Table, template::cut},
    toml_file::Fault,
};

#[derive(Debug)]
struct Telegram {
    server: String,
    token: Secret,
    chat_id: String,
}

pub(super) fn new(table: &mut Table<'_>) -> Result<Box<dyn Service>, Fault> {
    Ok(Box::new(Telegram {
        token: table.need_secret("token", ("the token of the bot", "机器人的令牌"))?,
        chat_id: table.need(
            "chat_id",
            (
                "a text: the number of a chat, or @CHANNEL",
                "字符串：聊天的编号，或 @频道名",
            ),
        )?,
        server: table.server(Some("https://api.telegram.org"))?,
    }))
}

impl Service for Telegram {
    /// A message has 4,096 characters at most, with the title and the link.
    fn most(&self) -> usize {
        3800
    }

    /// Without `parse_mode`, so that nothing is read as markup.
    fn request(&self, note: &Note, _: Duration) -> http::Result<Request<Vec<u8>>> {
        let url = format!("{}/bot{}/sendMessage", self.server, self.token.expose());
        let body = json!({
            "chat_id": self.chat_id,
            "text": note.whole(),
            "link_preview_options": { "is_disabled": true },
        });
        post_json(&url, body)
    }

    fn check(&self, answer: &Value) -> Result<(), String> {
        if answer.get("ok") == Some(&Value::Bool(true)) {
            return Ok(());
        }
        let words = answer.get("description").and_then(Value::as_str);
        let words = words.unwrap_or_default();
        Err(cut(&format!("the service says: {words}"), 300))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlets::notify::testing::{note, sent, service, takes};

    #[test]
    fn a_text_is_plain_and_ok_is_success() {
        let telegram = service("to = 'telegram'\ntoken = '1:SECRET'\nchat_id = '42'");
        let (url, body) = sent(&*telegram);
        assert_eq!(url, "https://api.telegram.org/bot1:SECRET/sendMessage");
        let text = format!("小明\n*hi* <b>\n{}", note().link.unwrap());
        let preview = json!({ "is_disabled": true });
        let expected = json!({ "chat_id": "42", "text": text, "link_preview_options": preview });
        assert_eq!(body, expected);
        takes(
            &*telegram,
            json!({ "ok": true, "result": {} }),
            json!({ "ok": false, "error_code": 400, "description": "no such chat" }),
        );
    }
}
