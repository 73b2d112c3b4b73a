//! Marks of official and of fake accounts. Every output works without them.

use std::collections::BTreeMap;

use bili_im_proto::{Uid, UserInfo, UserInfos};

use crate::{active_login::ActiveLogin, names::distinct, output::Output};

/// The marks of the users in one output.
#[derive(Debug, Default)]
pub(crate) struct UserMarks(BTreeMap<Uid, UserInfo>);

impl UserMarks {
    /// Asks for marks. A failure is a warning, and then there are none.
    pub(crate) fn of(
        uids: impl IntoIterator<Item = Uid>,
        login: &ActiveLogin,
        out: Output,
    ) -> Self {
        let mut marks = BTreeMap::new();
        for some in distinct(uids).chunks(UserInfos::MOST) {
            match login.client().call(UserInfos::new(some.iter().copied())) {
                Ok(infos) => marks.extend(infos.into_iter().map(|info| (info.uid, info))),
                Err(error) => {
                    out.warn(&format!(
                        "marks of official and fake accounts are not shown: {error}"
                    ));
                    break;
                }
            }
        }
        Self(marks)
    }

    /// What is known of a user; `None` when nothing is.
    pub(crate) fn get(&self, uid: Uid) -> Option<&UserInfo> {
        self.0.get(&uid)
    }

    /// A user's marks as a table shows them: `official`, `fake`.
    pub(crate) fn words(&self, uid: Uid) -> impl Iterator<Item = &'static str> {
        let info = self.get(uid);
        let is_official = info.is_some_and(|info| info.mark().is_some());
        let is_fake = info.is_some_and(|info| info.is_fake_account);
        let words = [(is_official, "official"), (is_fake, "fake")];
        words
            .into_iter()
            .filter_map(|(is_set, word)| is_set.then_some(word))
    }
}
