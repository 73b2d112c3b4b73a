//! Compares whole processes: the program and `curl`, with the same requests.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use wait4::Wait4;

use crate::{
    Result,
    measure::{Comparison, compare},
    sign,
};

/// The login of an account of the simulated service.
pub(crate) const COOKIE: &str =
    "SESSDATA=sim-10001; bili_jct=00000000000000000000000000010001; DedeUserID=10001";

/// The requests of `bili-im unread`.
const PATHS: [&str; 2] = [
    "/session_svr/v1/session_svr/single_unread?build=0&mobi_app=web",
    "/session_svr/v1/session_svr/my_group_unread?build=0&mobi_app=web",
];

/// The result of the comparison with `curl`.
#[derive(Debug)]
pub struct Processes {
    /// The times of the program and of `curl`.
    pub wall: Comparison,
    /// The peak memory of the program, in bytes.
    pub peak: u64,
    /// The peak memory of `curl`, in bytes.
    pub curl_peak: u64,
    /// The peak memory of a process that does nothing, in bytes. No process that is started here
    /// counts less.
    pub floor: u64,
    /// The size of the program, in bytes.
    pub size: u64,
}

/// A simulated service in its own process, which ends when this is dropped.
pub(crate) struct Service {
    process: Child,
    pub(crate) origin: String,
}

impl Service {
    /// Starts it, with the demo's accounts or those of a world file.
    pub(crate) fn start(world: Option<&Path>) -> Result<Self> {
        let mut process = Command::new(program()?)
            .args(["sim", "--listen", "127.0.0.1:0", "--world"])
            .arg(world.unwrap_or(Path::new("demo")))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = process.stdout.take().ok_or("no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let origin = line.trim().strip_prefix("listening on ");
        let origin = origin.ok_or("the simulated service does not start")?;
        Ok(Self {
            origin: origin.to_owned(),
            process,
        })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The path of the program, which is built into the same folder as this one.
pub(crate) fn program() -> Result<PathBuf> {
    let program = env::current_exe()?.with_file_name("bili-im");
    if program.exists() {
        Ok(program)
    } else {
        Err(format!("{} is not built", program.display()).into())
    }
}

/// Compares the program with `curl` for some time.
pub fn unread(time: Duration) -> Result<Processes> {
    let service = Service::start(None)?;
    let state = tempfile::tempdir()?;
    let mut ours = ours(&service.origin, &state)?;
    let mut curl = curl(&service.origin)?;
    check(&mut ours, &mut curl)?;
    let (mut peak, mut curl_peak) = (0, 0);
    let wall = compare(
        time,
        |calls| run(&mut ours, calls, &mut peak),
        |calls| run(&mut curl, calls, &mut curl_peak),
    )?;
    let mut floor = 0;
    run(&mut Command::new("true"), 5, &mut floor)?;
    Ok(Processes {
        wall,
        peak,
        curl_peak,
        floor,
        size: fs::metadata(program()?)?.len(),
    })
}

fn ours(origin: &str, state: &TempDir) -> Result<Command> {
    let mut command = Command::new(program()?);
    command
        .arg("unread")
        .env_clear()
        .env("BILI_IM_ENDPOINT", origin)
        .env("BILI_IM_COOKIE", COOKIE)
        .env("BILI_IM_STATE_DIR", state.path())
        .env("BILI_IM_CONFIG_DIR", state.path());
    Ok(command)
}

fn curl(origin: &str) -> Result<Command> {
    let user_agent = sign::user_agent()?;
    let mut command = Command::new("curl");
    command
        .args(["--disable", "--silent", "--fail", "--noproxy", "*"])
        .args(["--user-agent", user_agent.to_str()?])
        .args(["--referer", "https://message.bilibili.com/"])
        .args(["--header", "Origin: https://message.bilibili.com"])
        .args(["--header", "Accept-Encoding: gzip"])
        .args(["--cookie", COOKIE]);
    for path in PATHS {
        command.arg(format!("{origin}{path}"));
    }
    Ok(command)
}

/// Checks that both get answers.
fn check(ours: &mut Command, curl: &mut Command) -> Result<()> {
    let (ours, curl) = (ours.output()?, curl.output()?);
    let answers = String::from_utf8(curl.stdout)?;
    let is_answered = ours.status.success()
        && curl.status.success()
        && answers.contains("follow_unread")
        && answers.contains("unread_count");
    if is_answered {
        Ok(())
    } else {
        Err(format!("{}\n{answers}", String::from_utf8_lossy(&ours.stderr)).into())
    }
}

/// Runs a command `times` times, and raises `peak` to the most memory that it used.
fn run(command: &mut Command, times: u32, peak: &mut u64) -> Result<Duration> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    for _ in 0..times {
        let ended = command.spawn()?.wait4()?;
        if !ended.status.success() {
            return Err(format!("{command:?}: {}", ended.status).into());
        }
        *peak = ended.rusage.maxrss.max(*peak);
    }
    Ok(start.elapsed())
}
