//! The `Debug` of everything that holds a secret.

use std::{fmt::Debug, time::Duration};

use bili_im_proto::{
    http::{HeaderValue, Response, header::SET_COOKIE},
    *,
};
use bili_im_tests::{
    Adapter,
    answers::{answer, key_urls},
    marks::{Marks, QR_KEY, REFRESH_TOKEN},
};

use crate::{OTHER, account, cookie, credential};

/// Sees to it that a value shows no secret.
fn hidden(place: &str, value: &dyn Debug) {
    Marks::default().check(place, format!("{value:?}\n{value:#?}"));
}

fn context() -> Context {
    let keys = key_urls(1);
    let keys = SigningKeys::from_urls(&keys[0], &keys[1]).unwrap();
    Context::new(DeviceId::from_random([7; 16]), UnixMicros(1))
        .with_credential(credential())
        .with_keys(keys)
        .with_hosts(Hosts::single("http://127.0.0.1:1".parse().unwrap()))
}

/// The answer that a login comes in.
fn login_answer() -> Response<Vec<u8>> {
    let body = format!(r#"{{"code":0,"data":{{"code":0,"refresh_token":"{REFRESH_TOKEN}"}}}}"#);
    let mut response = answer(200, body);
    for cookie in cookie().split("; ") {
        let cookie = HeaderValue::from_str(&format!("{cookie}; Path=/")).unwrap();
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[test]
fn no_account_shows_its_login() {
    hidden("Credential", &credential());
    hidden("Context", &context());
    hidden("Account", &account());
    hidden("AccountBuilder", &Account::builder(credential(), [7; 24]));
    let snapshot = account().snapshot(Now::default());
    hidden("Snapshot", &snapshot);
    Marks::default().check(
        "a stored Snapshot",
        serde_json::to_string(&snapshot).unwrap(),
    );
    hidden("Secret", &Secret::new(QR_KEY));
}

#[test]
fn no_request_shows_a_secret() {
    let context = context();
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
}

#[test]
fn no_push_session_shows_a_secret() {
    let mut session = account().push_session();
    hidden("PushSession", &session);
    let step = session.resume(Now::default(), PushInput::Begin);
    hidden("PushStep", &step);
    let PushStep::Connect(request) = step else {
        panic!("{step:?}")
    };
    hidden("Request", &request);
    let quoted = || PushInput::Closed(format!("refused: {}", cookie()));
    hidden("PushStep", &session.resume(Now::default(), quoted()));
    hidden("PushInput", &PushInput::Frame(cookie().as_bytes()));
    hidden("PushSession", &session);
}

#[test]
fn no_answer_shows_a_login() {
    let failure = || Failure {
        head: Some(Box::new(login_answer().into_parts().0)),
        ..Failure::new(Sent::Maybe, "connection reset")
    };
    hidden("Failure", &failure());
    hidden("Input", &Input::Failed(failure()));
    hidden("Input", &Input::Response(login_answer()));
    let state = QrPoll::response(&login_answer()).unwrap();
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
}

#[test]
fn no_answer_shows_itself_to_an_endpoint_of_the_users_own() {
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
    Marks::default().check("Answer", Own::response(&login_answer()).unwrap());
}

#[test]
fn no_client_shows_its_login() {
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
