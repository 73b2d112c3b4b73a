//! What a message shows, as lines of text.

use super::{
    body::{self, Body},
    card::Card,
    language::{IMAGE, Language, RECALL, RECALLED},
    link,
};

/// The lines of a message, and the address that goes with each; may be empty.
pub(super) fn lines(body: &Body, language: Language) -> Vec<(String, String)> {
    let line = |text: &str| (text.to_owned(), String::new());
    let noted = |words: &str| format!("[{words}]");
    match body {
        Body::Text(text) => text.lines().map(line).collect(),
        Body::Image(url) => vec![(noted(IMAGE.of(language)), url.clone())],
        Body::Card(card) => card_lines(card, language),
        Body::Tip(parts) => parts.clone(),
        Body::Recalled => vec![line(&noted(RECALLED.of(language)))],
        Body::Recall => vec![line(&noted(RECALL.of(language)))],
        Body::Raw {
            kind,
            msg_type,
            raw,
        } => {
            let kind = noted(&body::kind(*kind, *msg_type, language));
            vec![line(&format!("{kind} {raw}"))]
        }
    }
}

fn card_lines(card: &Card, language: Language) -> Vec<(String, String)> {
    let kind = card.kind.of(language);
    let mut lines = vec![(format!("[{kind}] {}", card.title), card.url.clone())];
    let texts = card.lines.iter().flat_map(|text| text.lines());
    lines.extend(texts.map(|text| (text.to_owned(), String::new())));
    if link::safe(&card.picture).is_some() {
        lines.push((format!("[{}]", IMAGE.of(language)), card.picture.clone()));
    }
    lines.extend(card.buttons.iter().cloned());
    lines.extend(
        card.parts
            .iter()
            .flat_map(|part| card_lines(part, language)),
    );
    lines
}
