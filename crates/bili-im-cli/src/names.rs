//! Names of users, shown beside their numbers. Every output works without them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use bili_im_proto::{Talker, Uid, UserCard};

use crate::{
    active_login::{ActiveLogin, SharedLogin},
    known_users::{FRESH, look_up},
    output::Output,
    wording::Worded,
    words,
};

/// How long names are left out after a request for one failed.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// How many users without a name are remembered.
const REMEMBERED: usize = 1000;

/// The names of the users in one output.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<Uid, String>);

impl Names {
    /// The names, as an earlier command was told lately, or as the service says. A failure is a
    /// warning, and then some are missing.
    pub(crate) fn of(
        uids: impl IntoIterator<Item = Uid>,
        login: &ActiveLogin,
        out: Output,
    ) -> Self {
        let ask = |uids: &[Uid]| {
            let cards = login.client().people(uids.iter().copied())?;
            Ok(cards.into_iter().filter_map(named).collect())
        };
        let (names, failed) = look_up(uids, FRESH, login, |known| &mut known.names, ask);
        if let Some(error) = failed.map(|error| error.worded()) {
            out.warn(format_text!(
                "names are not shown: {error}",
                "无法显示名字：{error}"
            ));
        }
        Self(names)
    }

    pub(crate) fn get(&self, uid: Uid) -> Option<&str> {
        self.0.get(&uid).map(String::as_str)
    }

    /// A user's name as a table shows it.
    pub(crate) fn cell(&self, uid: Uid) -> String {
        words::on_one_line(self.get(uid).unwrap_or_default())
    }
}

/// The names of senders, for a command that meets one after another.
///
/// The account remembers who users are. This remembers when not to ask.
#[derive(Debug, Default)]
pub(crate) struct SenderNames {
    unknown: BTreeSet<Uid>,
    failed: Option<Instant>,
}

impl SenderNames {
    pub(crate) fn get(&mut self, uid: Uid, login: &mut SharedLogin) -> Option<String> {
        if let Some(card) = login.client().account().card(uid, bili_im_ureq::now()) {
            return named(card).map(|(_, name)| name);
        }
        let is_paused = self.failed.is_some_and(|then| then.elapsed() < PAUSE);
        if is_paused || self.unknown.contains(&uid) {
            return None;
        }
        let Ok(cards) = login.with_lock(|login| login.client().people([uid])) else {
            self.failed = Some(Instant::now());
            return None;
        };
        if cards.is_empty() {
            if self.unknown.len() >= REMEMBERED {
                self.unknown.clear();
            }
            self.unknown.insert(uid);
        }
        cards.into_iter().find_map(named).map(|(_, name)| name)
    }
}

/// The user whom a command is about, if the service knows nobody by this number.
pub(crate) fn nobody(talker: Talker, login: &ActiveLogin) -> Option<Uid> {
    let Talker::User(uid) = talker else {
        return None;
    };
    // When the service does not say, they may exist.
    let cards = login.client().people([uid]).ok()?;
    cards.is_empty().then_some(uid)
}

fn named(card: UserCard) -> Option<(Uid, String)> {
    (!card.name.is_empty()).then_some((card.uid, card.name))
}
