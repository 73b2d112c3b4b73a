//! Words for people, in English and in Chinese.

use std::fmt::{self, Display};

/// The same words in English and in Chinese. `Display` shows those in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    english: String,
    chinese: String,
}

impl Words {
    pub(crate) fn new(english: String, chinese: String) -> Self {
        Self { english, chinese }
    }

    /// The words in Chinese.
    pub fn chinese(&self) -> &str {
        &self.chinese
    }
}

impl Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

/// Words, each as `format!` has them: English ones, then Chinese ones.
macro_rules! words {
    ($english:literal, $chinese:literal $(,)?) => {
        $crate::words::Words::new(format!($english), format!($chinese))
    };
}

pub(crate) use words;

#[cfg(test)]
pub(crate) fn has_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}
