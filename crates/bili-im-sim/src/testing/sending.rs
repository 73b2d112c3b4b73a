//! Requests to send, which tests can change field by field.

use http::Request;

use super::{FORM, Sim};
use crate::{
    ids::Talker,
    wbi::{SigningKeys, testing::sign},
};

const DEVICE: &str = "372778FD-E359-461D-86A3-EA2BCC6FF52A";
const SEND_MSG: &str = "/web_im/v1/web_im/send_msg";

impl Sim {
    /// A valid send.
    pub(crate) fn sending(
        &self,
        from: u64,
        talker: Talker,
        msg_type: u32,
        content: &str,
    ) -> Sending {
        let seconds = self.service.clock(self.now).now.as_secs();
        let (from_text, to) = (from.to_string(), talker.id().to_string());
        let csrf = self.csrf(from);
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Sending {
            cookie: self.cookie(from),
            keys: self.service.snapshot(self.now).signing_keys,
            wts: seconds,
            query: vec![
                field("w_sender_uid", &from_text),
                field("w_receiver_id", &to),
                field("w_dev_id", DEVICE),
            ],
            form: vec![
                field("msg[sender_uid]", &from_text),
                field("msg[receiver_id]", &to),
                field("msg[receiver_type]", &talker.session_type().to_string()),
                field("msg[msg_type]", &msg_type.to_string()),
                field("msg[msg_status]", "0"),
                field("msg[dev_id]", DEVICE),
                field("msg[timestamp]", &seconds.to_string()),
                field("msg[new_face_version]", "1"),
                field("msg[content]", content),
                field("csrf", &csrf),
                field("csrf_token", &csrf),
                field("build", "0"),
                field("mobi_app", "web"),
            ],
        }
    }
}

/// A send whose fields a test can change.
pub(crate) struct Sending {
    pub(crate) cookie: String,
    keys: SigningKeys,
    wts: u64,
    query: Vec<(String, String)>,
    pub(crate) form: Vec<(String, String)>,
}

impl Sending {
    /// Changes a field of the query or the form; `None` removes it.
    pub(crate) fn with(mut self, name: &str, value: Option<&str>) -> Self {
        for fields in [&mut self.query, &mut self.form] {
            if let Some(value) = value {
                fields
                    .iter_mut()
                    .filter(|(field, _)| field == name)
                    .for_each(|(_, old)| value.clone_into(old));
            } else {
                fields.retain(|(field, _)| field != name);
            }
        }
        self
    }

    pub(crate) fn request(&self) -> Request<Vec<u8>> {
        let query = self.query.iter().map(|(name, value)| (&**name, &**value));
        let query = sign(query.collect(), &self.keys, self.wts);
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.form)
            .finish();
        Request::post(format!("{SEND_MSG}?{query}"))
            .header("cookie", &self.cookie)
            .header("content-type", FORM)
            .body(body.into_bytes())
            .unwrap()
    }
}
