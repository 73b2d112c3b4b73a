//! Texts with fields: `{sender}: {text}`.

use crate::words::{Words, words};

/// The fields of notifications.
pub(super) const FIELDS: [&str; 9] = [
    "sender",
    "sender_uid",
    "talker",
    "account",
    "text",
    "time",
    "link",
    "event",
    "count",
];

/// What a field with a template is, in English and in Chinese.
pub(crate) const TEMPLATE: (&str, &str) = (
    "a text with fields, such as \"{sender}\"",
    "字符串，里面可以有 \"{sender}\" 这样的字段",
);

/// A text with fields. `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(String),
}

impl Template {
    /// Reads a template that can have these fields.
    pub(crate) fn parse(text: &str, fields: &[&str]) -> Result<Self, Words> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, brace, after)) = split(rest) {
            pieces.push(Piece::Text(before.to_owned()));
            let double = after.strip_prefix(brace);
            rest = match (double, brace) {
                (Some(rest), _) => {
                    pieces.push(Piece::Text(brace.to_string()));
                    rest
                }
                (None, '{') => {
                    let (name, rest) = after.split_once('}').ok_or_else(|| {
                        words!(
                            "a {{ without }}; {{{{ is a brace",
                            "{{ 后面没有 }}；花括号本身写成 {{{{"
                        )
                    })?;
                    if !fields.contains(&name) {
                        let known = fields.iter().map(|field| format!("{{{field}}}"));
                        let known = known.collect::<Vec<_>>().join(" ");
                        return Err(words!(
                            "there is no field {{{name}}}; there are: {known}",
                            "没有 {{{name}}} 这个字段；可用的有：{known}"
                        ));
                    }
                    pieces.push(Piece::Field(name.to_owned()));
                    rest
                }
                (None, _) => {
                    return Err(words!(
                        "a }} without {{; }}}} is a brace",
                        "}} 前面没有 {{；花括号本身写成 }}}}"
                    ));
                }
            };
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }

    /// The names of its fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Field(field) => Some(field.as_str()),
        })
    }

    /// The text, with the values of its fields.
    pub(crate) fn fill(&self, value: impl Fn(&str) -> String) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Field(field) => value(field),
        });
        pieces.collect()
    }
}

/// What is before the first brace, the brace, and what is behind it.
fn split(text: &str) -> Option<(&str, char, &str)> {
    let brace = text.chars().find(|c| ['{', '}'].contains(c))?;
    let (before, after) = text.split_once(brace)?;
    Some((before, brace, after))
}

/// A text of at most so many bytes; `…` says that it was longer.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub('…'.len_utf8());
    let mut kept = String::new();
    for c in text.chars().take_while({
        let mut length = 0;
        move |c| {
            length += c.len_utf8();
            length <= room
        }
    }) {
        kept.push(c);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::has_chinese;

    #[test]
    fn fields_are_filled_once_and_values_are_not_templates() {
        let template = Template::parse("{{{sender}}} 说：{text}", &FIELDS).unwrap();
        let value = |field: &str| match field {
            "sender" => "{text}".to_owned(),
            _ => "嗨".to_owned(),
        };
        assert_eq!(template.fill(value), "{{text}} 说：嗨");
    }

    #[test]
    fn an_unknown_field_is_refused_with_those_that_there_are() {
        let problem = Template::parse("{name}", &FIELDS).unwrap_err().to_string();
        assert!(problem.contains("{name}") && problem.contains("{sender_uid}"));
        for wrong in ["{", "}", "{text", "text}", "{}"] {
            let problem = Template::parse(wrong, &FIELDS).unwrap_err();
            assert!(has_chinese(problem.chinese()), "{wrong}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("一二三", 9), "一二三");
        assert_eq!(cut("一二三四", 11), "一二…");
        assert_eq!(cut("abc", 2), "…");
    }
}
