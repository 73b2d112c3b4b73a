//! What an outlet has gathered for its next notification.

use tokio::time::Instant;

use super::service::Note;
use crate::outlets::template::Template;

/// How many notes a digest shows.
const SHOWN: usize = 20;

/// Notes that wait to be told as one.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The first ones, each with the key of its message.
    notes: Vec<(String, Note)>,
    count: u64,
    missed: u64,
    pub(super) since: Instant,
    /// The last item that is in it, or was passed over.
    pub(super) upto: u64,
}

impl Gathered {
    pub(super) fn new(upto: u64) -> Self {
        Self {
            notes: Vec::new(),
            count: 0,
            missed: 0,
            since: Instant::now(),
            upto,
        }
    }

    pub(super) fn add(&mut self, msg_key: &str, note: Note) {
        self.count += 1;
        if self.notes.len() < SHOWN {
            self.notes.push((msg_key.to_owned(), note));
        }
    }

    /// So many events were dropped.
    pub(super) fn miss(&mut self, count: u64) {
        self.missed += count;
    }

    /// A message was recalled: nobody is told of it.
    pub(super) fn recall(&mut self, msg_key: &str) {
        let before = self.notes.len();
        self.notes
            .retain(|(key, _)| key != msg_key || key.is_empty());
        let gone = u64::try_from(before - self.notes.len()).unwrap_or_default();
        self.count = self.count.saturating_sub(gone);
    }

    /// All of it as one note; `None` when nothing is left to tell.
    pub(super) fn note(&self, digest: &Template, missed: &Template) -> Option<Note> {
        let mut note = match self.notes.as_slice() {
            [] if self.missed == 0 => return None,
            [(_, note)] if self.count == 1 => note.clone(),
            notes => {
                let mut lines: Vec<String> = notes.iter().map(|(_, note)| line(note)).collect();
                if self.count > u64::try_from(notes.len()).unwrap_or_default() {
                    lines.push("…".to_owned());
                }
                Note {
                    title: digest.fill(|_| self.count.to_string()),
                    text: lines.join("\n"),
                    link: None,
                }
            }
        };
        if self.missed > 0 {
            let words = missed.fill(|_| self.missed.to_string());
            match self.count {
                0 => note.title = words,
                _ => note.text = format!("{}\n{words}", note.text),
            }
        }
        Some(note)
    }
}

fn line(note: &Note) -> String {
    format!("{}: {}", note.title, note.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outlets::template::FIELDS;

    fn gathered(texts: &[&str]) -> Gathered {
        let mut gathered = Gathered::new(1);
        for text in texts {
            let note = Note {
                title: "小明".to_owned(),
                text: (*text).to_owned(),
                link: None,
            };
            gathered.add(text, note);
        }
        gathered
    }

    fn note(gathered: &Gathered) -> Option<(String, String)> {
        let template = |text| Template::parse(text, &FIELDS).unwrap();
        let note = gathered.note(&template("{count} 条"), &template("漏了 {count} 条"))?;
        Some((note.title, note.text))
    }

    fn words(title: &str, text: &str) -> Option<(String, String)> {
        Some((title.to_owned(), text.to_owned()))
    }

    #[test]
    fn one_note_stays_as_it_is_and_several_become_a_digest() {
        assert_eq!(note(&gathered(&["a"])), words("小明", "a"));
        assert_eq!(
            note(&gathered(&["a", "b"])),
            words("2 条", "小明: a\n小明: b")
        );
        let (title, text) = note(&gathered(&["x"; 25])).unwrap();
        assert_eq!((&*title, text.lines().count()), ("25 条", 21));
        assert!(text.ends_with('…'));
    }

    #[test]
    fn a_recalled_message_is_not_told() {
        let mut two = gathered(&["a", "b"]);
        two.recall("a");
        assert_eq!(note(&two), words("小明", "b"));
        two.recall("b");
        assert_eq!(note(&two), None);
    }

    #[test]
    fn what_was_missed_is_said() {
        let mut some = gathered(&["a"]);
        some.miss(3);
        some.miss(1);
        assert_eq!(note(&some), words("小明", "a\n漏了 4 条"));
        let mut none = gathered(&[]);
        none.miss(4);
        assert_eq!(note(&none), words("漏了 4 条", ""));
    }
}
