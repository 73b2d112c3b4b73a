//! Protobuf, as far as push needs it: numbers, and fields with a length.

/// The most bytes of a number.
const LONGEST_NUMBER: usize = 10;

/// Writes one message. Fields come in the order of the calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// A number; left out when it is 0.
    pub(crate) fn number(mut self, field: u32, number: u64) -> Self {
        if number != 0 {
            varint(&mut self.0, u64::from(field) << 3);
            varint(&mut self.0, number);
        }
        self
    }

    /// Bytes or a text; left out when empty.
    pub(crate) fn bytes(self, field: u32, bytes: impl AsRef<[u8]>) -> Self {
        match bytes.as_ref() {
            [] => self,
            bytes => self.with_length(field, bytes),
        }
    }

    /// Numbers in one field; left out when there are none.
    pub(crate) fn numbers(self, field: u32, numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut packed = Vec::new();
        for number in numbers {
            varint(&mut packed, number);
        }
        self.bytes(field, packed)
    }

    /// A message, even when it is empty.
    pub(crate) fn message(self, field: u32, message: Self) -> Self {
        self.with_length(field, &message.0)
    }

    /// The bytes of the message.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn with_length(mut self, field: u32, bytes: &[u8]) -> Self {
        varint(&mut self.0, (u64::from(field) << 3) | 2);
        varint(&mut self.0, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.0.extend_from_slice(bytes);
        self
    }
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or_default());
}

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A field of four or eight bytes, which push does not have.
    Fixed,
}

/// The fields of one message.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a>(Vec<(u64, Value<'a>)>);

impl<'a> Fields<'a> {
    /// Reads a message; `None` when it is malformed.
    pub(crate) fn read(mut rest: &'a [u8]) -> Option<Self> {
        let mut fields = Vec::new();
        while !rest.is_empty() {
            let tag = take_varint(&mut rest)?;
            let value = match tag & 7 {
                0 => Value::Number(take_varint(&mut rest)?),
                1 => take(&mut rest, 8).map(|_| Value::Fixed)?,
                2 => {
                    let length = usize::try_from(take_varint(&mut rest)?).ok()?;
                    Value::Bytes(take(&mut rest, length)?)
                }
                5 => take(&mut rest, 4).map(|_| Value::Fixed)?,
                _ => return None,
            };
            let field = tag >> 3;
            if field == 0 {
                return None;
            }
            fields.push((field, value));
        }
        Some(Self(fields))
    }

    /// The last number of a field; 0 without one.
    pub(crate) fn number(&self, wanted: u64) -> u64 {
        let numbers = self.0.iter().rev().filter(|(field, _)| *field == wanted);
        let mut numbers = numbers.filter_map(|(_, value)| match value {
            Value::Number(number) => Some(*number),
            Value::Bytes(_) | Value::Fixed => None,
        });
        numbers.next().unwrap_or_default()
    }

    /// All bytes, texts and messages of a field, in order.
    pub(crate) fn all(&self, wanted: u64) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        let fields = self.0.iter().filter(move |(field, _)| *field == wanted);
        fields.filter_map(|(_, value)| match value {
            Value::Bytes(bytes) => Some(*bytes),
            Value::Number(_) | Value::Fixed => None,
        })
    }

    /// The last bytes of a field; empty without any.
    pub(crate) fn bytes(&self, wanted: u64) -> &'a [u8] {
        self.all(wanted).next_back().unwrap_or_default()
    }

    /// The last text of a field; `None` when it is not UTF-8.
    pub(crate) fn text(&self, wanted: u64) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(wanted)).ok()
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for at in 0..LONGEST_NUMBER {
        let byte = *take(rest, 1)?.first()?;
        let bits = u64::from(byte & 0x7f);
        let shifted = bits << (7 * at);
        if shifted >> (7 * at) != bits {
            return None;
        }
        number |= shifted;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_message_has_the_bytes_of_the_documentation_of_protobuf() {
        assert_eq!(Writer::default().number(1, 150).finish(), [8, 0x96, 1]);
        let text = Writer::default().bytes(2, "testing").finish();
        assert_eq!(text, *b"\x12\x07testing");
        let inner = Writer::default().number(1, 150);
        let outer = Writer::default().message(3, inner).finish();
        assert_eq!(outer, [0x1a, 3, 8, 0x96, 1]);
        let packed = Writer::default().numbers(6, [3, 270, 86942]).finish();
        assert_eq!(packed, [0x32, 6, 3, 0x8e, 2, 0x9e, 0xa7, 5]);
    }

    #[test]
    fn a_malformed_message_is_refused() {
        for wrong in [
            &[0xff; 11][..],
            &[8],
            &[0x12, 5, 1],
            &[0, 1],
            &[0x0b],
            &[0x0d, 1, 2],
            &[8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        ] {
            assert!(Fields::read(wrong).is_none(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(number: u64, bytes: Vec<u8>, field in 1_u32..1000) {
            let written = Writer::default().number(field, number).bytes(field, &bytes).finish();
            let fields = Fields::read(&written).unwrap();
            prop_assert_eq!(fields.number(field.into()), number);
            prop_assert_eq!(fields.bytes(field.into()), bytes);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _read = Fields::read(&bytes);
        }
    }
}
