//! What templates may name.
//!
//! **Invariant:** [`Variables`] and the names that [`find`] knows are the same; a test holds them
//! together.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::core::kernel::nearest;

/// The values of one contact's message.
#[derive(Clone, Debug, Serialize)]
pub struct Variables<'a> {
    pub contact: ContactVariables<'a>,
    pub campaign: CampaignVariables<'a>,
    pub sender: SenderVariables<'a>,
    /// Absent where there is no way to unsubscribe; a template that shows it is then an error.
    pub unsubscribe_url: Option<&'a str>,
}

/// `{{ contact.… }}`
#[derive(Clone, Debug, Serialize)]
pub struct ContactVariables<'a> {
    pub email: &'a str,
    pub name: Option<&'a str>,
    pub language: Option<&'a str>,
    pub timezone: Option<&'a str>,
    pub attributes: &'a Map<String, Value>,
}

/// `{{ campaign.… }}`
#[derive(Clone, Debug, Serialize)]
pub struct CampaignVariables<'a> {
    pub name: &'a str,
}

/// `{{ sender.… }}`
#[derive(Clone, Debug, Serialize)]
pub struct SenderVariables<'a> {
    pub name: &'a str,
    pub email: &'a str,
}

/// The names at the root, with their fields where those are fixed. `subject` and `preheader` are
/// the message's own, rendered before the body.
const NAMES: [(&str, &[&str]); 6] = [
    ("contact", &["email", "name", "language", "timezone", "attributes"]),
    ("campaign", &["name"]),
    ("sender", &["name", "email"]),
    ("unsubscribe_url", &[]),
    ("subject", &[]),
    ("preheader", &[]),
];

/// A name that means nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownName {
    /// The name as written: `nmae`, `contact.nmae`.
    pub(super) name: String,
    pub(super) meant: Option<String>,
    /// What could be written.
    pub(super) known: String,
}

/// Looks up a dotted path such as `contact.attributes.city`.
pub(super) fn find(path: &str) -> Result<(), UnknownName> {
    let mut words = path.split('.');
    let root = words.next().unwrap_or_default();
    let Some((_, fields)) = NAMES.iter().find(|(name, _)| *name == root) else {
        let mut error = unknown(root, "", &NAMES.map(|(name, _)| name));
        error.meant = error.meant.or_else(|| as_field(root));
        return Err(error);
    };
    match words.next() {
        Some(field) if !fields.is_empty() && !fields.contains(&field) => {
            let mut error = unknown(field, &format!("{root}."), fields);
            let attribute = || (root == "contact").then(|| format!("contact.attributes.{field}"));
            error.meant = error.meant.or_else(attribute);
            Err(error)
        }
        _ => Ok(()),
    }
}

/// The field that a root name was probably meant to be: `contact.name` for `name`.
fn as_field(word: &str) -> Option<String> {
    NAMES.iter().find_map(|(root, fields)| {
        nearest(word, fields.iter().copied()).map(|field| format!("{root}.{field}"))
    })
}

fn unknown(word: &str, before: &str, known: &[&str]) -> UnknownName {
    UnknownName {
        name: format!("{before}{word}"),
        meant: nearest(word, known.iter().copied()).map(|name| format!("{before}{name}")),
        known: known.iter().map(|name| format!("`{before}{name}`")).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_known_and_every_known_name_is_a_variable() {
        let variables = Variables {
            contact: ContactVariables {
                email: "",
                name: None,
                language: None,
                timezone: None,
                attributes: &Map::new(),
            },
            campaign: CampaignVariables { name: "" },
            sender: SenderVariables { name: "", email: "" },
            unsubscribe_url: None,
        };
        let Value::Object(roots) = serde_json::to_value(variables).unwrap() else { panic!() };
        let written: Vec<(&str, Vec<&str>)> = roots
            .iter()
            .map(|(name, value)| {
                let fields = value.as_object().map(|map| map.keys().map(String::as_str).collect());
                (name.as_str(), fields.unwrap_or_default())
            })
            .chain([("subject", vec![]), ("preheader", vec![])])
            .collect();
        assert_eq!(written, NAMES.map(|(name, fields)| (name, fields.to_vec())));
    }

    #[test]
    fn a_slip_is_recognised() {
        assert_eq!(find("contact.attributes.anything.at.all"), Ok(()));
        assert_eq!(find("contact.nmae").unwrap_err().meant.unwrap(), "contact.name");
        assert_eq!(find("unsubscribe_ulr").unwrap_err().meant.unwrap(), "unsubscribe_url");
        assert_eq!(find("email").unwrap_err().meant.unwrap(), "contact.email");
        assert_eq!(find("weather").unwrap_err().meant, None);
    }
}
