//! Wall clocks: from the time a clock on a wall shows to the instant that is meant.
//!
//! When a zone puts its clocks forward some times are never shown, and when it puts them back some
//! are shown twice. **The rule:** a time that is never shown means the first instant after the gap,
//! and one that is shown twice means the first of the two.

use chrono::{MappedLocalTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use super::{Timestamp, fold, nearest};

/// How often the clocks of a zone show a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Once(Timestamp),
    /// The clocks were put back by `by`.
    Twice {
        first: Timestamp,
        second: Timestamp,
        by: TimeDelta,
    },
    /// The clocks were put forward by `by`; `after` is the first instant since.
    Never {
        after: Timestamp,
        by: TimeDelta,
    },
}

/// The text is no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a timezone; {}", match .meant {
    Some(zone) => format!("is it {zone}?"),
    None => "write its IANA name, as in Europe/Madrid".to_owned(),
})]
pub struct BadZone {
    text: String,
    meant: Option<&'static str>,
}

/// The longest that an offset is away from UTC, and more than any change of one.
const REACH: TimeDelta = TimeDelta::hours(26);

/// How often the clocks of `zone` show `local`, and when.
pub fn shown(local: NaiveDateTime, zone: Tz) -> Shown {
    let stamp = |time: chrono::DateTime<Tz>| Timestamp::from_millis(time.timestamp_millis());
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(time) => Shown::Once(stamp(time)),
        MappedLocalTime::Ambiguous(first, second) => {
            Shown::Twice { first: stamp(first), second: stamp(second), by: second - first }
        }
        MappedLocalTime::None => after_gap(local, zone),
    }
}

/// The instant that is meant by `local` on the clocks of `zone`.
pub fn instant(local: NaiveDateTime, zone: Tz) -> Timestamp {
    match shown(local, zone) {
        Shown::Once(at) | Shown::Twice { first: at, .. } | Shown::Never { after: at, .. } => at,
    }
}

/// What the clocks of `zone` show at `at`.
pub fn local(at: Timestamp, zone: Tz) -> NaiveDateTime {
    at.to_datetime().with_timezone(&zone).naive_local()
}

/// Whether the clocks of `zone` go on as they are for `long` before and after `at`.
pub fn is_steady(at: Timestamp, long: TimeDelta, zone: Tz) -> bool {
    let offset = |millis: i64| {
        let at = Timestamp::from_millis(at.as_millis().saturating_add(millis));
        local(at, zone) - at.to_datetime().naive_utc()
    };
    let (now, long) = (offset(0), long.num_milliseconds());
    offset(-long) == now && offset(long) == now
}

/// The zone of this name of the IANA database, in any case of letters.
///
/// # Errors
/// [`BadZone`], with the name that was probably meant.
pub fn zone(text: &str) -> Result<Tz, BadZone> {
    if let Ok(zone) = text.parse() {
        return Ok(zone);
    }
    let short: String = text.chars().take(40).collect();
    let wanted = fold(&short).replace(' ', "_");
    let zones = || chrono_tz::TZ_VARIANTS.iter();
    if let Some(zone) = zones().find(|zone| zone.name().eq_ignore_ascii_case(&wanted)) {
        return Ok(*zone);
    }
    let folded: Vec<String> = zones().map(|zone| zone.name().to_lowercase()).collect();
    let meant = nearest(&wanted, folded.iter().map(String::as_str));
    let meant = meant.and_then(|meant| zones().find(|z| z.name().eq_ignore_ascii_case(meant)));
    Err(BadZone { text: short, meant: meant.map(|zone| zone.name()) })
}

/// Halves the time around the gap that `local` is in until the second after it is found.
fn after_gap(local: NaiveDateTime, zone: Tz) -> Shown {
    let clock = |at: NaiveDateTime| at + zone.offset_from_utc_datetime(&at).fix();
    let (mut before, mut after) = (local - REACH, local + REACH);
    while after - before > TimeDelta::seconds(1) {
        let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
        if clock(middle) > local { after = middle } else { before = middle }
    }
    // From the last second before the gap to the first after it, less the second between them.
    let by = clock(after) - clock(before) - (after - before);
    Shown::Never { after: Timestamp::from_millis(after.and_utc().timestamp_millis()), by }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(local: &str, name: &str) -> String {
        instant(local.parse().unwrap(), zone(name).unwrap()).to_string()
    }

    #[test]
    fn a_time_that_is_never_shown_is_the_first_instant_after_the_gap() {
        for (local, zone, instant) in [
            ("2026-03-29T02:00:00", "Europe/Madrid", "2026-03-29T01:00:00.000Z"),
            ("2026-03-29T02:30:00", "Europe/Madrid", "2026-03-29T01:00:00.000Z"),
            ("2026-03-29T02:59:59", "Europe/Madrid", "2026-03-29T01:00:00.000Z"),
            ("2026-03-08T02:30:00", "America/New_York", "2026-03-08T07:00:00.000Z"),
            // Half an hour.
            ("2026-10-04T02:15:00", "Australia/Lord_Howe", "2026-10-03T15:30:00.000Z"),
            // At midnight.
            ("2018-11-04T00:00:00", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z"),
            // A whole day.
            ("2011-12-30T09:00:00", "Pacific/Apia", "2011-12-30T10:00:00.000Z"),
        ] {
            assert_eq!(at(local, zone), instant, "{local} {zone}");
        }
        let day = shown("2011-12-30T09:00:00".parse().unwrap(), Tz::Pacific__Apia);
        assert!(matches!(day, Shown::Never { by, .. } if by == TimeDelta::days(1)), "{day:?}");
    }

    #[test]
    fn a_time_that_is_shown_twice_is_the_first() {
        for (local, zone, instant) in [
            ("2026-10-25T02:30:00", "Europe/Madrid", "2026-10-25T00:30:00.000Z"),
            ("2026-10-25T03:00:00", "Europe/Madrid", "2026-10-25T02:00:00.000Z"),
            ("2026-11-01T01:30:00", "America/New_York", "2026-11-01T05:30:00.000Z"),
            ("2026-04-05T01:45:00", "Australia/Lord_Howe", "2026-04-04T14:45:00.000Z"),
            ("2018-02-17T23:30:00", "America/Sao_Paulo", "2018-02-18T01:30:00.000Z"),
        ] {
            assert_eq!(at(local, zone), instant, "{local} {zone}");
        }
    }

    #[test]
    fn a_zone_is_known_by_its_name_and_a_slip_is_told() {
        assert_eq!(zone("europe/madrid"), Ok(Tz::Europe__Madrid));
        assert_eq!(zone("America/New York"), Ok(Tz::America__New_York));
        let told = |text| zone(text).unwrap_err().to_string();
        assert_eq!(
            told("Europe/Madird"),
            "`Europe/Madird` is not a timezone; is it Europe/Madrid?"
        );
        assert_eq!(
            told("here"),
            "`here` is not a timezone; write its IANA name, as in Europe/Madrid"
        );
    }
}
