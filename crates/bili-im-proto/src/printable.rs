//! Text from outside, made safe to show.

use std::fmt::{self, Write};

/// Displays a text without anything that could control a terminal or reorder a line. Control
/// characters, bidirectional overrides, and invisible or line-separating characters appear as
/// `\u{…}`, `\n`, `\r` or `\t`.
///
/// ```
/// use bili_im_proto::Printable;
///
/// assert_eq!(Printable("a\u{1b}[31mb").to_string(), "a\\u{1b}[31mb");
/// assert_eq!(Printable("你好 👋").to_string(), "你好 👋");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                _ if is_treacherous(character) => write!(f, "{}", character.escape_unicode())?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// Whether [`Printable`] escapes the character: a control, invisible, bidirectional or
/// line-separating one.
pub fn is_treacherous(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The first `limit` bytes as [`Printable`] text.
pub(crate) fn excerpt(bytes: &[u8], limit: usize) -> String {
    let start = bytes.get(..limit).unwrap_or(bytes);
    Printable(&String::from_utf8_lossy(start)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bidi_overrides_and_escapes_become_visible() {
        let shown = Printable("\u{202e}txt\u{7}\u{9b}\u{2066}\r\n").to_string();
        assert_eq!(shown, "\\u{202e}txt\\u{7}\\u{9b}\\u{2066}\\r\\n");
    }

    #[test]
    fn an_excerpt_stops_at_its_limit() {
        assert_eq!(excerpt(&[b'a'; 300], 200), "a".repeat(200));
        assert_eq!(excerpt("中文".as_bytes(), 4), "中\u{fffd}");
    }
}
