//! bilibili private messages at a terminal: see the crate's README.

mod active_login;
mod archive_file;
mod args;
mod cli;
mod commands;
mod credentials;
mod curl;
mod failure;
mod json;
mod known_users;
mod lock;
mod media;
mod moment;
mod names;
mod output;
mod parts;
mod private_file;
mod profile_name;
mod profiles;
mod progress;
mod qr;
mod settings;
mod state;
mod table;
mod user_marks;
mod watching;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
