//! How cron expressions are written: five fields, or a word as `@daily`.

use std::ops::RangeInclusive;

use super::cron::Set;
use crate::core::kernel::nearest;

/// The longest expression that is read, in characters.
const LONGEST: usize = 200;

/// An expression that cannot be used, with the place in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no cron expression: {problem}")]
pub struct BadCron {
    /// As it was written, shortened when it is very long.
    pub text: String,
    pub problem: String,
    /// The characters of `text` that are wrong: from, and how many.
    pub place: (usize, usize),
}

struct Field {
    name: &'static str,
    values: RangeInclusive<u32>,
    /// Names of the values, from the first on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", values: 0..=59, names: &[] },
    Field { name: "hour", values: 0..=23, names: &[] },
    Field { name: "day of the month", values: 1..=31, names: &[] },
    Field {
        name: "month",
        values: 1..=12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Field {
        name: "day of the week",
        values: 0..=7,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

const WORDS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// A piece of an expression and where it begins, in characters.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    at: usize,
}

impl Piece<'_> {
    /// The pieces between the characters `mark`.
    fn split(self, mark: char) -> impl Iterator<Item = Self> {
        let mut at = self.at;
        self.text.split(mark).map(move |text| {
            let piece = Piece { text, at };
            at += text.chars().count() + 1;
            piece
        })
    }

    fn split_once(self, mark: char) -> Option<(Self, Self)> {
        let mut halves = self.split(mark);
        let first = halves.next()?;
        let (_, rest) = self.text.split_once(mark)?;
        Some((first, Piece { text: rest, at: first.at + first.text.chars().count() + 1 }))
    }

    fn wrong(self, problem: String) -> Problem {
        Problem { words: problem, at: self.at, length: self.text.chars().count() }
    }
}

struct Problem {
    words: String,
    at: usize,
    length: usize,
}

/// What each field of `text` allows.
pub(super) fn fields(text: &str) -> Result<[Set; 5], BadCron> {
    if text.chars().count() > LONGEST {
        let problem = format!("it is longer than {LONGEST} characters");
        let text: String = text.chars().take(40).chain(['…']).collect();
        return Err(BadCron { text, problem, place: (0, 40) });
    }
    read(text).map_err(|Problem { words, at, length }| BadCron {
        text: text.to_owned(),
        problem: words,
        place: (at, length.max(1)),
    })
}

/// The error of an expression whose days are on no calendar.
pub(super) fn never(text: &str) -> BadCron {
    let pieces = pieces(text);
    let (days, months) = (pieces.get(2), pieces.get(3));
    let from = days.map_or(0, |days| days.at);
    let to = months.map_or(from + 1, |months| months.at + months.text.chars().count());
    let problem = "it never fires: no month it names has such a day".to_owned();
    BadCron { text: text.to_owned(), problem, place: (from, to - from) }
}

fn read(text: &str) -> Result<[Set; 5], Problem> {
    let words = pieces(text);
    let whole = Piece { text: text.trim(), at: words.first().map_or(0, |first| first.at) };
    if whole.text.starts_with('@') {
        let word = whole.text.to_ascii_lowercase();
        let Some((_, fields)) = WORDS.iter().find(|(known, _)| *known == word) else {
            let known = WORDS.map(|(known, _)| known);
            let expected = match nearest(&word, known) {
                Some(meant) => format!("is it {meant}?"),
                None if word == "@reboot" => "campaigns go by the clock".to_owned(),
                None => format!("expected {}, or five fields", known.join(", ")),
            };
            return Err(whole.wrong(format!("there is no {word}; {expected}")));
        };
        return read(fields);
    }
    let order = "minute, hour, day of the month, month, day of the week";
    match words.as_slice() {
        [minute, hour, day, month, weekday] => Ok([
            FIELDS[0].set(*minute)?,
            FIELDS[1].set(*hour)?,
            FIELDS[2].set(*day)?,
            FIELDS[3].set(*month)?,
            FIELDS[4].set(*weekday)?,
        ]),
        [] => Err(whole.wrong(format!("it is empty; expected five fields: {order}"))),
        [.., last] if words.len() < 5 => {
            let problem = format!("it has {}; expected five: {order}", fields_of(&words));
            Err(Piece { text: "", at: last.at + last.text.chars().count() }.wrong(problem))
        }
        [first, _, _, _, _, _] => Err(first.wrong(format!(
            "it has six fields; seconds are not taken, so leave the first out: {order}"
        ))),
        more => {
            let problem = format!("it has {} fields; expected five: {order}", more.len());
            Err(more[5].wrong(problem))
        }
    }
}

fn fields_of(words: &[Piece<'_>]) -> String {
    if words.len() == 1 { "one field".to_owned() } else { format!("{} fields", words.len()) }
}

/// The words of `text`.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for word in text.split(char::is_whitespace) {
        if !word.is_empty() {
            pieces.push(Piece { text: word, at });
        }
        at += word.chars().count() + 1;
    }
    pieces
}

impl Field {
    /// What `piece`, one or more parts between commas, allows.
    fn set(&self, piece: Piece<'_>) -> Result<Set, Problem> {
        let may_be_any = self.values == FIELDS[2].values || self.values == FIELDS[4].values;
        let any = may_be_any && piece.text == "?";
        let mut bits = 0;
        for part in piece.split(',') {
            let part = if any { Piece { text: "*", ..part } } else { part };
            bits |= self.part(part)?;
        }
        Ok(Set { bits, is_star: any || piece.text.starts_with('*') })
    }

    /// One part: `*`, a value or a range, and perhaps a step after a slash.
    fn part(&self, part: Piece<'_>) -> Result<u64, Problem> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let (first, last) = if range.text == "*" {
            (*self.values.start(), *self.values.end())
        } else if let Some((from, to)) = range.split_once('-') {
            let (first, last) = (self.value(from)?, self.value(to)?);
            if first > last {
                let problem = format!("the {} range {} runs backwards", self.name, range.text);
                return Err(range.wrong(problem));
            }
            (first, last)
        } else {
            let value = self.value(range)?;
            (value, if step.is_some() { *self.values.end() } else { value })
        };
        let step = match step {
            Some(step) => match step.text.parse::<u32>() {
                Ok(count) if (1..=*self.values.end()).contains(&count) => count,
                _ => {
                    let (name, end) = (self.name, self.values.end());
                    let found = quoted(step);
                    return Err(step
                        .wrong(format!("{found} is no step of the {name}; expected 1 to {end}")));
                }
            },
            None => 1,
        };
        let values = (first..=last).step_by(usize::try_from(step).unwrap_or(1));
        Ok(values.fold(0, |bits, value| bits | 1 << value))
    }

    fn value(&self, piece: Piece<'_>) -> Result<u32, Problem> {
        let word = piece.text.to_ascii_lowercase();
        if let Some(at) = self.names.iter().position(|name| **name == *word) {
            return Ok(self.values.start() + u32::try_from(at).unwrap_or_default());
        }
        let plain = piece.text.bytes().all(|byte| byte.is_ascii_digit());
        match piece.text.parse() {
            Ok(value) if plain && self.values.contains(&value) => Ok(value),
            _ => {
                let (name, from, to) = (self.name, self.values.start(), self.values.end());
                let names = match self.names {
                    [first, .., last] => format!(" or {first} to {last}"),
                    _ => String::new(),
                };
                let found = quoted(piece);
                let problem = format!("{found} is no {name}; expected {from} to {to}{names}");
                Err(piece.wrong(problem))
            }
        }
    }
}

fn quoted(piece: Piece<'_>) -> String {
    if piece.text.is_empty() { "nothing".to_owned() } else { format!("`{}`", piece.text) }
}
