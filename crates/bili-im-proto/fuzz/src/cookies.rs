//! Logins, from what people paste and from what the service sets.

use bili_im_proto::{
    Context, Credential, DeviceId, Endpoint, QrPoll, QrState, SingleUnread, UnixMicros,
    http::{HeaderValue, Response, header},
};

use crate::check_error;

/// Text from a clipboard.
pub fn cookies(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Credential::parse(text) {
        Ok(credential) => check(&credential),
        Err(error) => check_error(&error),
    }
}

/// Lines are `Set-Cookie` headers up to an empty one; the rest is the body.
pub fn qr_poll(data: &[u8]) {
    let place = data.windows(2).position(|two| two == b"\n\n");
    let (head, body) = match place {
        Some(place) => (&data[..place], &data[place + 2..]),
        None => (&[][..], data),
    };
    let mut response = Response::new(body);
    for line in head.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    let date = HeaderValue::from_static("Thu, 09 Oct 2025 12:00:01 GMT");
    response.headers_mut().insert(header::DATE, date);
    match QrPoll::response(&response) {
        Ok(QrState::Done(login)) => check(&login.credential),
        Ok(_) => {}
        Err(error) => check_error(&error),
    }
}

/// A login goes out as one header and is the same when it is read back.
fn check(credential: &Credential) {
    let exposed = credential.expose();
    let again = Credential::parse(&exposed).expect("what was written is read");
    assert!(again == *credential);
    assert_eq!(again.uid(), credential.uid());
    let context = Context::new(DeviceId::from_random([7; 16]), UnixMicros(1))
        .with_credential(credential.clone());
    let request = SingleUnread::new()
        .request(&context)
        .expect("it fits into a request");
    let sent: Vec<_> = request.headers().get_all(header::COOKIE).iter().collect();
    let [sent] = sent[..] else {
        panic!("there is one header");
    };
    assert_eq!(sent.as_bytes(), exposed.as_bytes());
    assert!(sent.is_sensitive());
}
