//! Output, for people and as JSON.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use crate::support::{Stage, bare, commands, finish};

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let stage = Stage::demo();
    for args in ["unread", "unread --json", "--help", "-V"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = stage.command(args);
        command.stdout(writer).stderr(Stdio::piped());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert_eq!(output.stderr, b"", "{args:?}");
    }
}

#[test]
fn nobody_reading_errors_changes_nothing() {
    let stage = Stage::demo();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = stage.command("send 10001 hi");
    let status = command.stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_an_error() {
    let stage = Stage::demo();
    let full = std::fs::File::options().write(true).open("/dev/full");
    let mut command = stage.command("send 10002 hi");
    let ran = finish(command.stdout(full.unwrap()));
    ran.failed(1, "the command was done, but its output cannot be written");
}

#[test]
fn help_shows_each_command_and_no_value_of_the_environment() {
    let stage = Stage::demo();
    let help = stage.done("--help");
    for command in commands() {
        let line = help
            .lines()
            .find(|line| line.starts_with(&format!("  {command} ")));
        assert!(line.unwrap().split_whitespace().count() > 1, "{command}");
        stage.done(&format!("{command} --help"));
    }
    assert!(!help.contains(&stage.endpoint()));
    // Without a command, the help is printed, and the exit code says that nothing was done.
    let nothing = finish(&mut bare(""));
    assert_eq!(nothing.code, 2);
    assert!(nothing.err.contains("Usage: bili-im"));
}

#[test]
fn help_of_a_command_is_the_same_either_way() {
    let whole = finish(&mut bare("sessions --help"));
    assert_eq!(finish(&mut bare("help sessions")).out, whole.out);
    finish(&mut bare("help sesions")).failed(2, "unrecognized subcommand 'sesions'");
}

/// The options that every command with a login takes.
const COMMON: [&str; 12] = [
    "--lang",
    "--json",
    "--fields",
    "--color",
    "--no-pager",
    "--quiet",
    "--verbose",
    "--endpoint",
    "--cookie-file",
    "--cookie-stdin",
    "--profile",
    "--paced",
];

#[test]
fn help_shows_a_commands_own_options_first_and_none_that_it_ignores() {
    for command in commands() {
        let help = finish(&mut bare(&format!("{command} -h"))).out;
        let (own, common) = help.split_once("\nCommon options:\n").expect(&command);
        let login = [
            "--endpoint",
            "--cookie-file",
            "--cookie-stdin",
            "--paced",
            "--profile",
        ];
        let ignored = match &*command {
            "config" => &login[1..3],
            "profiles" => &login[..4],
            "search" | "export" | "import" | "stats" | "rules" => &login[1..4],
            "decode" | "sim" | "demo" => &login,
            "completions" | "man" => &COMMON[1..],
            _ => &[],
        };
        for option in COMMON {
            let listed = format!("{option} ");
            assert!(!own.contains(&format!("      {listed}")), "{own}");
            assert_eq!(
                common.contains(&listed),
                !ignored.contains(&option),
                "{help}"
            );
        }
    }
}

#[test]
fn every_shell_gets_a_script_that_names_each_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = finish(&mut bare(&format!("completions {shell}"))).out;
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
    }
    finish(&mut bare("completions tcsh")).failed(2, "possible values: bash");
}

#[test]
#[cfg(unix)]
fn bash_takes_its_script() {
    let script = finish(&mut bare("completions bash")).out;
    let checked = "COMP_WORDS=(bili-im sess) COMP_CWORD=1; _bili__im bili-im sess bili-im; \
                   echo ${COMPREPLY[@]}";
    let mut bash = std::process::Command::new("bash");
    let ran = finish(bash.args(["-c", &format!("{script}\n{checked}")]));
    assert_eq!((&*ran.out, &*ran.err), ("sessions\n", ""));
}

#[test]
fn manual_pages_are_of_the_program_and_of_each_command() {
    let page = finish(&mut bare("man")).out;
    assert!(page.contains(".TH bili-im 1"), "{page}");
    for command in commands() {
        let page = finish(&mut bare(&format!("man {command}"))).out;
        let title = format!(".TH bili-im-{command} 1");
        assert!(page.contains(&title), "{page}");
    }
    assert!(
        finish(&mut bare("man auto-reply set"))
            .out
            .contains("keywords")
    );
    finish(&mut bare("man sesions")).failed(2, "there is no command sesions");
}

#[test]
fn fields_are_chosen_and_unknown_ones_refused() {
    let stage = Stage::demo();
    let chosen = stage.done("unread --json --fields follow_unread,group_unread");
    assert_eq!(chosen, "{\"follow_unread\":2,\"group_unread\":1}\n");
    let chosen = stage.json("sessions --fields sessions.talker,sessions.last_msg.content.type");
    let first = chosen["sessions"][0].as_object().unwrap();
    assert_eq!(first.keys().collect::<Vec<_>>(), ["last_msg", "talker"]);
    let ran = stage.run("send 10002 hi --json --fields key");
    assert_eq!(
        ran.json()["read_back"],
        false,
        "it is sent, so all is printed"
    );
    assert_eq!(
        ran.error()["advice"],
        "there are msg_key, read_back, talker, toast"
    );
    assert_eq!(stage.asked("send_msg"), 1);
    stage
        .run("unread --fields follow_unread")
        .failed(2, "--json");
}

#[test]
fn the_version_is_said() {
    let ran = finish(&mut bare("--version"));
    assert_eq!(ran.out, format!("bili-im {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_line_is_out_before_the_process_ends() {
    let stage = Stage::demo();
    let mut command = stage.command("unread");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "followed 2");
    drop(lines);
    assert!(child.wait().unwrap().success());
}
