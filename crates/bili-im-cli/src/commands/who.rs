//! `bili-im who`

use std::fmt::{self, Display};

use bili_im_json::{PeopleJson, PersonJson};
use bili_im_proto::{Uid, UserCard};
use serde::Serialize;

use crate::{
    active_login::ActiveLogin,
    args::{Global, number},
    failure::Failure,
    output::Output,
    table::{Table, fit},
    user_marks::UserMarks,
    words::on_one_line,
};

/// The greatest width of a user's signature.
const SIGN: usize = 60;

/// Tell who users are
#[derive(Debug, clap::Args)]
pub(crate) struct Who {
    /// The users' numbers
    #[arg(required = true, value_name = "UID", value_parser = number)]
    uids: Vec<u64>,
}

impl Who {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let login = ActiveLogin::open(global, out)?;
        let uids: Vec<Uid> = self.uids.into_iter().map(Uid).collect();
        let users = login.client().people(uids.iter().copied())?;
        let is_known = |uid| users.iter().any(|user| user.uid == uid);
        let unknown: Vec<Uid> = uids.into_iter().filter(|&uid| !is_known(uid)).collect();
        for uid in &unknown {
            out.warn(format_text!("there is no user {uid}", "没有用户 {uid}"));
        }
        let marks = UserMarks::ask(users.iter().map(|user| user.uid), &login, out);
        let words = |user: &UserCard| marks.words(user.uid).collect::<Vec<_>>().join(",");
        out.print(&WhoOutput {
            words: users.iter().map(words).collect(),
            people: PeopleJson {
                users: (users.into_iter())
                    .map(|user| {
                        let marks = marks.get(user.uid);
                        PersonJson::new(user, marks)
                    })
                    .collect(),
                unknown,
            },
        })
    }
}

#[derive(Serialize)]
struct WhoOutput {
    #[serde(flatten)]
    people: PeopleJson,
    /// The marks of each user, for people.
    #[serde(skip)]
    words: Vec<String>,
}

impl Display for WhoOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users = self.people.users.iter().zip(&self.words);
        let rows = users.map(|(PersonJson { user, .. }, words)| {
            [
                user.uid.to_string(),
                on_one_line(&user.name),
                user.level.to_string(),
                words.clone(),
                fit(&on_one_line(&user.sign), SIGN).into_owned(),
            ]
        });
        Table::new(["UID", "NAME", "LEVEL", "MARKS", "SIGN"], rows)
            .shorten(&["NAME", "SIGN"])
            .fmt(f)
    }
}
