//! How the program prints: plain lines for people, JSON for scripts.

use std::{
    collections::BTreeMap,
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use bili_im_proto::is_treacherous;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::{args::Global, failure::Failure, fields, pager, style, trace, wording::Worded, words};

/// Prints for people, or with `--json` for scripts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    /// Whether long listings are shown in a pager.
    pages: bool,
}

/// The fields of `--fields`, if there are any.
static FIELDS: OnceLock<Vec<String>> = OnceLock::new();

/// Whether there are no warnings, remarks and progress.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, pages: false }
    }

    /// Prints as the arguments say.
    pub(crate) fn of(global: &Global) -> Self {
        let json = global.json;
        if !global.fields.is_empty() {
            FIELDS.get_or_init(|| global.fields.clone());
        }
        IS_QUIET.store(global.quiet, Ordering::Relaxed);
        if global.verbose && !json {
            trace::begin();
        }
        Self {
            json,
            pages: !(json || global.no_pager),
        }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints the result of a command.
    pub(crate) fn print(self, answer: &(impl Serialize + Display)) -> Result<(), Failure> {
        match FIELDS.get() {
            Some(fields) if self.json => Self::write_fields(answer, fields),
            _ => Self::write(self.text_of(answer)),
        }
    }

    /// Prints some fields of a result. When there is no such field it prints all, since the command
    /// is done.
    fn write_fields(answer: &impl Serialize, fields: &[String]) -> Result<(), Failure> {
        let answer = serde_json::to_value(answer).unwrap_or_default();
        match fields::choose(&answer, fields) {
            (chosen, None) => Self::write(to_json(&chosen)),
            (_, Some(unknown)) => {
                Self::write(to_json(&answer))?;
                Err(Failure::unknown_field(&unknown))
            }
        }
    }

    /// Prints a result that can be long.
    pub(crate) fn print_long(self, answer: &(impl Serialize + Display)) -> Result<(), Failure> {
        if self.pages && pager::show(&answer.to_string()) {
            return Ok(());
        }
        self.print(answer)
    }

    /// Prints a step of a longer result; with `--json` nothing, since the whole result follows.
    #[cfg(feature = "sim")]
    pub(crate) fn narrate(self, line: &impl Display) -> Result<(), Failure> {
        if self.json {
            Ok(())
        } else {
            Self::write(line.to_string())
        }
    }

    /// Prints what the user has to do next: on stderr when stdout has JSON.
    pub(crate) fn guide(self, text: impl AsRef<str>) {
        let text = text.as_ref();
        if self.json {
            complain(text);
        } else {
            // A user who cannot see this does nothing, and the command then fails by its time
            // limit.
            let _lost = Self::write(text.to_owned());
        }
    }

    /// Prints JSON in any case: on one line with `--json`, else indented.
    pub(crate) fn show(self, answer: &impl Serialize) -> Result<(), Failure> {
        match FIELDS.get() {
            Some(fields) if self.json => Self::write_fields(answer, fields),
            _ if self.json => Self::write(to_json(answer)),
            _ => Self::write(to_json_with(PrettyFormatter::new(), answer)),
        }
    }

    /// Prints a page that is the same for people and for scripts.
    pub(crate) fn page(self, page: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        // A reader that closes the pipe early is no error.
        is_read(stdout.write_all(page).and_then(|()| stdout.flush()))
            .map(drop)
            .map_err(|error| Failure::output(&error))
    }

    /// Prints a failure to stdout, in the manner of [`show`](Self::show), with all its fields.
    pub(crate) fn show_failure(self, failure: &Failure) -> Result<(), Failure> {
        let error = BTreeMap::from([("error", failure)]);
        Self::write(if self.json {
            to_json(&error)
        } else {
            to_json_with(PrettyFormatter::new(), &error)
        })
    }

    /// Prints one of many lines. Returns whether stdout is still open.
    pub(crate) fn line(self, line: &(impl Serialize + Display)) -> Result<bool, Failure> {
        write_line(self.text_of(line)).map_err(|error| {
            let error = error.worded();
            Failure::other(format_text!(
                "stdout cannot be written: {error}",
                "标准输出写不出去：{error}"
            ))
            .advise(text!(
                "make room there; what was not printed comes again",
                "腾出空间后重试，没输出的会再来一次"
            ))
        })
    }

    fn text_of(self, value: &(impl Serialize + Display)) -> String {
        match FIELDS.get() {
            _ if !self.json => value.to_string(),
            None => to_json(value),
            Some(fields) => {
                let value = serde_json::to_value(value).unwrap_or_default();
                // One of many lines: others can have other fields.
                to_json(&fields::choose(&value, fields).0)
            }
        }
    }

    fn write(text: String) -> Result<(), Failure> {
        // A reader that closes the pipe early is no error.
        let _is_read = write_line(text).map_err(|error| Failure::output(&error))?;
        Ok(())
    }

    /// Prints a warning to stderr. The command goes on.
    pub(crate) fn warn(self, message: impl AsRef<str>) {
        if is_quiet() {
            return;
        }
        let message = message.as_ref();
        if self.json {
            let warning = BTreeMap::from([("message", message)]);
            complain(&to_json(&BTreeMap::from([("warning", warning)])));
        } else {
            let word = style::warning(text!("warning: ", "警告："));
            complain(&format!("{word}{message}"));
        }
    }

    /// Prints a remark for people to stderr; with `--json` nothing.
    pub(crate) fn remark(self, text: impl AsRef<str>) {
        if !(self.json || is_quiet()) {
            complain(text.as_ref());
        }
    }

    /// Prints a failure to stderr, and returns its exit code.
    pub(crate) fn fail(self, failure: &Failure) -> ExitCode {
        if self.json {
            complain(&to_json(&BTreeMap::from([("error", failure)])));
        } else {
            complain(&failure.to_string());
        }
        failure.exit().into()
    }

    /// Prints the service's own warning about a message. In JSON it is a field of the result.
    pub(crate) fn show_toast(self, toast: &str) {
        self.remark(format_text!(
            "the service says: {}",
            "服务提示：{}",
            words::on_one_line(toast)
        ));
    }
}

/// Writes a line to stdout, with one call so that lines are never mixed. Returns whether stdout is
/// still open.
fn write_line(mut text: String) -> io::Result<bool> {
    text.push('\n');
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes());
    is_read(written.and_then(|()| stdout.flush()))
}

/// Whether somebody still reads what is written.
fn is_read(written: io::Result<()>) -> io::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes to stderr. An error there has no other place to be reported.
fn complain(line: &str) {
    let _lost = writeln!(io::stderr().lock(), "{line}");
}

/// JSON on one line. Characters that could control a terminal are escaped.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    to_json_with(CompactFormatter, value)
}

fn to_json_with(formatter: impl Formatter, value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let mut json = Serializer::with_formatter(&mut bytes, Harmless(formatter));
    // Writing strings and numbers into memory cannot fail.
    let _written = value.serialize(&mut json);
    String::from_utf8(bytes).unwrap_or_default()
}

/// A formatter that escapes the characters that could control a terminal.
struct Harmless<F>(F);

/// Calls the inner formatter.
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
}
