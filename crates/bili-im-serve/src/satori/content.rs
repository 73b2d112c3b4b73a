//! What messages say, to and from message elements.

use serde_json::Value;

use super::element::{Element, Node, parse, write};

/// What is sent as one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Image(Picture),
}

/// An image to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) src: String,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
}

/// The content of a message (the program's JSON) as markup. `mentioned` are the users that a text
/// mentions.
pub(super) fn to_markup(content: &Value, mentioned: &[&str]) -> String {
    let text = |name: &str| content.get(name).and_then(Value::as_str);
    let nodes = match text("type") {
        Some("text") => mentions(text("text").unwrap_or_default(), mentioned),
        Some("image") => {
            let mut image = Element::new("img").with("src", text("url").unwrap_or_default());
            for side in ["width", "height"] {
                if let Some(pixels) = content.get(side).and_then(Value::as_u64) {
                    image = image.with(side, pixels);
                }
            }
            vec![Node::Element(image)]
        }
        Some("recalled") => Vec::new(),
        _ => {
            let summary = text("summary").unwrap_or_default();
            match text("url").filter(|url| !url.is_empty()) {
                Some(url) => {
                    let link = Element::new("a").with("href", url).within(summary);
                    vec![Node::Element(link)]
                }
                None => vec![Node::Text(summary.to_owned())],
            }
        }
    };
    write(&nodes)
}

/// A text in which each `@name` becomes the user that it mentions. The service says who is
/// mentioned, and not where: when there are not as many names as users, they come first.
fn mentions(text: &str, mentioned: &[&str]) -> Vec<Node> {
    let at = |uid: &&str| Node::Element(Element::new("at").with("id", uid));
    let names: Vec<&str> = text.split('@').skip(1).collect();
    if names.len() != mentioned.len() {
        let mut nodes: Vec<Node> = mentioned.iter().map(at).collect();
        nodes.push(Node::Text(text.to_owned()));
        return nodes;
    }
    let before = text.split('@').next().unwrap_or_default();
    let mut nodes = vec![Node::Text(before.to_owned())];
    for (uid, from) in mentioned.iter().zip(names) {
        let (name, after) = from.split_at(from.find(char::is_whitespace).unwrap_or(from.len()));
        let Node::Element(element) = at(uid) else {
            continue;
        };
        nodes.push(Node::Element(element.with("name", name)));
        nodes.push(Node::Text(after.to_owned()));
    }
    nodes
}

/// The messages that a content is sent as: an image is a message of its own.
pub(super) fn to_parts(content: &str) -> Vec<Part> {
    let mut parts = Parts::default();
    parts.add_all(&parse(content));
    parts.end();
    parts.done
}

#[derive(Debug, Default)]
struct Parts {
    done: Vec<Part>,
    text: String,
}

impl Parts {
    fn add_all(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(text) => self.text.push_str(text),
                Node::Element(element) => self.add(element),
            }
        }
    }

    fn add(&mut self, element: &Element) {
        let attribute = |name| element.attribute(name).unwrap_or_default();
        match element.name.as_str() {
            "at" => {
                let all = (element.attribute("type") == Some("all")).then_some("全体成员");
                let name = element.attribute("name").or(element.attribute("id"));
                self.text += &format!("@{} ", all.or(name).unwrap_or_default());
            }
            "sharp" => {
                let name = element.attribute("name").or(element.attribute("id"));
                self.text += &format!("#{} ", name.unwrap_or_default());
            }
            "emoji" => {
                let name = element.attribute("name").or(element.attribute("id"));
                let name = name.unwrap_or_default().trim_matches(['[', ']']);
                self.text += &format!("[{name}]");
            }
            "a" => {
                self.add_all(&element.nodes);
                let href = attribute("href");
                match element.nodes.is_empty() {
                    true => self.text += href,
                    false => self.text += &format!(" ({href})"),
                }
            }
            "img" | "image" => {
                let pixels = |name| element.attribute(name)?.parse().ok();
                let picture = Picture {
                    src: attribute("src").to_owned(),
                    width: pixels("width"),
                    height: pixels("height"),
                };
                self.end();
                self.done.push(Part::Image(picture));
            }
            // The service has no such messages.
            "audio" | "video" | "file" => self.text += attribute("src"),
            "br" => self.text.push('\n'),
            "p" => {
                self.begin_line();
                self.add_all(&element.nodes);
                self.begin_line();
            }
            "message" => {
                self.end();
                self.add_all(&element.nodes);
                self.end();
            }
            // Private messages have no quotes, other authors and buttons.
            "quote" | "author" | "button" => {}
            _ => self.add_all(&element.nodes),
        }
    }

    fn begin_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// What was written so far is a message.
    fn end(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        if !text.is_empty() {
            self.done.push(Part::Text(text.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn contents_become_markup() {
        let share =
            json!({ "type": "share", "summary": "[视频] <标题>", "url": "https://b.tv/1?a&b" });
        for (content, mentioned, markup) in [
            (
                json!({ "type": "text", "text": "a < b" }),
                vec![],
                "a &lt; b",
            ),
            (
                json!({ "type": "text", "text": "嗨 @小明 你好" }),
                vec!["7"],
                "嗨 <at id=\"7\" name=\"小明\"/> 你好",
            ),
            (
                json!({ "type": "text", "text": "a@b.c @小明 你好" }),
                vec!["7"],
                "<at id=\"7\"/>a@b.c @小明 你好",
            ),
            (
                json!({ "type": "image", "url": "https://i0.hdslb.com/a.png", "width": 3, "height": 4 }),
                vec![],
                "<img src=\"https://i0.hdslb.com/a.png\" width=\"3\" height=\"4\"/>",
            ),
            (
                share,
                vec![],
                "<a href=\"https://b.tv/1?a&amp;b\">[视频] &lt;标题&gt;</a>",
            ),
            (
                json!({ "type": "notice", "summary": "通知" }),
                vec![],
                "通知",
            ),
            (
                json!({ "type": "recalled", "summary": "[已撤回]" }),
                vec![],
                "",
            ),
        ] {
            assert_eq!(to_markup(&content, &mentioned), markup);
        }
    }

    #[test]
    fn markup_becomes_messages() {
        let text = |text: &str| Part::Text(text.to_owned());
        let image = |src: &str, width, height| {
            let src = src.to_owned();
            Part::Image(Picture { src, width, height })
        };
        for (content, parts) in [
            ("hello", vec![text("hello")]),
            ("a &lt; b", vec![text("a < b")]),
            ("<at id=\"7\" name=\"小明\"/>你好", vec![text("@小明 你好")]),
            ("<at type=\"all\"/>", vec![text("@全体成员")]),
            (
                "<emoji name=\"doge\"/><emoji id=\"[ok]\"/>",
                vec![text("[doge][ok]")],
            ),
            ("<b>bold</b> <i>it</i>", vec![text("bold it")]),
            (
                "<a href=\"u\">site</a> <a href=\"v\"/>",
                vec![text("site (u) v")],
            ),
            (
                "one<br/>two<p>three</p>four",
                vec![text("one\ntwo\nthree\nfour")],
            ),
            ("<quote id=\"1\">old</quote>new", vec![text("new")]),
            (
                "see <img src=\"s\" width=\"1\" height=\"2\"/> this",
                vec![text("see"), image("s", Some(1), Some(2)), text("this")],
            ),
            (
                "<message>one</message><message>two</message>",
                vec![text("one"), text("two")],
            ),
            ("one<message/>two", vec![text("one"), text("two")]),
            ("<video src=\"https://v\"/>", vec![text("https://v")]),
            (" \n ", vec![]),
        ] {
            assert_eq!(to_parts(content), parts, "{content}");
        }
    }
}
