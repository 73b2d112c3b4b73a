//! Faults of the service, drawn by chance.

use bili_im_sim::faults::{Kind, PageBody, Rule, VoucherPlace, When};
use fastrand::Rng;

/// An end of a request that does not show whether it took effect.
fn unclear_end(rng: &mut Rng) -> Kind {
    match rng.u8(0..9) {
        0..2 => Kind::BreakOff,
        2 => Kind::Stall,
        3 => Kind::Html,
        4 => Kind::Empty,
        5 => http(*rng.choice(&[500, 502, 504]).unwrap_or(&500)),
        _ => code(*rng.choice(&[-500, -503, -504, -8888]).unwrap_or(&-500)),
    }
}

pub(super) fn draw_fault(rng: &mut Rng) -> Rule {
    const NAMES: [&str; 8] = [
        "send_msg",
        "send_msg",
        "fetch_session_msgs",
        "fetch_session_msgs",
        "new_sessions",
        "get_sessions",
        "nav",
        "any",
    ];
    let what = *rng.choice(&NAMES).unwrap_or(&"any");
    let when = match rng.u8(0..8) {
        0..4 => When::Once,
        4 => When::Nth(rng.u64(2..6)),
        5 => When::First(rng.u64(1..5)),
        _ => When::Chance(f64::from(rng.u8(1..60)) / 100.0),
    };
    match rng.u8(0..20) {
        0..10 => {
            let rule = Rule::new(what, when, unclear_end(rng));
            if rng.bool() {
                rule.after_effect()
            } else {
                rule
            }
        }
        10..12 => {
            let bytes = rng.usize(0..200);
            Rule::new(what, when, Kind::CutShort { bytes }).after_effect()
        }
        12..14 => {
            let kind = Kind::Http {
                status: 429,
                body: PageBody::Json,
                retry_after: rng.bool().then(|| rng.u64(1..90)),
            };
            Rule::new(what, When::Once, kind)
        }
        14 => Rule::new(
            what,
            When::Once,
            code(*rng.choice(&[-799, -509]).unwrap_or(&-799)),
        ),
        15..18 => Rule::new(what, when, draw_refusal(rng, what == "send_msg")),
        18 => Rule::new(
            what,
            When::Once,
            code(*rng.choice(&[-101, -352, -412]).unwrap_or(&-101)),
        ),
        _ => {
            let places = [VoucherPlace::Body, VoucherPlace::Code, VoucherPlace::Header];
            let place = *rng.choice(&places).unwrap_or(&VoucherPlace::Body);
            Rule::new(what, When::Once, Kind::Voucher(place))
        }
    }
}

/// The paths of the frames of a push connection that can suffer a fault.
pub(crate) const PUSH_FRAMES: [&str; 4] = ["Auth", "Subscribe", "Heartbeat", "WatchNotify"];

/// A fault of the push connection.
pub(super) fn draw_push_fault(rng: &mut Rng) -> Rule {
    let when = match rng.u8(0..4) {
        0 => When::Once,
        1 => When::First(rng.u64(1..5)),
        2 => When::Always,
        _ => When::Chance(f64::from(rng.u8(1..90)) / 100.0),
    };
    if rng.u8(0..6) == 0 {
        let kind = match rng.u8(0..3) {
            0 => Kind::Stall,
            1 => http(*rng.choice(&[401, 403, 503]).unwrap_or(&403)),
            _ => Kind::BreakOff,
        };
        return Rule::new("sub", when, kind);
    }
    // Most often a notification suffers.
    let what = PUSH_FRAMES.get(rng.usize(0..8)).unwrap_or(&"WatchNotify");
    let kind = match rng.u8(0..16) {
        0..4 => Kind::Stall,
        4 => Kind::BreakOff,
        5 => Kind::Close,
        6 => Kind::Garbage,
        7 => Kind::Giant { bytes: 1 << 20 },
        8 | 9 => Kind::Twice,
        10 | 11 => Kind::Late {
            seconds: rng.u32(1..300),
        },
        12 => Kind::KickOut,
        13 if *what == "WatchNotify" => Kind::OtherUid,
        14 if *what == "WatchNotify" => Kind::Forged,
        13 | 14 => code(-500),
        _ => {
            let bytes = rng.usize(0..40);
            return Rule::new(*what, when, Kind::CutShort { bytes }).after_effect();
        }
    };
    Rule::new(*what, when, kind)
}

fn draw_refusal(rng: &mut Rng, of_a_send: bool) -> Kind {
    let codes = [-400, -403, -404, 21047, 25003, -102];
    let codes = if of_a_send { &codes[..] } else { &codes[..3] };
    code(*rng.choice(codes).unwrap_or(&-400))
}

fn http(status: u16) -> Kind {
    Kind::Http {
        status,
        body: PageBody::Html,
        retry_after: None,
    }
}

fn code(code: i32) -> Kind {
    Kind::Code {
        code,
        message: None,
    }
}
