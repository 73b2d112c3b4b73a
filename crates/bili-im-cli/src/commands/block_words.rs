//! `bili-im block-words`

use std::fmt::{self, Display};

use bili_im_json::BlockedJson;
use bili_im_proto::{AddBlockWord, DelBlockWord, GetBlockWords};
use serde::Serialize;

use crate::{
    active_login::ActiveLogin,
    args::{DryRun, Global},
    failure::Failure,
    json::BlockWordsOutput,
    output::Output,
    words::on_one_line,
};

/// Show or change the words whose messages you do not want
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im block-words
  bili-im block-words add 广告 加微信
  bili-im block-words remove 广告")]
pub(crate) struct BlockWords {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show them; this is what happens without any action
    Show,
    /// Add some, one after the other; the first that is refused ends it
    Add(Words),
    /// Remove some, one after the other; the first that is refused ends it
    Remove(Words),
}

#[derive(Debug, clap::Args)]
struct Words {
    /// The words: without spaces, of 20 characters at most
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    #[command(flatten)]
    dry_run: DryRun,
}

impl BlockWords {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let (Words { words, dry_run }, is_added) = match self.action {
            None | Some(Action::Show) => {
                let login = ActiveLogin::open(global, out)?;
                let words = login.client().call(GetBlockWords)?;
                return out.print(&BlockWordsOutput(words.into()));
            }
            Some(Action::Add(words)) => (words, true),
            Some(Action::Remove(words)) => (words, false),
        };
        let login = ActiveLogin::open_to_change(global, out)?;
        let account = login.client().account();
        for word in words {
            let flow = if is_added {
                account.call(AddBlockWord::new(word.as_str()))
            } else {
                account.call(DelBlockWord::new(word.as_str()))
            };
            let changed = login.change(flow, dry_run)?;
            out.print(&changed.map(|()| {
                let blocked = is_added;
                WordOutput(BlockedJson { word, blocked })
            }))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct WordOutput(BlockedJson);

impl Display for WordOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = if self.0.blocked {
            text!("added", "已添加")
        } else {
            text!("removed", "已移除")
        };
        write!(f, "{done} {}", on_one_line(&self.0.word))
    }
}
