//! What becomes of a request.

use http::Response;

/// What the service does with one request.
#[derive(Debug)]
pub enum Reply {
    /// It answers.
    Answer(Response<Vec<u8>>),
    /// The connection is closed without an answer.
    BrokenOff,
    /// No answer ever comes, and the connection stays open.
    Stalled,
    /// The answer is announced in full, but the connection is closed before its body is complete.
    CutShort {
        /// The answer as it was meant.
        answer: Response<Vec<u8>>,
        /// How many bytes of its body are sent: fewer than it has.
        sent: usize,
    },
}

impl Reply {
    /// The answer, when there is a whole one.
    #[must_use]
    pub fn answer(self) -> Option<Response<Vec<u8>>> {
        match self {
            Self::Answer(answer) => Some(answer),
            Self::BrokenOff | Self::Stalled | Self::CutShort { .. } => None,
        }
    }
}
