//! Protobuf, as far as push needs it: numbers, and fields with a length.

/// Writes one message. Fields come in the order of the calls.
#[derive(Debug, Default)]
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
            bytes => self.message(field, Self(bytes.to_vec())),
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
    pub(crate) fn message(mut self, field: u32, Self(bytes): Self) -> Self {
        varint(&mut self.0, (u64::from(field) << 3) | 2);
        varint(&mut self.0, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.0.extend(bytes);
        self
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or_default());
}

/// The fields of one message: each with its number, and its number or length and bytes.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a>(Vec<(u64, u64, &'a [u8])>);

impl<'a> Fields<'a> {
    /// Reads a message; `None` when it is malformed.
    pub(crate) fn read(mut rest: &'a [u8]) -> Option<Self> {
        let mut fields = Vec::new();
        while !rest.is_empty() {
            let tag = take_varint(&mut rest)?;
            let number = take_varint(&mut rest)?;
            let mut bytes = &[][..];
            match tag & 7 {
                _ if tag < 8 => return None,
                0 => {}
                2 => (bytes, rest) = rest.split_at_checked(usize::try_from(number).ok()?)?,
                // Push has no fields of four or eight bytes.
                _ => return None,
            }
            fields.push((tag >> 3, number, bytes));
        }
        Some(Self(fields))
    }

    /// The last number of a field; 0 without one.
    pub(crate) fn number(&self, wanted: u64) -> u64 {
        let mut fields = self.0.iter().rev();
        let last = fields.find(|(field, ..)| *field == wanted);
        last.map_or(0, |(_, number, _)| *number)
    }

    /// All bytes, texts and messages of a field, in order.
    pub(crate) fn all(&self, wanted: u64) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        let fields = self.0.iter().filter(move |(field, ..)| *field == wanted);
        fields.map(|(.., bytes)| *bytes)
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

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        let bits = u64::from(byte & 0x7f);
        if (bits << shift) >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if *byte < 0x80 {
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
        let new = Writer::default;
        for (message, expected) in [
            (new().number(1, 150), &[8, 0x96, 1][..]),
            (new().bytes(2, "testing"), b"\x12\x07testing"),
            (
                new().message(3, new().number(1, 150)),
                &[0x1a, 3, 8, 0x96, 1],
            ),
            (
                new().numbers(6, [3, 270, 86942]),
                &[0x32, 6, 3, 0x8e, 2, 0x9e, 0xa7, 5],
            ),
        ] {
            assert_eq!(message.finish(), expected);
        }
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
            let written = Writer::default().number(field, number).bytes(field + 1, &bytes).finish();
            let fields = Fields::read(&written).unwrap();
            prop_assert_eq!(fields.number(field.into()), number);
            prop_assert_eq!(fields.bytes(u64::from(field) + 1), bytes);
        }
    }
}
