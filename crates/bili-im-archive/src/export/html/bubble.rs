//! One message in a page.
//!
//! The classes are short, since each message repeats them: `m` is a message, `a` its avatar (`k0` to
//! `k7` its colours), `c` what stands beside it, `n` the name, `b` the bubble, `t` the time; in a
//! bubble `i` is an image, `e` an emoticon, `k` the kind of a card, `h` its heading, `l` a line.

use std::collections::BTreeMap;

use bili_im_proto::Uid;
use maud::{Markup, html};

use super::{
    super::{
        body::{self, Body},
        card::Card,
        clock,
        entry::{Entry, Side},
        language::{IMAGE, RECALL, RECALLED},
        link::{self, Part},
        options::Export,
        visible::Shown,
    },
    sprites::Sprites,
};
use crate::error::ArchiveError;

/// Renders the messages of a page.
pub(super) struct MessageRenderer<'a> {
    pub(super) export: &'a Export,
    pub(super) emoticons: &'a BTreeMap<String, String>,
    pub(super) sprites: Sprites<'a>,
}

impl MessageRenderer<'_> {
    /// A message. `face` is the address of the sender's avatar.
    pub(super) fn message(
        &mut self,
        entry: &Entry<'_>,
        face: &str,
    ) -> Result<Markup, ArchiveError> {
        let body = self.body(&entry.body)?;
        let time = entry.time.as_ref();
        let id = format!("m{}", entry.seqno);
        if entry.side == Side::Middle {
            let name = matches!(entry.body, Body::RecallNotice).then(|| entry.shown_name());
            return Ok(html! {
                div.tip id=(id) {
                    @if let Some(name) = name { bdi { (Shown(&name)) } " " }
                    (body) " " (stamp(time, entry.mark))
                }
            });
        }
        let name = entry.shown_name();
        let avatar = self.avatar(&name, entry.sender, face)?;
        let class = if entry.side == Side::Own {
            "m own"
        } else {
            "m"
        };
        Ok(html! {
            div class=(class) id=(id) {
                (avatar)
                div.c {
                    div.n { bdi { (Shown(&name)) } }
                    (body)
                    div.t { (stamp(time, entry.mark)) }
                }
            }
        })
    }

    /// A person's picture, or the first letter of the name.
    pub(super) fn avatar(
        &mut self,
        name: &str,
        uid: Option<Uid>,
        face: &str,
    ) -> Result<Markup, ArchiveError> {
        let (class, letter) = match self.sprites.class(face)? {
            Some(picture) => (format!("a {picture}"), None),
            None => {
                let color = uid.map_or(0, |uid| uid.0 % 8);
                (
                    format!("a k{color}"),
                    name.chars().find(|c| c.is_alphanumeric()),
                )
            }
        };
        Ok(html! {
            span class=(class) aria-hidden="true" {
                @if let Some(letter) = letter { (Shown(letter.encode_utf8(&mut [0; 4]))) }
            }
        })
    }

    fn body(&mut self, body: &Body) -> Result<Markup, ArchiveError> {
        let language = self.export.language;
        Ok(match body {
            Body::Text(text) => html! { div.b dir="auto" { (self.text(text)?) } },
            Body::Image(url) => html! { div.b.i { (self.image(url)?) } },
            Body::Card(card) => self.card(card)?,
            Body::Tip(parts) => html! {
                @for (text, url) in parts { (linked(url, html! { (Shown(text)) })) }
            },
            Body::RecalledMessage => html! { div.b.gone { (RECALLED.of(language)) } },
            Body::RecallNotice => html! { (RECALL.of(language)) },
            Body::Raw {
                kind,
                msg_type,
                raw,
            } => html! {
                div.b.raw { div.k { (body::kind(*kind, *msg_type, language)) } code dir="auto" { (Shown(raw)) } }
            },
        })
    }

    /// A text with its links and emoticons.
    fn text(&mut self, text: &str) -> Result<Markup, ArchiveError> {
        let mut markup = Vec::new();
        for part in link::parts(text) {
            markup.push(match part {
                Part::Text(text) => html! { (Shown(text)) },
                Part::Link(url) => linked(url, html! { (Shown(url)) }),
                Part::Emoticon(name) => {
                    let url = self.emoticons.get(name).map_or("", String::as_str);
                    match self.sprites.class(url)? {
                        Some(class) => html! {
                            span class=(format!("e {class}")) title=(Shown(name)) { (Shown(name)) }
                        },
                        None => html! { (Shown(name)) },
                    }
                }
            });
        }
        Ok(html! { @for part in &markup { (part) } })
    }

    /// An image, or a link to it when it is not saved.
    fn image(&mut self, url: &str) -> Result<Markup, ArchiveError> {
        let name = IMAGE.of(self.export.language);
        let source = self.sprites.source(url, self.export.page_bytes)?;
        Ok(match source {
            Some(source) => html! { img.pic src=(source) alt=(name); },
            None => html! {
                span.none { (name) } " " (linked(url, html! { (Shown(url)) }))
            },
        })
    }

    fn card(&mut self, card: &Card) -> Result<Markup, ArchiveError> {
        let title = if card.title.trim().is_empty() {
            &card.url
        } else {
            &card.title
        };
        let hides_url = title != &card.url && link::safe(&card.url).is_none();
        let picture = match link::safe(&card.picture) {
            Some(_) => Some(self.image(&card.picture)?),
            None => None,
        };
        let mut parts = Vec::new();
        for part in &card.parts {
            parts.push(self.card(part)?);
        }
        Ok(html! {
            div.b.card dir="auto" {
                div.k { (card.kind.of(self.export.language)) }
                div.h { (linked(&card.url, html! { (Shown(title)) })) }
                @if hides_url && !card.url.is_empty() { div.l { (Shown(&card.url)) } }
                @for line in &card.lines { div.l { (Shown(line)) } }
                @if let Some(picture) = picture { div.l { (picture) } }
                @for (label, url) in &card.buttons {
                    div.button {
                        (linked(url, html! { (Shown(label)) }))
                        @if link::safe(url).is_none() { " " (Shown(url)) }
                    }
                }
                @for part in &parts { (part) }
            }
        })
    }
}

/// Markup that leads to an address, if the address is safe.
pub(super) fn linked(url: &str, inner: Markup) -> Markup {
    match link::safe(url) {
        Some(url) => html! {
            a href=(Shown(&url)) rel="noopener noreferrer" target="_blank" { (inner) }
        },
        None => inner,
    }
}

fn stamp(time: Option<&jiff::Zoned>, mark: Option<&str>) -> Markup {
    html! {
        @if let Some(time) = time {
            time datetime=(clock::exact(time)) title=(clock::exact(time)) { (clock::minute(time)) }
        }
        @if let Some(mark) = mark { " " span.mark { (mark) } }
    }
}
