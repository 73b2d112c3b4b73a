//! The simulated service's reader of requests.

use bili_im_sim::{Reply, Service, UnixMicros, World};
use http::{HeaderName, HeaderValue, Method, Request};

/// Far from the daily change of keys.
const NOON: UnixMicros = UnixMicros(1_760_011_200_000_000);

/// Requests one after the other to the same service, with a zero byte between. The first line is
/// `METHOD path`. Lines up to an empty one are headers, `creator` for its cookie. The rest is
/// the body.
pub fn simulator(data: &[u8]) {
    let world = World::demo();
    let cookie = world.accounts.first().map(bili_im_sim::Account::cookie);
    let mut service = Service::new(world, NOON).expect("the demo's world is in order");
    let mut now = NOON;
    for request in data.split(|byte| *byte == 0).take(8) {
        let Some(request) = read(request, cookie.as_deref().unwrap_or_default()) else {
            continue;
        };
        now = UnixMicros(now.0 + 1_000_000);
        if let Reply::Answer(answer) = service.handle(request, now) {
            assert!(answer.headers().contains_key("date"));
            if answer
                .headers()
                .get("content-type")
                .is_some_and(|is| is == "application/json")
            {
                serde_json::from_slice::<serde_json::Value>(answer.body()).expect("it is JSON");
            }
        }
    }
    let _ = service.snapshot(now);
}

fn read(data: &[u8], cookie: &str) -> Option<Request<Vec<u8>>> {
    let place = data.windows(2).position(|two| two == b"\n\n");
    let (head, body) = match place {
        Some(place) => (&data[..place], &data[place + 2..]),
        None => (data, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|byte| *byte == b' ')?;
    let mut request = Request::new(body.to_vec());
    *request.method_mut() = Method::from_bytes(&first[..space]).ok()?;
    *request.uri_mut() = std::str::from_utf8(&first[space + 1..])
        .ok()?
        .parse()
        .ok()?;
    for line in lines {
        let (name, value) = if line == b"creator" {
            (&b"cookie"[..], cookie.as_bytes())
        } else {
            let colon = line.iter().position(|byte| *byte == b':')?;
            (&line[..colon], line[colon + 1..].trim_ascii())
        };
        let name = HeaderName::from_bytes(name).ok()?;
        request
            .headers_mut()
            .append(name, HeaderValue::from_bytes(value).ok()?);
    }
    Some(request)
}
