//! What fails again and again, logged once and not at every try.

use std::fmt::Display;

/// Something that is tried again until it succeeds.
#[derive(Debug)]
pub struct Complaint {
    what: &'static str,
    last: Option<String>,
}

impl Complaint {
    /// `what` is the sentence that is logged.
    pub const fn new(what: &'static str) -> Self {
        Self { what, last: None }
    }

    /// It failed: logged, unless it failed in the same way before.
    pub fn tell(&mut self, error: &dyn Display) {
        if self.is_news(error.to_string()) {
            tracing::warn!(error = self.last, "{}", self.what);
        }
    }

    /// It succeeded: the next failure is news.
    pub fn over(&mut self) {
        self.last = None;
    }

    fn is_news(&mut self, error: String) -> bool {
        let news = self.last.as_ref() != Some(&error);
        self.last = Some(error);
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_news_once_until_it_changes_or_is_over() {
        let mut complaint = Complaint::new("no job could be claimed");
        let mut news = |error: &str| complaint.is_news(error.to_owned());
        assert_eq!(["busy", "busy", "gone", "busy"].map(&mut news), [true, false, true, true]);
        complaint.over();
        assert!(complaint.is_news("busy".to_owned()));
    }
}
