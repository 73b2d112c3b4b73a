//! A rule, as the configuration says it.

use std::path::PathBuf;

use bili_im_proto::Text;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::{
    hours::Hours,
    outlets::{Table, Template, rights},
    rights::Rights,
    toml_file::Fault,
};

/// The largest compiled regular expression, in bytes.
const LARGEST: usize = 1 << 20;

/// The words of `types`, as in the `content` of messages.
const TYPES: [&str; 16] = [
    "text",
    "image",
    "share",
    "mini_program",
    "notice",
    "video_push",
    "article_push",
    "picture_card",
    "share_other",
    "text_share",
    "works",
    "system_tip",
    "ai",
    "group_event",
    "unknown",
    "other",
];

/// The fields of templates. `{1}` to `{9}` are the groups of the regular expression.
const FIELDS: [&str; 14] = [
    "sender",
    "sender_uid",
    "text",
    "time",
    "account",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
];

/// A rule. All of its conditions must hold; then all of its actions are done.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(super) when: When,
    pub(super) then: Then,
    /// The shortest time between two runs because of one person, in seconds.
    pub(super) every: u64,
    /// How often it runs because of one person in a day.
    pub(super) per_day: u64,
}

/// The conditions of a rule.
#[derive(Debug)]
pub(super) struct When {
    pub(super) rights: Rights,
    pub(super) people: Vec<u64>,
    /// In lower case.
    pub(super) keywords: Vec<String>,
    pub(super) regex: Option<Regex>,
    pub(super) types: Vec<String>,
    pub(super) is_first: bool,
    pub(super) hours: Option<Hours>,
    /// In seconds.
    pub(super) unread: Option<u64>,
}

/// The actions of a rule.
#[derive(Debug, Default)]
pub(super) struct Then {
    pub(super) answer: Option<Template>,
    pub(super) notify: Option<String>,
    pub(super) notify_text: Option<Template>,
    pub(super) tag: Option<String>,
    pub(super) intercept: bool,
    pub(super) run: Option<Program>,
}

/// A program that is run.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<String>,
}

impl Rule {
    /// Takes a rule from its table.
    pub(crate) fn new(name: String, table: &mut Table<'_>) -> Result<Self, Fault> {
        let flag = "true or false";
        let minutes = "a number of minutes";
        let mut when = When {
            rights: rights(table, "rules".to_owned())?,
            people: numbers(table, "people")?,
            keywords: words(table, "keywords")?,
            regex: None,
            types: words(table, "types")?,
            is_first: table.take("first", flag)?.unwrap_or_default(),
            hours: None,
            unread: table.take::<u32>("unread_minutes", minutes)?.map(seconds),
        };
        if let Some(word) = when
            .types
            .iter()
            .find(|word| !TYPES.contains(&word.as_str()))
        {
            let problem = format!("there is no type {word:?}; there are: {}", TYPES.join(", "));
            return Err(table.fault("types", problem));
        }
        if when.keywords.iter().any(String::is_empty) {
            return Err(table.fault("keywords", "a keyword is empty: every text has it"));
        }
        if let Some(hours) = table.take::<String>("hours", "hours, such as \"09:00-18:00\"")? {
            let hours = Hours::try_from(hours);
            when.hours = Some(hours.map_err(|problem| table.fault("hours", problem))?);
        }
        if let Some(regex) = table.take::<String>("regex", "a regular expression")? {
            let regex = RegexBuilder::new(&regex).size_limit(LARGEST).build();
            when.regex = Some(regex.map_err(|error| table.fault("regex", error.to_string()))?);
        }
        let every: Option<u32> = table.take("every_minutes", minutes)?;
        if every.is_some_and(|minutes| minutes > 1440) {
            return Err(table.fault("every_minutes", "every_minutes is 1440 at most: a day"));
        }
        let every = every.map(seconds);
        let per_day: Option<u64> = table.take("per_day", "a number")?;
        let then = Then::new(table)?;
        if !then.does_anything() {
            let problem = "a rule does something: answer, notify, tag, intercept or run";
            return Err(table.fault("name", problem));
        }
        Ok(Self {
            name,
            when,
            then,
            every: every.unwrap_or(3600),
            per_day: per_day.unwrap_or(24),
        })
    }

    /// The name of the outlet that it notifies.
    pub(crate) fn notifies(&self) -> Option<&str> {
        self.then.notify.as_deref()
    }

    /// What it does, in plain words.
    pub(crate) fn words(&self) -> String {
        let mut does = Vec::new();
        if self.then.answer.is_some() {
            does.push("answers".to_owned());
        }
        if let Some(name) = &self.then.notify {
            does.push(format!("notifies {name}"));
        }
        if let Some(tag) = &self.then.tag {
            does.push(format!("tags {tag}"));
        }
        if self.then.intercept {
            does.push("intercepts".to_owned());
        }
        if let Some(program) = &self.then.run {
            does.push(format!("runs {}", program.path.display()));
        }
        let waits = match self.when.unread {
            Some(seconds) => format!(" after {} min unread", seconds / 60),
            None => String::new(),
        };
        let (every, per_day) = (self.every / 60, self.per_day);
        format!(
            "{}: {}{waits}, a person at most every {every} min and {per_day} times a day",
            self.name,
            does.join(", ")
        )
    }
}

impl Then {
    fn new(table: &mut Table<'_>) -> Result<Self, Fault> {
        let text = "a text";
        let then = Self {
            answer: template(table, "answer")?,
            notify: table.take("notify", "the name of a [[notify]]")?,
            notify_text: template(table, "notify_text")?,
            tag: table.take("tag", text)?,
            intercept: table
                .take("intercept", "true or false")?
                .unwrap_or_default(),
            run: program(table)?,
        };
        if then.notify_text.is_some() && then.notify.is_none() {
            return Err(table.fault("notify_text", "notify is missing: whom to tell"));
        }
        if let Some(answer) = &then.answer {
            // With empty fields: what is always said must be a text that can be sent.
            let shortest = answer.fill(|_| "x".to_owned());
            Text::new(shortest).map_err(|error| table.fault("answer", error.to_string()))?;
        }
        Ok(then)
    }

    fn does_anything(&self) -> bool {
        self.answer.is_some()
            || self.notify.is_some()
            || self.tag.is_some()
            || self.intercept
            || self.run.is_some()
    }
}

fn seconds(minutes: u32) -> u64 {
    u64::from(minutes) * 60
}

fn template(table: &mut Table<'_>, name: &str) -> Result<Option<Template>, Fault> {
    let text: Option<String> = table.take(name, "a text with fields such as {sender}")?;
    let template = text.map(|text| Template::parse(&text, &FIELDS)).transpose();
    template.map_err(|problem| table.fault(name, problem))
}

fn program(table: &mut Table<'_>) -> Result<Option<Program>, Fault> {
    let what = "a list: a program and its arguments";
    let Some(words) = table.take::<Vec<String>>("run", what)? else {
        return Ok(None);
    };
    match words.split_first() {
        Some((program, arguments)) => Ok(Some(Program {
            path: table.locate(program),
            arguments: arguments.to_vec(),
        })),
        None => Err(table.fault("run", format!("run is {what}"))),
    }
}

fn words(table: &mut Table<'_>, name: &str) -> Result<Vec<String>, Fault> {
    let words: Option<Vec<String>> = table.take(name, "a list of words")?;
    let words = words.into_iter().flatten();
    Ok(words.map(|word| word.to_lowercase()).collect())
}

fn numbers(table: &mut Table<'_>, name: &str) -> Result<Vec<u64>, Fault> {
    let numbers: Option<Vec<u64>> = table.take(name, "a list of numbers of users")?;
    Ok(numbers.unwrap_or_default())
}

/// The word for the type of a message: of those that cannot be read `unknown`.
pub(super) fn type_word(content: &Value) -> &str {
    match content.get("type").and_then(Value::as_str) {
        Some("malformed") | None => "unknown",
        Some(word) => word,
    }
}
