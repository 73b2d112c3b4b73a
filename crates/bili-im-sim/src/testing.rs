//! A service with a clock of its own, as tests want it.

use http::{Request, Response};
use serde_json::Value;

use crate::{
    ids::Talker,
    reply::Reply,
    service::Service,
    time::UnixMicros,
    wbi::{Keys, testing::sign},
    world::{Message, Mode, World},
};

pub(crate) const DAY: u64 = 24 * 60 * 60;
pub(crate) const DEVICE: &str = "372778FD-E359-461D-86A3-EA2BCC6FF52A";
const SEND_MSG: &str = "/web_im/v1/web_im/send_msg";
const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn world(json: &str) -> World {
    World::from_json(json).unwrap()
}

/// The talkers of a list of sessions, in order.
pub(crate) fn talkers(list: &Value) -> Vec<u64> {
    let sessions = list["session_list"].as_array();
    sessions
        .into_iter()
        .flatten()
        .map(|session| session["talker_id"].as_u64().unwrap())
        .collect()
}

pub(crate) struct Sim {
    pub(crate) service: Service,
    pub(crate) now: UnixMicros,
    world: World,
}

impl Sim {
    pub(crate) fn new(world: World) -> Self {
        let now = UnixMicros::from_secs(1_760_000_000);
        Self {
            service: Service::new(world.clone(), now).unwrap(),
            now,
            world,
        }
    }

    pub(crate) fn demo() -> Self {
        Self::new(World::demo())
    }

    /// The world of the source document's examples, in the age it describes.
    pub(crate) fn classic_seed() -> Self {
        Self::new(World::seed().in_mode(Mode::Classic))
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus_secs(i64::try_from(seconds).unwrap());
    }

    pub(crate) fn cookie(&self, uid: u64) -> String {
        self.world.account(uid).unwrap().cookie()
    }

    pub(crate) fn csrf(&self, uid: u64) -> String {
        self.world.account(uid).unwrap().bili_jct.clone()
    }

    pub(crate) fn handle(&mut self, request: Request<Vec<u8>>) -> Reply {
        self.service.handle(request, self.now)
    }

    fn answer(&mut self, request: Request<Vec<u8>>) -> Answer {
        Answer(self.handle(request).answer().expect("an answer"))
    }

    pub(crate) fn get(&mut self, uid: u64, path: &str) -> Answer {
        self.get_with_cookie(&self.cookie(uid), path)
    }

    pub(crate) fn get_with_cookie(&mut self, cookie: &str, path: &str) -> Answer {
        self.answer(
            Request::get(path)
                .header("cookie", cookie)
                .body(Vec::new())
                .unwrap(),
        )
    }

    pub(crate) fn get_logged_out(&mut self, path: &str) -> Answer {
        self.answer(Request::get(path).body(Vec::new()).unwrap())
    }

    /// A form with the CSRF token of the account.
    pub(crate) fn post(&mut self, uid: u64, path: &str, form: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf(uid);
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .extend_pairs([("csrf", &csrf), ("csrf_token", &csrf)])
            .finish();
        self.post_raw(uid, path, &body)
    }

    pub(crate) fn post_raw(&mut self, uid: u64, path: &str, body: &str) -> Answer {
        self.post_as(FORM, uid, path, body)
    }

    pub(crate) fn post_as(
        &mut self,
        content_type: &str,
        uid: u64,
        path: &str,
        body: &str,
    ) -> Answer {
        let cookie = self.cookie(uid);
        self.post_with_cookie(content_type, &cookie, path, body)
    }

    pub(crate) fn post_with_cookie(
        &mut self,
        content_type: &str,
        cookie: &str,
        path: &str,
        body: &str,
    ) -> Answer {
        self.post_bytes(content_type, cookie, path, body.into())
    }

    pub(crate) fn post_bytes(
        &mut self,
        content_type: &str,
        cookie: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Answer {
        let request = Request::post(path)
            .header("cookie", cookie)
            .header("content-type", content_type);
        self.answer(request.body(body).unwrap())
    }

    pub(crate) fn control(&mut self, method: &str, path: &str, body: &str) -> Answer {
        self.answer(
            Request::builder()
                .method(method)
                .uri(path)
                .body(body.as_bytes().to_vec())
                .unwrap(),
        )
    }

    pub(crate) fn state(&mut self) -> Value {
        self.control("GET", "/_sim/state", "").json()
    }

    pub(crate) fn write(&mut self, message: &str) -> Value {
        let answer = self.control("POST", "/_sim/message", message);
        assert_eq!(answer.status(), 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) fn say(&mut self, from: u64, to: u64, text: &str) {
        self.service
            .write(Message::text(from, Talker::user(to), text), self.now)
            .unwrap();
    }

    pub(crate) fn say_in_group(&mut self, from: u64, group: u64, text: &str) {
        self.service
            .write(Message::text(from, Talker::group(group), text), self.now)
            .unwrap();
    }

    pub(crate) fn session(&mut self, owner: u64, talker: u64) -> Value {
        let path =
            format!("/session_svr/v1/session_svr/session_detail?talker_id={talker}&session_type=1");
        self.get(owner, &path).data()
    }

    pub(crate) fn keys(&self) -> Keys {
        let keys = self.service.snapshot(self.now).signing_keys;
        Keys {
            img: keys.img,
            sub: keys.sub,
        }
    }

    /// The request of a send that nothing is wrong with.
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
            keys: self.keys(),
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

    pub(crate) fn send(&mut self, from: u64, to: u64, text: &str) -> Answer {
        let content = serde_json::json!({ "content": text }).to_string();
        let sending = self.sending(from, Talker::user(to), 1, &content);
        self.deliver(&sending)
    }

    pub(crate) fn recall(&mut self, from: u64, to: u64, key: &Value) -> Answer {
        let sending = self.sending(from, Talker::user(to), 5, &key.to_string());
        self.deliver(&sending)
    }

    pub(crate) fn deliver(&mut self, sending: &Sending) -> Answer {
        self.answer(sending.request())
    }
}

/// A send, to be spoilt field by field.
pub(crate) struct Sending {
    pub(crate) cookie: String,
    pub(crate) keys: Keys,
    pub(crate) wts: u64,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) form: Vec<(String, String)>,
}

impl Sending {
    /// The same with another value in a field of query or form; without it when the value is `None`.
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
        let query: Vec<(&str, &str)> = self
            .query
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let query = sign(&query, &self.keys, self.wts);
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

#[derive(Debug)]
pub(crate) struct Answer(pub(crate) Response<Vec<u8>>);

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(self.0.body()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.0.body()).unwrap()
    }

    pub(crate) fn code(&self) -> i64 {
        assert_eq!(self.status(), 200);
        self.json()["code"].as_i64().unwrap()
    }

    /// The `data` of a success.
    pub(crate) fn data(&self) -> Value {
        assert_eq!(
            self.code(),
            0,
            "{} ({:?})",
            self.text(),
            self.header("x-sim-why")
        );
        self.json()["data"].clone()
    }
}
