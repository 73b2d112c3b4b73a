//! Names and marks of users, which one command leaves for the next. Every output works without
//! them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use bili_im_json::Marks;
use bili_im_proto::{Error, Uid, UnixSeconds, UserInfos};
use serde::{Deserialize, Serialize};

use crate::{active_login::ActiveLogin, private_file};

/// How long something is used: people change their names.
pub(crate) const FRESH: Duration = Duration::from_secs(6 * 60 * 60);

/// How many users are remembered. Those asked about longest ago are forgotten first.
const REMEMBERED: usize = 1024;

/// The most bytes of the file: more than so many users have.
const MOST: u64 = 1 << 20;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct KnownUsers {
    pub(crate) names: Known<String>,
    pub(crate) marks: Known<Marks>,
}

/// What is known of each user, if there is something, and when it was asked.
pub(crate) type Known<T> = BTreeMap<Uid, (Option<T>, UnixSeconds)>;

/// Tells something of users: what was asked less than `fresh` ago, and of the others what `ask`
/// gets. The error is that of `ask`; what is known is told all the same.
pub(crate) fn look_up<T: Clone>(
    uids: impl IntoIterator<Item = Uid>,
    fresh: Duration,
    login: &ActiveLogin,
    part: fn(&mut KnownUsers) -> &mut Known<T>,
    mut ask: impl FnMut(&[Uid]) -> Result<Vec<(Uid, T)>, Error>,
) -> (BTreeMap<Uid, T>, Option<Error>) {
    let uids = distinct(uids);
    let path = login.users_file();
    let mut users = path.as_deref().map(read).unwrap_or_default();
    let known = part(&mut users);
    let now = login.client().now().unix.seconds();
    known.retain(|_, (_, asked)| *asked <= now);
    let is_fresh = |asked: UnixSeconds| now.0 - asked.0 < fresh.as_secs();
    let is_known = |uid: &Uid| known.get(uid).is_some_and(|(_, asked)| is_fresh(*asked));
    let unknown: Vec<Uid> = uids.iter().copied().filter(|uid| !is_known(uid)).collect();
    let mut failed = None;
    for some in unknown.chunks(UserInfos::MOST) {
        match ask(some) {
            Ok(told) => {
                known.extend(some.iter().map(|&uid| (uid, (None, now))));
                known.extend(told.into_iter().map(|(uid, what)| (uid, (Some(what), now))));
            }
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    let told = |uid| Some((uid, known.get(&uid)?.0.clone()?));
    let told = uids.into_iter().filter_map(told).collect();
    forget(known);
    if let Some(path) = path.filter(|_| !unknown.is_empty()) {
        write(&path, &users);
    }
    (told, failed)
}

/// The users among these, each once.
fn distinct(uids: impl IntoIterator<Item = Uid>) -> Vec<Uid> {
    let uids: BTreeSet<Uid> = uids.into_iter().filter(|&uid| uid != Uid(0)).collect();
    uids.into_iter().collect()
}

fn forget<T>(known: &mut Known<T>) {
    while known.len() > REMEMBERED {
        let oldest = known.iter().min_by_key(|(_, (_, asked))| *asked);
        let Some(uid) = oldest.map(|(&uid, _)| uid) else {
            return;
        };
        known.remove(&uid);
    }
}

/// Without a file that can be read, nobody is known.
fn read(path: &Path) -> KnownUsers {
    let text = private_file::read(path, MOST).ok().flatten();
    text.and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

/// When this fails, the next command asks again.
fn write(path: &Path, users: &KnownUsers) {
    if let Ok(text) = serde_json::to_vec(users) {
        let _unwritten = private_file::write_unsynced(path, &text);
    }
}
