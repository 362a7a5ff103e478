//! Types of attributes: what the values of a key are, so that they can be compared.
//!
//! A key is registered when it is first seen, with the type its value shows; a date shows as text,
//! so that type is given by hand. A value that comes later is brought to the type of its key.
//!
//! **Invariant:** the values of a key that a workspace keeps are all of the key's type, each in one
//! form: numbers are whole where they can be, dates are `YYYY-MM-DD`, lists hold texts.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use serde_json::{Number, Value as Json};

use super::attributes::BadAttribute;
use crate::core::kernel::{Timestamp, words};

/// The types of some keys, by key.
pub type AttributeTypes = BTreeMap<String, AttributeType>;

/// Numbers are below this size, so that both engines hold them alike.
const NUMBER_LIMIT: f64 = 9_007_199_254_740_992.0;
/// Texts that mean yes and no, folded.
const YES: &[&str] = &["true", "yes", "y", "t", "1", "on", "si", "sí", "oui", "ja", "sim"];
const NO: &[&str] = &["false", "no", "n", "f", "0", "off", "non", "nein", "nee", "não", "nao"];

words! {
    /// What the values of an attribute are.
    AttributeType {
        Text = "text",
        /// Below 2⁵³ in size.
        Number = "number",
        /// True or false.
        Boolean = "boolean",
        /// A calendar day, kept as the text `YYYY-MM-DD`.
        Date = "date",
        /// Texts, in their order.
        List = "list",
    }
}

/// A key that a workspace knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub key: String,
    pub kind: AttributeType,
    pub created_at: Timestamp,
}

impl AttributeType {
    /// The type that `value` shows; null and objects show none.
    pub const fn shown_by(value: &Json) -> Option<Self> {
        match value {
            Json::Number(_) => Some(Self::Number),
            Json::Bool(_) => Some(Self::Boolean),
            Json::Array(_) => Some(Self::List),
            Json::String(_) => Some(Self::Text),
            Json::Null | Json::Object(_) => None,
        }
    }

    /// Brings the value of `key` to this type and its one form.
    ///
    /// A text is read as a cell of a table would be. Anything else is of its type already, or a
    /// text when that is wanted; objects are of none.
    ///
    /// # Errors
    /// [`BadAttribute::Type`] when that cannot be done without a guess.
    pub fn convert(self, key: &str, value: Json) -> Result<Json, BadAttribute> {
        let refused = |value: &Json, hint| Err(BadAttribute::mistyped(key, self, value, hint));
        match (self, value) {
            (_, value @ (Json::Object(_) | Json::Null)) => {
                refused(&value, "write its parts as attributes of their own")
            }
            (_, Json::String(text)) => self.parse(key, &text),
            (Self::Text, Json::Number(number)) => Ok(number.to_string().into()),
            (Self::Text, Json::Bool(yes)) => Ok(yes.to_string().into()),
            (Self::Number, Json::Number(number)) => canonical(&number).map_or_else(
                || refused(&Json::Number(number.clone()), "write one below 2^53 in size"),
                |number| Ok(Json::Number(number)),
            ),
            (Self::Boolean, value @ Json::Bool(_)) => Ok(value),
            (Self::List, Json::Array(items)) => items
                .into_iter()
                .map(|item| match item {
                    text @ Json::String(_) => Ok(text),
                    Json::Number(number) => Ok(number.to_string().into()),
                    Json::Bool(yes) => Ok(yes.to_string().into()),
                    other => refused(&other, "write a list of texts"),
                })
                .collect::<Result<Vec<_>, _>>()
                .map(Json::Array),
            (_, value) => refused(&value, self.example()),
        }
    }

    /// Reads a cell of a table, or a text that stands for a value, as this type. A list is its
    /// items between `;`, or between `,` when there is no `;`, or a JSON array.
    ///
    /// # Errors
    /// [`BadAttribute::Type`].
    pub fn parse(self, key: &str, cell: &str) -> Result<Json, BadAttribute> {
        let text = cell.trim();
        let found = match self {
            Self::Text => Some(cell.into()),
            Self::Number => number(text).map(Json::Number),
            Self::Boolean => boolean(text).map(Json::Bool),
            Self::Date => date(text).map(|date| date.to_string().into()),
            Self::List if text.starts_with('[') => {
                return match serde_json::from_str(text) {
                    Ok(items @ Json::Array(_)) => self.convert(key, items),
                    _ => Err(self.mistyped_text(key, cell)),
                };
            }
            Self::List => {
                let mark = if text.contains(';') { ';' } else { ',' };
                let items = text.split(mark).map(str::trim).filter(|item| !item.is_empty());
                Some(items.collect())
            }
        };
        found.ok_or_else(|| self.mistyped_text(key, cell))
    }

    fn mistyped_text(self, key: &str, cell: &str) -> BadAttribute {
        BadAttribute::mistyped(key, self, &cell.into(), self.example())
    }

    /// How a value of this type is written, in a sentence of an error.
    const fn example(self) -> &'static str {
        match self {
            Self::Text => "write a text",
            Self::Number => "write it as 41 or 1.5",
            Self::Boolean => "write true or false",
            Self::Date => "write it as 2026-03-01",
            Self::List => "write its texts between commas, or as a JSON array",
        }
    }

    /// With its article, for sentences: `a number`.
    pub const fn with_article(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Date => "a date",
            Self::List => "a list of texts",
        }
    }
}

/// Brings each of `values` to the type of its key; nulls, which remove, stay.
///
/// # Errors
/// [`BadAttribute::Type`].
pub(super) fn settle(
    types: &AttributeTypes,
    values: &mut BTreeMap<String, Json>,
) -> Result<(), BadAttribute> {
    for (key, value) in values.iter_mut().filter(|(_, value)| !value.is_null()) {
        let kind = types.get(key).copied().unwrap_or(AttributeType::Text);
        *value = kind.convert(key, value.take())?;
    }
    Ok(())
}

/// The number in its one form: whole when it is, and never minus zero.
fn canonical(number: &Number) -> Option<Number> {
    let value = number.as_f64().filter(|value| value.abs() < NUMBER_LIMIT)?;
    if value.fract() == 0.0 {
        #[expect(clippy::cast_possible_truncation, reason = "below 2^53, and whole")]
        return Some(Number::from(value as i64));
    }
    Number::from_f64(value)
}

/// The number that `text` writes in digits, with a point before the fraction.
fn number(text: &str) -> Option<Number> {
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    if !text.bytes().any(|byte| byte.is_ascii_digit()) || !text.bytes().all(plain) {
        return None; // what Rust reads besides: inf, nan
    }
    canonical(&Number::from_f64(text.parse().ok()?)?)
}

fn boolean(text: &str) -> Option<bool> {
    let text = crate::core::kernel::fold(text);
    if YES.contains(&text.as_str()) {
        return Some(true);
    }
    NO.contains(&text.as_str()).then_some(false)
}

/// The day that `text` writes, with or without a time of day; only years of four digits.
fn date(text: &str) -> Option<NaiveDate> {
    match text.len() {
        10 => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
        _ => Some(DateTime::parse_from_rfc3339(text).ok()?.date_naive()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_brought_to_the_type_of_its_key() {
        use AttributeType::{Boolean, Date, List, Number, Text};
        for (kind, value, kept) in [
            (Text, json!(" as it is "), json!(" as it is ")),
            (Text, json!(1.50), json!("1.5")),
            (Text, json!(true), json!("true")),
            (Number, json!(" 007 "), json!(7)),
            (Number, json!("-1.5e2"), json!(-150)),
            (Number, json!(41.0), json!(41)),
            (Number, json!(-0.0), json!(0)),
            (Number, json!(0.1), json!(0.1)),
            (Boolean, json!("Sí"), json!(true)),
            (Boolean, json!("0"), json!(false)),
            (Date, json!("2024-02-29"), json!("2024-02-29")),
            (Date, json!("2024-02-29T23:59:59+05:00"), json!("2024-02-29")),
            (List, json!(["a", 1, true]), json!(["a", "1", "true"])),
            (List, json!("a, b,"), json!(["a", "b"])),
            (List, json!("a, x; b"), json!(["a, x", "b"])),
            (List, json!("[\"a\", \"b\"]"), json!(["a", "b"])),
            (List, json!(""), json!([])),
        ] {
            assert_eq!(kind.convert("k", value.clone()), Ok(kept.clone()), "{kind} {value}");
            assert_eq!(kind.convert("k", kept.clone()), Ok(kept), "what is kept stays");
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        use AttributeType::{Boolean, Date, List, Number, Text};
        for (kind, value, message) in [
            (
                Number,
                json!("abc"),
                "the attribute `k` is a number and `abc` is none; write it as 41 or 1.5",
            ),
            (
                Number,
                json!("1,5"),
                "the attribute `k` is a number and `1,5` is none; write it as 41 or 1.5",
            ),
            (
                Number,
                json!("inf"),
                "the attribute `k` is a number and `inf` is none; write it as 41 or 1.5",
            ),
            (
                Number,
                json!(true),
                "the attribute `k` is a number and `true` is none; write it as 41 or 1.5",
            ),
            (
                Number,
                json!(1e16),
                "the attribute `k` is a number and `1e+16` is none; write one below 2^53 in size",
            ),
            (
                Boolean,
                json!("maybe"),
                "the attribute `k` is a boolean and `maybe` is none; write true or false",
            ),
            (
                Boolean,
                json!(1),
                "the attribute `k` is a boolean and `1` is none; write true or false",
            ),
            (
                Date,
                json!("01/03/2026"),
                "the attribute `k` is a date and `01/03/2026` is none; write it as 2026-03-01",
            ),
            (
                Date,
                json!("2026-02-30"),
                "the attribute `k` is a date and `2026-02-30` is none; write it as 2026-03-01",
            ),
            (
                Date,
                json!(20_260_301),
                "the attribute `k` is a date and `20260301` is none; write it as 2026-03-01",
            ),
            (
                List,
                json!([["a"]]),
                "the attribute `k` is a list of texts and `[\"a\"]` is none; write a list of texts",
            ),
            (Text, json!(["a"]), "the attribute `k` is a text and `[\"a\"]` is none; write a text"),
            (
                Text,
                json!({"city": "Soria"}),
                "the attribute `k` is a text and `{\"city\":\"Soria\"}` is none; write its parts as attributes of their own",
            ),
        ] {
            assert_eq!(kind.convert("k", value).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn nulls_stay_and_what_no_key_is_known_for_is_text() {
        let values = |json: Json| serde_json::from_value::<BTreeMap<_, _>>(json).unwrap();
        let types = AttributeTypes::from([("age".to_owned(), AttributeType::Number)]);
        let mut mixed = values(json!({"age": "42", "gone": null, "city": "Soria"}));
        settle(&types, &mut mixed).unwrap();
        assert_eq!(json!(mixed), json!({"age": 42, "gone": null, "city": "Soria"}));
        assert!(settle(&types, &mut values(json!({"age": "old"}))).is_err());
    }
}
