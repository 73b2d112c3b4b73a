//! What is wrong with a world.

/// A problem with a world, a message or an act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The text is not JSON, or has the wrong fields.
    #[error("not a world: {0}")]
    Json(#[from] serde_json::Error),
    /// A value is invalid, or names something that does not exist.
    #[error("{place}: {problem}")]
    Invalid {
        /// The path of the value in the JSON: `accounts[2].uid`.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl WorldError {
    pub(crate) fn invalid(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid {
            place: place.into(),
            problem: problem.into(),
        }
    }

    /// The same problem, in a part of a larger value.
    pub(crate) fn within(self, whole: &str) -> Self {
        match self {
            Self::Invalid { place, problem } => Self::invalid(format!("{whole}.{place}"), problem),
            other => other,
        }
    }
}
