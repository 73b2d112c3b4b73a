//! What the service does with a request.

use http::Response;

/// What the service does with one request.
#[derive(Debug)]
pub enum Reply {
    /// The service answers.
    Answer(Response<Vec<u8>>),
    /// The connection is closed without an answer.
    BrokenOff,
    /// No answer ever comes, and the connection stays open.
    Stalled,
    /// The headers announce the whole body, but the connection is closed within it.
    CutShort {
        /// The whole answer.
        answer: Response<Vec<u8>>,
        /// How many bytes of its body are sent, always fewer than it has.
        sent: usize,
    },
}

impl Reply {
    /// The answer, if it is sent whole.
    #[must_use]
    pub fn answer(self) -> Option<Response<Vec<u8>>> {
        match self {
            Self::Answer(answer) => Some(answer),
            Self::BrokenOff | Self::Stalled | Self::CutShort { .. } => None,
        }
    }
}
