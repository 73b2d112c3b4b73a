//! What is above and below the messages of a page.

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::{
    super::{
        language::{Language, Words},
        visible::{Shown, on_one_line},
    },
    plan::Planned,
};

const STYLE: &str = include_str!("style.css");

/// What the head of a page says.
pub(super) struct Head<'a> {
    pub(super) title: &'a str,
    pub(super) avatars: Markup,
    /// Below the title.
    pub(super) facts: &'a str,
    /// All pages of the conversation, and which one this is.
    pub(super) pages: &'a [Planned],
    pub(super) number: usize,
    /// The name of its first page, without `.html`.
    pub(super) stem: &'a str,
    /// Whether there is a list of all conversations.
    pub(super) language: Language,
}

/// The beginning of a page, up to its content.
pub(super) fn beginning(title: &str, more_style: &str, language: Language) -> String {
    let style = format!("{STYLE}{more_style}");
    let digest = BASE64_STANDARD.encode(Sha256::digest(style.as_bytes()));
    let policy = format!(
        "default-src 'none'; img-src data: 'self'; style-src 'sha256-{digest}'; \
         base-uri 'none'; form-action 'none'"
    );
    let head = html! {
        (DOCTYPE)
        (PreEscaped(format!("<html lang=\"{}\">", language.tag())))
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="referrer" content="no-referrer";
            meta name="color-scheme" content="light dark";
            meta name="format-detection" content="telephone=no";
            title { (Shown(&on_one_line(title))) }
            style { (PreEscaped(&style)) }
        }
    };
    head.into_string()
}

/// The name of a page's file.
pub(super) fn file_name(stem: &str, number: usize) -> String {
    match number {
        0 => format!("{stem}.html"),
        number => format!("{stem}-{}.html", number + 1),
    }
}

impl Head<'_> {
    pub(super) fn header(&self) -> Markup {
        html! {
            header {
                (self.avatars)
                div.who {
                    h1 { bdi { (Shown(&on_one_line(self.title))) } }
                    p { bdi { (Shown(&on_one_line(self.facts))) } }
                }
                a.all href="index.html" { (Words("All", "全部会话").of(self.language)) }
                @if self.pages.iter().any(|page| !page.months.is_empty()) { (self.dates()) }
            }
        }
    }

    fn dates(&self) -> Markup {
        let months = self
            .pages
            .iter()
            .enumerate()
            .flat_map(|(number, page)| page.months.iter().map(move |month| (number, month)));
        html! {
            details.dates {
                summary { (Words("Jump to date", "跳到日期").of(self.language)) }
                nav {
                    @for (number, month) in months {
                        a href=(self.address(number, month)) { (month) }
                        " "
                    }
                }
            }
        }
    }

    /// The address of a month, as seen from this page.
    fn address(&self, number: usize, month: &str) -> String {
        if number == self.number {
            format!("#{month}")
        } else {
            format!("{}#{month}", file_name(self.stem, number))
        }
    }

    /// Links to the pages before and after this one.
    pub(super) fn neighbours(&self) -> Markup {
        let before = self.number.checked_sub(1);
        let after = Some(self.number + 1).filter(|&after| after < self.pages.len());
        let (number, pages) = (self.number + 1, self.pages.len());
        let page = match self.language {
            Language::English => format!("Page {number} of {pages}"),
            Language::Chinese => format!("第 {number} 页，共 {pages} 页"),
        };
        html! {
            @if self.pages.len() > 1 {
                nav.pages {
                    @if let Some(before) = before {
                        a href=(file_name(self.stem, before)) { "← " (Words("Earlier", "更早").of(self.language)) }
                    }
                    span { (page) }
                    @if let Some(after) = after {
                        a href=(file_name(self.stem, after)) { (Words("Later", "更晚").of(self.language)) " →" }
                    }
                }
            }
        }
    }
}
