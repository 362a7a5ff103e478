//! A small world of people, expressions about them, and what these mean: written apart from the
//! program, which has to agree.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{Days, NaiveDate};
use frontier::api::NewContactBody;
use frontier::core::contacts::Activity;
use frontier::core::kernel::fold;

pub(super) const LISTS: [&str; 2] = ["news", "club"];
pub(super) const PURPOSE: &str = "mail";
/// As they are kept; they are asked for in capitals too.
const TAGS: [&str; 3] = ["vip", "té", "o'brien"];
const COUNTRIES: [&str; 6] = ["ES", "es", "PT", "Österreich", "100%", "a_b*[c]"];
const NAMES: [&str; 6] = ["", "Ana Ruiz", "ana ruiz", "Núñez 100%", "Bea_O'Neil", "Zoë"];
const INTERESTS: [&str; 3] = ["tea", "té", "o\"k"];
const LANGUAGES: [&str; 3] = ["es", "en", "pt-BR"];
/// The first day of 2026, when the clock stands.
const TODAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(2026, 1, 1);

/// Numbers that are the same in every run (`SplitMix64`).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// Two times out of three.
    fn mostly(&mut self) -> bool {
        self.below(3) > 0
    }

    fn day(&mut self) -> NaiveDate {
        TODAY.unwrap() - Days::new(self.below(60) as u64) + Days::new(20)
    }
}

/// Somebody.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) email: String,
    name: &'static str,
    language: Option<&'static str>,
    country: Option<&'static str>,
    visits: Option<f64>,
    vip: Option<bool>,
    renews: Option<NaiveDate>,
    interests: Option<BTreeSet<&'static str>>,
    tags: BTreeSet<&'static str>,
    lists: BTreeSet<&'static str>,
    /// What, and how many days ago.
    pub(super) deeds: Vec<(Activity, i64)>,
    /// The states of the purpose, in their order.
    pub(super) consents: Vec<&'static str>,
}

impl Person {
    pub(super) fn any(dice: &mut Dice, at: usize) -> Self {
        let domain = dice.one(&["x.example", "y.example", "café.example"]);
        let some = |dice: &mut Dice, all: &[&'static str]| -> BTreeSet<&'static str> {
            all.iter().copied().filter(|_| dice.below(2) == 0).collect()
        };
        let deeds = [Activity::Received, Activity::Opened, Activity::Clicked];
        Self {
            email: format!("P{at}@{domain}"),
            name: dice.one(&NAMES),
            language: dice.mostly().then(|| dice.one(&LANGUAGES)),
            country: dice.mostly().then(|| dice.one(&COUNTRIES)),
            visits: dice.mostly().then(|| dice.one(&[-1.5, 0.0, 1.0, 2.0, 10.0])),
            vip: dice.mostly().then(|| dice.below(2) == 0),
            renews: dice.mostly().then(|| dice.day()),
            interests: dice.mostly().then(|| some(dice, &INTERESTS)),
            tags: some(dice, &TAGS),
            lists: some(dice, &LISTS),
            deeds: deeds
                .into_iter()
                .filter_map(|deed| Some((deed, dice.mostly().then(|| dice.below(40))?)))
                .map(|(deed, days)| (deed, i64::try_from(days).unwrap()))
                .collect(),
            consents: (0..dice.below(3)).map(|_| dice.one(&["granted", "withdrawn"])).collect(),
        }
    }

    pub(super) fn body(&self) -> NewContactBody {
        let mut attributes = BTreeMap::new();
        let mut put = |key: &str, value: Option<serde_json::Value>| {
            attributes.extend(value.map(|value| (key.to_owned(), value)));
        };
        put("country", self.country.map(Into::into));
        put("visits", self.visits.map(Into::into));
        put("vip", self.vip.map(Into::into));
        put("renews", self.renews.map(|day| day.to_string().into()));
        put("interests", self.interests.as_ref().map(|all| all.iter().copied().collect()));
        let owned = |all: &BTreeSet<&str>| all.iter().map(|one| (*one).to_owned()).collect();
        NewContactBody {
            email: self.email.clone(),
            name: Some(self.name.to_owned()),
            language: self.language.map(str::to_owned),
            attributes,
            tags: owned(&self.tags),
            lists: owned(&self.lists),
            ..NewContactBody::default()
        }
    }

    /// The text of a subject, in the form it is compared in.
    fn text(&self, subject: &str) -> Option<String> {
        match subject {
            "email" => Some(self.email.to_lowercase()),
            "name" => Some(fold(self.name)).filter(|name| !name.is_empty()),
            "language" => self.language.map(str::to_owned),
            _ => self.country.map(str::to_owned),
        }
    }
}

/// What can be asked, as far as this world goes.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Text(&'static str, &'static str, &'static str),
    TextIn(&'static str, Vec<&'static str>, bool),
    Like(&'static str, String, bool),
    Number(&'static str, f64),
    Between(f64, f64, bool),
    Vip,
    Day(&'static str, NaiveDate),
    Soon(&'static str, i64),
    Null(&'static str, bool),
    Contains(&'static str),
    Tagged(&'static str),
    OnList(&'static str),
    Did(Activity, Option<i64>),
    Consented,
}

const OPERATORS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];

impl Expression {
    pub(super) fn any(dice: &mut Dice, depth: usize) -> Self {
        let inner =
            |dice: &mut Dice| (0..=dice.below(3)).map(|_| Self::any(dice, depth - 1)).collect();
        match dice.below(if depth == 0 { 14 } else { 20 }) {
            0 => {
                let (subject, texts) = Self::subject(dice);
                Self::Text(subject, dice.one(&OPERATORS), dice.one(texts))
            }
            1 | 2 => {
                let (subject, texts) = Self::subject(dice);
                let texts = (0..=dice.below(3)).map(|_| dice.one(texts)).collect();
                Self::TextIn(subject, texts, dice.mostly())
            }
            3 => {
                let patterns =
                    ["%", "a%", "%uiz", "_na%", "%\\%", "%o'n%", "P1_@%", "%[c]", "a\\_b*%"];
                let subject = dice.one(&["email", "name", "country"]);
                Self::Like(subject, dice.one(&patterns).to_owned(), dice.mostly())
            }
            4 => Self::Number(dice.one(&OPERATORS), dice.one(&[-1.5, 0.0, 1.0, 2.5, 10.0])),
            5 => Self::Between(dice.one(&[-2.0, 0.0, 1.0]), dice.one(&[0.5, 2.0]), dice.mostly()),
            6 => Self::Vip,
            7 => Self::Day(dice.one(&OPERATORS), dice.day()),
            8 => Self::Soon(dice.one(&OPERATORS), i64::try_from(dice.below(20)).unwrap()),
            9 => {
                let all = ["name", "language", "country", "visits", "vip", "renews", "interests"];
                Self::Null(dice.one(&all), dice.mostly())
            }
            10 => Self::Contains(dice.one(&INTERESTS)),
            11 => Self::Tagged(dice.one(&TAGS)),
            12 => match dice.below(3) {
                0 => Self::Consented,
                _ => Self::OnList(dice.one(&LISTS)),
            },
            13 => {
                let deed = dice.one(&[Activity::Received, Activity::Opened, Activity::Clicked]);
                // Not a whole number of days as deeds are, so that no edge is hit.
                let within = dice.mostly().then(|| i64::try_from(dice.below(40)).unwrap());
                Self::Did(deed, within)
            }
            14 | 15 => Self::All(inner(dice)),
            16 | 17 => Self::Any(inner(dice)),
            _ => Self::Not(Box::new(Self::any(dice, depth - 1))),
        }
    }

    fn subject(dice: &mut Dice) -> (&'static str, &'static [&'static str]) {
        dice.one(&[
            ("name", &["Ana Ruiz", "ZOË", "Núñez 100%", "b"][..]),
            ("language", &["es", "EN", "pt-br"][..]),
            ("country", &COUNTRIES[..]),
        ])
    }

    pub(super) fn is_true_of(&self, person: &Person) -> bool {
        self.value(person) == Some(true)
    }

    /// True, false, or unknown.
    fn value(&self, person: &Person) -> Option<bool> {
        let kept = |subject: &str, text: &str| match subject {
            "name" => fold(text),
            "language" if text == "pt-br" => "pt-BR".to_owned(),
            "language" => text.to_lowercase(),
            _ => text.to_owned(),
        };
        match self {
            Self::All(parts) => {
                let values: Vec<_> = parts.iter().map(|part| part.value(person)).collect();
                if values.contains(&Some(false)) {
                    return Some(false);
                }
                (!values.contains(&None)).then_some(true)
            }
            Self::Any(parts) => {
                let values: Vec<_> = parts.iter().map(|part| part.value(person)).collect();
                if values.contains(&Some(true)) {
                    return Some(true);
                }
                (!values.contains(&None)).then_some(false)
            }
            Self::Not(inner) => inner.value(person).map(|value| !value),
            Self::Text(subject, op, text) => {
                let found = person.text(subject)?;
                Some(holds(found.as_bytes().cmp(kept(subject, text).as_bytes()), op))
            }
            Self::TextIn(subject, texts, wanted) => {
                let found = person.text(subject)?;
                Some(texts.iter().any(|text| kept(subject, text) == found) == *wanted)
            }
            Self::Like(subject, pattern, wanted) => {
                let found: Vec<char> = person.text(subject)?.chars().collect();
                let folds = *subject != "country";
                let pattern = if folds { pattern.to_lowercase() } else { pattern.clone() };
                let pattern: Vec<char> = pattern.chars().collect();
                Some(is_like(&pattern, &found) == *wanted)
            }
            Self::Number(op, number) => Some(holds(person.visits?.total_cmp(number), op)),
            Self::Between(low, high, wanted) => {
                let visits = person.visits?;
                Some((*low <= visits && visits <= *high) == *wanted)
            }
            Self::Vip => person.vip,
            Self::Day(op, day) => Some(holds(person.renews?.cmp(day), op)),
            Self::Soon(op, days) => {
                let day = TODAY? + Days::new(u64::try_from(*days).ok()?);
                Some(holds(person.renews?.cmp(&day), op))
            }
            Self::Null(subject, wanted) => {
                let missing = match *subject {
                    "visits" => person.visits.is_none(),
                    "vip" => person.vip.is_none(),
                    "renews" => person.renews.is_none(),
                    "interests" => person.interests.is_none(),
                    text => person.text(text).is_none(),
                };
                Some(missing == *wanted)
            }
            Self::Contains(item) => {
                Some(person.interests.as_ref().is_some_and(|all| all.contains(item)))
            }
            Self::Tagged(tag) => Some(person.tags.contains(tag)),
            Self::OnList(list) => Some(person.lists.contains(list)),
            Self::Did(deed, within) => Some(
                person
                    .deeds
                    .iter()
                    .any(|(did, days)| did == deed && within.is_none_or(|within| *days <= within)),
            ),
            Self::Consented => Some(person.consents.last() == Some(&"granted")),
        }
    }
}

fn holds(order: Ordering, op: &str) -> bool {
    match op {
        "=" => order.is_eq(),
        "<>" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    }
}

fn is_like(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skipped| is_like(rest, &text[skipped..])),
        ['_', rest @ ..] => !text.is_empty() && is_like(rest, &text[1..]),
        ['\\', letter, rest @ ..] | [letter, rest @ ..] => {
            text.first() == Some(letter) && is_like(rest, &text[1..])
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let not = |wanted: &bool| if *wanted { "" } else { "not " };
        let joined = |parts: &[Self], word: &str| {
            let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
            format!("({})", parts.join(word))
        };
        match self {
            Self::All(parts) => f.write_str(&joined(parts, " and ")),
            Self::Any(parts) => f.write_str(&joined(parts, " or ")),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Text(subject, op, text) => write!(f, "{subject} {op} {}", quoted(text)),
            Self::TextIn(subject, texts, wanted) => {
                let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                write!(f, "{subject} {}in ({})", not(wanted), texts.join(", "))
            }
            Self::Like(subject, pattern, wanted) => {
                write!(f, "{subject} {}like {}", not(wanted), quoted(pattern))
            }
            Self::Number(op, number) => write!(f, "visits {op} {number}"),
            Self::Between(low, high, wanted) => {
                write!(f, "visits {}between {low} and {high}", not(wanted))
            }
            Self::Vip => f.write_str("vip"),
            Self::Day(op, day) => write!(f, "renews {op} '{day}'"),
            Self::Soon(op, 0) => write!(f, "renews {op} now()"),
            Self::Soon(op, days) => write!(f, "attributes.renews {op} now() + '{days}d'"),
            Self::Null(subject, wanted) => {
                write!(f, "{subject} is {}null", if *wanted { "" } else { "not " })
            }
            Self::Contains(item) => write!(f, "contains(interests, {})", quoted(item)),
            Self::Tagged(tag) => write!(f, "tagged({})", quoted(&tag.to_uppercase())),
            Self::OnList(list) => write!(f, "on_list('{list}')"),
            Self::Did(deed, None) => write!(f, "{deed}()"),
            Self::Did(deed, Some(0)) => write!(f, "{deed}_within('1h')"),
            Self::Did(deed, Some(days)) => write!(f, "{deed}_within('{days}d')"),
            Self::Consented => write!(f, "consented('{PURPOSE}')"),
        }
    }
}
