//! Links to other places.

use bili_im_proto::is_treacherous;

/// Longer addresses are not made links.
const LONGEST: usize = 4096;

/// An address that is safe to link to: `https` or `http`, on one line, with a host.
pub(crate) fn safe(url: &str) -> Option<String> {
    let url = url.trim();
    let url = match url.strip_prefix("//") {
        Some(rest) => format!("https://{rest}"),
        None => url.to_owned(),
    };
    let (scheme, rest) = url.split_once("://")?;
    let is_web = ["http", "https"]
        .iter()
        .any(|web| scheme.eq_ignore_ascii_case(web));
    let is_plain = |character: char| {
        !is_treacherous(character) && !character.is_whitespace() && !"\"<>\\`".contains(character)
    };
    let has_host = rest.starts_with(|first: char| first.is_alphanumeric() || first == '[');
    (is_web && has_host && url.len() <= LONGEST && url.chars().all(is_plain)).then_some(url)
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Text(&'a str),
    Link(&'a str),
    /// What may be the name of an emoticon, such as `[doge]`.
    Emoticon(&'a str),
}

/// The longest name of an emoticon, in bytes.
const LONGEST_EMOTICON: usize = 100;

/// The parts of a text, in order. Put together again, they are the text.
pub(crate) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let special = special(rest);
        let step = special.as_ref().map_or_else(
            || rest.chars().next().map_or(1, char::len_utf8),
            |&(_, length)| length,
        );
        if let Some((part, _)) = special {
            if let Some(before) = text.get(from..at).filter(|before| !before.is_empty()) {
                parts.push(Part::Text(before));
            }
            parts.push(part);
            from = at + step;
        }
        at += step;
    }
    if let Some(rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
        parts.push(Part::Text(rest));
    }
    parts
}

/// The link or emoticon that a text begins with, and its length.
fn special(text: &str) -> Option<(Part<'_>, usize)> {
    if text.starts_with('[') {
        let end = text
            .bytes()
            .take(LONGEST_EMOTICON)
            .position(|b| b == b']')?
            + 1;
        let name = text.get(..end)?;
        return (!name.contains('\n')).then_some((Part::Emoticon(name), end));
    }
    if text.starts_with("https://") || text.starts_with("http://") {
        let is_of_link = |c: char| c.is_ascii_graphic() && !"\"'<>\\`{}|^".contains(c);
        let end = text.find(|c| !is_of_link(c)).unwrap_or(text.len());
        let link = text
            .get(..end)?
            .trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        return safe(link).map(|_| (Part::Link(link), link.len()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_on_the_web_are_links() {
        for good in [
            "https://www.bilibili.com/video/BV1?p=2#a",
            "HTTP://a.b/",
            "https://例子.中国/路",
        ] {
            assert_eq!(safe(good).as_deref(), Some(good));
        }
        assert_eq!(
            safe("//i0.hdslb.com/a").as_deref(),
            Some("https://i0.hdslb.com/a")
        );
        for bad in [
            "",
            "javascript:alert(1)",
            "javascript://a\nalert(1)",
            " java\tscript:x",
            "data:text/html,x",
            "bilibili://video/1",
            "https://",
            "https:///x",
            "https://a b",
            "https://a\u{202e}b",
            "https://a\"onx=\"",
        ] {
            assert_eq!(safe(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_text_is_links_emoticons_and_the_rest() {
        let text = "看[doge] https://b23.tv/x?a=1。[未完 http://a.b/).";
        assert_eq!(
            parts(text),
            [
                Part::Text("看"),
                Part::Emoticon("[doge]"),
                Part::Text(" "),
                Part::Link("https://b23.tv/x?a=1"),
                Part::Text("。[未完 "),
                Part::Link("http://a.b/"),
                Part::Text(")."),
            ]
        );
    }
}
