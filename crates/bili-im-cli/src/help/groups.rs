//! The commands in the order of the program's help, by what one wants to do.

use std::fmt::Write;

/// Headings with the names of their commands.
pub(super) fn groups() -> [(&'static str, &'static [&'static str]); 8] {
    [
        (
            text!("Log in", "登录"),
            &["login", "logout", "profiles", "whoami"],
        ),
        (
            text!("Read", "阅读"),
            &["unread", "sessions", "history", "watch", "who"],
        ),
        (text!("Write", "发送"), &["send", "send-image", "recall"]),
        (
            text!("Manage", "管理"),
            &[
                "ack",
                "pin",
                "unpin",
                "mute",
                "unmute",
                "remove",
                "intercept",
                "settings",
                "block-words",
                "auto-reply",
                "resume",
            ],
        ),
        (
            text!("Keep", "存档"),
            &["sync", "search", "export", "import", "stats"],
        ),
        (text!("Serve", "服务"), &["serve", "rules"]),
        (text!("Test", "测试"), &["decode", "sim", "demo"]),
        (
            text!("This program", "本程序"),
            &["config", "doctor", "completions", "man", "help"],
        ),
    ]
}

/// The groups with a line for each command that the program has.
pub(super) fn listed(command: &clap::Command) -> String {
    let names = command.get_subcommands().map(clap::Command::get_name);
    let width = names.map(str::len).max().unwrap_or_default() + 2;
    let header = command.get_styles().get_header();
    let literal = command.get_styles().get_literal();
    let colon = text!(":", "：");
    let mut list = String::new();
    for (heading, names) in groups() {
        let known: Vec<_> = (names.iter())
            .filter_map(|name| command.find_subcommand(name))
            .collect();
        if known.is_empty() {
            continue;
        }
        // Writing into a string cannot fail.
        let _written = writeln!(list, "{header}{heading}{colon}{header:#}");
        for command in known {
            let (name, about) = (command.get_name(), command.get_about());
            let about = about.map(ToString::to_string).unwrap_or_default();
            let gap = width - name.len();
            let _written = writeln!(list, "  {literal}{name}{literal:#}{:gap$}{about}", "");
        }
        list.push('\n');
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let mut grouped: Vec<&str> = groups()
            .iter()
            .flat_map(|(_, names)| *names)
            .copied()
            .collect();
        grouped.sort_unstable();
        let mut once = grouped.clone();
        once.dedup();
        assert_eq!(grouped, once);
        let program = crate::help::described();
        for command in program.get_subcommands() {
            assert!(
                grouped.contains(&command.get_name()),
                "{}",
                command.get_name()
            );
        }
    }
}
