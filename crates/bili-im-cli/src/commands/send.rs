//! `bili-im send`

use std::io::{self, Read};

use bili_im_proto::Text;

use crate::{
    cli::{DryRun, Global, To},
    failure::Failure,
    output::Output,
    session::Session,
    words::without_line_end,
};

/// More than any message can have.
const MOST_INPUT: u64 = 1 << 20;

/// Send a text
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im send 1 'up主你好'
  printf 'two\\nlines' | bili-im send 1 -
  bili-im send --group 20001 '大家好'
  bili-im send 1 -- -5        a text that begins with a dash")]
pub(crate) struct Send {
    #[command(flatten)]
    to: To,
    /// What to send; - reads it from stdin
    text: String,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Send {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let text = match self.text.as_str() {
            "-" if global.cookie_stdin => {
                return Err(Failure::wrong_use(
                    "stdin cannot hold both the cookie and the text",
                    "give one of them otherwise, the cookie as a file for example",
                ));
            }
            "-" => read_text()?,
            _ => self.text,
        };
        let text = Text::new(text)?;
        let session = Session::open_to_change(global, out)?;
        session.send(self.to.talker(), text, self.dry_run)
    }
}

fn read_text() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MOST_INPUT).read_to_end(&mut bytes);
    let text = match read.map(|_| String::from_utf8(bytes)) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            return Err(Failure::wrong_use(
                "what stdin holds is not UTF-8",
                "convert it first, with iconv for example",
            ));
        }
        Err(error) => {
            return Err(Failure::wrong_use(
                format!("stdin cannot be read: {error}"),
                "give the text as an argument",
            ));
        }
    };
    Ok(without_line_end(&text).to_owned())
}
