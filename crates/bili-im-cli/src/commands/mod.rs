//! The commands, each in its own file.

mod ack;
mod decode;
#[cfg(feature = "sim")]
mod demo;
mod history;
mod intercept;
mod login;
mod logout;
mod mute;
mod pin;
mod profiles;
mod recall;
mod remove;
mod resume;
mod send;
mod send_image;
mod sessions;
mod settings;
#[cfg(feature = "sim")]
mod sim;
mod unmute;
mod unpin;
mod unread;
mod watch;
mod who;
mod whoami;

use crate::{cli::Global, failure::Failure, output::Output};

macro_rules! commands {
    ($($(#[$cfg:meta])* $module:ident::$Command:ident,)*) => {
        #[derive(Debug, clap::Subcommand)]
        pub(crate) enum Command {
            $($(#[$cfg])* $Command($module::$Command),)*
        }

        impl Command {
            pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
                match self {
                    $($(#[$cfg])* Self::$Command(command) => command.run(global, out),)*
                }
            }
        }
    };
}

// In the order of the help.
commands! {
    login::Login,
    logout::Logout,
    profiles::Profiles,
    whoami::Whoami,
    unread::Unread,
    sessions::Sessions,
    history::History,
    watch::Watch,
    who::Who,
    send::Send,
    send_image::SendImage,
    recall::Recall,
    ack::Ack,
    pin::Pin,
    unpin::Unpin,
    mute::Mute,
    unmute::Unmute,
    remove::Remove,
    intercept::Intercept,
    settings::Settings,
    resume::Resume,
    decode::Decode,
    #[cfg(feature = "sim")]
    sim::Sim,
    #[cfg(feature = "sim")]
    demo::Demo,
}
