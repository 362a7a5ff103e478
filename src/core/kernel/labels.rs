//! Names and labels: how people call things in commands, files and addresses.

use std::collections::BTreeMap;

/// Labels of a thing, by key, in a stable order.
pub type Labels = BTreeMap<String, String>;

/// A name that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    #[error("a name cannot be empty")]
    Empty,
    #[error("the name `{0}…` is longer than 100 characters")]
    TooLong(String),
    #[error(
        "the name `{name}` has {found:?}; use letters, digits, `-`, `_`, `.` and spaces between them"
    )]
    Character { name: String, found: char },
    #[error("the name `{0}` starts or ends with a space, `-` or `.`")]
    Edge(String),
}

/// Checks a name that people choose for a campaign, a list, a channel or a template.
pub fn check_name(name: &str) -> Result<(), BadName> {
    if name.is_empty() {
        return Err(BadName::Empty);
    }
    if name.chars().count() > 100 {
        return Err(BadName::TooLong(name.chars().take(20).collect()));
    }
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if let Some(found) = name.chars().find(|c| !allowed(*c)) {
        return Err(BadName::Character { name: name.to_owned(), found });
    }
    if name.starts_with([' ', '-', '.']) || name.ends_with([' ', '-', '.']) {
        return Err(BadName::Edge(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_a_command_a_path_and_a_person() {
        for good in ["spring", "Rebajas de otoño", "b2b_2026.v2"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", "a/b", "-x", "x ", "a\nb", "<b>"] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
