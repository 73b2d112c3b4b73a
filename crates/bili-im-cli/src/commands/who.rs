//! `bili-im who`

use std::fmt::{self, Display};

use bili_im_proto::Uid;
use serde::Serialize;

use crate::{
    active_login::ActiveLogin,
    args::{Global, number},
    failure::Failure,
    json::UserJson,
    output::Output,
    table::{Table, fit},
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
            out.warn(&format!("there is no user {uid}"));
        }
        out.print(&WhoOutput {
            users: users.into_iter().map(UserJson::from).collect(),
            unknown,
        })
    }
}

#[derive(Serialize)]
struct WhoOutput {
    users: Vec<UserJson>,
    unknown: Vec<Uid>,
}

impl Display for WhoOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.users.iter().map(|user| {
            [
                user.uid.to_string(),
                on_one_line(&user.name),
                user.level.to_string(),
                fit(&on_one_line(&user.sign), SIGN).into_owned(),
            ]
        });
        Table::new(["UID", "NAME", "LEVEL", "SIGN"], rows)
            .shorten(&["NAME", "SIGN"])
            .fmt(f)
    }
}
