//! `cookie_command`: a command whose first line is the cookie.

use std::{
    io::{self, BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use super::file::Entry;
use crate::{failure::Failure, variables, wording::Worded};

/// How long the command may run: somebody may have to type a passphrase.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most bytes of a line: more than any cookie has.
const MOST: u64 = 64 << 10;

/// Runs the command, and returns the first line that it prints.
pub(crate) fn cookie(command: &Entry) -> Result<Zeroizing<String>, Failure> {
    let failed = |why: String| {
        Failure::unusable_login(
            format_text!("cookie_command {why}", "cookie_command {why}"),
            text!(
                "run it yourself to see what it prints; bili-im config show says where it is set",
                "自己运行一遍看看输出；bili-im config show 会说明它设置在哪里"
            ),
        )
    };
    let cannot_run = |error: io::Error| {
        let error = error.worded();
        failed(format_text!("cannot be run: {error}", "无法运行：{error}"))
    };
    let mut child = shell(&command.value).spawn().map_err(cannot_run)?;
    let line = first_line(&mut child);
    let begin = Instant::now();
    let line = line.recv_timeout(PATIENCE);
    let status = loop {
        match child.try_wait().map_err(cannot_run)? {
            Some(status) => break Some(status),
            None if line.is_err() || begin.elapsed() >= PATIENCE => break None,
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let Some(status) = status else {
        let _ended = child.kill();
        let _ended = child.wait();
        let seconds = PATIENCE.as_secs();
        return Err(failed(format_text!(
            "did not end within {seconds} s",
            "没有在 {seconds} 秒内结束"
        )));
    };
    if !status.success() {
        return Err(failed(format_text!("failed: {status}", "失败：{status}")));
    }
    match line {
        Ok(Ok(line)) if !line.trim().is_empty() => Ok(line),
        _ => Err(failed(
            text!(
                "printed no cookie on its first line",
                "第一行没有输出 Cookie"
            )
            .to_owned(),
        )),
    }
}

/// The command as the shell runs it. It can use the terminal, to ask for a passphrase.
fn shell(line: &str) -> Command {
    let (program, option) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("/bin/sh", "-c")
    };
    let mut command = Command::new(program);
    command
        .args([option, line])
        .env_remove(variables::COOKIE)
        .stdout(Stdio::piped());
    command
}

/// Reads in a thread, since a read has no time limit.
fn first_line(child: &mut Child) -> mpsc::Receiver<io::Result<Zeroizing<String>>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut line = Zeroizing::new(String::new());
            let mut stdout = BufReader::new(stdout);
            let read = stdout.by_ref().take(MOST).read_line(&mut line);
            // An error means that nobody waits any more.
            let _unread = sender.send(read.map(|_| line));
            // A command whose output nobody reads would fail.
            let _rest = io::copy(&mut stdout, &mut io::sink());
        });
    }
    receiver
}
