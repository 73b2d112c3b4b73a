//! What a message shows, as lines of text.

use super::{body::Body, card::Card, link};

/// The lines of a message, and the address that goes with each; may be empty.
pub(super) fn lines(body: &Body) -> Vec<(String, String)> {
    let line = |text: &str| (text.to_owned(), String::new());
    match body {
        Body::Text(text) => text.lines().map(line).collect(),
        Body::Image(url) => vec![("[image]".to_owned(), url.clone())],
        Body::Card(card) => card_lines(card),
        Body::Tip(parts) => parts.clone(),
        Body::Recalled => vec![line("[recalled]")],
        Body::Recall => vec![line("[recalled a message]")],
        Body::Raw { kind, raw } => vec![line(&format!("[{kind}] {raw}"))],
    }
}

fn card_lines(card: &Card) -> Vec<(String, String)> {
    let mut lines = vec![(format!("[{}] {}", card.kind, card.title), card.url.clone())];
    let texts = card.lines.iter().flat_map(|text| text.lines());
    lines.extend(texts.map(|text| (text.to_owned(), String::new())));
    if link::safe(&card.picture).is_some() {
        lines.push(("[image]".to_owned(), card.picture.clone()));
    }
    lines.extend(card.buttons.iter().cloned());
    lines.extend(card.parts.iter().flat_map(card_lines));
    lines
}
