//! The words of an AI (docs/protocol.md §9).

use serde_json::Value;

use super::first;

/// An AI's words. Other fields may exist.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AiWords {
    /// The paragraphs that have words.
    pub paragraphs: Vec<String>,
}

impl AiWords {
    /// Reads `paragraphs`, at the top or in `content`; `None` without any words.
    pub(super) fn parse(raw: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(raw).ok()?;
        let holder = json.get("content").filter(|content| content.is_object());
        let paragraphs = holder.unwrap_or(&json).get("paragraphs")?.as_array()?;
        let paragraphs: Vec<String> = paragraphs
            .iter()
            .map(words)
            .filter(|words| first([words]).is_some())
            .collect();
        (!paragraphs.is_empty()).then_some(Self { paragraphs })
    }
}

/// The words of a paragraph: those of its nodes, or the paragraph itself when it is a text.
fn words(paragraph: &Value) -> String {
    if let Some(text) = paragraph.as_str() {
        return text.to_owned();
    }
    let text = |value: &Value, path: &str| value.pointer(path)?.as_str().map(str::to_owned);
    let of_node = |node: &Value| text(node, "/raw_text").or_else(|| text(node, "/word/words"));
    match paragraph.pointer("/text/nodes").and_then(Value::as_array) {
        Some(nodes) => nodes.iter().filter_map(of_node).collect(),
        None => text(paragraph, "/text").unwrap_or_default(),
    }
}
