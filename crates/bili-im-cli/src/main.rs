//! bilibili private messages at a terminal: see the crate's README.

#[macro_use]
mod language;

mod active_login;
mod archive_file;
mod args;
mod cli;
mod command_line;
mod commands;
mod completeness;
mod config;
mod credentials;
mod curl;
mod failure;
mod fields;
mod folders;
mod help;
mod json;
#[cfg_attr(not(feature = "keyring"), path = "no_keyring.rs")]
mod keyring;
mod known_users;
mod lock;
mod media;
mod moment;
mod names;
mod output;
mod pager;
mod parts;
mod private_file;
mod profile_name;
mod profiles;
mod progress;
mod qr;
mod selection;
mod state;
mod stored_login;
mod style;
mod table;
mod trace;
mod user_marks;
mod variables;
mod watching;
mod whole_file;
mod wording;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
