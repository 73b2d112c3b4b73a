//! Nothing that the libraries print shows a secret, whatever the service does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use std::{
    any::type_name,
    collections::BTreeSet,
    fmt::Debug,
    io::{Read, Write},
    marker::PhantomData,
    net::TcpStream,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bili_im_proto::{
    http::{HeaderValue, Response, header::SET_COOKIE},
    *,
};
use bili_im_tests::{
    Adapter, Authority, Running, Seen, Timeline, Turn,
    answers::{answer, key_urls, with_header},
    marks::{BILI_JCT, Marks, QR_KEY, REFRESH_TOKEN, SESSDATA, SID},
    peer::{Peer, response},
    plain,
};

const OWN: Uid = Uid(5);
const OTHER: Uid = Uid(10002);

fn cookie() -> String {
    let sessdata = plain::encode(SESSDATA);
    format!("SESSDATA={sessdata}; bili_jct={BILI_JCT}; DedeUserID={OWN}; sid={SID}")
}

fn credential() -> Credential {
    Credential::parse(&cookie()).unwrap()
}

fn account() -> Account {
    let hosts = Hosts::single("http://127.0.0.1:1".parse().unwrap());
    let builder = Account::builder(credential(), [7; 24]).hosts(hosts);
    builder.pacing(Pacing::off()).build()
}

/// Looks at all that an outcome says, as `unwrap` and `unwrap_err` would show it.
fn check<T: Debug>(marks: &Marks, place: &str, outcome: &Result<T, Error>) {
    let mut shown = format!("{outcome:?}");
    let mut next = (outcome.as_ref().err()).map(|error| error as &dyn std::error::Error);
    while let Some(error) = next {
        shown += &format!("\n{error}");
        next = error.source();
    }
    marks.check(place, shown);
}

/// What answers a request.
type Service<'a> = &'a mut dyn FnMut(&Seen) -> Input;

type Call = Box<dyn Fn(Service<'_>) -> Result<(), Error>>;

/// Calls an endpoint, and looks at what comes of it.
fn call<E>(endpoint: E) -> Call
where
    E: Endpoint + Clone + Send + Sync + 'static,
    E::Response: Debug + Send,
{
    let name = type_name::<E>().rsplit("::").next().unwrap_or_default();
    Box::new(move |service| {
        let marks = Marks::default();
        let mut running = Running::new(account().call(endpoint.clone()));
        let mut service = service;
        let outcome = running.finish(&mut Timeline::new(1_760_011_200), &mut service);
        check(&marks, name, &outcome);
        marks.check(name, format!("{running:?}"));
        outcome.map(drop)
    })
}

/// A call of any endpoint, with nothing in it but what every call of that endpoint has.
struct Bare<E>(PhantomData<fn() -> E>);

impl<E> Clone for Bare<E> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<E: Endpoint> Endpoint for Bare<E> {
    type Response = E::Response;

    const SPEC: Spec = E::SPEC;

    fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
        Ok(Parts::query(Query::new()))
    }

    fn decode(answer: Answer<'_>) -> Result<E::Response, Error> {
        E::decode(answer)
    }
}

/// Every endpoint; those with something of their own in the request are called with it too.
fn every_call() -> Vec<(&'static str, Call)> {
    macro_rules! bare {
        ($($endpoint:ident,)*) => {
            vec![$((stringify!($endpoint), call(Bare::<$endpoint>(PhantomData)))),*]
        };
    }
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x58\0\0\x01\x90\x08\x02\0\0\0\0\0\0\0";
    let mut calls = for_each_endpoint!(bare);
    calls.extend([
        ("QrPoll", call(QrPoll::new(Secret::new(QR_KEY)))),
        ("Recall", call(Recall::new(OTHER, MsgKey(1)))),
        (
            "SendMsg",
            call(SendMsg::new(OTHER, Text::new("hello").unwrap())),
        ),
        ("UploadBfs", call(UploadBfs::new(png.to_vec()).unwrap())),
    ]);
    calls
}

/// Answers that show something, in every way in which an error could show it again.
fn showing(text: &str) -> Vec<Input> {
    let json = serde_json::Value::from(text);
    let coded = [-1, -101, -352, -400, -403, -500, -799, 0, 86038, 21047].map(|code| {
        let body = format!(r#"{{"code":{code},"message":{json},"msg":{json},"data":{json}}}"#);
        answer(200, body)
    });
    let pages = [200, 302, 400, 401, 412, 429, 502].map(|status| answer(status, text));
    let refusals = [400, 412, 429, 502].map(|status| {
        let body = format!(r#"{{"code":-{status},"message":{json}}}"#);
        answer(status, body)
    });
    let broken = [
        format!(r#"{{"message":{json}}}"#),
        format!(r#"{{"code":0,"message":{json}"#),
        format!(r#"{{"code":0,"data":[{json}]}}"#),
        format!(r#"{{"code":0,"data":{{"v_voucher":{json}}}}}"#),
        format!(r#"{{"code":{json}}}"#),
        format!(r#"[{json}]"#),
        json.to_string(),
    ]
    .map(|body| answer(200, body));
    let all = coded.into_iter().chain(pages).chain(refusals).chain(broken);
    let mut inputs: Vec<Input> = all
        .map(|response| {
            let line: String = text.chars().filter(|c| !c.is_control()).collect();
            let location = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            let mut response = with_header(response, "retry-after", "1");
            response.headers_mut().insert("location", location.clone());
            response.headers_mut().insert(SET_COOKIE, location);
            Input::Response(response)
        })
        .collect();
    inputs.push(Input::Failed(Failure {
        head: Some(Box::new(answer(502, "").into_parts().0)),
        ..Failure::new(Sent::Maybe, "connection reset")
    }));
    inputs
}

/// The keys, of which nothing is shown.
fn nav() -> Response<Vec<u8>> {
    let [img, sub] = key_urls(1);
    let body = format!(
        r#"{{"code":0,"data":{{"isLogin":true,"mid":5,"uname":"n","wbi_img":{{"img_url":"{img}","sub_url":"{sub}"}}}}}}"#
    );
    answer(200, body)
}

#[test]
fn no_error_shows_again_what_an_answer_shows_of_the_request() {
    // As old servers do, whose page on a bad request quotes its headers.
    type Show = fn(&Seen) -> String;
    let shows: [Show; 4] = [
        Seen::bytes,
        |seen| plain::percent_decode(&seen.bytes()).unwrap_or_default(),
        |seen| plain::encode(&seen.bytes()),
        // Cut off in the middle of a cookie.
        |seen| {
            let request = seen.bytes();
            let end = request.find("SESSDATA=").map_or(0, |at| at + 22);
            request.chars().take(end).collect()
        },
    ];
    for (name, call) in every_call() {
        for show in shows {
            for index in 0..showing("").len() {
                // An answer that says yes or no and nothing else can be a success.
                let _any = call(&mut |seen| {
                    if seen.endpoint() == "nav" && name != "Nav" {
                        return Input::Response(nav());
                    }
                    showing(&show(seen)).swap_remove(index)
                });
            }
        }
    }
}

#[test]
fn no_error_shows_the_answer_that_a_login_came_in() {
    let marks = Marks::default();
    let text = format!(
        r#"{{"url":"https://x/?SESSDATA={}&bili_jct={BILI_JCT}","refresh_token":"{REFRESH_TOKEN}","qrcode_key":"{QR_KEY}","sid":"{SID}"}}"#,
        plain::encode(SESSDATA)
    );
    let login = format!(
        r#"{{"code":0,"data":{{"code":0,"url":"https://x/?SESSDATA={0}&bili_jct={BILI_JCT}","refresh_token":"{REFRESH_TOKEN}"}}}}"#,
        plain::encode(SESSDATA)
    );
    let code = format!(
        r#"{{"code":0,"data":{{"url":"https://x/?qrcode_key={QR_KEY}","qrcode_key":"{QR_KEY}"}}}}"#
    );
    // Each of the three steps goes wrong in every way; the last time none does.
    for step in ["generate", "poll", "spi", "none"] {
        for index in 0..showing(&text).len() {
            let context = Context::new(DeviceId::from_random([7; 16]), UnixMicros(1));
            let mut running = Running::new(qr_login(context));
            let mut time = Timeline::new(1_760_011_200);
            let mut service = |seen: &Seen| match seen.endpoint() {
                endpoint if endpoint == step => showing(&text).swap_remove(index),
                "generate" => Input::Response(answer(200, &*code)),
                "poll" => Input::Response(answer(200, &*login)),
                "spi" => Input::Response(answer(200, r#"{"code":0,"data":{}}"#)),
                other => panic!("{other}"),
            };
            while running.turn != Turn::Over {
                running.turn(&mut time, &mut service);
                marks.check("a step", format!("{running:?}"));
            }
            let outcome = running.result.unwrap();
            check(&marks, step, &outcome);
        }
    }
}

#[test]
fn no_type_that_holds_a_secret_shows_it() {
    let marks = Marks::default();
    let hidden =
        |place: &str, value: &dyn Debug| marks.check(place, format!("{value:?}\n{value:#?}"));
    let keys = key_urls(1);
    let keys = SigningKeys::from_urls(&keys[0], &keys[1]).unwrap();
    let context = Context::new(DeviceId::from_random([7; 16]), UnixMicros(1))
        .with_credential(credential())
        .with_keys(keys)
        .with_hosts(Hosts::single("http://127.0.0.1:1".parse().unwrap()));
    hidden("Credential", &credential());
    hidden("Context", &context);
    hidden("Account", &account());
    hidden("AccountBuilder", &Account::builder(credential(), [7; 24]));
    let snapshot = account().snapshot(Now::default());
    hidden("Snapshot", &snapshot);
    marks.check(
        "a stored Snapshot",
        serde_json::to_string(&snapshot).unwrap(),
    );
    hidden("Secret", &Secret::new(QR_KEY));

    let poll = QrPoll::new(Secret::new(QR_KEY));
    hidden("QrPoll", &poll);
    hidden("Parts", &poll.parts(&context));
    hidden("Query", &Query::new().with("qrcode_key", QR_KEY));
    let send = SendMsg::new(OTHER, Text::new("hello").unwrap());
    hidden("SendMsg", &send);
    hidden("Parts", &send.parts(&context));
    hidden("Parts", &Logout.parts(&context));
    for request in [send.request(&context), Logout.request(&context)] {
        let request = request.unwrap();
        hidden("Request", &request);
        hidden("Body", request.body());
        hidden("HeaderMap", request.headers());
    }
    for request in [
        send.request(&context),
        Logout.request(&context),
        poll.request(&context),
    ] {
        let outgoing = Outgoing {
            request: request.unwrap(),
            max_body: 1,
            timeout: Duration::from_secs(1),
            effect: Effect::Once,
        };
        hidden("Outgoing", &outgoing);
        hidden("Step", &Step::<(), ()>::Send(outgoing));
    }

    let body = format!(r#"{{"code":0,"data":{{"code":0,"refresh_token":"{REFRESH_TOKEN}"}}}}"#);
    let set_cookies = || {
        let mut response = answer(200, &*body);
        for cookie in cookie().split("; ") {
            let cookie = HeaderValue::from_str(&format!("{cookie}; Path=/")).unwrap();
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    };
    let failure = || Failure {
        head: Some(Box::new(set_cookies().into_parts().0)),
        ..Failure::new(Sent::Maybe, "connection reset")
    };
    hidden("Failure", &failure());
    hidden("Input", &Input::Failed(failure()));
    hidden("Input", &Input::Response(set_cookies()));
    let state = QrPoll::response(&set_cookies()).unwrap();
    hidden("QrState", &state);
    let QrState::Done(login) = state else {
        panic!("{state:?}")
    };
    assert_eq!(login.refresh_token.expose(), REFRESH_TOKEN);
    assert!(login.credential == credential());
    hidden("Login", &login);
    hidden("LoginOutcome", &LoginOutcome::Done(Box::new(login)));
    hidden("LoginStep", &LoginStep::Code(Secret::new(QR_KEY)));
    let body = format!(r#"{{"code":0,"data":{{"url":"{QR_KEY}","qrcode_key":"{QR_KEY}"}}}}"#);
    hidden("QrCode", &QrGenerate::response(&answer(200, body)).unwrap());

    /// An endpoint of the user's own that shows its answer.
    struct Own;
    impl Endpoint for Own {
        type Response = String;
        const SPEC: Spec = Spec::get(Host::Main, "/own");
        fn parts(&self, _: &Context) -> Result<Parts, Invalid> {
            Ok(Parts::query(Query::new()))
        }
        fn decode(answer: Answer<'_>) -> Result<String, Error> {
            Ok(format!("{answer:?}\n{answer:#?}"))
        }
    }
    marks.check("Answer", Own::response(&set_cookies()).unwrap());

    let origin: Origin = "http://127.0.0.1:1".parse().unwrap();
    hidden(
        "ureq's ClientBuilder",
        &bili_im_ureq::Client::builder(credential()),
    );
    hidden(
        "reqwest's ClientBuilder",
        &bili_im_reqwest::Client::builder(credential()),
    );
    for adapter in Adapter::both(&credential(), &origin).unwrap() {
        hidden("Client", &adapter);
        match adapter {
            Adapter::Ureq(client) => hidden("Items", &client.sessions()),
            Adapter::Reqwest(client, _) => hidden("Items", &client.sessions()),
        }
    }
}

/// What the panic hook is told while something panics, and the panic's own message.
fn panic_of(act: impl FnOnce()) -> String {
    static TOLD: Mutex<String> = Mutex::new(String::new());
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = panic::take_hook();
    panic::set_hook(Box::new(|info| {
        *TOLD.lock().unwrap() += &format!("{info}\n")
    }));
    let caught = panic::catch_unwind(AssertUnwindSafe(act));
    panic::set_hook(before);
    assert!(caught.is_err());
    std::mem::take(&mut *TOLD.lock().unwrap())
}

#[test]
fn no_panic_in_the_middle_of_a_flow_shows_a_secret() {
    let marks = Marks::default();
    let code = format!(
        r#"{{"code":0,"data":{{"url":"https://x/?qrcode_key={QR_KEY}","qrcode_key":"{QR_KEY}"}}}}"#
    );
    let peer = Peer::plain(move |_| response("200 OK", "", &code));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let told = panic_of(|| {
        let shown = bili_im_ureq::qr_login(Some(origin_of(&peer)), |step| panic!("shown {step:?}"));
        drop(shown);
    });
    assert!(told.contains("shown Code(Secret)"), "{told}");
    marks.check("a panic in a callback", told);
    let told = panic_of(|| {
        let login =
            bili_im_reqwest::qr_login(Some(origin_of(&peer)), |step| panic!("shown {step:?}"));
        drop(runtime.block_on(login));
    });
    assert!(told.contains("shown Code(Secret)"), "{told}");
    marks.check("a panic in a callback", told);

    let quoting = Peer::plain(|request| response("400 Bad Request", "", request));
    for adapter in Adapter::both(&credential(), &origin_of(&quoting)).unwrap() {
        let told = panic_of(|| _ = adapter.call(SingleUnread::new()).unwrap());
        assert!(told.contains("Unreadable"), "{told}");
        marks.check("a panic over an error", told);
        let told = panic_of(|| panic!("{adapter:?}"));
        marks.check("a panic that shows the client", told);
    }
}

fn origin_of(peer: &Peer) -> Origin {
    format!("http://{}", peer.address).parse().unwrap()
}

/// The values of a header in a request.
fn header<'a>(request: &'a str, name: &str) -> Vec<&'a str> {
    let head = request.split("\r\n\r\n").next().unwrap();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .filter(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

#[test]
fn no_failed_exchange_shows_a_secret() {
    let marks = Marks::default();
    // What breaks off, is no HTTP, and quotes the request wherever it can.
    let replies: [fn(&str) -> String; 5] = [
        |_| String::new(),
        |request| request.to_owned(),
        |request| format!("HTTP/1.1 {request}"),
        |request| format!("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{request}"),
        |request| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{request}"),
    ];
    for reply in replies {
        let cut = Peer::over(Cut, reply);
        for adapter in Adapter::both(&credential(), &origin_of(&cut)).unwrap() {
            let name = adapter.name();
            let unread = adapter.call(SingleUnread::new());
            assert!(
                matches!(unread, Err(Error::Transport(_))),
                "{name}: {unread:?}"
            );
            check(&marks, name, &unread);
            let poll = adapter.call(QrPoll::new(Secret::new(QR_KEY)));
            assert!(matches!(poll, Err(Error::Transport(_))), "{name}: {poll:?}");
            check(&marks, name, &poll);
        }
    }
    let nobody: Origin = "https://127.0.0.1:1".parse().unwrap();
    for adapter in Adapter::both(&credential(), &nobody).unwrap() {
        check(
            &marks,
            "nobody",
            &adapter.call(QrPoll::new(Secret::new(QR_KEY))),
        );
    }
}

/// A connection that is closed after the first answer.
struct Cut(TcpStream);

impl Read for Cut {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Cut {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.shutdown(std::net::Shutdown::Both)
    }
}

#[test]
fn no_redirect_takes_the_login_elsewhere() {
    let marks = Marks::default();
    let elsewhere = Arc::new(Peer::plain(|_| response("200 OK", "", "{}")));
    for status in ["301 A", "302 B", "303 C", "307 D", "308 E"] {
        let location = format!("Location: http://{}/x\r\n", elsewhere.address);
        let peer = Peer::plain(move |request| response(status, &location, request));
        for adapter in Adapter::both(&credential(), &origin_of(&peer)).unwrap() {
            check(&marks, status, &adapter.call(SingleUnread::new()));
            check(&marks, status, &adapter.call(UpdateAck::new(OTHER)));
        }
        for request in peer.seen() {
            assert_eq!(header(&request, "cookie"), [cookie()]);
        }
    }
    assert_eq!(elsewhere.seen(), [""; 0]);
}

#[test]
fn no_redirect_takes_the_login_out_of_tls() {
    let marks = Marks::default();
    let plain = Peer::plain(|_| response("200 OK", "", "{}"));
    let location = format!("Location: http://{}/x\r\n", plain.address);
    let authority = Authority::new().unwrap();
    let config = Arc::new(authority.vouch_for("localhost").unwrap());
    let secure = move |stream| {
        let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        rustls::StreamOwned::new(connection, stream)
    };
    let peer = Peer::over(secure, move |request| {
        response("302 Found", &location, request)
    });
    let origin: Origin = format!("https://localhost:{}", peer.address.port())
        .parse()
        .unwrap();
    let roots = || [authority.der().to_vec()];
    let ureq = bili_im_ureq::Client::builder(credential()).endpoint(origin.clone());
    let reqwest = bili_im_reqwest::Client::builder(credential()).endpoint(origin);
    for adapter in [
        Adapter::Ureq(ureq.roots(roots()).build()),
        Adapter::reqwest(|| reqwest.roots(roots()).build()).unwrap(),
    ] {
        check(&marks, adapter.name(), &adapter.call(SingleUnread::new()));
        check(&marks, adapter.name(), &adapter.call(UpdateAck::new(OTHER)));
    }
    assert!(peer.seen().len() >= 4, "{:?}", peer.seen());
    assert_eq!(plain.seen(), [""; 0]);
}

#[test]
fn a_client_of_the_real_service_sends_nothing_in_plain_text() {
    let marks = Marks::default();
    let plain = Peer::plain(|_| response("200 OK", "", "{}"));
    assert!("http://im.example".parse::<Origin>().is_err());
    let context = Context::new(DeviceId::from_random([7; 16]), UnixMicros(1))
        .with_credential(credential())
        .with_hosts(Hosts::single(origin_of(&plain)));
    let ureq = bili_im_ureq::Client::builder(credential()).build();
    let reqwest = Adapter::reqwest(|| bili_im_reqwest::Client::builder(credential()).build());
    for adapter in [Adapter::Ureq(ureq), reqwest.unwrap()] {
        let poll = QrPoll::new(Secret::new(QR_KEY)).request(&context).unwrap();
        for request in [SingleUnread::new().request(&context).unwrap(), poll] {
            let failure = adapter.exchange(Outgoing {
                request,
                max_body: 100,
                timeout: Duration::from_secs(20),
                effect: Effect::Read,
            });
            let failure = failure.unwrap_err();
            marks.check(adapter.name(), format!("{failure:?}"));
        }
    }
    assert_eq!(plain.seen(), [""; 0]);
}

#[test]
fn no_cookie_that_an_answer_sets_is_sent_on_or_kept() {
    let peer = Peer::plain(|_| {
        let set = "Set-Cookie: SESSDATA=evil; Path=/\r\nSet-Cookie: more=1; Domain=example.com\r\n";
        response("200 OK", set, r#"{"code":0,"data":{}}"#)
    });
    for adapter in Adapter::both(&credential(), &origin_of(&peer)).unwrap() {
        for _ in 0..2 {
            adapter.call(SingleUnread::new()).unwrap();
        }
        let stored = match &adapter {
            Adapter::Ureq(client) => client.account().credential().clone(),
            Adapter::Reqwest(client, _) => client.account().credential().clone(),
        };
        assert!(stored == credential());
    }
    let cookies: BTreeSet<String> = (peer.seen().iter())
        .map(|request| header(request, "cookie").join(" and "))
        .collect();
    assert_eq!(Vec::from_iter(cookies), [cookie()]);
}

#[test]
fn a_login_takes_no_cookie_of_another_site() {
    let set = |cookies: &[&str]| {
        let mut response = answer(200, r#"{"code":0,"data":{"code":0,"url":""}}"#);
        for cookie in cookies {
            let cookie = HeaderValue::from_str(cookie).unwrap();
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        QrPoll::response(&response)
    };
    for domain in [
        "example.com",
        "evilbilibili.com",
        "bilibili.com.example",
        "com",
        "localhost",
    ] {
        let foreign = format!("SESSDATA=evil; Domain={domain}");
        set(&[&foreign]).unwrap_err();
        for cookies in [
            ["SESSDATA=own; Domain=.bilibili.com", &foreign],
            [&*foreign, "SESSDATA=own; Domain=bilibili.com"],
        ] {
            let QrState::Done(login) = set(&cookies).unwrap() else {
                panic!("{domain}");
            };
            assert_eq!(*login.credential.expose(), "SESSDATA=own", "{domain}");
        }
    }
}
