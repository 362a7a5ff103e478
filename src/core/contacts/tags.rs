//! Tags: words that people put on contacts to find them by.
//!
//! A tag is kept in its folded form, so `VIP` and `vip` are one. Tags stand between commas and
//! semicolons in cells and arguments, so they hold neither.

use std::collections::BTreeSet;

use crate::core::kernel::fold;

/// Folded tags, in their order.
pub type Tags = BTreeSet<String>;

const MAX_CHARS: usize = 64;
/// Tags of one contact at the most.
pub(super) const MAX_TAGS: usize = 200;

/// A tag that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTag {
    #[error("a tag cannot be empty; write a word")]
    Empty,
    #[error("the tag `{0}…` is longer than 64 characters; shorten it")]
    TooLong(String),
    #[error("the tag `{tag}` has {found:?} in it, which a tag cannot have; take it out")]
    Character { tag: String, found: char },
    #[error("a contact has 200 tags at the most; take some off with --untag")]
    TooMany,
}

/// The tag in the form it is kept in.
pub(super) fn tag(text: &str) -> Result<String, BadTag> {
    let folded = fold(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = || folded.chars().take(40).collect::<String>();
    if folded.is_empty() {
        return Err(BadTag::Empty);
    }
    if folded.chars().count() > MAX_CHARS {
        return Err(BadTag::TooLong(shown()));
    }
    match folded.chars().find(|c| c.is_control() || matches!(c, ',' | ';')) {
        Some(found) => Err(BadTag::Character { tag: shown(), found }),
        None => Ok(folded),
    }
}

/// Puts each of `tags` in the form it is kept in.
pub(super) fn checked(tags: &Tags) -> Result<Tags, BadTag> {
    tags.iter().map(|text| tag(text)).collect()
}

/// The tags of a cell, between commas or semicolons, as they are written.
pub(super) fn of_cell(cell: &str) -> Tags {
    let words = cell.split([',', ';']).map(str::trim);
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_one_word_whatever_its_case() {
        for (text, kept) in [(" VIP ", "vip"), ("Año  Nuevo", "año nuevo"), ("ﬁne", "fine")] {
            assert_eq!(tag(text).unwrap(), kept);
        }
        for (text, reason) in [
            (" ", "a tag cannot be empty; write a word"),
            ("a,b", "the tag `a,b` has ',' in it, which a tag cannot have; take it out"),
            ("a\u{7}", "the tag `a\u{7}` has '\\u{7}' in it, which a tag cannot have; take it out"),
        ] {
            assert_eq!(tag(text).unwrap_err().to_string(), reason);
        }
        assert!(matches!(tag(&"x".repeat(65)), Err(BadTag::TooLong(_))));
        assert_eq!(of_cell("vip; b2b,,"), Tags::from(["b2b".to_owned(), "vip".to_owned()]));
    }
}
