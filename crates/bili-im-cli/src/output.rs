//! How the program prints: plain lines for people, JSON for scripts.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use bili_im_proto::is_treacherous;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::{failure::Failure, words};

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
}
