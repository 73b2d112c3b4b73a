#![doc = include_str!("../README.md")]

mod account;
mod config;
mod core;
mod error;
mod hours;
mod line;
mod logins;
mod metrics;
mod outlets;
mod program;
mod reader;
mod rights;
mod rpc;
mod rules;
mod satori;
mod server;
mod shared;
mod toml_file;
mod words;

pub use crate::{
    account::{Account, Held, State, Why},
    config::{AccountSetup, Config, Limits, Login, LoginError, Profiles},
    core::Core,
    error::ServeError,
    outlets::{OutletLimits, Outlets, reload},
    reader::{Item, Reader, Start},
    rights::{Rights, Tokens},
    rpc::reference,
    rules::{Rehearsal, Rehearsed},
    server::Server,
    toml_file::Fault,
    words::Words,
};
