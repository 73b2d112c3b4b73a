//! `bili-im history`

use std::fmt::{self, Display};

use bili_im_json::{HistoryJson, MessageJson};
use bili_im_proto::{Direction, History as Part, Message, Seqno, Talker, Uid};
use serde::Serialize;

use crate::{
    active_login::ActiveLogin,
    args::{Global, To, limit, number},
    failure::Failure,
    moment,
    names::{Names, nobody},
    output::Output,
    progress::Progress,
    table::Table,
    words::{self, direction_text},
};

/// Read a conversation, newest message first; nothing is marked as read
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im history 1
  bili-im history 1 --before 4011 --limit 50
  bili-im history --group 20001 --all --json")]
pub(crate) struct History {
    #[command(flatten)]
    with: To,
    /// How many messages at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = limit)]
    limit: u64,
    /// Only messages before this one, by its sequence number
    #[arg(long, value_name = "SEQNO", value_parser = number)]
    before: Option<u64>,
    /// Every message
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Show what recalled messages said
    #[arg(long)]
    show_recalled: bool,
}

impl History {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let talker = self.with.talker();
        let login = ActiveLogin::open(global, out)?;
        let (messages, has_more) = self.read(talker, &login, out)?;
        if messages.is_empty()
            && let Some(uid) = nobody(talker, &login)
        {
            return Err(Failure::nobody(uid));
        }
        let names = Names::of(
            messages.iter().map(|message| message.sender_uid),
            &login,
            out,
        );
        out.print_long(&HistoryOutput {
            talker,
            has_more,
            messages,
            own: login.client().account().uid(),
            names,
            show_recalled: self.show_recalled,
        })
    }

    /// Reads the messages. Returns them, and whether there are more.
    fn read(
        &self,
        talker: Talker,
        login: &ActiveLogin,
        out: Output,
    ) -> Result<(Vec<Message>, bool), Failure> {
        let most = if self.all {
            usize::MAX
        } else {
            usize::try_from(self.limit).unwrap_or(usize::MAX)
        };
        let page_size = if self.all { 100 } else { self.limit.min(100) };
        let mut part = Part::new(talker).with_page_size(u32::try_from(page_size).unwrap_or(100));
        part.before = self.before.map(Seqno);
        let progress = Progress::of(text!("messages", "条消息"));
        let mut messages = Vec::new();
        let mut has_more = false;
        for page in login.client().history(part) {
            let page = page?;
            has_more = page.has_more;
            for seqno in &page.unreadable {
                out.warn(format_text!(
                    "message {seqno} cannot be read: it lacks its sender, kind or key",
                    "消息 {seqno} 无法读取：缺少发送者、类型或 msg_key"
                ));
            }
            let shown = |message: &Message| message.msg_type.is_shown();
            messages.extend(page.messages.into_iter().filter(shown));
            progress.reached(messages.len());
            if messages.len() >= most {
                has_more |= messages.len() > most;
                messages.truncate(most);
                break;
            }
        }
        Ok((messages, has_more && !self.all))
    }
}

struct HistoryOutput {
    talker: Talker,
    messages: Vec<Message>,
    has_more: bool,
    /// The account's uid, if it is known.
    own: Option<Uid>,
    names: Names,
    show_recalled: bool,
}

impl Serialize for HistoryOutput {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        HistoryJson::new(self.talker, &self.messages, self.has_more, |message| {
            MessageJson::new(message, self.show_recalled)
                .with_sender_name(self.names.get(message.sender_uid).map(str::to_owned))
                .with_direction(HistoryJson::direction(message, self.own))
        })
        .serialize(serializer)
    }
}

impl Display for HistoryOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.messages.iter().map(|message| {
            [
                message.msg_seqno.to_string(),
                moment::local(message.timestamp),
                self.sender(message),
                self.names.cell(message.sender_uid),
                self.words(message),
            ]
        });
        Table::new(["SEQNO", "TIME", "UID", "NAME", "MESSAGE"], rows)
            .shorten(&["NAME", "MESSAGE"])
            .highlight("UID", |uid| uid == direction_text(Direction::Own))
            .fmt(f)
    }
}

impl HistoryOutput {
    /// The sender's number, or `own`. A name would not do: others can have the same.
    fn sender(&self, message: &Message) -> String {
        match HistoryJson::direction(message, self.own) {
            Some(Direction::Own) => direction_text(Direction::Own).to_owned(),
            _ => message.sender_uid.to_string(),
        }
    }

    fn words(&self, message: &Message) -> String {
        let content = if self.show_recalled {
            message.content_even_if_recalled()
        } else {
            message.content()
        };
        words::line(&content)
    }
}
