//! What a brand is, which profiles are sound, and where its words stand in a text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::core::kernel::{BadName, Id, Labels, Timestamp, fold};
use crate::storage::sql::DbError;

/// Characters of a voice at most.
const MAX_VOICE: usize = 4000;
/// Words, colours or links at most, and characters of each.
const MAX_ITEMS: usize = 200;
const MAX_ITEM: usize = 200;

/// A brand as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    pub id: Id,
    pub name: String,
    pub labels: Labels,
    pub profile: Profile,
    /// Counts its changes, from 1.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A brand to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewBrand {
    pub name: String,
    pub labels: Labels,
    pub profile: Profile,
}

/// How a brand speaks and looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// How it speaks, for whoever writes; never empty.
    pub voice: Option<String>,
    pub words_to_use: Vec<String>,
    /// What its campaigns are warned about.
    pub words_to_avoid: Vec<String>,
    /// As `es` or `pt-BR`.
    pub languages: Vec<String>,
    /// `#2f6f4e`, by what they are for.
    pub colors: BTreeMap<String, String>,
    /// A web address.
    pub logo: Option<String>,
    /// Web addresses, by what they lead to.
    pub links: BTreeMap<String, String>,
}

/// What is wrong with a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProfile {
    #[error("`{field}` holds an empty text or a control character; write words")]
    Empty { field: &'static str },
    #[error(
        "`{field}` is too long; at most {MAX_ITEMS} of {MAX_ITEM} characters, a voice {MAX_VOICE}"
    )]
    TooLong { field: &'static str },
    #[error("`{0}` is no language; write its tag, as es or pt-BR")]
    Language(String),
    #[error("`{0}` is no colour; write it as #2f6f4e")]
    Color(String),
    #[error("`{0}` is no web address; write it as https://casaverde.example/…")]
    Address(String),
}

/// What can go wrong with brands.
#[derive(Debug, thiserror::Error)]
pub enum BrandError {
    #[error("no brand `{0}`; `frontier brand list` shows those there are")]
    NotFound(String),
    #[error("`{text}` could be {}; write more of it", .names.join(", "))]
    Ambiguous { text: String, names: Vec<String> },
    #[error("a brand named `{0}` already exists; choose another name")]
    NameTaken(String),
    #[error("the brand `{0}` was changed meanwhile; look at it again")]
    Outdated(String),
    #[error(transparent)]
    Profile(#[from] BadProfile),
    #[error(transparent)]
    Name(#[from] BadName),
    #[error("the brands could not be read or saved")]
    Store(#[from] DbError),
}

impl Profile {
    /// Checks every text of it.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn check(&self) -> Result<(), BadProfile> {
        if let Some(voice) = &self.voice {
            let bare = voice.trim().is_empty() || voice.contains('\0');
            ensure(!bare, || BadProfile::Empty { field: "voice" })?;
            let fits = voice.chars().count() <= MAX_VOICE;
            ensure(fits, || BadProfile::TooLong { field: "voice" })?;
        }
        items("words_to_use", self.words_to_use.iter())?;
        items("words_to_avoid", self.words_to_avoid.iter())?;
        items("languages", self.languages.iter())?;
        items("colors", self.colors.iter().flat_map(|(key, value)| [key, value]))?;
        items("links", self.links.iter().flat_map(|(key, value)| [key, value]))?;
        items("logo", self.logo.iter())?;
        for language in &self.languages {
            ensure(is_language(language), || BadProfile::Language(language.clone()))?;
        }
        for color in self.colors.values() {
            ensure(is_color(color), || BadProfile::Color(color.clone()))?;
        }
        for address in self.links.values().chain(&self.logo) {
            ensure(is_address(address), || BadProfile::Address(address.clone()))?;
        }
        Ok(())
    }

    /// The words to avoid that a text says, each once, in their order: whole words, in any case.
    pub fn avoided_in(&self, text: &str) -> Vec<&str> {
        let text = fold(text);
        let says = |word: &&str| {
            let word = fold(word);
            text.match_indices(&word).any(|(at, found)| {
                let before = text[..at].chars().next_back();
                let after = text[at + found.len()..].chars().next();
                !before.is_some_and(char::is_alphanumeric)
                    && !after.is_some_and(char::is_alphanumeric)
            })
        };
        self.words_to_avoid.iter().map(String::as_str).filter(says).collect()
    }
}

/// What a reader sees of a source: without tags of HTML and of templates.
pub fn visible(source: &str) -> String {
    const HIDDEN: [(&str, &str); 4] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}"), ("<", ">")];
    let mut seen = String::with_capacity(source.len());
    let mut rest = source;
    'next: while let Some(letter) = rest.chars().next() {
        for (open, close) in HIDDEN {
            if let Some(end) = rest.strip_prefix(open).and_then(|inner| inner.find(close)) {
                seen.push(' ');
                rest = &rest[open.len() + end + close.len()..];
                continue 'next;
            }
        }
        seen.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    seen
}

fn ensure(holds: bool, refusal: impl FnOnce() -> BadProfile) -> Result<(), BadProfile> {
    if holds { Ok(()) } else { Err(refusal()) }
}

fn items<'a>(
    field: &'static str,
    mut items: impl Iterator<Item = &'a String> + Clone,
) -> Result<(), BadProfile> {
    // A colour and its name are two.
    let few = items.clone().count() <= 2 * MAX_ITEMS;
    let short = items.clone().all(|item| item.chars().count() <= MAX_ITEM);
    ensure(few && short, || BadProfile::TooLong { field })?;
    let says = items.all(|item| !item.trim().is_empty() && !item.contains(char::is_control));
    ensure(says, || BadProfile::Empty { field })
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| {
            (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_and_in_any_case() {
        let words = ["gratis", "última oportunidad", "%", "sale"].map(str::to_owned);
        let profile = Profile { words_to_avoid: words.into(), ..Profile::default() };
        assert_eq!(profile.avoided_in("¡GRATIS! Ultima oportunidad"), ["gratis"]);
        assert_eq!(
            profile.avoided_in("ÚLTIMA OPORTUNIDAD, 5 % menos"),
            ["última oportunidad", "%"]
        );
        assert!(profile.avoided_in("wholesale, gratisimo").is_empty());
    }

    #[test]
    fn tags_are_not_what_a_reader_sees() {
        let source = "<p class=\"sale\">Hola {{ sale }}{% if sale %}!{% endif %} 1 < 2</p>";
        let words = visible(source);
        assert_eq!(words.split_whitespace().collect::<Vec<_>>(), ["Hola", "!", "1"]);
        assert_eq!(visible("a < b {{ c"), "a < b {{ c");
    }

    #[test]
    fn profiles_are_sound() {
        let profile = |change: fn(&mut Profile)| {
            let mut profile = Profile::default();
            change(&mut profile);
            profile.check().err().map(|error| error.to_string())
        };
        assert_eq!(profile(|_| ()), None);
        assert_eq!(profile(|one| one.languages = vec!["es".into(), "pt-BR".into()]), None);
        insta::assert_snapshot!(profile(|one| one.languages = vec!["Spanish".into()]).unwrap(), @"`Spanish` is no language; write its tag, as es or pt-BR");
        insta::assert_snapshot!(profile(|one| one.logo = Some("logo.png".into())).unwrap(), @"`logo.png` is no web address; write it as https://casaverde.example/…");
        insta::assert_snapshot!(profile(|one| drop(one.colors.insert("ink".into(), "blue".into()))).unwrap(), @"`blue` is no colour; write it as #2f6f4e");
        insta::assert_snapshot!(profile(|one| one.words_to_use = vec![" ".into()]).unwrap(), @"`words_to_use` holds an empty text or a control character; write words");
        assert!(profile(|one| one.voice = Some("a".repeat(4001))).is_some());
    }
}
