#![doc = include_str!("../README.md")]

mod account;
mod app;
mod clock;
mod config;
mod config_file;
mod core;
mod error;
mod hours;
mod item;
mod limits;
mod line;
mod lock;
mod log_in;
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
    config::{AccountSetup, Config, Login, LoginError, Profiles},
    config_file::{Outlets, reload},
    core::Core,
    error::ServeError,
    item::Item,
    limits::{Limits, OutletLimits},
    reader::{Reader, Start},
    rights::{Rights, Tokens},
    rpc::reference,
    rules::{Rehearsal, Rehearsed},
    server::Server,
    toml_file::Fault,
    words::Words,
};
