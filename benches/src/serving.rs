//! A process that serves many accounts under load, and its consumers.

use std::{
    collections::HashMap,
    env,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant, SystemTime},
};

use bili_im_sim::{Message, Server, Talker};
use wait4::Wait4;

use crate::{
    Result,
    push::{FRIEND, OWN, loopback},
    report::{Report, time},
};

/// How many accounts the process serves.
const ACCOUNTS: u64 = 200;

/// How many messages a second are written to all of them together.
const RATE: u64 = 1_000;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that serves, which ends when this is dropped.
struct Served {
    process: Child,
    address: String,
}

impl Served {
    fn start(origin: &str) -> Result<Self> {
        let program = env::current_exe()?.with_file_name("bili-im-bench-serve");
        let mut process = Command::new(program)
            .args([origin, &ACCOUNTS.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
        let address = line.trim().to_owned();
        Ok(Self { process, address })
    }

    fn get(&self, path: &str) -> Result<BufReader<TcpStream>> {
        let address = &self.address;
        let mut stream = TcpStream::connect(address)?;
        write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n")?;
        let mut stream = BufReader::new(stream);
        let mut status = String::new();
        stream.read_line(&mut status)?;
        match status.contains(" 200 ") {
            true => Ok(stream),
            false => Err(format!("{path}: {status}").into()),
        }
    }

    /// Waits until all accounts are watched.
    fn ready(&self) -> Result<()> {
        let begun = Instant::now();
        while self.get("/healthz").is_err() {
            if begun.elapsed() > PATIENCE {
                return Err("the accounts do not work".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The texts of the messages that a consumer is told, and when.
    fn consumer(&self, name: &str) -> Result<Receiver<(String, Instant)>> {
        let stream = self.get(&format!("/events?consumer={name}"))?;
        let (tell, told) = channel();
        thread::spawn(move || {
            for line in stream.lines().map_while(std::io::Result::ok) {
                let text = line
                    .split_once("\"text\":\"")
                    .and_then(|(_, text)| text.split_once('"'));
                if let Some((text, _)) = text.filter(|_| line.starts_with("data:"))
                    && tell.send((text.to_owned(), Instant::now())).is_err()
                {
                    return;
                }
            }
        });
        Ok(told)
    }

    /// Ends it. Returns its peak memory in bytes.
    fn end(mut self) -> Result<u64> {
        self.process.kill()?;
        Ok(self.process.wait4()?.rusage.maxrss)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have been ended already.
        let _ended = self.process.kill();
    }
}

/// Measures, and adds the numbers.
pub fn measure(report: &mut Report, seconds: u64) -> Result<()> {
    let (server, origin) = loopback::serve(ACCOUNTS)?;
    let served = Served::start(&origin.to_string())?;
    served.ready()?;
    // A consumer that is not there for as long as the load takes.
    drop(served.consumer("asleep")?);
    let awake = served.consumer("awake")?;
    let begun = Instant::now();
    let accepted = write(&server, begun, seconds)?;
    let wrote = begun.elapsed();
    let mut delays = Vec::new();
    let mut last = Instant::now();
    while delays.len() < accepted.len() {
        let (text, at) = next(&awake)?;
        let accepted = accepted.get(&text).ok_or("a message that nobody wrote")?;
        delays.push(at.saturating_duration_since(*accepted).as_secs_f64());
        last = last.max(at);
    }
    if awake.recv_timeout(Duration::from_millis(200)).is_ok() {
        return Err("a message came twice".into());
    }
    let woken = Instant::now();
    let asleep = served.consumer("asleep")?;
    for _ in 0..accepted.len() {
        next(&asleep)?;
    }
    let caught_up = woken.elapsed().as_secs_f64();
    let mut page = String::new();
    served.get("/metrics")?.read_to_string(&mut page)?;
    let peak = served.end()?;
    let load = format!("{ACCOUNTS} accounts, {RATE} messages a second for {seconds} s");
    report.other(
        format!("`serve`, {load}: from a message to its event at a consumer"),
        shares(delays),
    );
    report.other(
        "the same: messages a second, from the first written to the last delivered",
        format!(
            "{:.0} (written in {})",
            accepted.len() as f64 / (last - begun).as_secs_f64(),
            time(wrote.as_secs_f64())
        ),
    );
    report.other(
        "the same: a consumer that slept meanwhile catches up",
        format!("{} messages in {}", accepted.len(), time(caught_up)),
    );
    report.other(
        "the same: peak memory of the process",
        format!("{:.0} MiB", peak as f64 / f64::from(1 << 20)),
    );
    Ok(())
}

/// Writes the messages at their pace. Returns when each was accepted.
fn write(server: &Server, begun: Instant, seconds: u64) -> Result<HashMap<String, Instant>> {
    let mut accepted = HashMap::new();
    for nth in 0..RATE * seconds {
        let due = Duration::from_micros(nth * 1_000_000 / RATE);
        thread::sleep(due.saturating_sub(begun.elapsed()));
        let to = Talker::user(OWN + nth % ACCOUNTS);
        let message = Message::text(FRIEND, to, &nth.to_string());
        server.with(|service| service.write(message, SystemTime::now().into()))?;
        accepted.insert(nth.to_string(), Instant::now());
    }
    Ok(accepted)
}

/// The longest of half of the delays, of nine in ten, of 99 in 100 and of all.
fn shares(mut delays: Vec<f64>) -> String {
    delays.sort_by(f64::total_cmp);
    let longest = |part: f64| {
        let nth = (delays.len() as f64 * part) as usize;
        let delay = delays.get(nth.min(delays.len() - 1));
        time(delay.copied().unwrap_or_default())
    };
    format!(
        "half within {}, nine in ten {}, 99 in 100 {}, all {}",
        longest(0.5),
        longest(0.9),
        longest(0.99),
        longest(1.0)
    )
}

fn next(told: &Receiver<(String, Instant)>) -> Result<(String, Instant)> {
    told.recv_timeout(PATIENCE).map_err(|error| match error {
        RecvTimeoutError::Timeout => "a message is not delivered".into(),
        RecvTimeoutError::Disconnected => "the stream has ended".into(),
    })
}
