//! Texts as searches compare them: full and half width, upper and lower case, simplified and
//! traditional characters count as equal.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

/// The first of the characters that may have a simplified form.
const FIRST_IDEOGRAPH: char = '\u{3400}';

/// The simplified forms of U+3400 to U+9FFF, made by build.rs.
static SIMPLIFIED: [char; 0x6c00] = include!(concat!(env!("OUT_DIR"), "/simplified.rs"));

/// A text as searches compare it, and where its parts are in the original.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    /// The text as searches compare it.
    pub(crate) text: String,
    /// Where each character of the original begins and ends, and where its folded form ends.
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    original: Range<usize>,
    folded_end: usize,
}

impl Folded {
    /// Folds a text.
    pub(crate) fn of(text: &str) -> Self {
        let mut folded = Self::default();
        for (start, cluster) in text.grapheme_indices(true) {
            fold_cluster(cluster, &mut folded.text);
            folded.parts.push(Part {
                original: start..start + cluster.len(),
                folded_end: folded.text.len(),
            });
        }
        folded
    }

    /// Where a place of the folded text is in the original. Lengths can differ: `㎏` is found by
    /// `kg`.
    pub(crate) fn original(&self, folded: &Range<usize>) -> Range<usize> {
        let first = (self.parts).partition_point(|part| part.folded_end <= folded.start);
        let last = (self.parts).partition_point(|part| part.folded_end < folded.end);
        let [first, last] = [first, last].map(|nth| self.parts.get(nth));
        let start = first.map_or(0, |part| part.original.start);
        start..last.map_or(start, |part| part.original.end)
    }
}

/// The text as searches compare it.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        fold_cluster(cluster, &mut folded);
    }
    folded
}

/// Folds what a reader takes for one character.
fn fold_cluster(cluster: &str, folded: &mut String) {
    match cluster.as_bytes() {
        [byte] => folded.push(byte.to_ascii_lowercase().into()),
        _ => folded.extend(cluster.nfkc().flat_map(char::to_lowercase).map(simplified)),
    }
}

/// The simplified form of a character.
fn simplified(character: char) -> char {
    let nth = u32::from(character).wrapping_sub(u32::from(FIRST_IDEOGRAPH));
    let form = usize::try_from(nth)
        .ok()
        .and_then(|nth| SIMPLIFIED.get(nth));
    form.copied().unwrap_or(character)
}

/// Whether a character is in the index: letters, digits, ideographs, emoji, and what newer versions
/// of Unicode may add. Punctuation is not.
pub(crate) fn is_searchable(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric();
    }
    match character {
        '\u{3400}'..='\u{9fff}' => return true,
        // The index takes them for punctuation and marks, as older versions of Unicode did.
        '\u{166d}' | '\u{19b0}'..='\u{19c9}' | '\u{1cf2}' | '\u{1cf3}' => return false,
        _ => {}
    }
    match character.general_category_group() {
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number => true,
        _ => matches!(
            character.general_category(),
            GeneralCategory::OtherSymbol
                | GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
        ),
    }
}

/// Whether a character is part of a word that is found by its beginning. All others are found one
/// by one.
pub(crate) fn is_of_a_word(character: char) -> bool {
    let is_alphabetic_script =
        character < '\u{0590}' || ('\u{1e00}'..='\u{1fff}').contains(&character);
    is_alphabetic_script && is_searchable(character)
}

/// The first letters and digits of the words in a folded text.
pub(crate) fn beginnings(folded: &str) -> impl Iterator<Item = char> {
    let words = folded.split(|character| !is_of_a_word(character));
    words.filter_map(|word| word.chars().next())
}

/// A folded text as the index takes it: spaces around each character that is found by itself, and
/// in place of what is not in the index.
pub(crate) fn split(folded: &str) -> String {
    let mut split = String::with_capacity(folded.len() * 2);
    for character in folded.chars() {
        if is_of_a_word(character) {
            split.push(character);
            continue;
        }
        split.push(' ');
        if is_searchable(character) {
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
            ("後來歡迎觀眾，什麼時候", "后来欢迎观众,什么时候"),
            ("羣峯瀋嚐閒菸乾鬥著", "群峰沈尝闲烟干斗着"),
            ("ﾃｽﾄ", "テスト"),
            ("ÀÉ", "a\u{300}e\u{301}"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("㎏", "kg"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
    }

    #[test]
    fn words_stay_whole_and_ideographs_do_not() {
        let split = split(&fold("下周Live见，😀ok"));
        let words: Vec<&str> = split.split_whitespace().collect();
        assert_eq!(words, ["下", "周", "live", "见", "😀", "ok"]);
    }

    #[test]
    fn places_are_those_of_the_original() {
        let text = "重５㎏，e\u{301}X";
        let folded = Folded::of(text);
        assert_eq!(folded.text, fold(text));
        for (word, original) in [
            ("重5", "重５"),
            ("g", "㎏"),
            ("kg,é", "㎏，e\u{301}"),
            ("x", "X"),
        ] {
            let start = folded.text.find(word).unwrap();
            let place = folded.original(&(start..start + word.len()));
            assert_eq!(text.get(place), Some(original));
        }
    }
}
