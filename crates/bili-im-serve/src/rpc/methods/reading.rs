//! Methods that read.

use std::{cmp::Reverse, collections::BTreeMap};

use bili_im_json::{
    CountsJson, ErrorJson, Exit, HistoryJson, Marks, MessageJson, PeopleJson, PersonJson,
    SessionJson, SessionsJson, SettingsJson, WhoamiJson,
};
use bili_im_proto::{
    GetSessions, GetSettings, History, Host, Hosts, MyGroupUnread, RefusalKind, Seqno, Session,
    SessionFilter, SessionList, Talker, Uid, UserInfos,
};
use bili_im_reqwest::Client;

use crate::rpc::{
    call::{Call, Fault},
    method::{Method, Right, Scope, answers},
    param::{Kind, count, needed, optional},
};

/// The most messages of one answer.
const MOST: u64 = 1000;

/// The most users of one answer.
const PEOPLE: usize = 1000;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "whoami",
        about: "whose login it is",
        right: Right::Read,
        scope: Scope::Account,
        params: &[],
        result: "as `bili-im whoami --json`",
        answers: answers!(whoami),
    },
    Method {
        name: "unread",
        about: "count the unread messages",
        right: Right::Read,
        scope: Scope::WholeAccount,
        params: &[],
        result: "as `bili-im unread --json`",
        answers: answers!(unread),
    },
    Method {
        name: "sessions",
        about: "list the conversations, newest first",
        right: Right::Read,
        scope: Scope::WholeAccount,
        params: &[
            optional("all", Kind::Flag, "not only the newest 20"),
            optional(
                "unread",
                Kind::Flag,
                "only those with unread messages, of every one",
            ),
        ],
        result: "as `bili-im sessions --json`",
        answers: answers!(sessions),
    },
    Method {
        name: "history",
        about: "read a conversation, newest message first; nothing is marked as read",
        right: Right::Read,
        scope: Scope::Talker,
        params: &[
            count("limit", 20, MOST, "how many messages; 1,000 at most"),
            optional(
                "before",
                Kind::Number,
                "only messages before this sequence number",
            ),
            optional(
                "show_recalled",
                Kind::Flag,
                "show what recalled messages said",
            ),
        ],
        result: "as `bili-im history --json`",
        answers: answers!(history),
    },
    Method {
        name: "who",
        about: "tell who users are",
        right: Right::Read,
        scope: Scope::Account,
        params: &[needed("uids", Kind::Numbers, "the users; 1,000 at most")],
        result: "as `bili-im who --json`",
        answers: answers!(who),
    },
    Method {
        name: "settings.get",
        about: "the account's settings of private messages",
        right: Right::Read,
        scope: Scope::WholeAccount,
        params: &[],
        result: "as `bili-im settings --json`",
        answers: answers!(settings),
    },
];

async fn whoami(call: Call) -> Result<WhoamiJson, Fault> {
    let client = call.client()?;
    let profile = client.profile().await?;
    let expires = client.account().credential().expires();
    let hosts = client.account().context(client.now()).hosts;
    let origin = hosts.get(Host::Im);
    let is_elsewhere = origin != Hosts::default().get(Host::Im);
    let endpoint = is_elsewhere.then(|| origin.to_string());
    Ok(WhoamiJson::new(profile, expires, endpoint))
}

async fn unread(call: Call) -> Result<CountsJson, Fault> {
    let client = call.client()?;
    let users = client.unread().await?;
    // Optional: the other counts are told even when this one fails.
    let groups = client.call(MyGroupUnread).await.ok();
    Ok(CountsJson::new(
        &users,
        groups.map(|groups| groups.unread_count),
    ))
}

async fn sessions(call: Call) -> Result<SessionsJson, Fault> {
    let client = call.client()?;
    let is_unread = call.flag("unread");
    let mut list = match call.flag("all") || is_unread {
        true => every_session(&client).await?,
        false => client.call(GetSessions::new(SessionFilter::All)).await?,
    };
    if is_unread {
        list.sessions.retain(|session| session.unread_count > 0);
    }
    let unnamed = list.sessions.iter();
    let unnamed = unnamed.filter(|session| session.account_info.is_none());
    let uids = distinct(unnamed.filter_map(|session| user(session.talker)));
    let names = names(&client, &uids).await;
    let marks = marks(&client, &uids).await;
    Ok(SessionsJson::new(&list, |session| {
        let uid = user(session.talker);
        SessionJson::new(session, false)
            .with_name(name_of(session, &names))
            .with_marks(uid.and_then(|uid| marks.get(&uid)))
    }))
}

async fn every_session(client: &Client) -> Result<SessionList, Fault> {
    let mut list = SessionList::default();
    let mut pages = client.sessions();
    while let Some(page) = pages.next().await {
        list.sessions.extend(page?);
    }
    (list.sessions).sort_by_key(|session| Reverse((session.top_ts, session.session_ts)));
    Ok(list)
}

async fn history(call: Call) -> Result<HistoryJson, Fault> {
    let (client, talker) = (call.client()?, call.talker()?);
    let limit = call.number("limit").unwrap_or_default();
    let limit = usize::try_from(limit).unwrap_or_default().max(1);
    let page_size = u32::try_from(limit.min(100)).unwrap_or(100);
    let mut part = History::new(talker).with_page_size(page_size);
    part.before = call.number("before").map(Seqno);
    let mut pages = client.history(part);
    let mut messages = Vec::new();
    let mut has_more = false;
    while let Some(page) = pages.next().await {
        let page = page?;
        has_more = page.has_more;
        let shown = page.messages.into_iter();
        messages.extend(shown.filter(|message| message.msg_type.is_shown()));
        if messages.len() >= limit {
            has_more |= messages.len() > limit;
            messages.truncate(limit);
            break;
        }
    }
    if messages.is_empty()
        && let Some(uid) = user(talker)
        && client
            .people([uid])
            .await
            .is_ok_and(|cards| cards.is_empty())
    {
        return Err(nobody(uid));
    }
    let senders = distinct(messages.iter().map(|message| message.sender_uid));
    let names = names(&client, &senders).await;
    let (own, shows) = (client.account().uid(), call.flag("show_recalled"));
    Ok(HistoryJson::new(talker, &messages, has_more, |message| {
        MessageJson::new(message, shows)
            .with_sender_name(names.get(&message.sender_uid).cloned())
            .with_direction(HistoryJson::direction(message, own))
    }))
}

async fn who(call: Call) -> Result<PeopleJson, Fault> {
    let client = call.client()?;
    let uids: Vec<Uid> = call.numbers("uids").into_iter().map(Uid).collect();
    if uids.is_empty() || uids.len() > PEOPLE {
        return Err(Fault::Params(format!("uids has 1 to {PEOPLE} numbers")));
    }
    let users = client.people(uids.iter().copied()).await?;
    let is_known = |uid: &Uid| users.iter().any(|user| user.uid == *uid);
    let unknown = uids.into_iter().filter(|uid| !is_known(uid)).collect();
    let known = distinct(users.iter().map(|user| user.uid));
    let marks = marks(&client, &known).await;
    let users = users.into_iter().map(|user| {
        let marks = marks.get(&user.uid);
        PersonJson::new(user, marks)
    });
    Ok(PeopleJson {
        users: users.collect(),
        unknown,
    })
}

async fn settings(call: Call) -> Result<SettingsJson, Fault> {
    let settings = call.client()?.call(GetSettings).await?;
    Ok(SettingsJson::from(settings))
}

fn nobody(uid: Uid) -> Fault {
    let kind = RefusalKind::NotFound.name();
    ErrorJson::new(Exit::Refused, kind, format!("there is no user {uid}")).into()
}

fn user(talker: Talker) -> Option<Uid> {
    match talker {
        Talker::User(uid) => Some(uid),
        Talker::Group(_) => None,
    }
}

fn name_of(session: &Session, names: &BTreeMap<Uid, String>) -> Option<String> {
    let name = match (session.talker, &session.account_info) {
        (_, Some(info)) => Some(&info.name),
        (Talker::User(uid), None) => names.get(&uid),
        (Talker::Group(_), None) => Some(&session.group_name),
    };
    name.filter(|name| !name.is_empty()).cloned()
}

fn distinct(uids: impl Iterator<Item = Uid>) -> Vec<Uid> {
    let mut uids: Vec<Uid> = uids.filter(|&uid| uid != Uid(0)).collect();
    uids.sort_unstable();
    uids.dedup();
    uids
}

/// Names, as far as they are to be had.
async fn names(client: &Client, uids: &[Uid]) -> BTreeMap<Uid, String> {
    let cards = client
        .people(uids.iter().copied())
        .await
        .unwrap_or_default();
    let named = cards.into_iter().filter(|card| !card.name.is_empty());
    named.map(|card| (card.uid, card.name)).collect()
}

/// Marks, as far as they are to be had.
async fn marks(client: &Client, uids: &[Uid]) -> BTreeMap<Uid, Marks> {
    let mut marks = BTreeMap::new();
    for some in uids.chunks(UserInfos::MOST) {
        let Ok(infos) = client.call(UserInfos::new(some.iter().copied())).await else {
            break;
        };
        marks.extend(infos.into_iter().map(|info| (info.uid, info.into())));
    }
    marks
}
