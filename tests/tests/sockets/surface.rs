//! Every endpoint against the simulated service, over both adapters: what one call changes, another
//! shows.

use std::{collections::BTreeSet, time::SystemTime};

use bili_im_proto::*;
use bili_im_sim::{Server, Service, World};
use bili_im_tests::{Adapter, endpoints::ENDPOINTS};

const OWN: u64 = 10001;
const FRIEND: Uid = Uid(10002);
const STRANGER: Uid = Uid(10003);

/// A PNG of one pixel, up to its header.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x58\0\0\x01\x90\x08\x02\0\0\0\0\0\0\0";

fn server() -> (Server, Origin) {
    let service = Service::new(World::demo(), SystemTime::now().into()).unwrap();
    let server = Server::start(service, "127.0.0.1:0".parse().unwrap()).unwrap();
    let origin = format!("http://{}", server.addr()).parse().unwrap();
    (server, origin)
}

fn credential(uid: u64) -> Credential {
    Credential::new(&format!("sim-{uid}"), &format!("{uid:032}"), Uid(uid)).unwrap()
}

macro_rules! over_both {
    ($($(#[$meta:meta])* fn $name:ident($client:ident: &Adapter, $server:ident: &Server) $body:block)*) => {
        $(
            #[test]
            $(#[$meta])*
            fn $name() {
                fn play($client: &Adapter, $server: &Server) $body

                for index in 0..2 {
                    let (server, origin) = server();
                    play(&Adapter::both(&credential(OWN), &origin).unwrap()[index], &server);
                }
            }
        )*
    };
}

fn session(client: &Adapter, talker: impl Into<Talker>) -> Session {
    client.call(SessionDetail::new(talker)).unwrap()
}

fn listed(client: &Adapter, filter: SessionFilter) -> Vec<Talker> {
    let list = client.call(GetSessions::new(filter)).unwrap();
    list.sessions.iter().map(|session| session.talker).collect()
}

over_both! {
    fn an_ack_lowers_the_unread_count(client: &Adapter, _server: &Server) {
        let before = client.call(SingleUnread::new()).unwrap().follow_unread;
        assert!(before > 0);
        assert_eq!(session(client, FRIEND).unread_count, before);
        client.call(UpdateAck::new(FRIEND)).unwrap();
        assert_eq!(client.call(SingleUnread::new()).unwrap().follow_unread, 0);
        let session = session(client, FRIEND);
        assert_eq!(session.ack_seqno, session.max_seqno);
    }

    fn a_pin_leads_the_list_until_it_is_taken_off(client: &Adapter, _server: &Server) {
        let order = listed(client, SessionFilter::All);
        let last = *order.last().unwrap();
        client.call(SetTop::new(last, true)).unwrap();
        assert_eq!(listed(client, SessionFilter::All).first(), Some(&last));
        assert!(session(client, last).top_ts.is_some());
        client.call(SetTop::new(last, false)).unwrap();
        assert_eq!(listed(client, SessionFilter::All), order);
    }

    fn a_removed_session_is_gone_until_something_comes(client: &Adapter, _server: &Server) {
        client.call(RemoveSession::new(FRIEND)).unwrap();
        assert!(!listed(client, SessionFilter::Users).contains(&FRIEND.into()));
        client.run(client.account().send(FRIEND, Text::new("back").unwrap())).unwrap();
        assert!(listed(client, SessionFilter::Users).contains(&FRIEND.into()));
    }

    fn an_intercepted_user_moves_to_the_dustbin(client: &Adapter, _server: &Server) {
        client.call(UpdateIntercept::new(FRIEND, true)).unwrap();
        assert!(!listed(client, SessionFilter::Users).contains(&FRIEND.into()));
        assert!(listed(client, SessionFilter::Intercepted).contains(&FRIEND.into()));
        let counted = SingleUnread::new().with_type(UnreadType::Dustbin);
        assert!(client.call(counted).unwrap().dustbin_unread > 0);
        client.call(BatchUpdateDustbinAck).unwrap();
        assert_eq!(client.call(counted).unwrap().dustbin_unread, 0);
        client.call(BatchRmDustbin).unwrap();
        assert!(!listed(client, SessionFilter::Intercepted).contains(&FRIEND.into()));
        client.call(UpdateIntercept::new(FRIEND, false)).unwrap();
    }

    fn a_muted_session_stays_and_says_so(client: &Adapter, _server: &Server) {
        let group = *listed(client, SessionFilter::Groups).first().unwrap();
        for talker in [FRIEND.into(), group] {
            for muted in [true, false] {
                client.call(SetMsgDnd::new(talker, muted)).unwrap();
                let dnd = client.call(GetMsgDnd::new(talker)).unwrap();
                assert_eq!(dnd.is_muted(talker), Some(muted), "{talker}");
                assert_eq!(session(client, talker).is_muted, muted, "{talker}");
            }
        }
    }

    fn pushes_are_received_or_not(client: &Adapter, _server: &Server) {
        for receive in [false, true] {
            client.call(SetPushSs::new(FRIEND, receive)).unwrap();
            let settings = client.call(GetSessionSs::new(FRIEND)).unwrap();
            assert_eq!(settings.push_setting, !receive);
            assert_eq!(settings.follow_status, Some(FollowStatus::Mutual));
        }
        let stranger = client.call(GetSessionSs::new(STRANGER)).unwrap();
        assert_eq!(stranger.follow_status, Some(FollowStatus::No));
    }

    fn settings_stay_as_they_were_set(client: &Adapter, _server: &Server) {
        let before = client.call(GetSettings).unwrap();
        let mut change = Settings::default();
        change.msg_notify = Some(3);
        change.is_group_fold = Some(1);
        client.call(SetSettings::new(change)).unwrap();
        let after = client.call(GetSettings).unwrap();
        assert_eq!((after.msg_notify, after.is_group_fold), (Some(3), Some(1)));
        assert_eq!(after.show_unfollowed_msg, before.show_unfollowed_msg);
        assert!(!client.call(IsLimit).unwrap().is_limit);
    }

    fn people_are_told_in_the_order_asked(client: &Adapter, server: &Server) {
        let asked = [STRANGER, Uid(77), FRIEND, STRANGER];
        let told = client.run(client.account().people(asked)).unwrap();
        let uids: Vec<Uid> = told.iter().map(|card| card.uid).collect();
        assert_eq!(uids, [STRANGER, FRIEND, STRANGER]);
        let count = || {
            let now = SystemTime::now().into();
            let requests = server.with(|service| service.snapshot(now)).requests;
            let mut cards = requests.iter().filter(|(path, _)| path.ends_with("cards"));
            cards.next().unwrap().1.requests
        };
        let before = count();
        client.run(client.account().people([FRIEND])).unwrap();
        assert_eq!(count(), before, "who was asked about before is remembered");
    }

    fn an_image_goes_from_bytes_to_the_receiver(client: &Adapter, server: &Server) {
        let flow = client.account().send_image_file(FRIEND, PNG.to_vec()).unwrap();
        let sent = client.run(flow).unwrap();
        let now = SystemTime::now().into();
        let messages = server.with(|service| service.snapshot(now)).messages;
        let arrived = messages.iter().find(|message| message.msg_key.0 == sent.msg_key.0);
        let Content::Image(image) = Content::parse(MsgType::Image, &arrived.unwrap().content) else {
            panic!("{arrived:?}")
        };
        assert!(image.url().starts_with("https://"));
        assert_eq!((image.width, image.height), (Some(600), Some(400)));
        assert_eq!((image.format, image.size), (Some(ImageFormat::Png), Some(1)));
    }

    fn history_comes_back_whole_and_each_message_once(client: &Adapter, server: &Server) {
        for index in 0..130 {
            let text = format!("message {index}");
            let message = bili_im_sim::Message::text(
                FRIEND.0,
                bili_im_sim::Talker::user(OWN),
                &text,
            );
            let now = SystemTime::now().into();
            server.with(|service| service.write(message, now)).unwrap();
        }
        let pages = client.items(client.account().history(History::new(FRIEND).with_page_size(20))).unwrap();
        let seqnos: Vec<Seqno> = pages.iter().flat_map(|page| &page.messages).map(|m| m.seqno).collect();
        assert!(pages.len() > 6);
        assert!(seqnos.len() >= 130);
        assert!(seqnos.is_sorted_by(|newer, older| newer > older));
        let texts = pages.iter().flat_map(|page| &page.messages).map(|m| m.content().summary());
        let texts: BTreeSet<String> = texts.collect();
        assert!((0..130).all(|index| texts.contains(&format!("message {index}"))));
        let half = seqnos.get(seqnos.len() / 2).copied().unwrap();
        let newer = client.items(client.account().history(History::new(FRIEND).with_after(half))).unwrap();
        let newer: usize = newer.iter().map(|page| page.messages.len()).sum();
        assert_eq!(newer, seqnos.len() / 2);
    }

    fn new_sessions_tell_what_changed(client: &Adapter, _server: &Server) {
        let all = client.call(NewSessions::new(UnixMicros(1))).unwrap();
        assert!(all.sessions.iter().any(|session| session.talker == FRIEND.into()));
        let later = UnixMicros::from(SystemTime::now()).seconds().0 + 1000;
        let none = client.call(NewSessions::new(UnixSeconds(later).micros())).unwrap();
        // Older ones may come all the same.
        let later = UnixSeconds(later).micros();
        assert!(none.sessions.iter().all(|session| session.session_ts < Some(later)));
    }

    fn after_logout_the_cookie_is_dead(client: &Adapter, _server: &Server) {
        client.call(Logout).unwrap();
        let error = client.call(SingleUnread::new()).unwrap_err();
        assert_eq!(error.kind(), Some(RefusalKind::NotLoggedIn));
        client.call(Logout).unwrap();
    }
}

#[test]
fn every_endpoint_is_simulated() {
    let now = || bili_im_sim::UnixMicros::from(SystemTime::now());
    let mut service = Service::new(World::demo(), now()).unwrap();
    for endpoint in ENDPOINTS {
        let mut request = http::Request::new(Vec::new());
        *request.method_mut() = endpoint.spec.method();
        *request.uri_mut() = endpoint.spec.path().parse().unwrap();
        let bili_im_sim::Reply::Answer(answer) = service.handle(request, now()) else {
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
    let cookie = own.cookie();
    for uid in 2..=people {
        let own = bili_im_sim::Talker::user(1);
        let message = bili_im_sim::Message::text(uid, own, "hello");
        world.messages.push(message.seconds_ago(uid));
    }
    let service = Service::new(world, SystemTime::now().into()).unwrap();
    let server = Server::start(service, "127.0.0.1:0".parse().unwrap()).unwrap();
    let client = bili_im_ureq::Client::builder(Credential::parse(&cookie).unwrap())
        .endpoint(format!("http://{}", server.addr()).parse().unwrap())
        .build();
    client.call(SetTop::new(Uid(200), true)).unwrap();
    let listed: Vec<Talker> = client
        .sessions()
        .flat_map(Result::unwrap)
        .map(|session| session.talker)
        .collect();
    let unique: BTreeSet<Talker> = listed.iter().copied().collect();
    assert_eq!(listed.len(), unique.len());
    assert_eq!(unique, (2..=people).map(Talker::user).collect());
}

#[test]
fn a_qr_login_goes_from_code_to_credential() {
    let (server, origin) = server();
    let now = || bili_im_sim::UnixMicros::from(SystemTime::now());
    let mut steps = Vec::new();
    let outcome = bili_im_ureq::qr_login(Some(origin.clone()), |step| {
        server.with(|service| match &step {
            LoginStep::Code(url) => {
                assert!(url.expose().starts_with("https://"));
                service.scan_qr(None, OWN, now()).unwrap();
            }
            _ => {
                service.confirm_qr(None, OWN, now()).unwrap();
            }
        });
        steps.push(step);
    });
    assert!(matches!(
        steps[..],
        [LoginStep::Code(_), LoginStep::Scanned]
    ));
    let LoginOutcome::Done(login) = outcome.unwrap() else {
        panic!("expired")
    };
    assert_eq!(login.credential.uid(), Some(Uid(OWN)));
    let days = login.credential.expires().unwrap().0 - now().0 / 1_000_000;
    assert!((179..=181).contains(&(days / 86_400)), "{days} s");
    assert!(login.credential.expose().contains("buvid3="));
    let client = bili_im_ureq::Client::builder(login.credential)
        .endpoint(origin)
        .build();
    assert_eq!(client.profile().unwrap().uid, Uid(OWN));
    client.send_text(FRIEND, "logged in").unwrap();
}
