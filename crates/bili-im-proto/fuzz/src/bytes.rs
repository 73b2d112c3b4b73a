//! Reading choices from bytes. When there are no more, everything is zero.

/// Bytes that are read from the front.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }

    pub(crate) fn bool(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    pub(crate) fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// The bytes up to the next line feed, which is dropped.
    pub(crate) fn line(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| byte == b'\n');
        let line = self.take(end.unwrap_or(self.0.len()));
        self.take(1);
        line
    }

    /// A number: mostly small, at times one of the edges.
    pub(crate) fn number(&mut self) -> u64 {
        match self.byte() {
            byte @ ..240 => u64::from(byte),
            240 => u64::MAX,
            241 => u64::MAX - 1,
            242 => i64::MAX as u64,
            243 => i64::MAX as u64 + 1,
            244 => u64::from(u32::MAX),
            245 => 1 << 53,
            _ => (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte())),
        }
    }
}
