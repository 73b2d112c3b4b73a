//! A file, line by line.

use std::io::{self, BufRead, Read};

use crate::error::ArchiveError;

/// The longest line to read, in bytes.
const LONGEST: u64 = 64 << 20;

/// How many lines are stored in one transaction, and about how many bytes.
const LINES_AT_ONCE: usize = 2000;
const BYTES_AT_ONCE: usize = 4 << 20;

/// A line of a file.
#[derive(Debug)]
pub(super) struct InputLine {
    /// Its number, the first being 1.
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    /// Whether it is longer than any line that is read.
    pub(super) is_too_long: bool,
}

pub(super) struct Input<'a> {
    pub(super) file: &'a mut dyn BufRead,
    number: u64,
}

impl<'a> Input<'a> {
    pub(super) fn new(file: &'a mut dyn BufRead) -> Self {
        Self { file, number: 0 }
    }

    /// Some lines; none at the end.
    pub(super) fn next_lines(&mut self) -> Result<Vec<InputLine>, ArchiveError> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while lines.len() < LINES_AT_ONCE && bytes < BYTES_AT_ONCE {
            let Some(line) = self.next_line()? else { break };
            bytes += line.bytes.len();
            lines.push(line);
        }
        Ok(lines)
    }

    pub(super) fn next_line(&mut self) -> Result<Option<InputLine>, ArchiveError> {
        let mut bytes = Vec::new();
        let read = Read::take(&mut *self.file, LONGEST).read_until(b'\n', &mut bytes);
        if read.map_err(ArchiveError::Input)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let is_too_long = bytes.len() as u64 == LONGEST && !bytes.ends_with(b"\n");
        if is_too_long {
            bytes.clear();
            skip_line(self.file).map_err(ArchiveError::Input)?;
        }
        Ok(Some(InputLine {
            number: self.number,
            bytes,
            is_too_long,
        }))
    }
}

/// Skips the rest of a line.
fn skip_line(file: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let buffer = file.fill_buf()?;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let (length, is_over) = match end {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        file.consume(length);
        if is_over {
            return Ok(());
        }
    }
}
