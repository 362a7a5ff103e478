//! Runs whose mails leave by the clocks of those who get them.
//!
//! Each mail is due when clocks where its contact lives show one and the same time. Who lives where
//! is looked up once, when the ledger is written: a contact who moves meanwhile keeps their place in
//! it, so nobody is left out and nobody gets it twice.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::NaiveDateTime;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::core::kernel::Timestamp;
use crate::core::kernel::wall;

/// What the reply of a mail begins with that was given up because nobody was there in time.
pub(super) const MISSED: &str = "missed: ";
/// How late a mail leaves that nobody was there to send in time, when nothing is said of that.
const GRACE: Duration = Duration::from_hours(1);
/// The machine slept when the clock went on for so much longer than the program did.
const SLEPT: Duration = Duration::from_mins(5);

/// When each mail of a run is due: at the same time on different clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalTime {
    /// What clocks show where the contact lives.
    pub at: NaiveDateTime,
    /// Whose clocks count for a contact whose zone is not known.
    pub zone: Tz,
    /// No mail is due before, though clocks somewhere had shown the time already.
    pub not_before: Timestamp,
    /// How late a mail may leave that nobody was there to send in time; an hour when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

/// Deliveries that wait for their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub count: u64,
    /// When the first and the last of them are due.
    pub next_at: Timestamp,
    pub last_at: Timestamp,
}

impl LocalTime {
    /// When mails are due where clocks are those of `timezone`, a name of the IANA database.
    pub(super) fn due(&self, timezone: Option<&str>) -> Timestamp {
        let zone = timezone.and_then(|zone| zone.parse().ok()).unwrap_or(self.zone);
        wall::instant(self.at, zone).max(self.not_before)
    }

    /// Whether a mail that was due at `due` is too late for a worker that is there since `since`.
    /// One that is there in time, and has a lot to do, is never too late.
    pub(super) fn is_missed(&self, due: Timestamp, since: Timestamp) -> bool {
        since > due && since > self.not_after.unwrap_or_else(|| due.plus(GRACE))
    }
}

/// Since when a worker is there without a break; the same for all who share it.
#[derive(Clone, Debug)]
pub struct Presence(Arc<Mutex<Seen>>);

#[derive(Debug)]
struct Seen {
    since: Timestamp,
    /// The clock when it was last looked at, and the program's own time then.
    last: Timestamp,
    looked: Instant,
}

impl Presence {
    /// A worker that comes at `now`.
    pub fn from(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Seen { since: now, last: now, looked: Instant::now() })))
    }

    /// Since when it is there at `now`: since it woke, when the machine slept. Ask often.
    pub fn since(&self, now: Timestamp) -> Timestamp {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(seen.last) > seen.looked.elapsed() + SLEPT {
            seen.since = now;
        }
        (seen.last, seen.looked) = (now, Instant::now());
        seen.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn nine() -> LocalTime {
        LocalTime {
            at: "2026-03-29T09:00:00".parse().unwrap(),
            zone: Tz::Europe__Madrid,
            not_before: at("2026-03-28T20:00:00Z"),
            not_after: None,
        }
    }

    #[test]
    fn a_mail_is_due_by_the_clock_of_its_contact() {
        for (zone, due) in [
            (Some("Europe/Madrid"), "2026-03-29T07:00:00Z"), // summer time began that night
            (Some("America/New_York"), "2026-03-29T13:00:00Z"),
            (Some("Australia/Lord_Howe"), "2026-03-28T22:00:00Z"),
            (Some("Pacific/Kiritimati"), "2026-03-28T20:00:00Z"), // an hour ago: at once
            (Some("Mars/Olympus"), "2026-03-29T07:00:00Z"),
            (None, "2026-03-29T07:00:00Z"),
        ] {
            assert_eq!(nine().due(zone), at(due), "{zone:?}");
        }
    }

    #[test]
    fn only_who_comes_late_is_too_late() {
        let (due, not_after) = (at("2026-03-29T07:00:00Z"), at("2026-03-29T12:00:00Z"));
        let patient = LocalTime { not_after: Some(not_after), ..nine() };
        for (since, missed, for_the_patient) in [
            ("2026-03-29T06:00:00Z", false, false),
            ("2026-03-29T08:00:00Z", false, false),
            ("2026-03-29T08:00:01Z", true, false),
            ("2026-03-29T12:00:01Z", true, true),
        ] {
            assert_eq!(nine().is_missed(due, at(since)), missed, "{since}");
            assert_eq!(patient.is_missed(due, at(since)), for_the_patient, "{since}");
        }
        // A date that may not fire late at all still fires.
        let strict = LocalTime { not_after: Some(due), ..nine() };
        assert!(!strict.is_missed(due, due) && strict.is_missed(due, due.plus(SLEPT)));
    }

    #[test]
    fn a_machine_that_slept_was_not_there() {
        let came = at("2026-03-29T07:00:00Z");
        let presence = Presence::from(came);
        assert_eq!(presence.since(came.plus(Duration::from_mins(4))), came);
        let woke = came.plus(Duration::from_hours(8));
        assert_eq!(presence.since(woke), woke);
    }
}
