//! `bili-im completions`

use clap_complete::Shell;

use crate::{args::Global, failure::Failure, help, output::Output};

/// Print a script that completes commands and options, for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  source <(bili-im completions bash)      in ~/.bashrc
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
        if self.shell == Shell::Bash {
            // For a program with a hyphen in its name, clap_complete 4.6 looks for other names than
            // it sets.
            let text = String::from_utf8_lossy(&script);
            script = text.replace("bili__subcmd__im", "bili__im").into_bytes();
        }
        out.page(&script)
    }
}
