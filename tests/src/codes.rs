//! The codes of docs/protocol.md §3.

use bili_im_proto::RefusalKind::{self, *};

/// Codes that refuse a send for certain, by the kind that they are reported as.
pub const CODES: [(RefusalKind, &[i32]); 24] = [
    (NotLoggedIn, &[-101, -6, -401]),
    (Csrf, &[-111]),
    (BadRequest, &[-400, 2, 4_100_001]),
    (Forbidden, &[-403, -106, 700_009]),
    (NotFound, &[-404]),
    (RiskControl, &[-352, -412]),
    (RateLimited, &[-509, -799, 21020, 21046]),
    (Service, &[-3, -112]),
    (AccountBanned, &[-102]),
    (PhoneRequired, &[-108, -110, -114, 21015]),
    (RealNameRequired, &[-113, -115]),
    (NoSuchMessage, &[10005]),
    (TooLong, &[21007]),
    (TooLarge, &[-413]),
    (ToSelf, &[21026]),
    (Unavailable, &[21028, 21035]),
    (BadImage, &[21037]),
    (RecallExpired, &[21041]),
    (AlreadyRecalled, &[21042]),
    (StrangerLimit, &[21047]),
    (RefusedByReceiver, &[25003]),
    (Blocked, &[25005]),
    (GroupGone, &[700_013, 700_014]),
    (NoSuchSession, &[1_000_004]),
];

/// Codes without a meaning of their own.
pub const OTHER_CODES: [i32; 4] = [1, -1, 31_415, i32::MIN];

/// The kind that a code is reported as.
pub fn kind_of(code: i64) -> RefusalKind {
    let known = (CODES.iter()).find(|(_, codes)| codes.iter().any(|&own| i64::from(own) == code));
    known.map_or(Other, |(kind, _)| *kind)
}
