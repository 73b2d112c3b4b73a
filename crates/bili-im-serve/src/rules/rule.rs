//! A rule, as the configuration says it.

use std::path::PathBuf;

use bili_im_proto::{InvalidContent, Text};
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::{
    hours::{HOURS, Hours},
    outlets::{TEMPLATE, Table, Template, rights},
    rights::Rights,
    toml_file::Fault,
    words::{Words, words},
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

const MINUTES: (&str, &str) = ("a number of minutes", "分钟数");

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
        let when = When::new(table)?;
        let every: Option<u32> = table.take("every_minutes", MINUTES)?;
        if every.is_some_and(|minutes| minutes > 1440) {
            let problem = words!(
                "every_minutes is 1440 at most: a day",
                "every_minutes 最多 1440，即一天"
            );
            return Err(table.fault("every_minutes", problem));
        }
        let every = every.map(seconds);
        let per_day: Option<u64> = table.take("per_day", ("a number", "整数"))?;
        let then = Then::new(table)?;
        table.finish()?;
        if !then.does_anything() {
            let problem = words!(
                "a rule does something: answer, notify, tag, intercept or run",
                "规则至少要有一个动作：answer、notify、tag、intercept 或 run"
            );
            return Err(table.fault("name", problem));
        }
        then.check_groups(when.regex.as_ref(), table)?;
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
    pub(crate) fn words(&self) -> Words {
        let does = self.then.words();
        let english: Vec<String> = does.iter().map(Words::to_string).collect();
        let chinese: Vec<&str> = does.iter().map(Words::chinese).collect();
        let (mut english, mut chinese) = (english.join(", "), chinese.join("、"));
        if let Some(minutes) = self.when.unread.map(|seconds| seconds / 60) {
            english = format!("{english} after {minutes} min unread");
            chinese = format!("未读满 {minutes} 分钟后{chinese}");
        }
        let (name, every, per_day) = (&self.name, self.every / 60, self.per_day);
        words!(
            "{name}: {english}, a person at most every {every} min and {per_day} times a day",
            "{name}：{chinese}；对每个人 {every} 分钟内最多一次，一天最多 {per_day} 次"
        )
    }
}

impl When {
    fn new(table: &mut Table<'_>) -> Result<Self, Fault> {
        let mut when = When {
            rights: rights(table, "rules".to_owned())?,
            people: numbers(table, "people")?,
            keywords: words(table, "keywords")?,
            regex: None,
            types: words(table, "types")?,
            is_first: table.flag("first")?.unwrap_or_default(),
            hours: table.take("hours", HOURS)?,
            unread: table.take::<u32>("unread_minutes", MINUTES)?.map(seconds),
        };
        if let Some(word) = when
            .types
            .iter()
            .find(|word| !TYPES.contains(&word.as_str()))
        {
            let known = TYPES.join(", ");
            let problem = words!(
                "there is no type {word:?}; there are: {known}",
                "没有 {word:?} 这种类型；可用的有：{known}"
            );
            return Err(table.fault("types", problem));
        }
        if when.keywords.iter().any(String::is_empty) {
            let problem = words!(
                "a keyword is empty: every text has it",
                "有一个关键词是空的，任何消息都含有它"
            );
            return Err(table.fault("keywords", problem));
        }
        let what = ("a regular expression", "正则表达式");
        if let Some(regex) = table.take::<String>("regex", what)? {
            let regex = RegexBuilder::new(&regex).size_limit(LARGEST).build();
            let problem = |error| words!("{error}", "正则表达式有误（{error}）");
            when.regex = Some(regex.map_err(|error| table.fault("regex", problem(error)))?);
        }
        Ok(when)
    }
}

impl Then {
    fn new(table: &mut Table<'_>) -> Result<Self, Fault> {
        let notify = ("the name of a [[notify]]", "某个 [[notify]] 的名字");
        let then = Self {
            answer: template(table, "answer")?,
            notify: table.take("notify", notify)?,
            notify_text: template(table, "notify_text")?,
            tag: table.take("tag", ("a text", "字符串"))?,
            intercept: table.flag("intercept")?.unwrap_or_default(),
            run: program(table)?,
        };
        if then.notify_text.is_some() && then.notify.is_none() {
            let problem = words!("notify is missing: whom to tell", "缺少 notify：通知给谁");
            return Err(table.fault("notify_text", problem));
        }
        if let Some(answer) = &then.answer {
            // With empty fields: what is always said must be a text that can be sent.
            let shortest = answer.fill(|_| "x".to_owned());
            Text::new(shortest).map_err(|error| table.fault("answer", unsendable(&error)))?;
        }
        Ok(then)
    }

    fn does_anything(&self) -> bool {
        !self.words().is_empty()
    }

    /// Refuses texts with more groups than the regular expression has.
    fn check_groups(&self, regex: Option<&Regex>, table: &Table<'_>) -> Result<(), Fault> {
        let groups = regex.map(|regex| regex.captures_len().saturating_sub(1));
        let texts = [("answer", &self.answer), ("notify_text", &self.notify_text)];
        for (name, text) in texts {
            let fields = text.iter().flat_map(Template::fields);
            let mut numbers = fields.filter_map(|field| field.parse::<usize>().ok());
            if let Some(number) = numbers.find(|number| *number > groups.unwrap_or_default()) {
                return Err(table.fault(name, no_group(name, number, groups)));
            }
        }
        Ok(())
    }

    /// All that it does.
    fn words(&self) -> Vec<Words> {
        let mut does = Vec::new();
        if self.answer.is_some() {
            does.push(words!("answers", "回复"));
        }
        if let Some(name) = &self.notify {
            does.push(words!("notifies {name}", "通知 {name}"));
        }
        if let Some(tag) = &self.tag {
            does.push(words!("tags {tag}", "加标签 {tag}"));
        }
        if self.intercept {
            does.push(words!("intercepts", "拦截"));
        }
        if let Some(program) = &self.run {
            let path = program.path.display();
            does.push(words!("runs {path}", "运行 {path}"));
        }
        does
    }
}

/// Why an answer can never be sent.
fn unsendable(error: &InvalidContent) -> Words {
    match error {
        InvalidContent::TooLong { over, .. } => {
            words!("answer is {over} bytes too long", "answer 超长 {over} 字节")
        }
        _ => words!("answer is empty", "answer 是空的"),
    }
}

/// `name` has the group `number`, of so many; `None` without a regular expression.
fn no_group(name: &str, number: usize, groups: Option<usize>) -> Words {
    match groups {
        None => words!(
            "{name} has {{{number}}}, but there is no regex",
            "{name} 里有 {{{number}}}，但没有写 regex"
        ),
        Some(0) => words!(
            "{name} has {{{number}}}, but regex has no groups",
            "{name} 里有 {{{number}}}，但 regex 里没有分组"
        ),
        Some(1) => words!(
            "{name} has {{{number}}}, but regex has 1 group",
            "{name} 里有 {{{number}}}，但 regex 只有 1 个分组"
        ),
        Some(groups) => words!(
            "{name} has {{{number}}}, but regex has {groups} groups",
            "{name} 里有 {{{number}}}，但 regex 只有 {groups} 个分组"
        ),
    }
}

fn seconds(minutes: u32) -> u64 {
    u64::from(minutes) * 60
}

fn template(table: &mut Table<'_>, name: &str) -> Result<Option<Template>, Fault> {
    let text: Option<String> = table.take(name, TEMPLATE)?;
    let template = text.map(|text| Template::parse(&text, &FIELDS)).transpose();
    template.map_err(|problem| table.fault(name, problem))
}

fn program(table: &mut Table<'_>) -> Result<Option<Program>, Fault> {
    let what = (
        "a list: a program and its arguments",
        "列表：程序和它的参数",
    );
    let Some(words) = table.take::<Vec<String>>("run", what)? else {
        return Ok(None);
    };
    match words.split_first() {
        Some((program, arguments)) => Ok(Some(Program {
            path: table.locate(program),
            arguments: arguments.to_vec(),
        })),
        None => Err(table.wrong("run", what)),
    }
}

fn words(table: &mut Table<'_>, name: &str) -> Result<Vec<String>, Fault> {
    let words: Vec<String> = table.list(name, ("a list of words", "字符串的列表"))?;
    Ok(words.iter().map(|word| word.to_lowercase()).collect())
}

fn numbers(table: &mut Table<'_>, name: &str) -> Result<Vec<u64>, Fault> {
    table.list(name, ("a list of numbers of users", "用户 uid 的列表"))
}

/// The word for the type of a message: of those that cannot be read `unknown`.
pub(super) fn type_word(content: &Value) -> &str {
    match content.get("type").and_then(Value::as_str) {
        Some("malformed") | None => "unknown",
        Some(word) => word,
    }
}
