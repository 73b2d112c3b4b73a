//! Names beside numbers.

use std::collections::BTreeMap;

use bili_im_proto::{Talker, Uid};

use crate::{output::Output, session::Session, words};

/// The names of some users. Whoever cannot be asked about is nameless: names are an addition, not the
/// matter.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<Uid, String>);

impl Names {
    pub(crate) fn of(uids: impl IntoIterator<Item = Uid>, session: &Session, out: Output) -> Self {
        let mut uids: Vec<Uid> = uids.into_iter().filter(|&uid| uid != Uid(0)).collect();
        uids.sort_unstable();
        uids.dedup();
        if uids.is_empty() {
            return Self::default();
        }
        match session.client().people(uids) {
            Ok(cards) => Self(
                cards
                    .into_iter()
                    .map(|card| (card.uid, card.name))
                    .collect(),
            ),
            Err(error) => {
                out.warn(&format!("names are not shown: {error}"));
                Self::default()
            }
        }
    }

    pub(crate) fn get(&self, uid: Uid) -> Option<&str> {
        let name = self.0.get(&uid)?;
        Some(name.as_str()).filter(|name| !name.is_empty())
    }

    /// A user's name as a table shows it.
    pub(crate) fn cell(&self, uid: Uid) -> String {
        words::on_one_line(self.get(uid).unwrap_or_default())
    }
}

/// A talker as a table shows them: by the arguments that commands take.
pub(crate) fn talker_cell(talker: Talker) -> String {
    match talker {
        Talker::User(uid) => uid.to_string(),
        Talker::Group(id) => format!("--group {id}"),
    }
}
