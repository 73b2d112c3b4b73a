//! The process in virtual time: hours of crashes, faults of the service and failing consumers pass
//! in seconds.

mod consumers;
mod history;
mod service;

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use bili_im_proto::WatchOptions;
use bili_im_serve::{AccountSetup, Config, Core, Limits, Outlets, Server};
use bili_im_sim::{
    Act, Message, MsgKey, Talker,
    faults::{Kind, PageBody, Rule, When},
};
use bili_im_tests::{DEMO_UID, demo_login};
use fastrand::Rng;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    runtime::Builder,
    sync::oneshot,
    time::{Instant, advance, sleep},
};

use self::{
    consumers::{Manner, Shared, call, listen, receive},
    history::{STEADY, Written},
    service::{Bili, micros},
};
use crate::stage::{Cookie, FRIEND, MAIN, STRANGER, client, login_of};

/// Each step of the clock. Without steps the clock would jump over the answers of a server.
const STEP: Duration = Duration::from_millis(50);

const MINUTE: u64 = 60;

/// How long a run may take to settle, in its own time.
const LONGEST: Duration = Duration::from_secs(12 * 3600);

/// How many runs there are without `BILI_IM_SEEDS`.
const SEEDS: u64 = 5;

#[test]
fn every_consumer_is_told_everything_and_nothing_is_sent_twice() {
    let seeds = env::var("BILI_IM_SEEDS").ok();
    let seeds = seeds.map_or(0..SEEDS, |seeds| match seeds.split_once("..") {
        Some((from, to)) => from.parse().unwrap()..to.parse().unwrap(),
        None => 0..seeds.parse().unwrap(),
    });
    for seed in seeds {
        if let Err(broken) = Run::new(seed).play() {
            panic!("seed {seed}: {broken}");
        }
    }
}

#[test]
fn a_consumer_that_sleeps_for_a_day_misses_nothing() {
    let mut run = Run::new(0);
    run.is_calm = true;
    run.shared.recover();
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    let told = runtime.block_on(async {
        tokio::spawn(tick(STEP * 5));
        let (life, _stop) = run.begin(true).await;
        let url = format!("http://{}/events?consumer=sleeper", life.address);
        drop(life.http.get(url).send().await.unwrap());
        for _ in 0..24 {
            run.write();
            sleep(Duration::from_secs(60 * MINUTE)).await;
        }
        let (shared, http) = (run.shared.clone(), life.http.clone());
        let sleeper = ("sleeper", Manner::Steady);
        tokio::spawn(listen(
            shared,
            life.address,
            http,
            sleeper,
            Rng::with_seed(0),
        ));
        sleep(Duration::from_secs(MINUTE)).await;
        run.shared.with(|history| history.told["sleeper"].clone())
    });
    let written = run.shared.with(|history| history.written.clone());
    let told = told.iter().map(|told| &told.text);
    assert!(told.eq(written.iter().map(|written| &written.text)));
}

/// Moves the clock on for as long as the runtime lives.
async fn tick(step: Duration) {
    loop {
        sleep(step).await;
    }
}

/// A run: several lives of the process.
struct Run {
    rng: Rng,
    bili: Bili,
    folder: TempDir,
    shared: Shared,
    /// Nothing but consumers fails.
    is_calm: bool,
    /// When the last life ended, in microseconds since 1970.
    ended: u64,
    written: u64,
    sends: u64,
}

/// What a life has.
#[derive(Clone)]
struct Life {
    core: Core,
    address: SocketAddr,
    http: reqwest::Client,
    cookies: [Cookie; 2],
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let is_calm = rng.u8(..) < 64;
        let shared = Shared::default();
        shared.with(|history| history.soon = is_calm.then_some(MINUTE * 1_000_000));
        Self {
            bili: Bili::new(),
            folder: TempDir::new().unwrap(),
            shared,
            is_calm,
            ended: micros(),
            written: 0,
            sends: 0,
            rng,
        }
    }

    fn play(mut self) -> Result<(), String> {
        let crashes = match self.is_calm {
            true => 0,
            false => self.rng.u64(1..8),
        };
        for life in 0..=crashes {
            if life > 0 {
                // While the process is dead.
                for _ in 0..self.rng.u64(..4) {
                    self.write();
                }
            }
            self.live(life == 0, life == crashes);
        }
        self.shared.with(|history| history.check())
    }

    /// A life of the process. Unless it is the last, it ends in a crash.
    fn live(&mut self, is_first: bool, is_last: bool) {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let downtime = self.rng.u64(..3 * MINUTE) * 1_000_000;
            let begins = self.ended + if is_first { 0 } else { downtime };
            advance(Duration::from_micros(begins.saturating_sub(micros()))).await;
            tokio::spawn(tick(STEP));
            let (life, stop) = self.begin(is_first).await;
            self.happen(&life).await;
            if is_last {
                self.settle(&life).await;
                stop.send(()).unwrap();
            } else {
                self.crash(&life).await;
            }
            self.ended = micros();
        });
    }

    /// Starts the service, the process and its consumers.
    async fn begin(&mut self, is_first: bool) -> (Life, oneshot::Sender<()>) {
        let origin = self.bili.listen().await;
        let mut limits = Limits::default();
        if self.rng.bool() && !self.is_calm {
            limits.events = 12;
        }
        let core = Core::new(limits);
        let config = Config::new((Ipv4Addr::LOCALHOST, 0).into());
        let server = Server::bind(core.clone(), config).await.unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(server.run(async {
            // A life that ends in a crash never stops.
            if stopped.await.is_err() {
                std::future::pending().await
            }
        }));
        let life = Life {
            core,
            address,
            http: client(),
            cookies: [
                Cookie::new(origin.clone(), Some(demo_login())),
                Cookie::new(origin, Some(login_of(FRIEND))),
            ],
        };
        for (name, cookie) in [MAIN, "friend"].into_iter().zip(&life.cookies) {
            let archive = self.folder.path().join(format!("{name}.db"));
            let mut setup = AccountSetup::new(name, archive, cookie.clone());
            setup.watch = WatchOptions::default().with_push(false);
            setup.watch.interval = Some(Duration::from_secs(20));
            life.core.add(setup).await.unwrap();
        }
        if is_first {
            life.until_working().await;
        }
        let hook = receive(self.shared.clone(), self.rng.fork()).await;
        let outlets = format!(
            "[[webhook]]\nname = 'hook'\nurl = 'http://{hook}'\nsecret = '0123456789abcdef'\n\
             [[webhook]]\nname = 'dead'\nurl = 'http://127.0.0.1:9'\nsecret = '0123456789abcdef'\n\
             [[rule]]\nname = 'r'\naccounts = ['main']\nevery_minutes = 0\n\
             answer = '收到 {{text}}'\nrun = ['/no/such/program']\n"
        );
        let outlets = Outlets::parse(&outlets, ".".as_ref()).unwrap();
        life.core.set_outlets(outlets);
        for consumer in [
            (STEADY, Manner::Steady),
            ("moody", Manner::Moody),
            ("remembers", Manner::Remembers),
        ] {
            let (shared, http) = (self.shared.clone(), life.http.clone());
            let consumer = listen(shared, address, http, consumer, self.rng.fork());
            tokio::spawn(consumer);
        }
        if is_first {
            // All consumers have their places.
            sleep(Duration::from_secs(10)).await;
        }
        (life, stop)
    }

    /// People write, the service fails, logins end, and clients send: mostly several things at once.
    async fn happen(&mut self, life: &Life) {
        for text in self.open_sends() {
            self.send(life, text);
        }
        let ends = Instant::now() + Duration::from_secs(self.rng.u64(1..8 * MINUTE));
        while Instant::now() < ends {
            for _ in 0..self.rng.u64(1..10) {
                self.act(life);
                let pause = self.rng.u64(..3000);
                sleep(Duration::from_millis(pause)).await;
            }
            let pause = self.rng.u64(..2 * MINUTE * 1000);
            sleep(Duration::from_millis(pause)).await;
        }
    }

    /// The process dies while much is under way.
    async fn crash(&mut self, life: &Life) {
        if self.rng.bool() {
            let first = When::First(self.rng.u64(1..4));
            let lost = Rule::new("send_msg", first, Kind::Stall).after_effect();
            self.bili
                .with(|service, _| service.add_fault(lost))
                .unwrap();
        }
        for _ in 0..self.rng.u64(..6) {
            self.act(life);
        }
        let left = self.rng.u64(..20_000);
        sleep(Duration::from_millis(left)).await;
    }

    fn act(&mut self, life: &Life) {
        match self.rng.u8(..20) {
            0..9 => self.write(),
            9 => self.recall(),
            10..14 => {
                self.sends += 1;
                let text = format!("send {}", self.sends);
                self.shared
                    .with(|history| history.sends.insert(text.clone(), None));
                self.send(life, text);
            }
            _ if self.is_calm => {}
            14..17 => {
                let fault = draw_fault(&mut self.rng);
                self.bili
                    .with(|service, _| service.add_fault(fault))
                    .unwrap();
            }
            17 => self.bili.with(|service, _| service.clear_faults()),
            18 => {
                let which = self.rng.usize(..2);
                let login = [demo_login(), login_of(FRIEND)].into_iter().nth(which);
                let is_out = self.rng.bool();
                life.cookies[which].set_to(login.filter(|_| !is_out));
                life.core.restart([MAIN, "friend"][which]).unwrap();
            }
            _ => life.heal(),
        }
    }

    /// A client sends.
    fn send(&mut self, life: &Life, text: String) {
        let sending = send(self.shared.clone(), life.clone(), text, self.rng.fork());
        tokio::spawn(sending);
    }

    /// Everything is well again. Waits until nothing is left to wait for.
    async fn settle(&mut self, life: &Life) {
        self.bili.with(|service, _| service.clear_faults());
        self.shared.recover();
        life.heal();
        let gives_up = Instant::now() + LONGEST;
        while Instant::now() < gives_up && !self.shared.with(|history| history.is_settled()) {
            sleep(Duration::from_secs(10)).await;
        }
        // What would come twice has the time to.
        sleep(Duration::from_secs(10 * MINUTE)).await;
        let messages = self
            .bili
            .with(|service, now| service.snapshot(now).messages);
        self.shared.with(|history| {
            let sends = history.sends.keys().cloned();
            let answers = history
                .written
                .iter()
                .map(|written| format!("收到 {}", written.text));
            let texts: Vec<String> = sends.chain(answers).collect();
            for text in texts {
                let content = json!({ "content": text }).to_string();
                let count = messages
                    .iter()
                    .filter(|message| message.content == content)
                    .count();
                history.counts.insert(text, count);
            }
        });
    }

    fn write(&mut self) {
        self.written += 1;
        let writer = *self.rng.choice(&[FRIEND, STRANGER]).unwrap();
        let text = format!("{writer} {}", self.written);
        let message = Message::text(writer, Talker::user(DEMO_UID), &text);
        let is_written = self
            .bili
            .with(|service, now| service.write(message, now))
            .is_ok();
        if is_written {
            let at = micros().max(self.ended);
            self.shared
                .with(|history| history.written.push(Written { text, at }));
        }
    }

    /// Whoever has written one of the last messages takes it back.
    fn recall(&mut self) {
        let nth = self.rng.usize(..5);
        let messages = self
            .bili
            .with(|service, now| service.snapshot(now).messages);
        let mut incoming = messages
            .into_iter()
            .rev()
            .filter(|message| message.talker == Talker::user(DEMO_UID) && message.msg_status == 0);
        let Some(message) = incoming.nth(nth) else {
            return;
        };
        let recall = Act::Recall {
            uid: message.from,
            msg_key: MsgKey(message.msg_key.0),
        };
        if self
            .bili
            .with(|service, now| service.act(recall, now))
            .is_ok()
        {
            self.shared.with(|history| {
                let written = history.written.iter();
                let is_it = |text: &&String| message.content.contains(&format!("\"{text}\""));
                let text = written.map(|written| &written.text).find(is_it).cloned();
                history.recalled.extend(text);
            });
        }
    }

    fn open_sends(&self) -> Vec<String> {
        self.shared.with(|history| {
            let open = history
                .sends
                .iter()
                .filter(|(_, outcome)| outcome.is_none());
            open.map(|(text, _)| text.clone()).collect()
        })
    }
}

impl Life {
    async fn until_working(&self) {
        let is_working = |name| self.core.account(name).unwrap().state().name() == "working";
        while ![MAIN, "friend"].into_iter().all(is_working) {
            sleep(STEP).await;
        }
    }

    /// Somebody logs in again.
    fn heal(&self) {
        for (cookie, login) in self.cookies.iter().zip([demo_login(), login_of(FRIEND)]) {
            cookie.set_to(Some(login));
        }
        for name in [MAIN, "friend"] {
            self.core.restart(name).unwrap();
        }
    }
}

/// A client that repeats its call until it knows what has become of it.
async fn send(shared: Shared, life: Life, text: String, mut rng: Rng) {
    let params = json!({
        "account": MAIN,
        "talker": { "user": STRANGER.to_string() },
        "text": text,
        "idempotency_key": text,
    });
    loop {
        let answer = call(&life.http, life.address, "send", &params).await;
        let is_open = |error: &serde_json::Value| error.is_null() || error["kind"] == "UnderWay";
        let is_known = answer.as_ref().is_some_and(|answer| match answer {
            Ok(_) => true,
            // Some clients try again whatever happens.
            Err(error) => !is_open(error) && rng.bool(),
        });
        if is_known {
            shared.with(|history| history.sends.insert(text, answer));
            return;
        }
        sleep(Duration::from_millis(rng.u64(..120_000))).await;
    }
}

/// A fault of the service.
fn draw_fault(rng: &mut Rng) -> Rule {
    const WHAT: [&str; 5] = [
        "send_msg",
        "fetch_session_msgs",
        "new_sessions",
        "nav",
        "any",
    ];
    let what = *rng.choice(&WHAT).unwrap();
    let when = match rng.u8(..4) {
        0..2 => When::Once,
        2 => When::First(rng.u64(1..5)),
        _ => When::Chance(f64::from(rng.u8(1..40)) / 100.0),
    };
    let refused = |code| Rule::new(what, when, self::code(code));
    let unclear = match rng.u8(..9) {
        0..3 => Kind::BreakOff,
        3 => Kind::Stall,
        4 => Kind::Html,
        5 => code(-500),
        // These say that nothing was done.
        6 => return refused(-799),
        7 => return refused(-101),
        _ => Kind::Http {
            status: 502,
            body: PageBody::Html,
            retry_after: None,
        },
    };
    let rule = Rule::new(what, when, unclear);
    match rng.bool() {
        true => rule.after_effect(),
        false => rule,
    }
}

fn code(code: i32) -> Kind {
    Kind::Code {
        code,
        message: None,
    }
}
