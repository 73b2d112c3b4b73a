//! Protobuf by hand: the other side of the connection.

/// The paths of the service.
pub(super) const AUTH: &str = "/bilibili.broadcast.v1.Broadcast/Auth";
pub(super) const SUBSCRIBE: &str = "/bilibili.broadcast.v1.Broadcast/Subscribe";
pub(super) const HEARTBEAT: &str = "/bilibili.broadcast.v1.Broadcast/Heartbeat";
pub(super) const MESSAGE_ACK: &str = "/bilibili.broadcast.v1.Broadcast/MessageAck";
pub(super) const NOTIFY: &str = "/bilibili.broadcast.message.im.Notify/WatchNotify";

fn varint(mut number: u64) -> Vec<u8> {
    let mut written = Vec::new();
    while number >= 0x80 {
        written.push(number as u8 | 0x80);
        number >>= 7;
    }
    written.push(number as u8);
    written
}

/// A field with a number.
pub(super) fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

/// A field with bytes, a text or a message.
pub(super) fn bytes(field: u64, value: impl AsRef<[u8]>) -> Vec<u8> {
    let value = value.as_ref();
    let length = varint(value.len() as u64);
    [varint(field << 3 | 2), length, value.to_vec()].concat()
}

/// A message of these fields.
pub(super) fn message<const N: usize>(fields: [Vec<u8>; N]) -> Vec<u8> {
    fields.concat()
}

/// A frame of the service.
pub(super) fn frame(path: &str, options: &[u8], body: &[u8]) -> Vec<u8> {
    message([
        bytes(1, options),
        bytes(2, path),
        bytes(
            3,
            message([bytes(1, "type.googleapis.com/x"), bytes(2, body)]),
        ),
    ])
}

/// The answer to a call, with a status.
pub(super) fn answer(path: &str, code: i64) -> Vec<u8> {
    let status = message([number(1, code as u64), bytes(2, "why")]);
    let options = message([number(2, 1), bytes(4, status)]);
    message([bytes(1, options), bytes(2, path)])
}

/// A notification to the account 5 with this payload.
pub(super) fn notification(payload: &[u8]) -> Vec<u8> {
    let body = message([number(1, 5), number(2, 1), bytes(3, payload)]);
    frame(NOTIFY, &number(1, 77), &body)
}

/// The payload that tells of a message of this type from a user.
pub(super) fn told_of(msg_type: u64, user: u64) -> Vec<u8> {
    let info = message([number(1, msg_type), number(2, user), number(3, 1)]);
    bytes(3, info)
}

/// Being kicked out.
pub(super) fn kick() -> Vec<u8> {
    frame(NOTIFY, &[], &message([number(1, 5), number(2, 2)]))
}

/// The fields of a message, each with its number: of a number its value, else its bytes.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(u64, u64, Vec<u8>)>);

impl Fields {
    pub(super) fn read(mut rest: &[u8]) -> Self {
        fn next(rest: &mut &[u8]) -> u64 {
            let mut number = 0;
            for place in 0.. {
                let (first, behind) = rest.split_first().expect("it goes on");
                *rest = behind;
                number |= u64::from(first & 0x7f) << (7 * place);
                if first & 0x80 == 0 {
                    break;
                }
            }
            number
        }
        let mut fields = Self::default();
        while !rest.is_empty() {
            let key = next(&mut rest);
            let value = next(&mut rest);
            let bytes = match key & 7 {
                0 => &[],
                2 => {
                    let (bytes, behind) = rest.split_at(value as usize);
                    rest = behind;
                    bytes
                }
                other => panic!("wire type {other}"),
            };
            fields.0.push((key >> 3, value, bytes.to_vec()));
        }
        fields
    }

    pub(super) fn number(&self, field: u64) -> Option<u64> {
        Some(self.0.iter().find(|(other, ..)| *other == field)?.1)
    }

    pub(super) fn bytes(&self, field: u64) -> Vec<u8> {
        let found = self.0.iter().find(|(other, ..)| *other == field);
        found.map(|(.., bytes)| bytes.clone()).unwrap_or_default()
    }

    pub(super) fn text(&self, field: u64) -> String {
        String::from_utf8(self.bytes(field)).expect("it is a text")
    }

    pub(super) fn message(&self, field: u64) -> Self {
        Self::read(&self.bytes(field))
    }
}
