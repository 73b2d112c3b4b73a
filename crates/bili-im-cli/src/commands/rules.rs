//! `bili-im rules`

use std::{
    fmt::{self, Display},
    ops::Range,
    path::PathBuf,
};

use bili_im_archive::{Archive, MessageRange};
use bili_im_json::{HistoryJson, MessageJson, direction_word};
use bili_im_proto::{Message, Talker, UnixSeconds};
use bili_im_serve::{Rehearsal, Rehearsed};
use serde::Serialize;
use serde_json::json;

use super::serve::read_outlets;
use crate::{
    archive_file::ArchiveFile,
    args::Global,
    failure::Failure,
    moment,
    output::Output,
    selection::{Conversations, Period},
    table::fit,
    wording::Worded,
    words::{self, talker_cell},
};

/// The greatest width of a text that would have been sent.
const SENT: usize = 200;

/// Check the rules of a configuration of serve, or try them on the past
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im rules check serve.toml
  bili-im rules test serve.toml --with 10002

Nothing is sent or done. test reads the archive that sync and serve have filled.")]
pub(crate) struct Rules {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show the rules, or what is wrong with the file
    Check(Check),
    /// Show what the rules would have done because of messages of the archive
    Test(Test),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// The configuration: a TOML file
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
struct Test {
    /// The configuration: a TOML file
    file: PathBuf,
    #[command(flatten)]
    archive: ArchiveFile,
    #[command(flatten)]
    conversations: Conversations,
    #[command(flatten)]
    period: Period,
}

impl Rules {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        match self.action {
            Action::Check(check) => {
                let outlets = read_outlets(&check.file)?;
                let rules = outlets.rules().map(|rule| rule.worded()).collect();
                out.print(&CheckOutput { rules })
            }
            Action::Test(test) => test.run(global, out),
        }
    }
}

impl Test {
    fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let archive = self.archive.open(global)?;
        let own = archive.owner()?;
        let account = global.profile()?;
        let mut talkers = self.conversations.talkers_in(&archive)?;
        if talkers.is_empty() {
            let sessions = archive.sessions()?.into_iter();
            talkers = sessions.map(|session| session.talker).collect();
        }
        let people = archive.people()?;
        let mut rehearsal = Rehearsal::new(read_outlets(&self.file)?);
        let mut output = TestOutput::default();
        for next in by_time(&archive, &talkers, self.period.range()?)? {
            let (talker, message) = next?;
            output.messages += 1;
            let direction = HistoryJson::direction(&message, own);
            let person = people.get(&message.sender_uid);
            let sender = match person.filter(|person| !person.name.is_empty()) {
                Some(person) => person.name.clone(),
                None => message.sender_uid.to_string(),
            };
            let event = json!({
                "event": "message",
                "account": account.as_str(),
                "talker": talker,
                "direction": direction.map(direction_word),
                "by_a_person": message.is_by_a_person(),
                "message": MessageJson::new(&message, false),
            });
            let runs = rehearsal.next(&event, &sender);
            if !runs.is_empty() {
                output.hits.push(HitOutput {
                    talker,
                    timestamp: message.timestamp,
                    text: words::line(&message.content()),
                    runs,
                });
            }
        }
        out.print_long(&output)
    }
}

/// The messages of several conversations, oldest first.
fn by_time<'a>(
    archive: &'a Archive,
    talkers: &[Talker],
    during: Range<UnixSeconds>,
) -> Result<impl Iterator<Item = Result<(Talker, Message), Failure>> + use<'a>, Failure> {
    let parts = talkers.iter().map(|talker| {
        let messages = archive.messages(MessageRange::of(*talker).during(during.clone()))?;
        let mut messages = messages.filter_map(|archived| match archived {
            Ok(archived) => archived.message.map(Ok),
            Err(error) => Some(Err(error)),
        });
        let next = messages.next().transpose()?;
        Ok(next.map(|next| (*talker, next, messages)))
    });
    let parts: Result<Vec<_>, Failure> = parts.collect();
    let mut parts: Vec<_> = parts?.into_iter().flatten().collect();
    Ok(std::iter::from_fn(move || {
        let (place, _) = (parts.iter().enumerate()).min_by_key(|(_, part)| part.1.timestamp)?;
        let (talker, next, messages) = parts.get_mut(place)?;
        let talker = *talker;
        let message = match messages.next() {
            Some(Ok(following)) => std::mem::replace(next, following),
            Some(Err(error)) => return Some(Err(error.into())),
            None => parts.swap_remove(place).1,
        };
        Some(Ok((talker, message)))
    }))
}

#[derive(Serialize)]
struct CheckOutput {
    rules: Vec<String>,
}

impl Display for CheckOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rules.is_empty() {
            true => f.write_str(text!("there are no rules", "没有规则")),
            false => f.write_str(&self.rules.join("\n")),
        }
    }
}

#[derive(Default, Serialize)]
struct TestOutput {
    messages: u64,
    hits: Vec<HitOutput>,
}

#[derive(Serialize)]
struct HitOutput {
    talker: Talker,
    timestamp: UnixSeconds,
    text: String,
    runs: Vec<Rehearsed>,
}

/// What a rule would have done: a line for each text that it would have sent.
fn lines(run: &Rehearsed) -> Vec<String> {
    let (rule, mut lines) = (&run.rule, Vec::new());
    let when = match run.if_unread {
        true => text!(" if it stays unread", "在一直未读时"),
        false => "",
    };
    if let Some(answer) = run.answer.as_deref().map(shown) {
        lines.push(format_text!(
            "{rule} answers{when}: {answer}",
            "{rule} {when}会回复：{answer}"
        ));
    }
    if let Some(name) = &run.notify {
        let text = shown(run.notify_text.as_deref().unwrap_or_default());
        lines.push(format_text!(
            "{rule} notifies {name}{when}: {text}",
            "{rule} {when}会通知 {name}：{text}"
        ));
    }
    if lines.is_empty() {
        lines.push(format_text!("{rule} runs{when}", "{rule} {when}会执行"));
    }
    lines
}

/// A text that would have been sent.
fn shown(text: &str) -> String {
    fit(&words::on_one_line(text), SENT).into_owned()
}

impl Display for TestOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for hit in &self.hits {
            let time = moment::local(hit.timestamp);
            writeln!(f, "{time}  {}: {}", talker_cell(hit.talker), hit.text)?;
            for line in hit.runs.iter().flat_map(lines) {
                writeln!(f, "  {line}")?;
            }
        }
        let (hits, messages) = (self.hits.len(), self.messages);
        write_text!(
            f,
            "{hits} of {messages} messages",
            "{messages} 条消息中有 {hits} 条触发规则"
        )
    }
}
