//! `bili-im completions`

use clap_complete::Shell;

use crate::{args::Global, failure::Failure, help, output::Output};

/// Print a script that completes commands and options, for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im completions bash > ~/.local/share/bash-completion/completions/bili-im
  bili-im completions zsh > ~/.zfunc/_bili-im
  bili-im completions fish > ~/.config/fish/completions/bili-im.fish")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, _: &Global, out: Output) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut help::described(), "bili-im", &mut script);
        out.page(&script)
    }
}
