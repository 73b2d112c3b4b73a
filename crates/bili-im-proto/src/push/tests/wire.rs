//! Protobuf by hand: the other side of the connection.

use prost::{decode_length_delimiter, encode_length_delimiter};

/// The paths of the service.
pub(super) const AUTH: &str = "/bilibili.broadcast.v1.Broadcast/Auth";
pub(super) const SUBSCRIBE: &str = "/bilibili.broadcast.v1.Broadcast/Subscribe";
pub(super) const HEARTBEAT: &str = "/bilibili.broadcast.v1.Broadcast/Heartbeat";
pub(super) const MESSAGE_ACK: &str = "/bilibili.broadcast.v1.Broadcast/MessageAck";
pub(super) const NOTIFY: &str = "/bilibili.broadcast.message.im.Notify/WatchNotify";

/// A field with a number.
pub(super) fn number(field: u64, value: u64) -> Vec<u8> {
    let mut written = Vec::new();
    for number in [field << 3, value] {
        encode_length_delimiter(number as usize, &mut written).unwrap();
    }
    written
}

/// A field with bytes, a text or a message.
pub(super) fn bytes(field: u64, value: impl AsRef<[u8]>) -> Vec<u8> {
    let value = value.as_ref();
    let mut written = number(field, value.len() as u64);
    // The type is in the last bits of the first byte.
    written[0] |= 2;
    written.extend(value);
    written
}

/// A frame of the service.
pub(super) fn frame(path: &str, options: &[u8], body: &[u8]) -> Vec<u8> {
    let body = [bytes(1, "type.googleapis.com/x"), bytes(2, body)].concat();
    [bytes(1, options), bytes(2, path), bytes(3, body)].concat()
}

/// The answer to a call, with a status.
pub(super) fn answer(path: &str, code: i64) -> Vec<u8> {
    let status = [number(1, code as u64), bytes(2, "why")].concat();
    let options = [number(2, 1), bytes(4, status)].concat();
    [bytes(1, options), bytes(2, path)].concat()
}

/// The body of a notification to the account 5 with this payload.
pub(super) fn body(payload: impl AsRef<[u8]>) -> Vec<u8> {
    [number(1, 5), number(2, 1), bytes(3, payload)].concat()
}

pub(super) fn notification(payload: &[u8]) -> Vec<u8> {
    frame(NOTIFY, &number(1, 77), &body(payload))
}

/// The payload that tells of a message of this type from a user.
pub(super) fn told_of(msg_type: u64, user: u64) -> Vec<u8> {
    bytes(
        3,
        [number(1, msg_type), number(2, user), number(3, 1)].concat(),
    )
}

/// Being kicked out.
pub(super) fn kick() -> Vec<u8> {
    frame(NOTIFY, &[], &[number(1, 5), number(2, 2)].concat())
}

/// The fields of a message, each with its number: of a number its value, else its bytes.
pub(super) struct Fields(Vec<(usize, usize, Vec<u8>)>);

impl Fields {
    pub(super) fn read(mut rest: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !rest.is_empty() {
            let [key, value] = [(); 2].map(|()| decode_length_delimiter(&mut rest).unwrap());
            let (bytes, behind) = match key & 7 {
                0 => rest.split_at(0),
                2 => rest.split_at(value),
                other => panic!("wire type {other}"),
            };
            rest = behind;
            fields.push((key >> 3, value, bytes.to_vec()));
        }
        Self(fields)
    }

    fn field(&self, field: usize) -> (usize, &[u8]) {
        let found = self.0.iter().find(|(other, ..)| *other == field);
        found.map_or((0, &[]), |(_, value, bytes)| (*value, bytes))
    }

    pub(super) fn number(&self, field: usize) -> usize {
        self.field(field).0
    }

    pub(super) fn text(&self, field: usize) -> &str {
        str::from_utf8(self.field(field).1).unwrap()
    }

    pub(super) fn message(&self, field: usize) -> Self {
        Self::read(self.field(field).1)
    }

    /// The request in a frame, which is a call with this path, number and type.
    pub(super) fn request(&self, path: &str, sequence: usize, name: &str) -> Self {
        assert_eq!(self.text(2), path);
        assert_eq!(self.message(1).number(2), sequence);
        let body = self.message(3);
        let name = format!("type.googleapis.com/bilibili.broadcast.v1.{name}");
        assert_eq!(body.text(1), name);
        body.message(2)
    }
}
