//! Helpers of tests: a service whose clock the test sets.

mod sending;

use http::{Request, Response};
use serde_json::Value;

pub(crate) use self::sending::Sending;
use crate::{
    ids::Talker,
    reply::Reply,
    service::Service,
    time::UnixMicros,
    wbi::Keys,
    world::{Message, Mode, World},
};

pub(crate) const DAY: u64 = 24 * 60 * 60;
const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn world(json: &str) -> World {
    World::from_json(json).unwrap()
}

/// The talker ids of a list of sessions, in order.
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

    /// The world of the source document's examples, in classic mode.
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

    /// Posts a form with the account's CSRF token.
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

    /// The `data` of a successful answer.
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
