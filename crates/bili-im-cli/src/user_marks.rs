//! Marks of official and of fake accounts. Every output works without them.

use std::{collections::BTreeMap, time::Duration};

use bili_im_json::Marks;
use bili_im_proto::{Uid, UserInfos};

use crate::{
    active_login::ActiveLogin,
    known_users::{FRESH, look_up},
    output::Output,
    wording::Worded,
};

/// The marks of the users in one output.
#[derive(Debug, Default)]
pub(crate) struct UserMarks(BTreeMap<Uid, Marks>);

impl UserMarks {
    /// The marks, as an earlier command was told lately, or as the service says. A failure is a
    /// warning, and then some are missing.
    pub(crate) fn of(
        uids: impl IntoIterator<Item = Uid>,
        login: &ActiveLogin,
        out: Output,
    ) -> Self {
        Self::with(uids, FRESH, login, out)
    }

    /// The same, but always as the service says.
    pub(crate) fn ask(
        uids: impl IntoIterator<Item = Uid>,
        login: &ActiveLogin,
        out: Output,
    ) -> Self {
        Self::with(uids, Duration::ZERO, login, out)
    }

    fn with(
        uids: impl IntoIterator<Item = Uid>,
        fresh: Duration,
        login: &ActiveLogin,
        out: Output,
    ) -> Self {
        let ask = |uids: &[Uid]| {
            let infos = (login.client()).call(UserInfos::new(uids.iter().copied()))?;
            let marks = infos.into_iter().map(|info| (info.uid, Marks::from(info)));
            Ok(marks.collect())
        };
        let (marks, failed) = look_up(uids, fresh, login, |known| &mut known.marks, ask);
        if let Some(error) = failed.map(|error| error.worded()) {
            out.warn(format_text!(
                "marks of official and fake accounts are not shown: {error}",
                "无法显示认证和仿冒标记：{error}"
            ));
        }
        Self(marks)
    }

    /// What is known of a user; `None` when nothing is.
    pub(crate) fn get(&self, uid: Uid) -> Option<&Marks> {
        self.0.get(&uid)
    }

    /// A user's marks as a table shows them: `official`, `fake`.
    pub(crate) fn words(&self, uid: Uid) -> impl Iterator<Item = &'static str> {
        let marks = self.get(uid);
        let is_official = marks.is_some_and(|marks| marks.official.is_some());
        let is_fake = marks.is_some_and(|marks| marks.is_fake_account);
        let words = [
            (is_official, text!("official", "认证")),
            (is_fake, text!("fake", "仿冒")),
        ];
        words
            .into_iter()
            .filter_map(|(is_set, word)| is_set.then_some(word))
    }
}
