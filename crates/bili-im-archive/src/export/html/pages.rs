//! The pages of conversations, and the list of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use bili_im_proto::{Talker, Uid};
use maud::html;

use super::{
    super::{
        clock::{self, Days},
        entry::{Cast, title},
        options::{Export, ExportReport, snapshot},
        visible::{Shown, on_one_line},
    },
    bubble::MessageRenderer,
    head::{self, Head},
    plan::{self, Planned},
    sprites::Sprites,
};
use crate::{
    archive::Archive,
    error::ArchiveError,
    reading::{ArchivedSession, Messages},
};

/// Where pages go, such as a folder.
pub trait PageFiles {
    /// A page that is being written.
    type File: Write;

    /// Begins a page. Its name is made of letters, digits, `-` and `.html`.
    ///
    /// # Errors
    /// When it cannot be created. The export then ends.
    fn create(&mut self, name: &str) -> io::Result<Self::File>;

    /// Ends a page.
    ///
    /// # Errors
    /// When it cannot be written. The export then ends.
    fn finish(&mut self, file: Self::File) -> io::Result<()>;

    /// A page shows a picture [beside](crate::Pictures::Beside) it: the file at `path` in the media
    /// folder. It may be told several times.
    ///
    /// # Errors
    /// When the picture cannot be put there. The export then ends.
    fn show(&mut self, path: &str) -> io::Result<()> {
        let _ = path;
        Ok(())
    }
}

impl Export {
    /// Writes pages of chat bubbles: `user-10002.html` for each conversation, then
    /// `user-10002-2.html` when it is long. `index.html` is the list of them. Without a conversation
    /// nothing is written.
    ///
    /// The pages need nothing else to be read: no script, no other files but pictures
    /// [beside](crate::Pictures::Beside) them, and no network.
    ///
    /// # Errors
    /// When the archive cannot be read, or a page not written.
    pub fn html(
        &self,
        archive: &Archive,
        files: &mut impl PageFiles,
    ) -> Result<ExportReport, ArchiveError> {
        let _snapshot = snapshot(archive)?;
        let (sessions, mut report) = self.sessions(archive)?;
        let writer = Writer {
            export: self,
            archive,
            cast: Cast::of(archive, self.language)?,
            emoticons: archive.emoticons()?,
        };
        let mut listed = Vec::new();
        for session in &sessions {
            let messages = writer.conversation(session, files)?;
            report.messages += messages;
            listed.push((session, messages));
        }
        if !listed.is_empty() {
            writer.index(&listed, files)?;
        }
        Ok(report)
    }
}

struct Writer<'a> {
    export: &'a Export,
    archive: &'a Archive,
    cast: Cast,
    emoticons: BTreeMap<String, String>,
}

/// The name of a conversation's first page, without `.html`.
fn stem(talker: Talker) -> String {
    let kind = if talker.session_type() == 1 {
        "user"
    } else {
        "group"
    };
    format!("{kind}-{}", talker.id())
}

impl Writer<'_> {
    /// Writes the pages of a conversation. Returns how many messages they have.
    fn conversation(
        &self,
        session: &ArchivedSession,
        files: &mut impl PageFiles,
    ) -> Result<u64, ArchiveError> {
        let language = self.export.language;
        let pages = plan::pages(self.export, self.archive, session)?;
        let mut messages = self.export.messages(self.archive, session.talker)?;
        let mut months = BTreeSet::new();
        let mut written = 0;
        for (number, page) in pages.iter().enumerate() {
            let mut renderer = self.renderer();
            let body = self.messages(session, page, &mut messages, &mut renderer, &mut months)?;
            written += page.messages as u64;
            let stem = stem(session.talker);
            let total: usize = pages.iter().map(|page| page.messages).sum();
            let own = self.cast.own_name();
            let title = title(session, self.export.language);
            let head = Head {
                title: &title,
                avatars: self.avatars(session, &mut renderer)?,
                facts: &format!(
                    "{own} · {} · {}",
                    language.talker(session.talker),
                    language.messages(total)
                ),
                pages: &pages,
                number,
                stem: &stem,
                language,
            };
            let mut file = files.create(&head::file_name(&stem, number))?;
            let beginning = head::beginning(&title, &renderer.sprites.style, language);
            file.write_all(beginning.as_bytes())?;
            file.write_all(head.header().into_string().as_bytes())?;
            let neighbours = head.neighbours().into_string();
            for part in [&neighbours, "<main>", &body, "</main>", &neighbours] {
                file.write_all(part.as_bytes())?;
            }
            files.finish(file)?;
            (renderer.sprites.files.iter()).try_for_each(|path| files.show(path))?;
        }
        Ok(written)
    }

    fn renderer(&self) -> MessageRenderer<'_> {
        MessageRenderer {
            export: self.export,
            emoticons: &self.emoticons,
            sprites: Sprites::new(self.export, self.archive),
        }
    }

    /// The avatars of both sides.
    fn avatars(
        &self,
        session: &ArchivedSession,
        renderer: &mut MessageRenderer<'_>,
    ) -> Result<maud::Markup, ArchiveError> {
        let id = Some(Uid(session.talker.id()));
        let other = renderer.avatar(&title(session, self.export.language), id, &session.picture)?;
        let own = match self.cast.owner {
            Some(owner) => {
                renderer.avatar(&self.cast.own_name(), Some(owner), self.cast.face(owner))?
            }
            None => html! {},
        };
        Ok(html! { (other) (own) })
    }

    /// The messages of one page, with lines between days.
    fn messages(
        &self,
        session: &ArchivedSession,
        page: &Planned,
        messages: &mut Messages<'_>,
        renderer: &mut MessageRenderer<'_>,
        months: &mut BTreeSet<String>,
    ) -> Result<String, ArchiveError> {
        let mut html = String::new();
        let mut days = Days::default();
        let mut seen = BTreeSet::new();
        for message in messages.by_ref().take(page.messages) {
            let message = message?;
            let Some(entry) = self.cast.entry(self.export, session, &message) else {
                continue;
            };
            if let Some(day) = days.next(entry.time.as_ref()) {
                let month = entry.time.as_ref().map(clock::month);
                let month = month.filter(|month| months.insert(month.clone()));
                let id = seen.insert(day.clone()).then(|| format!("d{day}"));
                let line = html! {
                    @if let Some(month) = month { span.month id=(month) {} }
                    h2.day id=[id] { (day) }
                };
                html.push_str(&line.into_string());
            }
            let face = match entry.sender {
                Some(sender) if Talker::User(sender) == session.talker => &session.picture,
                Some(sender) => self.cast.face(sender),
                None => "",
            };
            html.push_str(&renderer.message(&entry, face)?.into_string());
        }
        Ok(html)
    }

    /// The list of the conversations, each with the number of its messages.
    fn index(
        &self,
        sessions: &[(&ArchivedSession, u64)],
        files: &mut impl PageFiles,
    ) -> Result<(), ArchiveError> {
        let language = self.export.language;
        let mut file = files.create("index.html")?;
        let mut renderer = self.renderer();
        let mut list = String::new();
        for (session, messages) in sessions {
            let id = Some(Uid(session.talker.id()));
            let avatar =
                renderer.avatar(&title(session, self.export.language), id, &session.picture)?;
            let changed = session
                .changed
                .and_then(|changed| self.export.clock.at(changed.seconds()));
            let item = html! {
                li {
                    (avatar)
                    a href=(head::file_name(&stem(session.talker), 0)) {
                        bdi { (Shown(&on_one_line(&title(session, self.export.language)))) }
                    }
                    span.t {
                        @if let Some(changed) = changed { (clock::day(&changed)) " · " }
                        (messages)
                    }
                }
            };
            list.push_str(&item.into_string());
        }
        let own = self.cast.own_name();
        let beginning = head::beginning(&own, &renderer.sprites.style, language);
        let header = html! {
            header { div.who { h1 { bdi { (Shown(&on_one_line(&own))) } }
                p { (language.conversations(sessions.len())) } } }
        };
        for part in [
            &beginning,
            &header.into_string(),
            "<main><ul class=\"list\">",
            &list,
        ] {
            file.write_all(part.as_bytes())?;
        }
        file.write_all(b"</ul></main>")?;
        files.finish(file)?;
        Ok((renderer.sprites.files.iter()).try_for_each(|path| files.show(path))?)
    }
}
