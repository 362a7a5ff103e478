//! Values as they are written: days, times, durations, and texts in the form their field is kept in.

use std::str::FromStr;

use chrono::NaiveDate;

use super::language::{Field, MAX_HOLES};
use super::model::{Pattern, Piece};
use super::place::brief;
use crate::core::contacts::language::language_tag;
use crate::core::contacts::timezone::timezone_name;
use crate::core::kernel::{Timestamp, fold, fold_address};

/// Why a text is not the value that is wanted, and how to write it.
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) help: String,
}

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// The longest duration: a hundred years.
const LONGEST: i64 = 36_525 * DAY;

/// The letters a duration may end with, and how long each is.
const UNITS: [(&str, i64); 4] = [("min", 60 * SECOND), ("h", HOUR), ("d", DAY), ("w", 7 * DAY)];

fn refuse<T>(message: String, help: &str) -> Result<T, Refusal> {
    Err(Refusal { message, help: help.to_owned() })
}

/// Milliseconds of `30d`, `12h`, `2w` or `90min`.
pub(super) fn duration(text: &str) -> Result<i64, Refusal> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| *name == unit.trim_start()).map(|(_, length)| length);
    let length = unit.zip(count.parse::<i64>().ok()).and_then(|(unit, n)| unit.checked_mul(n));
    match length {
        Some(length) if (1..=LONGEST).contains(&length) => Ok(length),
        Some(_) => refuse(format!("`{}` is out of range", brief(text)), "from 1min to 36525d"),
        None => refuse(
            format!("`{}` is not a duration", brief(text)),
            "write minutes, hours, days or weeks, as 90min, 12h, 30d or 2w",
        ),
    }
}

pub(super) fn day(text: &str) -> Result<NaiveDate, Refusal> {
    match shaped_day(text) {
        Some(day) => Ok(day),
        None => refuse(
            format!("`{}` is not a date", brief(text)),
            "write year, month and day, as 2026-03-01",
        ),
    }
}

/// A day or an instant.
pub(super) enum Moment {
    Day(NaiveDate),
    Time(Timestamp),
}

pub(super) fn moment(text: &str) -> Result<Moment, Refusal> {
    if let Some(day) = shaped_day(text) {
        return Ok(Moment::Day(day));
    }
    match Timestamp::from_str(text) {
        Ok(time) => Ok(Moment::Time(time)),
        Err(_) => refuse(
            format!("`{}` is not a time", brief(text)),
            "write 2026-03-01 or 2026-03-01T09:00:00Z",
        ),
    }
}

fn shaped_day(text: &str) -> Option<NaiveDate> {
    let digit = |at: usize| text.as_bytes()[at].is_ascii_digit();
    let shaped = text.len() == 10 && (0..4).all(digit);
    if shaped { NaiveDate::parse_from_str(text, "%Y-%m-%d").ok() } else { None }
}

/// The first moment of a day, in UTC.
pub(super) fn midnight(day: NaiveDate) -> Timestamp {
    Timestamp::from_millis(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
}

/// A text to compare a field with, as the field keeps its own.
pub(super) fn kept(field: Field, text: &str) -> Result<String, Refusal> {
    Ok(match field {
        Field::Email => fold_address(text),
        Field::Name => fold(text),
        Field::Domain => fold_address(&format!("@{text}")).split_off(1),
        Field::Language => match language_tag(text.trim()) {
            Ok(tag) => tag,
            Err(_) => {
                return refuse(
                    format!("`{}` is not a language", brief(text)),
                    "write its BCP 47 tag, as es or pt-BR",
                );
            }
        },
        Field::Timezone => match timezone_name(text.trim()) {
            Ok(zone) => zone,
            Err(error) => {
                let words = error.to_string();
                let (message, help) = words.split_once("; ").unwrap_or((&words, ""));
                return refuse(message.to_owned(), help);
            }
        },
        _ => text.to_owned(),
    })
}

/// Reads `%` as any text and `_` as any character; `\` before either, or before itself, takes its
/// meaning away. `folds` is how the subject is kept.
pub(super) fn pattern(text: &str, folds: bool) -> Result<Pattern, Refusal> {
    let (mut pieces, mut plain) = (Vec::new(), String::new());
    let mut letters = text.chars();
    let end = |plain: &mut String, pieces: &mut Vec<Piece>| {
        if !plain.is_empty() {
            let text = std::mem::take(plain);
            pieces.push(Piece::Text(if folds { folded(&text) } else { text }));
        }
    };
    while let Some(letter) = letters.next() {
        match letter {
            '%' | '_' => {
                end(&mut plain, &mut pieces);
                let piece = if letter == '%' { Piece::Any } else { Piece::One };
                if !(piece == Piece::Any && pieces.last() == Some(&Piece::Any)) {
                    pieces.push(piece);
                }
            }
            '\\' => match letters.next() {
                Some(next @ ('%' | '_' | '\\')) => plain.push(next),
                _ => {
                    return refuse(
                        "`\\` stands before `%`, `_` or `\\` alone".to_owned(),
                        "write `\\\\` for the character itself",
                    );
                }
            },
            other => plain.push(other),
        }
    }
    end(&mut plain, &mut pieces);
    if pieces.iter().filter(|piece| **piece == Piece::Any).count() > MAX_HOLES {
        return refuse("the pattern has more than 10 `%`".to_owned(), "use fewer");
    }
    Ok(Pattern(pieces))
}

/// Folded, with the spaces at its ends: they are inside of what the pattern is about.
fn folded(text: &str) -> String {
    let start = &text[..text.len() - text.trim_start().len()];
    let end = &text[text.trim_end().len().max(start.len())..];
    format!("{start}{}{end}", fold(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_an_end() {
        for (text, millis) in [("30d", 30 * DAY), ("12 h", 12 * HOUR), ("2w", 14 * DAY)] {
            assert_eq!(duration(text).ok(), Some(millis), "{text}");
        }
        for text in
            ["", "30", "d", "-1d", "1m", "0d", "36526d", "99999999999999999999d", "ñ", "1.5d"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_is_read_once_and_folded_between_its_holes() {
        let read = |text| pattern(text, true).ok().map(|pattern| pattern.0);
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(read("ANA %_\\%"), Some(vec![text("ana "), Piece::Any, Piece::One, text("%")]));
        assert_eq!(read("%%%"), Some(vec![Piece::Any]));
        assert_eq!(read(""), Some(vec![]));
        assert_eq!(read("  "), Some(vec![text("  ")]));
        assert_eq!(read("a\\"), None);
        assert_eq!(read(&"%a".repeat(11)), None);
    }
}
