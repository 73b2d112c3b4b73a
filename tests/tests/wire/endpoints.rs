//! Endpoints against the simulated service: what one call changes, another shows.

use std::{cell::RefCell, collections::BTreeSet, convert::Infallible};

use bili_im_proto::*;
use bili_im_sim::{Whim, World};
use bili_im_tests::{Running, Seen, Stage, answers, endpoints::ENDPOINTS, local_account};

const OWN: u64 = 10001;
const FRIEND: Uid = Uid(10002);
const STRANGER: Uid = Uid(10003);

/// An account and the service that it calls.
struct Client {
    stage: RefCell<Stage>,
    account: Account,
}

impl Client {
    fn of(world: World) -> Self {
        let cookie = world.accounts[0].cookie();
        Self {
            account: local_account(Credential::parse(&cookie).unwrap(), 1).build(),
            stage: RefCell::new(Stage::new(world).unwrap()),
        }
    }

    /// The own account and the friend, with 130 messages of the friend's.
    fn with_130_messages(change: impl FnOnce(&mut World)) -> Self {
        let mut world = World::demo();
        for index in 0..130 {
            let text = format!("message {index}");
            let own = bili_im_sim::Talker::user(OWN);
            world
                .messages
                .push(bili_im_sim::Message::text(FRIEND.0, own, &text));
        }
        change(&mut world);
        Self::of(world)
    }

    /// The messages of the conversation with the friend, as they come.
    fn history(&self, history: History) -> Vec<Seqno> {
        let pages = self.items(self.account.history(history));
        let messages = pages.iter().flat_map(|page| &page.messages);
        messages.map(|message| message.msg_seqno).collect()
    }

    fn demo() -> Self {
        Self::of(World::demo())
    }

    fn run<T>(&self, flow: Flow<Infallible, T>) -> T {
        self.stage.borrow_mut().run(flow).unwrap()
    }

    fn items<T>(&self, flow: Flow<T, ()>) -> Vec<T> {
        let mut running = Running::new(flow);
        self.stage.borrow_mut().finish(&mut running).unwrap();
        running.items
    }

    fn call<E>(&self, endpoint: E) -> E::Response
    where
        E: Endpoint + Send + Sync + 'static,
        E::Response: Send,
    {
        self.run(self.account.call(endpoint))
    }

    fn listed(&self, filter: SessionFilter) -> Vec<Talker> {
        let list = self.call(GetSessions::new(filter));
        list.sessions.iter().map(|session| session.talker).collect()
    }
}

#[test]
fn an_intercepted_user_moves_to_the_dustbin() {
    let client = Client::demo();
    client.call(UpdateIntercept::new(FRIEND, true));
    assert!(!client.listed(SessionFilter::Users).contains(&FRIEND.into()));
    assert!(
        client
            .listed(SessionFilter::Intercepted)
            .contains(&FRIEND.into())
    );
    let counted = SingleUnread::new().with_type(UnreadType::Dustbin);
    assert!(client.call(counted).dustbin_unread > 0);
    client.call(BatchUpdateDustbinAck);
    assert_eq!(client.call(counted).dustbin_unread, 0);
    client.call(BatchRmDustbin);
    assert!(
        !client
            .listed(SessionFilter::Intercepted)
            .contains(&FRIEND.into())
    );
    client.call(UpdateIntercept::new(FRIEND, false));
}

#[test]
fn pushes_are_received_or_not() {
    let client = Client::demo();
    for receive in [false, true] {
        client.call(SetPushSs::new(FRIEND, receive));
        let settings = client.call(GetSessionSs::new(FRIEND));
        assert_eq!(settings.push_setting, !receive);
        assert_eq!(settings.follow_status, Some(FollowStatus::Mutual));
    }
    let stranger = client.call(GetSessionSs::new(STRANGER));
    assert_eq!(stranger.follow_status, Some(FollowStatus::No));
}

#[test]
fn what_was_read_is_listed_since_a_time() {
    let client = Client::demo();
    let now = UnixMicros(client.stage.borrow().sim_now().0);
    let read = || client.call(AckSessions::new(now)).sessions;
    assert_eq!(read(), []);
    client
        .stage
        .borrow_mut()
        .time
        .advance(std::time::Duration::from_secs(1));
    client.call(UpdateAck::new(FRIEND));
    let talkers: Vec<Talker> = read().iter().map(|session| session.talker).collect();
    assert_eq!(talkers, [FRIEND.into()]);
}

/// The service's `min_seqno` is the conversation's first message on every page, so who pages by it
/// gets the newest page only (docs/protocol.md §8).
#[test]
fn history_is_paged_by_the_oldest_message_seen_and_not_by_min_seqno() {
    for more_at_floor in [Whim::Never, Whim::Always] {
        let client = Client::with_130_messages(|world| world.options.more_at_floor = more_at_floor);
        let history = History::new(FRIEND).with_page_size(20);
        let pages = client.items(client.account.history(history));
        assert!(pages.len() > 6);
        let messages: Vec<&Message> = pages.iter().flat_map(|page| &page.messages).collect();
        assert!(messages.is_sorted_by(|newer, older| newer.msg_seqno > older.msg_seqno));
        let texts = messages.iter().map(|message| message.content().summary());
        let texts: BTreeSet<String> = texts.collect();
        assert!((0..130).all(|index| texts.contains(&format!("message {index}"))));
        let half = messages.len() / 2;
        let newer = client.history(History::new(FRIEND).with_after(messages[half].msg_seqno));
        assert_eq!(newer.len(), half);
    }
}

#[test]
fn history_ends_for_an_account_that_gets_the_same_page_for_ever() {
    let client = Client::with_130_messages(|world| {
        let own = world
            .accounts
            .iter_mut()
            .find(|account| account.uid.0 == OWN);
        own.unwrap().repeats_page = true;
    });
    let seqnos = client.history(History::new(FRIEND).with_page_size(20));
    assert_eq!(seqnos.len(), 20);
    assert!(seqnos.is_sorted_by(|newer, older| newer > older));
}

#[test]
fn messages_come_one_by_one_without_those_that_are_never_shown() {
    let client = Client::demo();
    for index in 0..90 {
        let own = bili_im_sim::Talker::user(OWN);
        let mut message = bili_im_sim::Message::text(FRIEND.0, own, &index.to_string());
        message.msg_type = if index % 3 == 0 { 51 } else { 1 };
        client.stage.borrow_mut().write(message);
    }
    let messages = client
        .account
        .messages(History::new(FRIEND).with_page_size(20));
    let messages = client.items(messages);
    let newest: Vec<String> = (messages.iter().take(60))
        .map(|message| message.content().summary())
        .collect();
    let shown = (0..90).rev().filter(|index| index % 3 != 0);
    let shown: Vec<String> = shown.map(|index: u32| index.to_string()).collect();
    assert_eq!(newest, shown);
    assert!(messages.len() > 60, "older ones come too");
}

#[test]
fn a_message_that_comes_twice_or_out_of_order_is_given_once_and_in_order() {
    let account = Client::demo().account;
    let page = |seqnos: &[u64], has_more: u8| {
        let one = |seqno: &u64| {
            format!(r#"{{"sender_uid":2,"msg_type":1,"msg_key":{seqno},"msg_seqno":{seqno}}}"#)
        };
        let list: Vec<String> = seqnos.iter().map(one).collect();
        let list = list.join(",");
        let body = format!(r#"{{"code":0,"data":{{"messages":[{list}],"has_more":{has_more}}}}}"#);
        Input::Response(answers::answer(200, body))
    };
    let mut pages = [page(&[6, 8, 8, 7, 6], 1), page(&[6, 4, 5, 4], 0)].into_iter();
    let mut stage = Stage::of(|seen: &Seen| match seen.endpoint() {
        "nav" => Input::Response(answers::nav(OWN, 1)),
        _ => pages.next().unwrap(),
    });
    let mut running = Running::new(account.messages(History::new(FRIEND)));
    stage.finish(&mut running).unwrap();
    let seqnos: Vec<u64> = running
        .items
        .iter()
        .map(|message| message.msg_seqno.0)
        .collect();
    assert_eq!(seqnos, [8, 7, 6, 5, 4]);
}

#[test]
fn every_endpoint_is_simulated() {
    let mut stage = Stage::new(World::demo()).unwrap();
    let now = stage.sim_now();
    for endpoint in ENDPOINTS {
        let mut request = http::Request::new(Vec::new());
        *request.method_mut() = endpoint.spec.method();
        *request.uri_mut() = endpoint.spec.path().parse().unwrap();
        let bili_im_sim::Reply::Answer(answer) = stage.service.handle(request, now) else {
            panic!("{} got no answer", endpoint.name);
        };
        assert_eq!(answer.status(), 200, "{}", endpoint.name);
    }
}

#[test]
fn every_session_is_listed_once_however_many_there_are() {
    let people = 230;
    let mut world = World::from_json(r#"{"accounts":[]}"#).unwrap();
    for uid in 1..=people {
        let mut account = bili_im_sim::Account::new(uid);
        if uid % 3 != 0 {
            account.follows = [bili_im_sim::Uid(1)].into();
        }
        world.accounts.push(account);
    }
    let followed = (2..=people).filter(|uid| uid % 3 != 0);
    let own = world.accounts.first_mut().unwrap();
    own.follows = followed.map(bili_im_sim::Uid).collect();
    for uid in 2..=people {
        let own = bili_im_sim::Talker::user(1);
        let message = bili_im_sim::Message::text(uid, own, "hello");
        world.messages.push(message.seconds_ago(uid));
    }
    let client = Client::of(world);
    client.call(SetTop::new(Uid(200), true));
    let pages = client.items(client.account.sessions());
    let sessions = pages.iter().flatten();
    let listed: Vec<Talker> = sessions.map(|session| session.talker).collect();
    let unique: BTreeSet<Talker> = listed.iter().copied().collect();
    assert_eq!(listed.len(), unique.len());
    assert_eq!(unique, (2..=people).map(Talker::user).collect());
}
