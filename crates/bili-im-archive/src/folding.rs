//! Texts as searches compare them: full and half width, upper and lower case, simplified and
//! traditional characters count as equal.

use std::sync::LazyLock;

use character_converter::traditional_to_simplified;
use unicode_normalization::UnicodeNormalization;

/// The characters that may have a simplified form.
const IDEOGRAPHS: std::ops::RangeInclusive<char> = '\u{3400}'..='\u{9fff}';

/// The text as searches compare it.
pub(crate) fn fold(text: &str) -> String {
    text.nfkc()
        .flat_map(char::to_lowercase)
        .map(simplified)
        .collect()
}

/// The simplified form of a character.
fn simplified(character: char) -> char {
    /// Of every ideograph, since looking one up takes long.
    static FORMS: LazyLock<Vec<char>> = LazyLock::new(|| {
        let simplified = |character: char| {
            let converted =
                traditional_to_simplified(character.encode_utf8(&mut [0; 4])).into_owned();
            let mut characters = converted.chars();
            match (characters.next(), characters.next()) {
                (Some(simplified), None) => simplified,
                _ => character,
            }
        };
        IDEOGRAPHS.map(simplified).collect()
    });
    let Some(nth) = u32::from(character).checked_sub(u32::from(*IDEOGRAPHS.start())) else {
        return character;
    };
    let form = usize::try_from(nth).ok().and_then(|nth| FORMS.get(nth));
    form.copied().unwrap_or(character)
}

/// Whether a character is part of a word that is found by its beginning. All others are found one
/// by one.
pub(crate) fn is_of_a_word(character: char) -> bool {
    let is_alphabetic_script =
        character < '\u{0590}' || ('\u{1e00}'..='\u{1fff}').contains(&character);
    is_alphabetic_script && character.is_alphanumeric()
}

/// A folded text with spaces around each character that is found by itself.
pub(crate) fn split(folded: &str) -> String {
    let mut split = String::with_capacity(folded.len() * 2);
    for character in folded.chars() {
        if is_of_a_word(character) {
            split.push(character);
        } else {
            split.push(' ');
            split.push(character);
            split.push(' ');
        }
    }
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_equal() {
        for (one, other) in [
            ("ＡＢｃ１２３", "abc123"),
            ("後來歡迎觀眾", "后来欢迎观众"),
            ("ﾃｽﾄ", "テスト"),
            ("ÀÉ", "àé"),
            ("㎏", "kg"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
    }

    #[test]
    fn words_stay_whole_and_ideographs_do_not() {
        let split = split(&fold("下周Live见😀ok"));
        let words: Vec<&str> = split.split_whitespace().collect();
        assert_eq!(words, ["下", "周", "live", "见", "😀", "ok"]);
    }
}
