//! What the program prints: for people as plain lines, for scripts as one JSON object. The fields are
//! explained in the crate's README, and stay.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    io::{self, Write},
    process::ExitCode,
};

use bili_im_proto::{
    MsgKey, Profile, SentMessage, Seqno, Talker, Uid, UnixSeconds, Unread, is_treacherous,
};
use serde::{Serialize, ser::SerializeMap};
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::{curl, failure::Failure, moment, words};

/// Where and how to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints what a command was asked for.
    pub(crate) fn print(self, answer: &(impl Serialize + Display)) -> Result<(), Failure> {
        let text = if self.json {
            to_json(answer)
        } else {
            answer.to_string()
        };
        Self::write(text)
    }

    /// Tells a person how things go on; a script gets it all at the end.
    #[cfg(feature = "sim")]
    pub(crate) fn narrate(self, line: &impl Display) -> Result<(), Failure> {
        if self.json {
            Ok(())
        } else {
            Self::write(line.to_string())
        }
    }

    /// Shows a person what to do next, even beside JSON.
    pub(crate) fn guide(self, text: &str) {
        if self.json {
            complain(text);
        } else {
            // Whoever cannot be shown it cannot do it, and learns so when the time is over.
            let _lost = Self::write(text.to_owned());
        }
    }

    /// Prints JSON whatever the user asked for: on one line for `--json`, else indented.
    pub(crate) fn show(self, answer: &impl Serialize) -> Result<(), Failure> {
        Self::write(if self.json {
            to_json(answer)
        } else {
            to_json_with(PrettyFormatter::new(), answer)
        })
    }

    /// Prints why a command failed, as [`show`](Self::show) prints what it found.
    pub(crate) fn show_failure(self, failure: &Failure) -> Result<(), Failure> {
        self.show(&ErrorOutput { error: failure })
    }

    /// Prints one line of many; whether anybody still reads them.
    pub(crate) fn line(self, line: &(impl Serialize + Display)) -> Result<bool, Failure> {
        let text = if self.json {
            to_json(line)
        } else {
            line.to_string()
        };
        write_line(text).map_err(|error| {
            Failure::other(format!("stdout cannot be written: {error}"))
                .advise("make room there; what was not printed comes again")
        })
    }

    fn write(text: String) -> Result<(), Failure> {
        // A reader who has seen enough is no error.
        let _is_read = write_line(text).map_err(|error| Failure::output(&error))?;
        Ok(())
    }

    /// Tells of something that is not as it should be, but does not keep the command from its work.
    pub(crate) fn warn(self, message: &str) {
        if self.json {
            complain(&to_json(&Warning {
                warning: Words { message },
            }));
        } else {
            complain(&format!("warning: {message}"));
        }
    }

    /// Tells why a command failed.
    pub(crate) fn fail(self, failure: &Failure) -> ExitCode {
        if self.json {
            complain(&to_json(&ErrorOutput { error: failure }));
        } else {
            complain(&failure.to_string());
        }
        failure.exit().into()
    }

    /// Shows the service's own warning about a message, which JSON has as a field.
    pub(crate) fn show_toast(self, toast: &str) {
        if !self.json {
            complain(&format!("the service says: {}", words::on_one_line(toast)));
        }
    }
}

/// Writes to stdout, with one write so that there are whole lines only; whether anybody reads it.
fn write_line(mut text: String) -> io::Result<bool> {
    text.push('\n');
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes to stderr. When even that fails there is nobody left to tell.
fn complain(line: &str) {
    let _lost = writeln!(io::stderr().lock(), "{line}");
}

/// Whose login it is.
#[derive(Debug, Serialize)]
pub(crate) struct WhoamiOutput {
    uid: Uid,
    name: String,
    level: Option<u32>,
    face: String,
    /// In seconds since 1970.
    expires: Option<UnixSeconds>,
}

impl WhoamiOutput {
    pub(crate) fn new(profile: Profile, expires: Option<UnixSeconds>) -> Self {
        Self {
            uid: profile.uid,
            name: profile.name,
            level: profile.level,
            face: profile.face,
            expires,
        }
    }
}

impl Display for WhoamiOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "uid {}\nname {}",
            self.uid,
            words::on_one_line(&self.name)
        )?;
        if let Some(level) = self.level {
            write!(f, "\nlevel {level}")?;
        }
        match self.expires {
            Some(end) => write!(f, "\nexpires {}", moment::day(end)),
            None => Ok(()),
        }
    }
}

/// Unread counts.
#[derive(Debug, Serialize)]
pub(crate) struct UnreadOutput {
    follow_unread: u64,
    unfollow_unread: u64,
    group_unread: Option<u64>,
    dustbin_unread: u64,
    biz_msg_follow_unread: u64,
    biz_msg_unfollow_unread: u64,
    custom_unread: u64,
}

impl UnreadOutput {
    pub(crate) fn new(users: &Unread, groups: Option<u64>) -> Self {
        Self {
            follow_unread: users.follow_unread,
            unfollow_unread: users.unfollow_unread,
            group_unread: groups,
            dustbin_unread: users.dustbin_unread,
            biz_msg_follow_unread: users.biz_msg_follow_unread,
            biz_msg_unfollow_unread: users.biz_msg_unfollow_unread,
            custom_unread: users.custom_unread,
        }
    }
}

impl UnreadOutput {
    fn write(&self, f: &mut fmt::Formatter<'_>, separator: &str) -> fmt::Result {
        let Self {
            follow_unread,
            unfollow_unread,
            group_unread,
            ..
        } = self;
        write!(
            f,
            "followed {follow_unread}{separator}others {unfollow_unread}"
        )?;
        match group_unread {
            Some(groups) => write!(f, "{separator}groups {groups}"),
            None => Ok(()),
        }
    }
}

impl Display for UnreadOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "\n")
    }
}

/// Unread counts on one line.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct UnreadLine(pub(crate) UnreadOutput);

impl Display for UnreadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, ", ")
    }
}

/// What a person should know of a message that was found by reading the conversation; JSON has a field.
const READ_BACK: &str = "the answer was lost, and the message was found in the conversation: one that \
     looks the same and was written elsewhere at the same moment cannot be told apart from it";

/// An accepted message.
#[derive(Debug, Serialize)]
pub(crate) struct SendOutput {
    msg_key: MsgKey,
    talker: Talker,
    read_back: bool,
    toast: Option<String>,
}

impl SendOutput {
    /// What to print about a message; shows the service's warning at once.
    pub(crate) fn new(talker: Talker, sent: SentMessage, out: Output) -> Self {
        if let Some(toast) = &sent.toast {
            out.show_toast(toast);
        }
        if sent.read_back && !out.is_json() {
            out.warn(READ_BACK);
        }
        Self {
            msg_key: sent.msg_key,
            talker,
            read_back: sent.read_back,
            toast: sent.toast,
        }
    }
}

impl Display for SendOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "msg_key {}", self.msg_key)
    }
}

/// A recalled message.
#[derive(Debug, Serialize)]
pub(crate) struct RecallOutput {
    pub(crate) msg_key: MsgKey,
    pub(crate) recalled: bool,
}

impl Display for RecallOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "recalled {}", self.msg_key)
    }
}

/// A session as it is now.
#[derive(Debug)]
pub(crate) struct ChangeOutput {
    talker: Talker,
    /// What was done, for people.
    done: &'static str,
    /// What has changed, and what it is now, for scripts.
    field: &'static str,
    value: bool,
}

impl ChangeOutput {
    pub(crate) fn new(
        talker: Talker,
        done: &'static str,
        field: &'static str,
        value: bool,
    ) -> Self {
        Self {
            talker,
            done,
            field,
            value,
        }
    }
}

impl Serialize for ChangeOutput {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("talker", &self.talker)?;
        map.serialize_entry(self.field, &self.value)?;
        map.end()
    }
}

impl Display for ChangeOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.done, self.talker)
    }
}

/// A session that was read.
#[derive(Debug, Serialize)]
pub(crate) struct AckOutput {
    pub(crate) talker: Talker,
    /// The newest message that was marked; all were when there is none.
    pub(crate) upto: Option<Seqno>,
    pub(crate) acked: bool,
}

impl Display for AckOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "acked {}", self.talker)?;
        match self.upto {
            Some(seqno) => write!(f, " up to {seqno}"),
            None => Ok(()),
        }
    }
}

/// What became of risk control's stop.
#[derive(Debug, Serialize)]
pub(crate) struct ResumeOutput {
    pub(crate) was_stopped: bool,
}

impl Display for ResumeOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.was_stopped {
            "the stop is lifted"
        } else {
            "there was no stop to lift"
        })
    }
}

/// A request that is not made, without its secrets.
#[derive(Debug, Serialize)]
pub(crate) struct DryRunOutput {
    pub(crate) dry_run: PlannedRequest,
}

/// A request without its secrets.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Display for DryRunOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        curl::write(f, &self.dry_run)
    }
}

/// Where the simulated service listens.
#[cfg(feature = "sim")]
#[derive(Debug, Serialize)]
pub(crate) struct SimOutput {
    pub(crate) listening_on: String,
}

#[cfg(feature = "sim")]
impl Display for SimOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "listening on {}", self.listening_on)
    }
}

/// What to set for using the program with a simulated service. Its cookies are no secrets.
#[cfg(feature = "sim")]
#[derive(Debug, Serialize)]
pub(crate) struct SimEnvOutput {
    #[serde(rename = "BILI_IM_ENDPOINT")]
    pub(crate) endpoint: String,
    #[serde(rename = "BILI_IM_COOKIE")]
    pub(crate) cookie: String,
}

#[cfg(feature = "sim")]
impl Display for SimEnvOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "export BILI_IM_ENDPOINT={}\nexport BILI_IM_COOKIE={}",
            curl::quoted(&self.endpoint),
            curl::quoted(&self.cookie)
        )
    }
}

/// How the demonstration went.
#[cfg(feature = "sim")]
#[derive(Debug, Serialize)]
pub(crate) struct DemoOutput {
    pub(crate) ok: bool,
    pub(crate) steps: Vec<DemoStep>,
}

/// One step of the demonstration.
#[cfg(feature = "sim")]
#[derive(Debug, Serialize)]
pub(crate) struct DemoStep {
    pub(crate) adapter: &'static str,
    pub(crate) step: String,
    pub(crate) ok: bool,
    pub(crate) saw: Vec<String>,
}

#[cfg(feature = "sim")]
impl Display for DemoOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.ok {
            "all of it came out as it should"
        } else {
            "not all of it came out as it should"
        })
    }
}

#[cfg(feature = "sim")]
impl Display for DemoStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.ok { "ok   " } else { "WRONG" };
        write!(f, "  {verdict} {}", self.step)?;
        for line in &self.saw {
            write!(f, "\n          {line}")?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Warning<'a> {
    warning: Words<'a>,
}

#[derive(Serialize)]
struct Words<'a> {
    message: &'a str,
}

#[derive(Serialize)]
struct ErrorOutput<'a> {
    error: &'a Failure,
}

#[derive(Serialize)]
struct FailureOutput<'a> {
    kind: &'a str,
    code: Option<i64>,
    endpoint: Option<&'a str>,
    message: &'a str,
    advice: Option<&'a str>,
    retry_after_seconds: Option<u64>,
    exit_code: u8,
}

impl Serialize for Failure {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FailureOutput::from(self).serialize(serializer)
    }
}

impl<'a> From<&'a Failure> for FailureOutput<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            kind: failure.kind(),
            code: failure.code(),
            endpoint: failure.endpoint(),
            message: failure.message(),
            advice: failure.advice(),
            retry_after_seconds: failure.retry_after_seconds(),
            exit_code: failure.exit() as u8,
        }
    }
}

/// JSON on one line that drives no terminal, should it be shown at one.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    to_json_with(CompactFormatter, value)
}

fn to_json_with(formatter: impl Formatter, value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let mut json = Serializer::with_formatter(&mut bytes, Harmless(formatter));
    // Structs of texts and numbers can always be written, and into memory at that.
    let _written = value.serialize(&mut json);
    String::from_utf8(bytes).unwrap_or_default()
}

/// Escapes what does more than put a mark on the line.
struct Harmless<F>(F);

/// Leaves these as they are.
macro_rules! pass_on {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {
        $(
            fn $method<W: ?Sized + Write>(
                &mut self,
                writer: &mut W,
                $($argument: $type,)*
            ) -> io::Result<()> {
                self.0.$method(writer, $($argument),*)
            }
        )*
    };
}

impl<F: Formatter> Formatter for Harmless<F> {
    pass_on! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, character)) = rest.char_indices().find(|&(_, c)| is_treacherous(c)) {
            let (before, from) = rest.split_at(at);
            self.0.write_string_fragment(writer, before)?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = from.get(character.len_utf8()..).unwrap_or_default();
        }
        self.0.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_what_drives_a_terminal_and_says_the_same() {
        let text = "a\u{202e}b\u{9b}\u{1b}[0m\n\u{e0041}中👋\"\\";
        let json = to_json(&text);
        assert_eq!(json, r#""a\u202eb\u009b\u001b[0m\n\udb40\udc41中👋\"\\""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn names_of_others_are_made_printable() {
        let whoami = WhoamiOutput {
            uid: Uid(1),
            name: "evil\u{1b}[2J\nuid 2".to_owned(),
            level: None,
            face: String::new(),
            expires: None,
        };
        assert_eq!(whoami.to_string(), "uid 1\nname evil\\u{1b}[2J⏎uid 2");
    }
}
