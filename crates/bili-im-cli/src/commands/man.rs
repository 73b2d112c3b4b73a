//! `bili-im man`

use std::io;

use clap_mangen::Man as Page;

use crate::{args::Global, failure::Failure, help, output::Output};

/// Print a manual page, of the program or of a command
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im man | man -l -
  bili-im man send > ~/.local/share/man/man1/bili-im-send.1")]
pub(crate) struct Man {
    /// The command, with its subcommand if it has one
    #[arg(value_name = "COMMAND")]
    path: Vec<String>,
}

impl Man {
    pub(crate) fn run(self, _: &Global, out: Output) -> Result<(), Failure> {
        let mut command = help::described();
        for name in &self.path {
            let found = command.find_subcommand(name).cloned();
            command = found.ok_or_else(|| {
                Failure::wrong_use(
                    format_text!("there is no command {name}", "没有命令 {name}"),
                    text!("bili-im --help lists them", "bili-im --help 会列出所有命令"),
                )
            })?;
        }
        let page = page(command).map_err(|error| Failure::output(&error))?;
        out.page(page.as_bytes())
    }
}

fn page(command: clap::Command) -> io::Result<String> {
    let mut page = Vec::new();
    let name = command.get_display_name().unwrap_or("bili-im").to_owned();
    Page::new(command.name(name)).render(&mut page)?;
    Ok(help::headings(&String::from_utf8_lossy(&page)))
}
