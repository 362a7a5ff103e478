//! Attributes: what a workspace knows about its contacts beyond the fields every contact has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use unicode_normalization::UnicodeNormalization as _;

use super::AttributeType;

/// Attributes of one contact, as JSON, in bytes at the most.
const MAX_BYTES: usize = 16 * 1024;
const MAX_KEY_CHARS: usize = 64;
/// What the columns of an import and an export are called that hold no attribute.
pub(super) const FIELDS: [&str; 6] = ["email", "name", "language", "timezone", "tags", "notes"];

/// JSON values by key, in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(BTreeMap<String, Json>);

/// An attribute that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAttribute {
    #[error("`{key}` cannot be the key of an attribute; {}", match .better.as_str() {
        "" => "write a word of lower-case letters, digits and `_`".to_owned(),
        better => format!("write it `{better}`"),
    })]
    Key { key: String, better: String },
    #[error("`{0}` is a field of every contact, not an attribute; set the field")]
    Field(String),
    #[error("the attribute `{0}` has a NUL character in it; take it out")]
    Nul(String),
    #[error("the attribute `{key}` is {} and `{value}` is none; {hint}", .kind.with_article())]
    Type { key: String, kind: AttributeType, value: String, hint: &'static str },
    #[error(
        "a workspace knows {0} attributes at the most; delete one with `frontier attribute delete KEY`"
    )]
    TooManyKeys(usize),
    #[error("the attributes of a contact are {0} bytes of JSON, more than 16384; shorten them")]
    TooLarge(usize),
}

impl BadAttribute {
    /// The `value` of `key` that is not of the key's type; shown by its beginning.
    pub(super) fn mistyped(
        key: &str,
        kind: AttributeType,
        value: &Json,
        hint: &'static str,
    ) -> Self {
        let value = cell(value).chars().take(40).collect();
        Self::Type { key: key.to_owned(), kind, value, hint }
    }
}

impl Attributes {
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.0.get(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets what `changes` names and removes what it names as null; says whether that changed
    /// anything.
    ///
    /// # Errors
    /// [`BadAttribute::TooLarge`], with nothing changed.
    pub(super) fn merge(&mut self, changes: &BTreeMap<String, Json>) -> Result<bool, BadAttribute> {
        let says_again = |(key, value): (&String, &Json)| match self.0.get(key) {
            Some(kept) => kept == value,
            None => value.is_null(),
        };
        if changes.iter().all(says_again) {
            return Ok(false);
        }
        let mut merged = self.0.clone();
        for (key, value) in changes {
            if value.is_null() {
                merged.remove(key);
            } else {
                merged.insert(key.clone(), value.clone());
            }
        }
        let bytes = serde_json::to_vec(&merged).map_or(usize::MAX, |json| json.len());
        if bytes > MAX_BYTES {
            return Err(BadAttribute::TooLarge(bytes));
        }
        self.0 = merged;
        Ok(true)
    }
}

impl From<Attributes> for BTreeMap<String, Json> {
    fn from(attributes: Attributes) -> Self {
        attributes.0
    }
}

/// The value in a cell of a table: a string as it is, anything else as JSON.
pub fn cell(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn check(attributes: &BTreeMap<String, Json>) -> Result<(), BadAttribute> {
    for (key, value) in attributes {
        check_key(key)?;
        if has_nul(value) {
            return Err(BadAttribute::Nul(key.clone()));
        }
    }
    Ok(())
}

/// Checks that `key` is what [`key_of`] would make of it, so that a column of an export becomes
/// the same attribute when it is imported.
pub(super) fn check_key(key: &str) -> Result<(), BadAttribute> {
    if FIELDS.contains(&key) {
        return Err(BadAttribute::Field(key.to_owned()));
    }
    if is_plain(key) {
        return Ok(());
    }
    let better = key_of(key);
    if key.is_empty() || better != key {
        return Err(BadAttribute::Key { key: key.chars().take(80).collect(), better });
    }
    Ok(())
}

/// The key that a column's heading becomes: `Código postal` is `codigo_postal`. Empty when nothing
/// of the heading can be in a key.
pub(super) fn key_of(heading: &str) -> String {
    let mut key = String::new();
    let letters = heading.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c));
    for c in letters.flat_map(char::to_lowercase) {
        if c.is_ascii_digit() || (c.is_alphabetic() && !c.is_uppercase()) {
            key.push(c);
        } else if !key.is_empty() && !key.ends_with('_') {
            key.push('_');
        }
    }
    let key: String = key.trim_end_matches('_').nfc().take(MAX_KEY_CHARS - 1).collect();
    if key.starts_with(|c: char| c.is_ascii_digit()) { format!("_{key}") } else { key }
}

/// Whether a key is one by its looks: what most are, told without taking it apart.
fn is_plain(key: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    key.len() < MAX_KEY_CHARS
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && !key.ends_with('_')
        && !key.contains("__")
        && key.bytes().all(|byte| word(byte) || byte == b'_')
}

/// The JSON of an object of `values`, in which nulls, which remove, are left out.
///
/// # Errors
/// [`BadAttribute::TooLarge`].
pub(super) fn written(values: &BTreeMap<String, Json>) -> Result<String, BadAttribute> {
    let json = serde_json::to_string(&Kept(values)).map_err(|_| BadAttribute::TooLarge(0))?;
    if json.len() > MAX_BYTES { Err(BadAttribute::TooLarge(json.len())) } else { Ok(json) }
}

/// What of the changes of attributes a contact has that had none before.
struct Kept<'a>(&'a BTreeMap<String, Json>);

impl Serialize for Kept<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter(|(_, value)| !value.is_null()))
    }
}

fn has_nul(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(has_nul),
        Json::Object(object) => {
            object.iter().any(|(key, value)| key.contains('\0') || has_nul(value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn headings_become_keys() {
        for (heading, key) in [
            ("Ciudad", "ciudad"),
            (" Código  postal (CP) ", "codigo_postal_cp"),
            ("2026 spend €", "_2026_spend"),
            ("Город", "город"),
            ("---", ""),
        ] {
            assert_eq!(key_of(heading), key);
            assert!(key.is_empty() || check_key(key).is_ok(), "{key}");
        }
    }

    #[test]
    fn a_merge_sets_removes_and_says_whether_it_changed_anything() {
        let changes = |value: Json| serde_json::from_value::<BTreeMap<_, _>>(value).unwrap();
        let mut attributes = Attributes::default();
        assert_eq!(attributes.merge(&changes(json!({"city": "Soria", "age": 4}))), Ok(true));
        assert_eq!(attributes.merge(&changes(json!({"city": "Soria", "none": null}))), Ok(false));
        assert_eq!(attributes.merge(&changes(json!({"age": null}))), Ok(true));
        assert_eq!(json!(attributes), json!({"city": "Soria"}));
        let large = changes(json!({"text": "x".repeat(MAX_BYTES)}));
        assert!(matches!(attributes.merge(&large), Err(BadAttribute::TooLarge(_))));
        assert_eq!(json!(attributes), json!({"city": "Soria"}));
    }

    #[test]
    fn keys_and_values_are_checked() {
        assert_eq!(check_key("email"), Err(BadAttribute::Field("email".into())));
        for (bad, better) in [("", ""), ("City", "city"), ("a b", "a_b"), ("1st", "_1st")] {
            let (key, better) = (bad.into(), better.into());
            assert_eq!(check_key(bad), Err(BadAttribute::Key { key, better }));
        }
        let nul = BTreeMap::from([("a".to_owned(), json!({"b": ["x\0"]}))]);
        assert_eq!(check(&nul), Err(BadAttribute::Nul("a".into())));
    }
}
