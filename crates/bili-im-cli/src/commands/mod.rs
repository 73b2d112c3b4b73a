//! The commands.

mod ack;
mod auto_reply;
mod block_words;
mod completions;
mod config;
mod decode;
#[cfg(feature = "sim")]
mod demo;
mod doctor;
mod export;
mod history;
mod import;
mod login;
mod logout;
mod man;
mod profiles;
mod recall;
mod resume;
#[cfg(feature = "serve")]
mod rules;
mod search;
mod send;
mod send_image;
#[cfg(feature = "serve")]
mod serve;
mod session_changes;
mod sessions;
mod settings;
#[cfg(feature = "sim")]
mod sim;
mod stats;
mod sync;
mod unread;
mod watch;
mod who;
mod whoami;

use crate::{args::Global, failure::Failure, output::Output};

macro_rules! commands {
    ($($(#[$cfg:meta])* $module:ident::$Command:ident,)*) => {
        // Only the command that is called is described in full.
        #[derive(Debug, clap::Subcommand)]
        #[command(defer = true)]
        pub(crate) enum Command {
            $($(#[$cfg])* $Command($module::$Command),)*
        }

        impl Command {
            /// Whether a faulty file of settings does not matter.
            pub(crate) fn needs_no_settings(&self) -> bool {
                matches!(self, Self::Config(_) | Self::Doctor(_) | Self::Completions(_) | Self::Man(_))
            }

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
    #[cfg(feature = "serve")]
    rules::Rules,
    #[cfg(feature = "serve")]
    serve::Serve,
    sync::Sync,
    search::Search,
    export::Export,
    import::Import,
    stats::Stats,
    send::Send,
    send_image::SendImage,
    recall::Recall,
    ack::Ack,
    session_changes::Pin,
    session_changes::Unpin,
    session_changes::Mute,
    session_changes::Unmute,
    session_changes::Remove,
    session_changes::Intercept,
    settings::Settings,
    block_words::BlockWords,
    auto_reply::AutoReply,
    resume::Resume,
    decode::Decode,
    #[cfg(feature = "sim")]
    sim::Sim,
    #[cfg(feature = "sim")]
    demo::Demo,
    config::Config,
    doctor::Doctor,
    completions::Completions,
    man::Man,
}
