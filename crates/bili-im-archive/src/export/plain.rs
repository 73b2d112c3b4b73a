//! What a message shows, as lines of text.

use super::{
    body::{self, Body},
    card::Card,
    language::{IMAGE, Language, RECALL, RECALLED},
    link,
};

/// The lines of a message, at least one. Each has an address, which is empty when the line leads
/// nowhere.
pub(super) fn lines(body: &Body, language: Language) -> Vec<(String, String)> {
    let lines: Vec<_> = match body {
        Body::Text(text) => text.lines().map(line).collect(),
        Body::Image(url) => vec![(bracketed(IMAGE.of(language)), url.clone())],
        Body::Card(card) => card_lines(card, language),
        // Each part is a line, because it has its own link.
        Body::Tip(parts) => parts.clone(),
        Body::RecalledMessage => vec![line(&bracketed(RECALLED.of(language)))],
        Body::RecallNotice => vec![line(&bracketed(RECALL.of(language)))],
        Body::Raw {
            kind,
            msg_type,
            raw,
        } => {
            let kind = bracketed(&body::kind(*kind, *msg_type, language));
            vec![line(&format!("{kind} {raw}"))]
        }
    };
    if lines.is_empty() {
        return vec![line("")];
    }
    lines
}

/// A line that leads nowhere.
fn line(text: &str) -> (String, String) {
    (text.to_owned(), String::new())
}

fn bracketed(words: &str) -> String {
    format!("[{words}]")
}

fn card_lines(card: &Card, language: Language) -> Vec<(String, String)> {
    let title = format!("{} {}", bracketed(card.kind.of(language)), card.title);
    let mut lines = vec![(title.trim_end().to_owned(), card.url.clone())];
    lines.extend(card.lines.iter().flat_map(|text| text.lines()).map(line));
    if link::safe(&card.picture).is_some() {
        lines.push((bracketed(IMAGE.of(language)), card.picture.clone()));
    }
    lines.extend(card.buttons.iter().cloned());
    let parts = card.parts.iter();
    lines.extend(parts.flat_map(|part| card_lines(part, language)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::language::Words;

    #[test]
    fn a_message_has_a_line_even_when_it_says_nothing() {
        let nothing = Body::Text(String::new());
        assert_eq!(lines(&nothing, Language::English), [line("")]);
        let kind = Words("share", "分享");
        let nothing = Body::Card(Card::new(kind, String::new(), []).into());
        assert_eq!(lines(&nothing, Language::English), [line("[share]")]);
    }
}
