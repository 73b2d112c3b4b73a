//! What strangers wrote, made safe to show. All formats but JSONL write it through here.

use std::borrow::Cow;

use bili_im_proto::is_treacherous;
use maud::Render;

/// The text without anything that could control a terminal or reorder a line. Line breaks and tabs
/// stay; other control characters and bidirectional overrides appear as `\u{…}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let is_shown = |character: char| matches!(character, '\n' | '\t') || !is_treacherous(character);
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        if is_shown(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_unicode());
        }
    }
    Cow::Owned(shown)
}

/// As [`visible`], on one line.
pub(crate) fn on_one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    visible(&words.join(" ")).into_owned()
}

/// A text or an attribute's value in HTML.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl Render for Shown<'_> {
    fn render_to(&self, html: &mut String) {
        // Maud escapes `&`, `<`, `>` and `"`.
        visible(self.0).as_ref().render_to(html);
    }
}
