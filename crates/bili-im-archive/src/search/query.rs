//! The words of a search: read, written for the index, and found in texts.

use std::ops::Range;

use crate::{
    error::ArchiveError,
    folding::{self, Folded},
    words,
};

/// The most words of a search.
const MOST_WORDS: usize = 32;

/// The most characters of a search.
const MOST_CHARACTERS: usize = 1_000;

/// The words of a search, folded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    words: Vec<String>,
}

impl Query {
    /// Reads words that are separated by spaces. Quotes keep spaces.
    pub(super) fn read(text: &str) -> Result<Self, ArchiveError> {
        if text.chars().nth(MOST_CHARACTERS).is_some() {
            return Err(ArchiveError::SearchTooLong);
        }
        let mut words: Vec<String> = Vec::new();
        for (nth, part) in text.split('"').enumerate() {
            let is_quoted = nth % 2 == 1;
            match is_quoted {
                true => words.push(folding::fold(part.trim())),
                false => words.extend(part.split_whitespace().map(folding::fold)),
            }
        }
        words.retain(|word| !word.is_empty());
        if words.len() > MOST_WORDS {
            return Err(ArchiveError::SearchTooLong);
        }
        if !words.iter().any(|word| is_indexed(word)) {
            return Err(ArchiveError::NothingToSearch);
        }
        Ok(Self { words })
    }

    /// The expression that finds all messages with these words, and some others: the index has no
    /// punctuation. Each list of tags narrows it to messages with one of them.
    pub(super) fn expression(&self, filters: &[Vec<String>]) -> String {
        let words = self.words.iter().filter(|word| is_indexed(word));
        let words = words.map(|word| expression(word));
        let filters = filters.iter().map(|tags| {
            let tags: Vec<String> = tags.iter().map(|tag| quoted(tag)).collect();
            format!("tags : ({})", tags.join(" OR "))
        });
        let all: Vec<String> = words.chain(filters).collect();
        all.join(" AND ")
    }

    /// Where the words are in a text, in order and merged; `None` when it lacks one of them.
    pub(super) fn places(&self, text: &str) -> Option<Vec<Range<usize>>> {
        let folded = Folded::of(text);
        let mut places = Vec::new();
        for word in &self.words {
            let before = places.len();
            places.extend(places_of(word, &folded.text).map(|place| folded.original(&place)));
            if places.len() == before {
                return None;
            }
        }
        Some(merged(places))
    }
}

/// Whether the index can find a word.
fn is_indexed(word: &str) -> bool {
    word.chars().any(folding::is_searchable)
}

/// A word in the language of the index.
fn expression(word: &str) -> String {
    let split = folding::split(word);
    let tokens: Vec<&str> = split.split_whitespace().collect();
    let is_open = word.chars().next_back().is_some_and(folding::is_of_a_word);
    let phrase = |tokens: &[&str]| format!("text : {}", quoted(&tokens.join(" ")));
    let Some((last, before)) = tokens.split_last().filter(|_| is_open) else {
        return phrase(&tokens);
    };
    // More letters may come after its last one.
    let mut letters = last.chars();
    match (letters.next(), letters.next()) {
        (Some(only), None) => {
            let begins = format!("tags : {}", quoted(&words::beginning_tag(only)));
            match before {
                [] => begins,
                _ => format!("{} AND {begins}", phrase(before)),
            }
        }
        _ => phrase(&tokens) + " *",
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Where a folded word is in a folded text. A letter or digit at its beginning must begin a word.
fn places_of<'a>(word: &'a str, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let is_bound = word.chars().next().is_some_and(folding::is_of_a_word);
    let begins = move |at: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        !is_bound || !before.is_some_and(folding::is_of_a_word)
    };
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text.get(from..)?.find(word)?;
            if begins(start) {
                from = start + word.len();
                return Some(start..from);
            }
            from = start + word.chars().next()?.len_utf8();
        }
    })
}

/// The places in order; those that touch become one.
fn merged(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_by_key(|place| place.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for place in places {
        match merged.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => merged.push(place),
        }
    }
    merged
}
