//! The commands, each in its own file.

#[cfg(feature = "sim")]
mod demo;
mod recall;
mod resume;
mod send;
mod send_image;
#[cfg(feature = "sim")]
mod sim;
mod unread;
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
    whoami::Whoami,
    unread::Unread,
    send::Send,
    send_image::SendImage,
    recall::Recall,
    resume::Resume,
    #[cfg(feature = "sim")]
    sim::Sim,
    #[cfg(feature = "sim")]
    demo::Demo,
}
