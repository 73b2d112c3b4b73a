//! Message elements, the markup of contents: text, tags and their attributes.

use std::fmt;

/// How deep elements can be within each other. What is deeper is text.
const DEEPEST: usize = 32;

/// How many tags a content can have. What comes after them is text.
const MOST_TAGS: usize = 1000;

/// The longest name of a character, such as `#x1f600`, in bytes.
const LONGEST_NAME: usize = 10;

/// A part of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    Element(Element),
}

/// An element with its attributes and what is within.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) nodes: Vec<Node>,
}

impl Element {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.attributes.push((name.to_owned(), value.to_string()));
        self
    }

    pub(super) fn within(mut self, text: &str) -> Self {
        self.nodes.push(Node::Text(text.to_owned()));
        self
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let (_, value) = attributes.find(|(known, _)| known == name)?;
        Some(value)
    }
}

/// Writes nodes as markup.
pub(super) fn write(nodes: &[Node]) -> String {
    nodes.iter().map(Node::to_string).collect()
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let element = match self {
            Self::Text(text) => return f.write_str(&escape(text)),
            Self::Element(element) => element,
        };
        write!(f, "<{}", element.name)?;
        for (name, value) in &element.attributes {
            write!(f, " {name}=\"{}\"", escape(value))?;
        }
        if element.nodes.is_empty() {
            return f.write_str("/>");
        }
        write!(f, ">{}</{}>", write(&element.nodes), element.name)
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Reads markup. Whatever is no element is text.
pub(super) fn parse(content: &str) -> Vec<Node> {
    let mut open = vec![Open::default()];
    let mut rest = content;
    let mut has_comments = true;
    for _ in 0..MOST_TAGS {
        let Some(at) = rest.find('<') else {
            break;
        };
        let (text, from) = rest.split_at(at);
        push_text(&mut open, text);
        has_comments &= !from.starts_with("<!--") || from.contains("-->");
        let is_tag = has_comments || !from.starts_with("<!--");
        rest = match is_tag.then(|| tag(from)).flatten() {
            Some((Tag::Comment, after)) => after,
            Some((Tag::Start(element), after)) if open.len() <= DEEPEST => {
                let markup = from.strip_suffix(after).unwrap_or_default().to_owned();
                open.push(Open { element, markup });
                after
            }
            Some((Tag::Empty(element), after)) => {
                push(&mut open, Node::Element(element));
                after
            }
            Some((Tag::End(name), after)) if close(&mut open, name) => after,
            _ => {
                push_text(&mut open, "<");
                from.get(1..).unwrap_or_default()
            }
        };
    }
    push_text(&mut open, rest);
    while open.len() > 1 {
        give_up(&mut open);
    }
    open.pop().unwrap_or_default().element.nodes
}

/// An element whose end has not come yet, and how its start is written.
#[derive(Debug, Default)]
struct Open {
    element: Element,
    markup: String,
}

enum Tag<'a> {
    Comment,
    Start(Element),
    Empty(Element),
    End(&'a str),
}

/// Ends the innermost element of this name. What was opened within it and has no end is text.
fn close(open: &mut Vec<Open>, name: &str) -> bool {
    let is_open = open.iter().skip(1).any(|open| open.element.name == name);
    while is_open && open.last().is_some_and(|last| last.element.name != name) {
        give_up(open);
    }
    if is_open && let Some(last) = open.pop() {
        push(open, Node::Element(last.element));
    }
    is_open
}

/// The innermost start is text.
fn give_up(open: &mut Vec<Open>) {
    if let Some(last) = open.pop() {
        push_raw(open, &last.markup);
        for node in last.element.nodes {
            push(open, node);
        }
    }
}

fn push(open: &mut [Open], node: Node) {
    match (open.last_mut(), node) {
        (_, Node::Text(text)) => push_raw(open, &text),
        (Some(last), node) => last.element.nodes.push(node),
        (None, _) => {}
    }
}

/// Text as it is written. White space with a line break at its ends is layout.
fn push_text(open: &mut [Open], text: &str) {
    let start = text.trim_start();
    let text = match text.strip_suffix(start) {
        Some(space) if space.contains('\n') => start,
        _ => text,
    };
    let end = text.trim_end();
    let text = match text.strip_prefix(end) {
        Some(space) if space.contains('\n') => end,
        _ => text,
    };
    push_raw(open, &unescape(text));
}

fn push_raw(open: &mut [Open], text: &str) {
    let Some(last) = open.last_mut().filter(|_| !text.is_empty()) else {
        return;
    };
    match last.element.nodes.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ => last.element.nodes.push(Node::Text(text.to_owned())),
    }
}

/// The tag that a text begins with, and what comes after it.
fn tag(text: &str) -> Option<(Tag<'_>, &str)> {
    if let Some(comment) = text.strip_prefix("<!--") {
        let (_, after) = comment.split_once("-->")?;
        return Some((Tag::Comment, after));
    }
    if let Some(end) = text.strip_prefix("</") {
        let (name, after) = end.split_once('>')?;
        let name = name.trim_end();
        return is_name(name).then_some((Tag::End(name), after));
    }
    let rest = text.strip_prefix('<')?;
    let is_end = |c: char| c.is_whitespace() || c == '/' || c == '>';
    let (name, mut rest) = rest.split_at(rest.find(is_end)?);
    if !is_name(name) {
        return None;
    }
    let mut element = Element::new(name);
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            return Some((Tag::Empty(element), after));
        }
        if let Some(after) = rest.strip_prefix('>') {
            return Some((Tag::Start(element), after));
        }
        let (attribute, after) =
            attribute(rest).filter(|_| element.attributes.len() < MOST_TAGS)?;
        element.attributes.push(attribute);
        rest = after;
    }
}

fn attribute(text: &str) -> Option<((String, String), &str)> {
    let is_end = |c: char| c.is_whitespace() || "=/><\"'".contains(c);
    let (name, rest) = text.split_at(text.find(is_end)?);
    if name.is_empty() {
        return None;
    }
    let Some(rest) = rest.strip_prefix('=') else {
        return Some(((name.to_owned(), String::new()), rest));
    };
    let quote = rest.chars().next().filter(|c| "\"'".contains(*c))?;
    let (value, after) = rest.get(1..)?.split_once(quote)?;
    Some(((name.to_owned(), unescape(value)), after))
}

/// Names of a platform's own elements have a colon.
fn is_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-:_".contains(c);
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_allowed)
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let entity = (2..=LONGEST_NAME).find_map(|end| {
            let after = from.get(end..)?.strip_prefix(';')?;
            Some((character(from.get(1..end)?)?, after))
        });
        rest = match entity {
            Some((character, after)) => {
                plain.push(character);
                after
            }
            None => {
                plain.push('&');
                from.get(1..).unwrap_or_default()
            }
        };
    }
    plain + rest
}

fn character(name: &str) -> Option<char> {
    match name {
        "quot" => Some('"'),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests;
