//! `bili-im search`

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    ops::Range,
};

use bili_im_archive::{Archive, ArchivedMessage, Continuation, Found, Hit, Order, Person};
use bili_im_json::SearchJson;
use bili_im_proto::{Content, Direction, Message, MsgType, Talker, Uid};
use serde::Serialize;

use crate::{
    archive_file::ArchiveFile,
    args::{Global, count, limit},
    completeness,
    failure::Failure,
    moment,
    output::Output,
    selection::{Conversations, Period},
    words,
};

/// How many characters are shown before the first word, and after it.
const SHOWN: (usize, usize) = (30, 90);

/// Find messages in the archive that sync has filled
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im search 合作 报价
  bili-im search '\"see you\"' --with 10002 --context 2
  bili-im search 发票 --from 2026-01-01 --mine --json

A message must have all the words. Quotes keep spaces. Latin words and numbers are found by their
beginning, Chinese anywhere. Upper and lower case, full and half width, simplified and traditional
characters count as equal. Of a card, such as a shared video, only the title is searched.")]
pub(crate) struct Search {
    /// What to search for
    #[arg(required = true)]
    words: Vec<String>,
    #[command(flatten)]
    archive: ArchiveFile,
    #[command(flatten)]
    conversations: Conversations,
    #[command(flatten)]
    period: Period,
    /// Only messages of this type: text, image, share, notice, or its number; can be given several
    /// times
    #[arg(long = "type", value_name = "TYPE", value_parser = msg_type)]
    types: Vec<MsgType>,
    /// Only messages that you have sent
    #[arg(long)]
    mine: bool,
    /// The most relevant messages first, instead of the newest
    #[arg(long)]
    relevance: bool,
    /// How many messages at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = limit)]
    limit: u64,
    /// Show so many messages before and after each
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count)]
    context: usize,
    /// Go on where an earlier search has stopped
    #[arg(long, value_name = "NEXT", value_parser = after)]
    after: Option<Continuation>,
}

fn after(text: &str) -> Result<Continuation, String> {
    text.parse().map_err(|_| {
        text!(
            "it is not what an earlier search has printed",
            "不是之前的搜索给出的值"
        )
        .to_owned()
    })
}

impl Search {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let archive = self.archive.open(global)?;
        let found = self.find(&archive)?;
        let next = found.next;
        out.print_long(&SearchOutput {
            found,
            own: archive.owner()?,
            people: archive.people()?,
            shows_context: self.context > 0,
        })?;
        if let Some(next) = next {
            out.remark(&format_text!(
                "there are more: add --after {next}",
                "还有更多：加上 --after {next}"
            ));
        }
        let talkers: Vec<Talker> = self.conversations.talkers().collect();
        completeness::warn(&archive, &talkers, self.period.from(), global, out)
    }

    /// Searches until there are as many messages as wanted, or no more.
    fn find(&self, archive: &Archive) -> Result<Found, Failure> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let mut search = self.search(archive)?;
        let mut hits = Vec::new();
        loop {
            search.limit = limit - hits.len();
            let mut found = archive.search(&search)?;
            hits.append(&mut found.hits);
            search.after = found.next;
            if hits.len() >= limit || found.next.is_none() {
                found.hits = hits;
                return Ok(found);
            }
        }
    }

    fn search(&self, archive: &Archive) -> Result<bili_im_archive::Search, Failure> {
        let mut search = bili_im_archive::Search::new(self.words.join(" "));
        search.talkers = self.conversations.talkers_in(archive)?;
        search.during = self.period.range()?;
        search.types.clone_from(&self.types);
        search.mine = self.mine;
        search.context = self.context;
        search.after = self.after;
        if self.relevance {
            search.order = Order::Relevance;
        }
        Ok(search)
    }
}

/// Parses the type of messages.
fn msg_type(text: &str) -> Result<MsgType, String> {
    match text {
        "text" => Ok(MsgType::Text),
        "image" => Ok(MsgType::Image),
        "share" => Ok(MsgType::Share),
        "notice" => Ok(MsgType::Notice),
        _ => match text.parse::<i64>() {
            Ok(number) => Ok(number.into()),
            Err(_) => Err(text!(
                "text, image, share, notice, or a number is wanted",
                "应为 text、image、share、notice，或类型的编号"
            )
            .to_owned()),
        },
    }
}

struct SearchOutput {
    found: Found,
    own: Option<Uid>,
    people: BTreeMap<Uid, Person>,
    shows_context: bool,
}

impl Serialize for SearchOutput {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SearchJson::new(&self.found, &self.people).serialize(serializer)
    }
}

impl Display for SearchOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.found.hits.is_empty() {
            return f.write_str(text!("no message has these words", "没有消息包含这些词"));
        }
        for (nth, hit) in self.found.hits.iter().enumerate() {
            if nth > 0 {
                f.write_str(if self.shows_context { "\n\n" } else { "\n" })?;
            }
            for message in &hit.before {
                writeln!(f, "  {}", self.line(message))?;
            }
            let session = self.session(hit);
            let [time, sender] = self.head(&hit.message);
            write!(f, "{time}  {session}  {sender}: {}", snippet(hit))?;
            if hit.is_recalled() {
                f.write_str(text!(" (recalled)", "（已撤回）"))?;
            }
            for message in &hit.after {
                write!(f, "\n  {}", self.line(message))?;
            }
        }
        Ok(())
    }
}

impl SearchOutput {
    /// The name and the number of a session: others can have the same name.
    fn session(&self, hit: &Hit) -> String {
        let number = words::talker_cell(hit.message.talker);
        match hit.session_name.is_empty() {
            true => number,
            false => format!("{} ({number})", words::on_one_line(&hit.session_name)),
        }
    }

    /// When a message was sent, and by whom.
    fn head(&self, archived: &ArchivedMessage) -> [String; 2] {
        let sender = archived.message.as_ref().map(|message| message.sender_uid);
        let sender = match sender {
            None => "?".to_owned(),
            Some(uid) if Some(uid) == self.own => words::direction_text(Direction::Own).to_owned(),
            Some(uid) => match self.people.get(&uid) {
                Some(person) => words::on_one_line(&person.name),
                None => uid.to_string(),
            },
        };
        [moment::local(archived.timestamp), sender]
    }

    /// A message that is shown beside another.
    fn line(&self, archived: &ArchivedMessage) -> String {
        let [time, sender] = self.head(archived);
        let content = archived.message.as_ref().map(|message| message.content());
        let text = content.as_ref().map_or_else(String::new, words::line);
        format!("{time}  {sender}: {text}")
    }
}

/// The text of a hit with its label in the language of the user, and where the words are in it. A
/// label that has the words stays.
fn with_own_label(hit: &Hit) -> (String, Vec<Range<usize>>) {
    let as_found = || (hit.text.clone(), hit.places.clone());
    let first = hit.places.first().map_or(0, |place| place.start);
    let message = hit.message.message.as_ref();
    let Some(content) = message.map(Message::content_even_if_recalled) else {
        return as_found();
    };
    let shown = match content {
        Content::Text(_) => return as_found(),
        content => words::summary(&content),
    };
    match (words::label_end(&hit.text), words::label_end(&shown)) {
        (Some(old), Some(new)) if old <= first => {
            let label = shown.get(..new).unwrap_or_default();
            let text = format!("{label}{}", hit.text.get(old..).unwrap_or_default());
            let moved = |at: usize| at.saturating_sub(old) + new;
            let places = hit.places.iter();
            let places = places.map(|place| moved(place.start)..moved(place.end));
            (text, places.collect())
        }
        _ => as_found(),
    }
}

/// The text around the first word, with the words highlighted at a terminal.
fn snippet(hit: &Hit) -> String {
    let (text, places) = &with_own_label(hit);
    let first = places.first().map_or(0, |place| place.start);
    let (before, after) = SHOWN;
    let at = |from: usize, characters| {
        let mut places = text.get(from..).unwrap_or_default().char_indices();
        places.nth(characters).map(|(at, _)| from + at)
    };
    let leading = text.get(..first).unwrap_or_default().char_indices().rev();
    let start = leading.take(before).last().map_or(first, |(at, _)| at);
    let end = at(first, after).unwrap_or(text.len());
    let mut shown = String::from(if start > 0 { "…" } else { "" });
    let mut from = start;
    let mut push = |part: Range<usize>, is_found: bool| {
        let part = words::on_one_line(text.get(part).unwrap_or_default());
        shown += &match is_found {
            true => console::style(part).red().bold().to_string(),
            false => part,
        };
    };
    for place in places.iter().filter(|place| place.start < end) {
        let place = place.start..place.end.min(end);
        push(from..place.start, false);
        from = place.end;
        push(place, true);
    }
    push(from..end, false);
    shown + if end < text.len() { "…" } else { "" }
}
