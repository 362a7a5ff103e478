//! Secrets: text that is used, never shown.

use std::fmt;

/// A password, a key or a token. It has no `Display`, its `Debug` is redacted, and it is not
/// serialisable: the only way to the text is [`Secret::expose`], which reads as what it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
