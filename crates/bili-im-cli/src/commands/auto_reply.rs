//! `bili-im auto-reply`

use std::fmt::{self, Display};

use bili_im_json::{ReplyClearedJson, ReplySetJson};
use bili_im_proto::{DelReplyText, GetReplyText, ReplyKind, SetReplyText};
use clap::ValueEnum;
use serde::Serialize;

use crate::{
    active_login::ActiveLogin,
    args::{DryRun, Global, number},
    failure::Failure,
    json::ReplyTextsOutput,
    output::Output,
};

/// Show or change the texts of automatic replies
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A text is sent once its setting is on; that needs 1000 fans:
  bili-im settings set recv_reply=on

Examples:
  bili-im auto-reply
  bili-im auto-reply set followed '谢谢关注'
  bili-im auto-reply set keys '每周三更新' --title 更新 --contains 更新 --contains 催更
  bili-im auto-reply clear followed
  bili-im auto-reply clear --id 201321")]
pub(crate) struct AutoReply {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show them; this is what happens without any action
    Show,
    /// Set the text of a kind; for keywords add a rule, or change the one with `--id`
    Set(Text),
    /// Delete the texts of a kind, or the one with `--id`
    Clear(Cleared),
}

/// Named like the settings that turn the replies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// To new followers (followed_reply)
    Followed,
    /// To messages with certain keywords (keys_reply)
    Keys,
    /// To every message (recv_reply)
    Recv,
    /// To new patrons, 大航海 (voyage_reply)
    Voyage,
}

impl From<Kind> for ReplyKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Followed => Self::Followed,
            Kind::Keys => Self::Keys,
            Kind::Recv => Self::Recv,
            Kind::Voyage => Self::Voyage,
        }
    }
}

#[derive(Debug, clap::Args)]
struct Text {
    /// When it is sent
    #[arg(value_enum)]
    kind: Kind,
    /// The text, of 500 characters at most
    text: String,
    /// The name of a rule for keywords
    #[arg(long)]
    title: Option<String>,
    /// A keyword that a message has to equal; can be given again
    #[arg(long, value_name = "WORD")]
    equals: Vec<String>,
    /// A keyword that a message has to contain; can be given again
    #[arg(long, value_name = "WORD")]
    contains: Vec<String>,
    /// The rule to change
    #[arg(long, value_parser = number)]
    id: Option<u64>,
    #[command(flatten)]
    dry_run: DryRun,
}

#[derive(Debug, clap::Args)]
struct Cleared {
    /// The kind whose texts are deleted
    #[arg(value_enum, required_unless_present = "id")]
    kind: Option<Kind>,
    /// Delete only this text
    #[arg(long, value_parser = number, conflicts_with = "kind")]
    id: Option<u64>,
    #[command(flatten)]
    dry_run: DryRun,
}

impl AutoReply {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        match self.action {
            None | Some(Action::Show) => show(global, out),
            Some(Action::Set(text)) => text.set(global, out),
            Some(Action::Clear(cleared)) => cleared.clear(global, out),
        }
    }
}

fn show(global: &Global, out: Output) -> Result<(), Failure> {
    let login = ActiveLogin::open(global, out)?;
    let mut texts = Vec::new();
    for &kind in Kind::value_variants() {
        texts.extend(login.client().call(GetReplyText::new(kind))?);
    }
    out.print(&ReplyTextsOutput(texts.into()))
}

impl Text {
    fn set(self, global: &Global, out: Output) -> Result<(), Failure> {
        let is_rule = self.title.is_some() || self.id.is_some();
        let has_keys = !(self.equals.is_empty() && self.contains.is_empty());
        if self.kind != Kind::Keys && (is_rule || has_keys) {
            return Err(Failure::wrong_use(
                text!(
                    "only a reply of the kind keys has a title, keywords and an id",
                    "只有 keys 类的回复才有标题、关键词和 id"
                ),
                text!("leave them out", "去掉这些选项"),
            ));
        }
        let mut change = SetReplyText::new(self.kind.into(), self.text);
        change.id = self.id;
        if self.kind == Kind::Keys {
            change.title = self.title;
            change.key1 = Some(self.equals.join("，"));
            change.key2 = Some(self.contains.join("，"));
        }
        let login = ActiveLogin::open_to_change(global, out)?;
        let flow = login.client().account().call(change);
        let changed = login.change(flow, self.dry_run)?;
        out.print(&changed.map(|()| SetOutput(ReplyKind::from(self.kind).into())))
    }
}

impl Cleared {
    fn clear(self, global: &Global, out: Output) -> Result<(), Failure> {
        let login = ActiveLogin::open_to_change(global, out)?;
        let ids = match (self.id, self.kind) {
            (Some(id), _) => vec![id],
            (None, Some(kind)) => {
                let texts = login.client().call(GetReplyText::new(kind))?;
                texts.into_iter().map(|text| text.id).collect()
            }
            (None, None) => Vec::new(),
        };
        if ids.is_empty() {
            out.warn(text!("there is no text to delete", "没有可删除的文本"));
        }
        for id in ids {
            let flow = login.client().account().call(DelReplyText::new(id));
            let changed = login.change(flow, self.dry_run)?;
            out.print(&changed.map(|()| ClearedOutput(ReplyClearedJson::new(id))))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct SetOutput(ReplySetJson);

impl Display for SetOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(text!("set", "已设置"))
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct ClearedOutput(ReplyClearedJson);

impl Display for ClearedOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text!(f, "cleared {}", "已删除 {}", self.0.id)
    }
}
