//! The pager of long listings.

use std::{
    env,
    io::{self, Write},
    process::{Command, Stdio},
};

use console::Term;

use crate::{config, variables};

const DEFAULT: &str = "less -FRX";

/// Shows a text in the user's pager. Returns `false` when it has to be printed instead: stdout is no
/// terminal, the text fits it, or there is no pager.
pub(crate) fn show(text: &str) -> bool {
    let Some((rows, _)) = Term::stdout()
        .size_checked()
        .filter(|_| Term::stdout().is_term())
    else {
        return false;
    };
    if text.lines().count() < usize::from(rows) {
        return false;
    }
    let setting = config::value("pager").map(|entry| entry.value.clone());
    let pager = setting.or_else(|| env::var("PAGER").ok());
    let pager = pager.unwrap_or_else(|| DEFAULT.to_owned());
    if pager.trim().is_empty() {
        return false;
    }
    run(&pager, text).unwrap_or_default()
}

fn run(pager: &str, text: &str) -> io::Result<bool> {
    let mut words = pager.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command
        .args(words)
        .env_remove(variables::COOKIE)
        .stdin(Stdio::piped());
    if env::var_os("LESSCHARSET").is_none() {
        command.env("LESSCHARSET", "utf-8");
    }
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A reader who has seen enough closes the pager.
        let _unread = writeln!(stdin, "{text}");
    }
    child.wait()?;
    Ok(true)
}
