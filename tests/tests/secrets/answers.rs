//! Answers that quote the request or carry a login.

use std::{any::type_name, fmt::Debug, marker::PhantomData};

use bili_im_proto::{
    http::{HeaderValue, Response, header::SET_COOKIE},
    *,
};
use bili_im_tests::{
    Running, Seen, Timeline, Turn,
    answers::{answer, key_urls, with_header},
    marks::{BILI_JCT, Marks, QR_KEY, REFRESH_TOKEN, SESSDATA, SID},
    plain,
};

use crate::{OTHER, account, check};

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

/// A call of any endpoint, without fields of its own.
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

/// Answers that contain a text wherever an error could repeat it.
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
fn no_error_shows_a_request_that_an_answer_quotes() {
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
                // An endpoint that reads only success or failure may succeed.
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
        let none = set(&[&foreign]).unwrap();
        assert!(matches!(none, QrState::Ticket { .. }), "{domain}");
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
