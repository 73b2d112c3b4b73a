//! `serve`, killed again and again while messages come and go.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{scope, sleep},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    serving::Serving,
    support::{FRIEND, Stage},
};

const KILLS: u64 = 50;

/// A time limit that nothing reaches on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What clients know of a process that is killed and started again.
#[derive(Default)]
struct Clients {
    address: Mutex<String>,
    /// Whether nothing more is written and sent.
    is_over: AtomicBool,
    written: Mutex<Vec<String>>,
    /// The events of the consumer by their ids, with the friend's text.
    told: Mutex<BTreeMap<u64, Option<String>>>,
    /// The texts whose sends had a result.
    sent: Mutex<BTreeSet<String>>,
}

impl Clients {
    /// Sends a request; `None` when nobody is there.
    fn request(&self, head: &str, body: &str) -> Option<TcpStream> {
        let address = self.address.lock().unwrap().clone();
        let mut stream = TcpStream::connect(&address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
        let length = body.len();
        write!(
            stream,
            "{head} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .ok()?;
        Some(stream)
    }

    /// The result of a call, if it comes and is one.
    fn call(&self, method: &str, params: &Value) -> Option<Value> {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut answer = String::new();
        let mut stream = self.request("POST /rpc", &call.to_string())?;
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        let mut answer: Value = serde_json::from_str(body).ok()?;
        Some(answer["result"].take()).filter(|result| !result.is_null())
    }

    /// A friend writes all the time.
    fn write(&self, stage: &Stage) {
        let mut count = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            let text = format!("written {count}");
            stage.write(10002, &text);
            self.written.lock().unwrap().push(text);
            count += 1;
            sleep(Duration::from_millis(10));
        }
    }

    /// A client sends all the time, and each message again until it has a result, for some time.
    fn send(&self, name: &str) {
        for count in 0.. {
            let text = format!("sent {name} {count}.");
            let to = json!({ "user": FRIEND });
            let params = json!({ "talker": to, "text": text, "idempotency_key": text });
            for _ in 0..20 {
                if self.is_over.load(Ordering::Relaxed) {
                    return;
                }
                if self.call("send", &params).is_some() {
                    self.sent.lock().unwrap().insert(text);
                    break;
                }
                sleep(Duration::from_millis(20));
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// A consumer reads all the time, and says now and then how far it is.
    fn read(&self) {
        while !(self.is_over.load(Ordering::Relaxed) && self.has_all()) {
            if let Some(stream) = self.request("GET /events?consumer=bot", "") {
                // A process that was killed closes the connection.
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    self.take(&line);
                    if self.is_over.load(Ordering::Relaxed) && self.has_all() {
                        return;
                    }
                }
            }
            sleep(Duration::from_millis(5));
        }
    }

    fn take(&self, line: &str) {
        let Some(event) = line.strip_prefix("data:") else {
            return;
        };
        // A line can be cut off.
        let Ok(event) = serde_json::from_str::<Value>(event) else {
            return;
        };
        let sn = event["sn"].as_u64().unwrap();
        let text = match event["direction"].as_str() {
            Some("incoming") => event["message"]["content"]["text"].as_str(),
            _ => None,
        };
        let text = text.map(str::to_owned);
        let known = self.told.lock().unwrap().insert(sn, text.clone());
        assert!(known.is_none_or(|known| known == text));
        if sn % 10 == 0 {
            self.call("events.ack", &json!({ "consumer": "bot", "id": sn }));
        }
    }

    fn has_all(&self) -> bool {
        let told = self.texts();
        let last = self.written.lock().unwrap().last().cloned();
        last.is_none_or(|last| told.contains(&last))
    }

    /// The texts that came from the friend.
    fn texts(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        told.values().flatten().cloned().collect()
    }
}

#[test]
fn killed_50_times_it_loses_nothing_doubles_nothing_and_sends_nothing_twice() {
    let stage = Stage::demo();
    let clients = Clients::default();
    let mut random = fastrand::Rng::with_seed(50);
    // The consumer begins before anything is written.
    let first = Serving::start(&stage, "");
    clients.address.lock().unwrap().clone_from(&first.1);
    let begun = clients.request("GET /events?consumer=bot", "").unwrap();
    let mut head = String::new();
    BufReader::new(begun).read_line(&mut head).unwrap();
    assert!(head.contains("200"), "{head}");
    let mut last = Some(first);
    scope(|scope| {
        scope.spawn(|| clients.write(&stage));
        scope.spawn(|| clients.send("a"));
        scope.spawn(|| clients.send("b"));
        let reader = scope.spawn(|| clients.read());
        for _ in 0..KILLS {
            sleep(Duration::from_millis(random.u64(0..500)));
            last.take().unwrap().0.kill();
            let next = Serving::begin(&stage, "");
            clients.address.lock().unwrap().clone_from(&next.1);
            last = Some(next);
        }
        clients.is_over.store(true, Ordering::Relaxed);
        let begun = Instant::now();
        while !reader.is_finished() {
            assert!(begun.elapsed() < PATIENCE, "something was lost");
            sleep(Duration::from_millis(50));
        }
    });
    let told = clients.texts();
    // In order, and each once.
    assert_eq!(told, *clients.written.lock().unwrap());
    let messages = stage.snapshot().messages.into_iter();
    let texts = messages.filter_map(|message| {
        let content: Value = serde_json::from_str(&message.content).ok()?;
        Some(content["content"].as_str()?.to_owned())
    });
    let mut arrived: BTreeSet<String> = BTreeSet::new();
    for text in texts.filter(|text| text.starts_with("sent ")) {
        assert!(arrived.insert(text.clone()), "{text} was sent twice");
    }
    let sent = clients.sent.lock().unwrap();
    assert!(sent.is_subset(&arrived) && !sent.is_empty());
    eprintln!(
        "{} told, {} of {} sent",
        told.len(),
        sent.len(),
        arrived.len()
    );
}
