//! `bili-im profiles`

use std::fmt::{self, Display};

use bili_im_proto::{Uid, UnixSeconds};
use serde::Serialize;

use crate::{
    args::Global, failure::Failure, moment, output::Output, profile_name::ProfileName,
    profiles::Profile, table::Table, words::on_one_line,
};

/// List the logins that are kept
#[derive(Debug, clap::Args)]
pub(crate) struct Profiles {}

impl Profiles {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let chosen = global.profile()?;
        let profiles = Profile::all()?;
        out.print(&ProfilesOutput {
            profiles: profiles
                .into_iter()
                .map(|profile| Entry::of(profile, &chosen))
                .collect(),
        })
    }
}

#[derive(Debug, Serialize)]
struct ProfilesOutput {
    profiles: Vec<Entry>,
}

/// A profile, without the secrets of its login.
#[derive(Debug, Serialize)]
struct Entry {
    profile: ProfileName,
    /// Whether commands use it by default.
    is_chosen: bool,
    uid: Option<Uid>,
    /// The account's name at the time of the login.
    name: Option<String>,
    /// In seconds since 1970.
    expires: Option<UnixSeconds>,
    /// The service's address; `None` stands for bilibili.
    endpoint: Option<String>,
    /// Why the login cannot be used.
    problem: Option<String>,
}

impl Entry {
    fn of(profile: Profile, chosen: &ProfileName) -> Self {
        let (login, problem) = match profile.load() {
            Ok(login) => (login, None),
            Err(failure) => (None, Some(failure.message().to_owned())),
        };
        let login = login.as_ref();
        Self {
            is_chosen: profile.name == *chosen,
            profile: profile.name,
            uid: login.and_then(|login| login.uid()),
            name: login.and_then(|login| login.account.clone()),
            expires: login.and_then(|login| login.credential.expires()),
            endpoint: login.and_then(|login| login.endpoint.clone()),
            problem,
        }
    }
}

impl Display for ProfilesOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.profiles.iter().map(|entry| {
            let shown = |text: &Option<String>| on_one_line(text.as_deref().unwrap_or_default());
            let mark = if entry.is_chosen { "*" } else { "" };
            [
                format!("{}{mark}", entry.profile),
                entry.uid.map(|uid| uid.to_string()).unwrap_or_default(),
                shown(&entry.name),
                entry.expires.map(moment::day).unwrap_or_default(),
                shown(&entry.endpoint),
                shown(&entry.problem),
            ]
        });
        Table::new(
            ["PROFILE", "UID", "NAME", "EXPIRES", "ENDPOINT", "PROBLEM"],
            rows,
        )
        .shorten(&["NAME", "PROBLEM"])
        .fmt(f)
    }
}
