//! Words of people.

use bili_im_proto::{Content, Printable, Session};

/// What a message says, on one line.
pub(crate) fn line(content: &Content) -> String {
    match content {
        // In full: a summary has no line breaks.
        Content::Text(text) => Printable(text).to_string(),
        Content::Image(image) => Printable(&format!("[图片] {}", image.url())).to_string(),
        other => Printable(&other.summary()).to_string(),
    }
}

/// What is special about a session.
pub(crate) fn marks(session: &Session) -> String {
    let marks = [
        (session.top_ts.is_some(), "pinned"),
        (session.is_muted, "muted"),
        (session.is_intercepted, "intercepted"),
        (session.is_live, "live"),
    ];
    let marks = marks.iter().filter(|(is_set, _)| *is_set);
    marks.map(|&(_, name)| name).collect::<Vec<_>>().join(",")
}

/// A text as a program printed it, less one line end.
pub(crate) fn without_line_end(text: &str) -> &str {
    let bare = text.strip_suffix('\n').unwrap_or(text);
    bare.strip_suffix('\r')
        .filter(|_| bare.len() < text.len())
        .unwrap_or(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_taken_off_and_no_more() {
        for (text, expected) in [
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a\r", "a\r"),
            ("a", "a"),
            ("\n", ""),
        ] {
            assert_eq!(without_line_end(text), expected);
        }
    }
}
