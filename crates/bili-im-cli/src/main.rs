//! bilibili private messages at a terminal: see the crate's README.

mod cli;
mod commands;
mod credentials;
mod curl;
mod failure;
mod output;
mod session;
mod state;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
