//! `bili-im sessions`

use std::{
    cmp::Reverse,
    fmt::{self, Display},
};

use bili_im_json::{SessionJson, SessionsJson};
use bili_im_proto::{Direction, GetSessions, Session, SessionFilter, SessionList, Talker, Uid};
use clap::ValueEnum;
use serde::Serialize;

use crate::{
    active_login::ActiveLogin,
    args::Global,
    failure::Failure,
    moment,
    names::Names,
    output::Output,
    progress::Progress,
    table::{Table, fit},
    user_marks::UserMarks,
    words::{self, direction_text, marks, on_one_line, talker_cell},
};

/// The greatest width of the newest message.
const LAST: usize = 60;

/// List the sessions, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bili-im sessions
  bili-im sessions --type groups --all
  bili-im sessions --unread --json | jq '.sessions[].talker'")]
pub(crate) struct Sessions {
    /// Only those of a kind
    #[arg(long = "type", value_name = "TYPE", value_enum, default_value_t = Type::All)]
    kind: Type,
    /// Not only the newest 20, but every one
    #[arg(long)]
    all: bool,
    /// Only those with unread messages, of every one
    #[arg(long)]
    unread: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    /// Every kind
    All,
    /// With users and the system
    Users,
    /// With users you do not follow
    Unfollowed,
    /// With users you follow
    Followed,
    /// With strangers
    Strangers,
    /// With fan groups
    Groups,
    /// Intercepted ones
    Intercepted,
    /// With businesses
    Business,
    /// With the service's own accounts
    System,
}

impl From<Type> for SessionFilter {
    fn from(kind: Type) -> Self {
        match kind {
            Type::All => Self::All,
            Type::Users => Self::Users,
            Type::Unfollowed => Self::Unfollowed,
            Type::Followed => Self::Followed,
            Type::Strangers => Self::Strangers,
            Type::Groups => Self::Groups,
            Type::Intercepted => Self::Intercepted,
            Type::Business => Self::Business,
            Type::System => Self::System,
        }
    }
}

impl Sessions {
    pub(crate) fn run(self, global: &Global, out: Output) -> Result<(), Failure> {
        let login = ActiveLogin::open(global, out)?;
        let mut list = if self.all || self.unread {
            every_one(self.kind, &login)?
        } else {
            (login.client()).call(GetSessions::new(self.kind.into()))?
        };
        if self.unread {
            list.sessions.retain(|session| session.unread_count > 0);
        }
        let names = Names::of(users_without_name(&list), &login, out);
        let marks = UserMarks::of(users_without_name(&list), &login, out);
        let own = login.client().account().uid();
        let has_more = list.has_more;
        out.print_long(&SessionsOutput {
            own,
            list,
            names,
            marks,
        })?;
        if has_more {
            out.remark(text!("there are more: add --all", "还有更多：加上 --all"));
        }
        Ok(())
    }
}

/// The sessions with unread messages.
pub(super) fn unread(login: &ActiveLogin) -> Result<Vec<Session>, Failure> {
    let mut sessions = every_one(Type::All, login)?.sessions;
    sessions.retain(|session| session.unread_count > 0);
    Ok(sessions)
}

fn every_one(kind: Type, login: &ActiveLogin) -> Result<SessionList, Failure> {
    let account = login.client().account();
    // The list of all kinds has one page only.
    let flow = match kind {
        Type::All => account.sessions(),
        kind => account.sessions_of(kind.into()),
    };
    let progress = Progress::of(text!("sessions", "个会话"));
    let mut list = SessionList::default();
    for page in login.client().items(flow) {
        list.sessions.extend(page?);
        progress.reached(list.sessions.len());
    }
    (list.sessions).sort_by_key(|session| Reverse((session.top_ts, session.session_ts)));
    Ok(list)
}

/// The users whose names and marks have to be asked for. The list has the names of the service's own
/// accounts.
fn users_without_name(list: &SessionList) -> impl Iterator<Item = Uid> {
    let sessions = list.sessions.iter();
    sessions.filter_map(|session| match session.talker {
        Talker::User(uid) if session.account_info.is_none() => Some(uid),
        _ => None,
    })
}

struct SessionsOutput {
    own: Option<Uid>,
    list: SessionList,
    names: Names,
    marks: UserMarks,
}

impl SessionsOutput {
    fn name_of<'a>(&'a self, session: &'a Session) -> Option<&'a str> {
        let name = match (session.talker, &session.account_info) {
            (_, Some(info)) => Some(info.name.as_str()),
            (Talker::User(uid), None) => self.names.get(uid),
            (Talker::Group(_), None) => Some(session.group_name.as_str()),
        };
        name.filter(|name| !name.is_empty())
    }

    fn marks_of(&self, session: &Session) -> String {
        let mut marks = marks(session);
        if let Talker::User(uid) = session.talker {
            marks.extend(self.marks.words(uid));
        }
        marks.join(",")
    }
}

impl Serialize for SessionsOutput {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SessionsJson::new(&self.list, |session| {
            let name = self.name_of(session).map(str::to_owned);
            let marks = match session.talker {
                Talker::User(uid) => self.marks.get(uid),
                _ => None,
            };
            SessionJson::new(session, false)
                .with_name(name)
                .with_marks(marks)
        })
        .serialize(serializer)
    }
}

impl Display for SessionsOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.list.sessions.iter().map(|session| {
            let last = session.last_msg.as_ref().map(|message| {
                let text = on_one_line(&words::summary(&message.content()));
                match self.own == Some(message.sender_uid) {
                    true => format!("{}: {text}", direction_text(Direction::Own)),
                    false => text,
                }
            });
            [
                talker_cell(session.talker),
                on_one_line(self.name_of(session).unwrap_or_default()),
                session.unread_count.to_string(),
                session
                    .session_ts
                    .map(moment::local_micros)
                    .unwrap_or_default(),
                self.marks_of(session),
                fit(&last.unwrap_or_default(), LAST).into_owned(),
            ]
        });
        Table::new(
            ["UID", "NAME", "UNREAD", "TIME", "MARKS", "LAST MESSAGE"],
            rows,
        )
        .shorten(&["NAME", "LAST MESSAGE"])
        .highlight("UNREAD", |count| count != "0")
        .fmt(f)
    }
}
