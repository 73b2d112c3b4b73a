//! Helpers of tests: a service whose clock the test sets.

pub(crate) mod push;
mod sending;

use http::{Request, Response};
use serde_json::Value;

pub(crate) use self::sending::Sending;
use crate::{
    endpoints,
    ids::Talker,
    reply::Reply,
    service::Service,
    time::UnixMicros,
    world::{Message, Mode, World},
};

pub(crate) const DAY: u64 = 24 * 60 * 60;
const FORM: &str = "application/x-www-form-urlencoded";

/// The talker ids of a list of sessions, in order.
pub(crate) fn talkers(list: &Value) -> Vec<u64> {
    let sessions = list["session_list"].as_array().into_iter().flatten();
    let ids = sessions.map(|session| session["talker_id"].as_u64().unwrap());
    ids.collect()
}

/// A whole path. `get_sessions?size=1` stands for the path of the endpoint with that name.
fn whole(path: &str) -> String {
    let name = path.split('?').next().unwrap();
    let mut paths = endpoints::paths().into_iter();
    let known = paths.find(|known| known.ends_with(&format!("/{name}")));
    match known {
        Some(known) if !path.starts_with('/') => path.replacen(name, known, 1),
        _ => path.to_owned(),
    }
}

pub(crate) struct Sim {
    pub(crate) service: Service,
    pub(crate) now: UnixMicros,
    world: World,
}

impl Sim {
    pub(crate) fn new(world: World) -> Self {
        let now = UnixMicros::from_secs(1_760_000_000);
        let service = Service::new(world.clone(), now).unwrap();
        Self {
            service,
            now,
            world,
        }
    }

    /// A service with this world, as in a file.
    pub(crate) fn from_json(world: &str) -> Self {
        Self::new(World::from_json(world).unwrap())
    }

    pub(crate) fn demo() -> Self {
        Self::new(World::demo())
    }

    /// The demo world, in strict mode.
    pub(crate) fn strict() -> Self {
        Self::new(World::demo().in_mode(Mode::Strict))
    }

    /// The world of the source document's examples, in classic mode.
    pub(crate) fn classic_seed() -> Self {
        Self::new(World::seed().in_mode(Mode::Classic))
    }

    /// Account 1 has sessions with 2, 3 and 4, which are 300, 200 and 100 seconds old.
    pub(crate) fn with_three_sessions(options: &str) -> Self {
        Self::from_json(&format!(
            r#"{{"accounts":[{{"uid":1}},{{"uid":2}},{{"uid":3}},{{"uid":4}},{{"uid":5}}],
                "messages":[{{"from":2,"to":1,"text":"x","seconds_ago":300}},
                            {{"from":3,"to":1,"text":"x","seconds_ago":200}},
                            {{"from":4,"to":1,"text":"x","seconds_ago":100}}],
                "options":{{{options}}}}}"#
        ))
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

    fn answer(&mut self, request: Request<Vec<u8>>) -> Got {
        Got(self.handle(request).answer().expect("an answer"))
    }

    pub(crate) fn get(&mut self, uid: u64, path: &str) -> Got {
        self.get_with_cookie(&self.cookie(uid), path)
    }

    /// The `data` that an account gets.
    pub(crate) fn data(&mut self, uid: u64, path: &str) -> Value {
        self.get(uid, path).data()
    }

    /// The code that an account gets.
    pub(crate) fn code(&mut self, uid: u64, path: &str) -> i64 {
        self.get(uid, path).code()
    }

    pub(crate) fn check_codes(&mut self, uid: u64, expected: &[(&str, i64)]) {
        for (path, code) in expected {
            assert_eq!(self.code(uid, path), *code, "{path}");
        }
    }

    /// A GET with any cookie; without a login when it is empty.
    pub(crate) fn get_with_cookie(&mut self, cookie: &str, path: &str) -> Got {
        let request = Request::get(whole(path)).header("cookie", cookie);
        self.answer(request.body(Vec::new()).unwrap())
    }

    /// Posts an encoded form with the account's CSRF token.
    pub(crate) fn post(&mut self, uid: u64, path: &str, form: &str) -> Got {
        let csrf = self.csrf(uid);
        let form = format!("{form}&csrf={csrf}&csrf_token={csrf}");
        self.post_form(&self.cookie(uid), path, &form)
    }

    pub(crate) fn post_form(&mut self, cookie: &str, path: &str, form: &str) -> Got {
        self.post_body(FORM, cookie, path, form.as_bytes())
    }

    /// A POST with any cookie and any body.
    pub(crate) fn post_body(
        &mut self,
        content_type: &str,
        cookie: &str,
        path: &str,
        body: &[u8],
    ) -> Got {
        let request = Request::post(whole(path))
            .header("cookie", cookie)
            .header("content-type", content_type);
        self.answer(request.body(body.to_vec()).unwrap())
    }

    pub(crate) fn control(&mut self, method: &str, path: &str, body: &str) -> Got {
        let request = Request::builder().method(method).uri(path);
        self.answer(request.body(body.into()).unwrap())
    }

    /// What a control path answers to a POST that it accepts.
    pub(crate) fn control_ok(&mut self, path: &str, body: &str) -> Value {
        let answer = self.control("POST", path, body);
        assert_eq!(answer.status(), 200, "{body}: {}", answer.text());
        answer.json()
    }

    /// The problem that a control path finds in a POST.
    pub(crate) fn control_error(&mut self, path: &str, body: &str) -> String {
        let answer = self.control("POST", path, body);
        assert_eq!(answer.status(), 400, "{body}: {}", answer.text());
        answer.json()["error"].as_str().unwrap().to_owned()
    }

    pub(crate) fn state(&mut self) -> Value {
        self.control("GET", "/_sim/state", "").json()
    }

    /// All messages, oldest first.
    pub(crate) fn messages(&mut self) -> Vec<Value> {
        self.state()["messages"].as_array().unwrap().clone()
    }

    pub(crate) fn newest_message(&mut self) -> Value {
        self.messages().pop().unwrap()
    }

    /// Puts a message, as JSON, into the world by the control path.
    pub(crate) fn write(&mut self, message: &str) -> Value {
        self.control_ok("/_sim/message", message)
    }

    /// Puts a text into the world, past the endpoints and their checks.
    pub(crate) fn say(&mut self, from: u64, to: u64, text: &str) {
        let message = Message::text(from, Talker::user(to), text);
        self.service.write(message, self.now).unwrap();
    }

    /// As `say`, to a group.
    pub(crate) fn say_in_group(&mut self, from: u64, group: u64, text: &str) {
        let message = Message::text(from, Talker::group(group), text);
        self.service.write(message, self.now).unwrap();
    }

    pub(crate) fn session(&mut self, owner: u64, talker: u64) -> Value {
        let path = format!("session_detail?talker_id={talker}&session_type=1");
        self.data(owner, &path)
    }

    /// The talkers of an account's list of sessions with a filter, which is sent as `session_type`.
    pub(crate) fn listed(&mut self, owner: u64, filter: u8) -> Vec<u64> {
        talkers(&self.data(owner, &format!("get_sessions?session_type={filter}")))
    }

    /// How many messages of followed users an account has not read.
    pub(crate) fn unread(&mut self, owner: u64) -> u64 {
        let data = self.data(owner, "single_unread");
        data["follow_unread"].as_u64().unwrap()
    }

    /// Sends a text to a user, as the site does.
    pub(crate) fn send(&mut self, from: u64, to: u64, text: &str) -> Got {
        let content = serde_json::json!({ "content": text }).to_string();
        self.send_any(from, Talker::user(to), 1, &content)
    }

    pub(crate) fn recall(&mut self, from: u64, to: u64, key: &Value) -> Got {
        self.send_any(from, Talker::user(to), 5, &key.to_string())
    }

    /// Sends a message of any type and content, as the site does.
    pub(crate) fn send_any(
        &mut self,
        from: u64,
        talker: Talker,
        msg_type: u32,
        content: &str,
    ) -> Got {
        self.deliver(&self.sending(from, talker, msg_type, content))
    }

    /// Sends a message that was made before.
    pub(crate) fn deliver(&mut self, sending: &Sending) -> Got {
        self.answer(sending.request())
    }
}

/// An answer that a test got.
#[derive(Debug)]
pub(crate) struct Got(pub(crate) Response<Vec<u8>>);

impl Got {
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
        let why = self.header("x-sim-why");
        assert_eq!(self.code(), 0, "{} ({why:?})", self.text());
        self.json()["data"].clone()
    }
}
