//! Quiet hours: whether an instant is in them, and when they end.

use chrono::{Days, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

use super::model::{QuietHours, QuietZone};
use crate::core::kernel::{Timestamp, wall};

impl QuietHours {
    /// When the quiet hours that `now` is in end; `None` when it is in none. `contact` is the zone of
    /// who gets the mail, an IANA name.
    pub(super) fn until(&self, now: Timestamp, contact: Option<&str>) -> Option<Timestamp> {
        let zone = match self.timezone {
            QuietZone::Zone(zone) => zone,
            QuietZone::Contact => contact.and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC),
        };
        let local = wall::local(now, zone);
        if !self.holds(local.time()) {
            return None;
        }
        let ends = self.end(local).map(|end| wall::instant(end, zone));
        // Where clocks are put back over the end, its first time is over and it is shown once more.
        ends.filter(|end| *end > now)
    }

    /// Whether the hours are the same for all mails.
    pub(super) const fn is_for_all(&self) -> bool {
        matches!(self.timezone, QuietZone::Zone(_))
    }

    fn holds(&self, time: NaiveTime) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        }
    }

    /// The next time that clocks show the end after `local`.
    fn end(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let today = local.date().and_time(self.to);
        if today > local { Some(today) } else { today.checked_add_days(Days::new(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: &str, to: &str, timezone: &str) -> QuietHours {
        let time = |text| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
        QuietHours { from: time(from), to: time(to), timezone: timezone.parse().unwrap() }
    }

    fn until(quiet: QuietHours, now: &str, contact: Option<&str>) -> String {
        let until = quiet.until(now.parse().unwrap(), contact);
        until.map_or_else(|| "now".to_owned(), |until| until.to_string())
    }

    #[test]
    fn nights_end_by_the_clock_on_the_wall() {
        let night = quiet("22:00", "07:00", "Europe/Madrid");
        for (now, end) in [
            ("2026-12-01T20:59:59Z", "now"),
            ("2026-12-01T21:00:00Z", "2026-12-02T06:00:00.000Z"),
            ("2026-12-02T05:59:59Z", "2026-12-02T06:00:00.000Z"),
            ("2026-12-02T06:00:00Z", "now"),
            // The nights in which clocks are put forward and back.
            ("2026-03-28T23:00:00Z", "2026-03-29T05:00:00.000Z"),
            ("2026-10-24T22:00:00Z", "2026-10-25T06:00:00.000Z"),
        ] {
            assert_eq!(until(night, now, None), end, "{now}");
        }
    }

    #[test]
    fn an_end_that_clocks_never_show_is_the_first_instant_after_it() {
        let night = quiet("00:30", "02:30", "Europe/Madrid");
        assert_eq!(until(night, "2026-03-29T00:00:00Z", None), "2026-03-29T01:00:00.000Z");
        // Shown twice: the first is the end, and the hour that comes again is no quiet one.
        assert_eq!(until(night, "2026-10-25T00:00:00Z", None), "2026-10-25T00:30:00.000Z");
        assert_eq!(until(night, "2026-10-25T01:10:00Z", None), "now");
    }

    #[test]
    fn a_contact_has_hours_of_their_own() {
        let lunch = quiet("12:00", "15:00", "contact");
        let now = "2026-12-01T12:30:00Z";
        assert_eq!(until(lunch, now, None), "2026-12-01T15:00:00.000Z");
        assert_eq!(until(lunch, now, Some("Europe/Madrid")), "2026-12-01T14:00:00.000Z");
        assert_eq!(until(lunch, now, Some("Asia/Tokyo")), "now");
        assert_eq!(until(lunch, now, Some("Mars/Olympus")), "2026-12-01T15:00:00.000Z");
    }
}
