//! Figures and facts in words: the same everywhere a report is read by a person.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Timelike};
use chrono_tz::Tz;

use crate::core::analytics::{Amount, Report, Totals};
use crate::core::kernel::Timestamp;

/// What stands where there is no figure.
pub(super) const NONE: &str = "–";
/// How a day is written, for chrono: `1 Mar 2026`.
pub(super) const DAY: &str = "%-d %b %Y";

/// A whole number with its thousands apart: `12,345`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The same with a sign.
pub(super) fn signed(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", count(number.unsigned_abs()))
}

/// A share as a percentage. It never rounds something to nothing, nor almost all to all.
pub(super) fn percent(share: Option<f64>) -> String {
    let Some(share) = share else { return NONE.to_owned() };
    let percent = share * 100.0;
    if share <= 0.0 {
        "0%".to_owned()
    } else if share >= 1.0 {
        "100%".to_owned()
    } else if percent < 0.1 {
        "<0.1%".to_owned()
    } else {
        format!("{:.1}%", percent.min(99.9))
    }
}

/// Mails per second.
pub(super) fn pace(per_second: Option<f64>) -> String {
    match per_second {
        None => NONE.to_owned(),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        Some(pace) if pace >= 100.0 => format!("{}/s", count(pace.round() as u64)),
        Some(pace) => format!("{pace:.1}/s"),
    }
}

/// A duration in its two largest units: `1 min 23 s`.
pub(super) fn duration(seconds: Option<f64>) -> String {
    let Some(span) = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) else {
        return NONE.to_owned();
    };
    let seconds = span.as_secs();
    let pair = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match seconds {
        0..10 => format!("{:.1} s", span.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => pair(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => pair(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

/// The width of a bucket, as what follows "every": `5 s`, `2 h`.
pub(super) fn step(seconds: u64) -> String {
    let units = [(604_800, "weeks"), (86_400, "days"), (3600, "h"), (60, "min"), (1, "s")];
    let (size, unit) =
        units.into_iter().find(|(size, _)| seconds.is_multiple_of(*size)).unwrap_or((1, "s"));
    match (seconds / size, unit) {
        (1, "weeks") => "week".to_owned(),
        (1, "days") => "day".to_owned(),
        (number, unit) => format!("{number} {unit}"),
    }
}

/// A name in `snake_case` as a reader sees it: `social_media` is `Social media`.
pub(super) fn label(name: &str) -> String {
    let mut letters = name.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + &letters.as_str().replace('_', " ")
}

/// Money: `1,250.00 EUR`.
pub(super) fn money(amount: &Amount) -> String {
    let (whole, decimals) = amount.amount.split_once('.').unwrap_or((&amount.amount, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), signed);
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{whole}{point}{decimals} {}", amount.currency)
}

/// Outside text on one line: no control characters, nothing that reorders its surroundings.
pub(super) fn line(text: &str) -> String {
    let reorders = |letter: char| {
        matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    let kept = text.chars().filter(|letter| !reorders(*letter));
    let spaced: String = kept.map(|one| if breaks(one) { ' ' } else { one }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A state of the ledger with how many deliveries are in it.
pub(super) struct StateCount {
    /// Its name in `snake_case`.
    pub state: &'static str,
    pub count: u64,
    /// Its share of all recipients.
    pub share: Option<f64>,
}

/// The states in the order a delivery goes through them. Those nothing is in are left out, except
/// the two everyone looks for.
pub(super) fn states(totals: &Totals) -> Vec<StateCount> {
    let all = [
        ("accepted", totals.accepted),
        ("deferred", totals.deferred),
        ("failed", totals.failed),
        ("bounced", totals.bounced),
        ("complained", totals.complained),
        ("suppressed", totals.suppressed),
        ("queued", totals.queued),
        ("leased", totals.leased),
    ];
    let shown = |state: &str, count: u64| count > 0 || matches!(state, "accepted" | "failed");
    let whole = totals.recipients;
    all.into_iter()
        .filter(|(state, count)| shown(state, *count))
        .map(|(state, count)| StateCount {
            state,
            count,
            share: (whole > 0).then(|| count as f64 / whole as f64),
        })
        .collect()
}

/// A failure's codes: `550 5.1.1`, or that no reply came.
pub(super) fn codes(code: Option<&str>, enhanced: Option<&str>) -> String {
    let codes: Vec<String> = [code, enhanced].into_iter().flatten().map(line).collect();
    if codes.is_empty() { "no reply".to_owned() } else { codes.join(" ") }
}

/// Where the campaign's clocks stand.
#[derive(Clone, Copy)]
pub(super) struct Zone(Tz);

impl Zone {
    /// The campaign's timezone; UTC when its name is not known.
    pub(super) fn of(report: &Report) -> Self {
        Self(Tz::from_str(&report.campaign.timezone).unwrap_or(Tz::UTC))
    }

    pub(super) fn name(self) -> &'static str {
        self.0.name()
    }

    /// `1 Mar 2026, 10:00`.
    pub(super) fn moment(self, at: Timestamp) -> String {
        self.local(at).format("%-d %b %Y, %H:%M").to_string()
    }

    /// The time of a bucket of `width` seconds, as short as that allows.
    pub(super) fn tick(self, at: Timestamp, width: u64) -> String {
        let format = match width {
            0..60 => "%H:%M:%S",
            60..86_400 => "%H:%M",
            _ => "%-d %b",
        };
        self.local(at).format(format).to_string()
    }

    /// The same, or a dash.
    pub(super) fn maybe(self, at: Option<Timestamp>) -> String {
        at.map_or_else(|| NONE.to_owned(), |at| self.moment(at))
    }

    /// When a run worked: `1 Mar 2026, 10:00:00 to 10:03:01`.
    pub(super) fn span(self, started: Option<Timestamp>, finished: Option<Timestamp>) -> String {
        match (started, finished) {
            (None, _) => "not started".to_owned(),
            (Some(start), None) => format!("since {}", self.instant(start, 1)),
            (Some(start), Some(end)) => {
                let one_day = self.local(start).date_naive() == self.local(end).date_naive();
                let end = if one_day { self.tick(end, 1) } else { self.instant(end, 1) };
                format!("{} to {end}", self.instant(start, 1))
            }
        }
    }

    /// A bucket's start in full, to the precision that buckets of `width` seconds need.
    pub(super) fn instant(self, at: Timestamp, width: u64) -> String {
        let format = match width {
            0..60 => "%-d %b %Y, %H:%M:%S",
            60..86_400 => "%-d %b %Y, %H:%M",
            _ => DAY,
        };
        self.local(at).format(format).to_string()
    }

    /// Local seconds since midnight.
    pub(super) fn second_of_day(self, at: Timestamp) -> u32 {
        self.local(at).num_seconds_from_midnight()
    }

    fn local(self, at: Timestamp) -> DateTime<Tz> {
        at.to_datetime().with_timezone(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let numbers = [0, 999, 1000, 1_234_567].map(count);
        assert_eq!(numbers, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(signed(-1234), "−1,234");
        let amount = Amount { amount: "12500.50".to_owned(), currency: "EUR".to_owned() };
        assert_eq!(money(&amount), "12,500.50 EUR");
    }

    #[test]
    fn a_share_is_not_rounded_away() {
        let shares = [None, Some(0.0), Some(0.0001), Some(0.973), Some(0.9999), Some(1.0)];
        assert_eq!(shares.map(percent), ["–", "0%", "<0.1%", "97.3%", "99.9%", "100%"]);
    }

    #[test]
    fn durations_have_two_units() {
        let spans = [None, Some(0.25), Some(42.9), Some(83.0), Some(7200.0), Some(100_000.0)];
        assert_eq!(spans.map(duration), ["–", "0.2 s", "42 s", "1 min 23 s", "2 h", "1 d 3 h"]);
        assert_eq!([Some(3.25), Some(1234.4)].map(pace), ["3.2/s", "1,234/s"]);
    }

    #[test]
    fn a_run_says_its_day_once() {
        let zone = Zone(Tz::Europe__Madrid);
        let time = |text: &str| Some(text.parse().unwrap());
        let (start, end) = (time("2026-03-01T22:30:00Z"), time("2026-03-01T22:31:05Z"));
        assert_eq!(zone.span(start, end), "1 Mar 2026, 23:30:00 to 23:31:05");
        assert_eq!(
            zone.span(start, time("2026-03-01T23:00:00Z")),
            "1 Mar 2026, 23:30:00 to 2 Mar 2026, 00:00:00"
        );
        assert_eq!(zone.span(start, None), "since 1 Mar 2026, 23:30:00");
    }

    #[test]
    fn outside_text_stays_on_its_line_and_in_its_direction() {
        assert_eq!(line("a\r\nb\t\u{1b}[31mc\u{202e}d\u{2028}e"), "a b [31mcd e");
        assert_eq!(line("عرض 🌸"), "عرض 🌸");
        assert_eq!(label("social_media"), "Social media");
    }
}
