//! Splits a text that is too long for one message.

use bili_im_proto::{InvalidContent, Text};
use unicode_segmentation::UnicodeSegmentation;

/// Where a Chinese sentence ends. Others end before a space.
const ENDS: [char; 4] = ['。', '！', '？', '；'];

/// The most characters of an emoticon's name.
const LONGEST_EMOTICON: usize = 20;

/// Splits a text into messages: at line breaks where that is possible, else at spaces or ends of
/// sentences, else between two characters. The line breaks and spaces at a cut are left out.
pub(crate) fn parts(text: &str) -> Result<Vec<Text>, InvalidContent> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let error = match Text::new(rest) {
            Ok(last) => {
                parts.push(last);
                return Ok(parts);
            }
            Err(error) => error,
        };
        let (part, after) = rest.split_at_checked(cut(rest)).unwrap_or_default();
        // A text that cannot be cut is empty, or one character that is too long.
        if part.is_empty() {
            return Err(error);
        }
        let part = part.trim_end();
        if !part.is_empty() {
            parts.push(Text::new(part)?);
        }
        rest = after.trim_start_matches([' ', '\n', '\r']);
        if rest.is_empty() {
            return Ok(parts);
        }
    }
}

/// Where to cut a text that is too long.
fn cut(text: &str) -> usize {
    let ends: Vec<usize> = (text.grapheme_indices(true))
        .map(|(start, character)| start + character.len())
        .collect();
    let fits = |&end: &usize| (text.get(..end)).is_some_and(|part| Text::new(part).is_ok());
    let most = match ends.partition_point(fits).checked_sub(1) {
        Some(last) => ends.get(last).copied().unwrap_or_default(),
        None => return 0,
    };
    let part = text.get(..most).unwrap_or_default();
    let after = |found: Option<(usize, &str)>| found.map(|(at, sign)| at + sign.len());
    (after(part.rmatch_indices('\n').next()))
        .or_else(|| {
            after(
                part.rmatch_indices(|c: char| c == ' ' || ENDS.contains(&c))
                    .next(),
            )
        })
        .unwrap_or_else(|| before_emoticon(text, most))
}

/// The place itself, or the beginning of the emoticon in which it lies.
fn before_emoticon(text: &str, place: usize) -> usize {
    let (before, after) = text.split_at_checked(place).unwrap_or((text, ""));
    let Some(open) = before.rfind('[').filter(|&open| open > 0) else {
        return place;
    };
    let begun = before.get(open..).unwrap_or_default();
    let left = LONGEST_EMOTICON.saturating_sub(begun.chars().count());
    let is_open = !begun.contains(']') && after.chars().take(left).any(|c| c == ']');
    if is_open { open } else { place }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let parts = parts(text).unwrap();
        parts.iter().map(|part| part.as_str().to_owned()).collect()
    }

    #[test]
    fn a_text_that_fits_is_one_part() {
        assert_eq!(texts("hi\nthere"), ["hi\nthere"]);
        assert_eq!(parts(""), Err(InvalidContent::EmptyText));
    }

    #[test]
    fn a_long_text_is_cut_at_the_best_place() {
        let (a, b) = ("a".repeat(1500), "b".repeat(1500));
        for between in ["\n", "\r\n", " ", "\n\n "] {
            assert_eq!(texts(&format!("{a}{between}{b}")), [&*a, &b], "{between:?}");
        }
        assert_eq!(
            texts(&format!("{a} x\n{b} y")),
            [&*format!("{a} x"), &*format!("{b} y")]
        );
        assert_eq!(texts(&format!("{a}。{b}")), [format!("{a}。"), b]);
    }

    #[test]
    fn without_such_a_place_nothing_is_lost_and_no_character_or_emoticon_is_cut() {
        let family = "👨‍👩‍👧".repeat(300);
        let chinese = "长".repeat(2000);
        for text in [&family, &chinese] {
            let parts = texts(text);
            assert!(parts.len() > 1);
            assert_eq!(&parts.concat(), text);
            assert!(parts.iter().all(|part| part.starts_with(['👨', '长'])));
        }
        let emoticons = "[打call]".repeat(300);
        let parts = texts(&emoticons);
        assert_eq!(parts.concat(), emoticons);
        assert!(
            parts
                .iter()
                .all(|part| part.starts_with('[') && part.ends_with(']'))
        );
    }
}
