//! The simulated service, and a process that is started and killed.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bili_im_json::{ErrorJson, Exit};
use bili_im_proto::{Credential, Origin};
use bili_im_reqwest::Client;
use bili_im_serve::{AccountSetup, Config, Core, Limits, Login, LoginError, Server};
use bili_im_sim::{Act, MsgKey, World};
use bili_im_tests::{Live, demo_login, tls_without_roots};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle, time::timeout};

pub(crate) const FRIEND: u64 = 10_002;
pub(crate) const STRANGER: u64 = 10_003;
pub(crate) const MAIN: &str = "main";

/// Longer than anything takes, on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The service, and a folder for archives.
pub(crate) struct Stage {
    pub(crate) live: Live,
    pub(crate) folder: TempDir,
}

/// A login that tests can exchange.
#[derive(Clone)]
pub(crate) struct Cookie {
    origin: Origin,
    credential: Arc<Mutex<Option<Credential>>>,
}

impl Cookie {
    pub(crate) fn new(origin: Origin, credential: Option<Credential>) -> Self {
        Self {
            origin,
            credential: Arc::new(Mutex::new(credential)),
        }
    }

    pub(crate) fn set(&self, credential: Credential) {
        self.set_to(Some(credential));
    }

    pub(crate) fn set_to(&self, credential: Option<Credential>) {
        *self.credential.lock().unwrap() = credential;
    }
}

impl Login for Cookie {
    fn open(&self) -> Result<Client, LoginError> {
        let credential = self.credential.lock().unwrap().clone();
        let credential = credential.ok_or_else(|| LoginError {
            error: Box::new(ErrorJson::new(Exit::NotLoggedIn, "NoCredential", "nobody")),
            is_logged_out: true,
        })?;
        let builder = Client::builder(credential).endpoint(self.origin.clone());
        Ok(builder.build())
    }
}

/// A process that serves.
pub(crate) struct Life {
    runtime: Runtime,
    pub(crate) core: Core,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self {
            live: Live::demo(),
            folder: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn login(&self, credential: Option<Credential>) -> Cookie {
        Cookie::new(self.live.origin.clone(), credential)
    }

    pub(crate) fn setup(&self, name: &str, login: Cookie) -> AccountSetup {
        let archive = self.folder.path().join(format!("{name}.db"));
        let mut setup = AccountSetup::new(name, archive, login);
        setup.watch.interval = Some(Duration::from_millis(50));
        setup
    }

    /// A process with the demo account.
    pub(crate) fn start(&self) -> Life {
        self.start_with(limits(), |_| {})
    }

    pub(crate) fn start_with(&self, limits: Limits, configure: impl FnOnce(&mut Config)) -> Life {
        let life = Life::empty(limits, configure);
        life.add(self.setup(MAIN, self.login(Some(demo_login()))));
        life.until(|life| life.state(MAIN) == "working");
        life
    }
}

/// Seconds since 1970.
pub(crate) fn clock() -> u64 {
    bili_im_reqwest::now().unix.0 / 1_000_000
}

pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.first_wait = Duration::from_millis(50);
    limits.longest_wait = Duration::from_secs(1);
    limits.trim = Duration::from_millis(50);
    limits.shutdown = Duration::from_secs(10);
    limits
}

pub(crate) fn login_of(uid: u64) -> Credential {
    Credential::parse(&World::demo().account(uid).unwrap().cookie()).unwrap()
}

pub(crate) fn to(uid: u64) -> Value {
    json!({ "user": uid.to_string() })
}

impl Life {
    pub(crate) fn empty(limits: Limits, configure: impl FnOnce(&mut Config)) -> Self {
        let runtime = Runtime::new().unwrap();
        let core = Core::new(limits);
        let mut config = Config::new((Ipv4Addr::LOCALHOST, 0).into());
        configure(&mut config);
        let server = runtime
            .block_on(Server::bind(core.clone(), config))
            .unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let server = runtime.spawn(server.run(async {
            let _stopped = stopped.await;
        }));
        Self {
            runtime,
            core,
            address,
            stop,
            server,
        }
    }

    pub(crate) fn add(&self, setup: AccountSetup) {
        self.runtime.block_on(self.core.add(setup)).unwrap();
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let waited = async { timeout(PATIENCE, future).await };
        self.runtime.block_on(waited).expect("it took too long")
    }

    pub(crate) fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            assert!(begun.elapsed() < PATIENCE, "it took too long");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends as a crash does.
    pub(crate) fn kill(self) {
        let Self { runtime, core, .. } = self;
        drop(core);
        runtime.shutdown_timeout(PATIENCE);
    }

    /// Ends as a signal does.
    pub(crate) fn stop(self) {
        self.stop.send(()).unwrap();
        self.runtime
            .block_on(async { timeout(PATIENCE, self.server).await.unwrap().unwrap() });
        drop(self.core);
        self.runtime.shutdown_timeout(PATIENCE);
    }

    pub(crate) fn state(&self, account: &str) -> &'static str {
        let account = self.core.account(account);
        account.map_or("none", |account| account.state().name())
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        let _inside = self.runtime.enter();
        client().post(format!("http://{}{path}", self.address))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        let _inside = self.runtime.enter();
        client().get(format!("http://{}{path}", self.address))
    }

    /// The status and the body of an answer.
    pub(crate) fn answer(&self, request: RequestBuilder) -> (u16, String) {
        self.wait(async {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    }

    pub(crate) fn page(&self, path: &str) -> (u16, String) {
        self.answer(self.get(path))
    }

    /// The answer to a body of `/rpc`.
    pub(crate) fn post_json(&self, body: &Value) -> Value {
        let request = self.post("/rpc").header("content-type", "application/json");
        let (_, text) = self.answer(request.body(body.to_string()));
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The whole answer to a call.
    pub(crate) fn call(&self, method: &str, params: Value) -> Value {
        self.post_json(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
    }

    /// The result of a call.
    pub(crate) fn done(&self, method: &str, params: Value) -> Value {
        let mut answer = self.call(method, params);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].take()
    }

    pub(crate) fn events(&self, query: &str) -> Told {
        self.told(self.get(&format!("/events{query}")))
    }

    pub(crate) fn events_after(&self, query: &str, id: u64) -> Told {
        let request = self.get(&format!("/events{query}"));
        self.told(request.header("last-event-id", id))
    }

    pub(crate) fn told(&self, request: RequestBuilder) -> Told {
        let response = self.wait(async { request.send().await.unwrap() });
        assert_eq!(response.status(), 200);
        Told {
            response,
            received: Vec::new(),
        }
    }
}

/// A stream of events.
pub(crate) struct Told {
    response: Response,
    received: Vec<u8>,
}

impl Told {
    /// The next event: its id and its data. `None` at the end.
    pub(crate) fn next(&mut self, life: &Life) -> Option<(u64, Value)> {
        let begun = Instant::now();
        loop {
            // Heartbeats come all the time.
            assert!(begun.elapsed() < PATIENCE, "nothing is told");
            let end = self.received.windows(2).position(|pair| pair == b"\n\n");
            if let Some(end) = end {
                let event: Vec<u8> = self.received.drain(..end + 2).collect();
                let event = std::str::from_utf8(&event).unwrap();
                let field = |name: &str| {
                    let mut lines = event.lines();
                    lines.find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
                };
                let found = field("id:").zip(field("data:"));
                if let Some((id, data)) = found {
                    return Some((id.parse().unwrap(), serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let chunk = life.wait(self.response.chunk()).ok().flatten()?;
            // It may end within a character.
            self.received.extend_from_slice(&chunk);
        }
    }

    /// The ids and the texts of so many messages.
    pub(crate) fn texts(&mut self, life: &Life, count: usize) -> Vec<(u64, String)> {
        let mut texts = Vec::new();
        while texts.len() < count {
            let (id, event) = self.next(life).expect("the stream goes on");
            assert_eq!(event["event"], "message", "{event}");
            assert_eq!(event["sn"], id);
            let text = event["message"]["content"]["text"].as_str().unwrap();
            texts.push((id, text.to_owned()));
        }
        texts
    }
}

pub(crate) fn client() -> reqwest::Client {
    let tls = tls_without_roots().unwrap();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls);
    builder.no_proxy().build().unwrap()
}

/// How often a text is in the conversation with the friend.
pub(crate) fn count(stage: &Stage, text: &str) -> usize {
    let messages = stage.live.snapshot().messages.into_iter();
    messages
        .filter(|message| message.content.to_string().contains(text))
        .count()
}

/// The friend recalls the message of an event.
pub(crate) fn recall(stage: &Stage, event: &Value) {
    let msg_key = event["message"]["msg_key"].as_str().unwrap();
    let recall = Act::Recall {
        uid: FRIEND.into(),
        msg_key: MsgKey(msg_key.parse().unwrap()),
    };
    (stage.live)
        .with(|service, now| service.act(recall, now))
        .unwrap();
}
