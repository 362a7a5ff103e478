//! Starters: layouts that come with the program, to begin a template with.
//!
//! Each is one HTML document for a body of Markdown or HTML, readable in a light and in a dark mail
//! program and on a narrow screen, in English and in Spanish. What is made of one is the
//! workspace's own: a later version of the program changes no mail.

use super::model::{Format, TemplateSource};
use crate::core::kernel::nearest;

/// A layout that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starter {
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    html: &'static str,
}

/// A language that starters are written in: its tag, and what stands for `@word@`.
type Words = (&'static str, [(&'static str, &'static str); 3]);

const LANGUAGES: [Words; 2] = [
    (
        "en",
        [
            ("@reason@", "You receive this mail because you subscribed with {{ contact.email }}."),
            ("@unsubscribe@", "Unsubscribe"),
            ("@sent@", "This mail was sent to {{ contact.email }}, about something you asked for."),
        ],
    ),
    (
        "es",
        [
            ("@reason@", "Recibes este correo porque te suscribiste con {{ contact.email }}."),
            ("@unsubscribe@", "Darme de baja"),
            ("@sent@", "Este correo se envió a {{ contact.email }} por algo que has pedido."),
        ],
    ),
];

/// There is no such starter, or it is not written in that language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StarterError {
    #[error("no starter `{name}`; {help}")]
    NotFound { name: String, help: String },
    #[error("starters are written in {}, not in `{language}`", Starter::languages().join(" and "))]
    Language { language: String },
}

impl Starter {
    pub const ALL: [Self; 4] = [
        Self {
            name: "newsletter",
            about: "Several pieces under headings, with the sender's name above.",
            html: include_str!("starters/newsletter.html"),
        },
        Self {
            name: "announcement",
            about: "One thing said loudly, centred, under a band of colour.",
            html: include_str!("starters/announcement.html"),
        },
        Self {
            name: "plain",
            about: "A letter, as a person would write it.",
            html: include_str!("starters/plain.html"),
        },
        Self {
            name: "transactional",
            about: "A receipt or a notice to one person: tables, and nothing to unsubscribe from.",
            html: include_str!("starters/transactional.html"),
        },
    ];

    /// Tags of the languages there are, the usual one first.
    pub fn languages() -> [&'static str; 2] {
        LANGUAGES.map(|(language, _)| language)
    }

    /// The starter of that name.
    pub fn named(name: &str) -> Result<Self, StarterError> {
        let found = Self::ALL.into_iter().find(|starter| starter.name == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(|starter| starter.name);
            let help = match nearest(name, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", names.join(", ")),
            };
            StarterError::NotFound { name: name.to_owned(), help }
        })
    }

    /// The layout in `language`: a tag such as `es` or `es-MX`, of which only the first part counts.
    pub fn source(&self, language: &str) -> Result<TemplateSource, StarterError> {
        let primary = language.split('-').next().unwrap_or_default();
        let (tag, words) = LANGUAGES
            .iter()
            .find(|(tag, _)| tag.eq_ignore_ascii_case(primary))
            .ok_or_else(|| StarterError::Language { language: language.to_owned() })?;
        let body = words.iter().fold(self.html.replace("@language@", tag), |body, (word, text)| {
            body.replace(word, text)
        });
        Ok(TemplateSource { name: self.name.to_owned(), format: Format::Html, layout: None, body })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Compiled, Library, MessageSource};
    use super::*;

    #[test]
    fn every_starter_takes_a_letter_in_every_language() {
        let vars = json!({
            "contact": { "email": "ana@example.com", "name": "Ana", "attributes": {} },
            "campaign": { "name": "Spring" },
            "sender": { "name": "Acme", "email": "hi@acme.example" },
            "unsubscribe_url": "https://acme.example/u?c=1",
        });
        for starter in Starter::ALL {
            for language in Starter::languages() {
                let layout = starter.source(language).unwrap();
                let body = TemplateSource {
                    name: "letter".to_owned(),
                    format: Format::Markdown,
                    layout: Some(layout.name.clone()),
                    body: "# Hola\n\n[Un enlace](https://acme.example/)".to_owned(),
                };
                let message = MessageSource {
                    name: "letter".to_owned(),
                    subject: "Hola".to_owned(),
                    preheader: Some("Dentro".to_owned()),
                    body,
                    text: None,
                };
                let library: Library = [layout].into_iter().collect();
                let mail = Compiled::compile(&message, &library).unwrap().render(&vars).unwrap();
                let bulk = starter.name != "transactional";
                assert_eq!(mail.html.contains("https://acme.example/u?c=1"), bulk, "{mail:?}");
                assert_eq!(mail.text.contains("https://acme.example/u?c=1"), bulk, "{mail:?}");
                assert!(mail.html.contains("prefers-color-scheme: dark"), "{}", mail.html);
                assert!(mail.html.contains(&format!("lang=\"{language}\"")), "{}", mail.html);
                assert!(
                    mail.text.starts_with("Acme") || mail.text.contains("Hola"),
                    "{}",
                    mail.text
                );
                assert!(!mail.html.contains("@reason@") && !mail.html.contains("@sent@"));
            }
        }
    }

    #[test]
    fn what_there_is_not_is_told() {
        let wrong = Starter::named("newsleter").unwrap_err();
        insta::assert_snapshot!(wrong, @"no starter `newsleter`; did you mean `newsletter`?");
        let wrong = Starter::ALL[0].source("fr").unwrap_err();
        insta::assert_snapshot!(wrong, @"starters are written in en and es, not in `fr`");
        let mexican = Starter::ALL[0].source("es-MX").unwrap();
        assert_eq!(mexican, Starter::ALL[0].source("es").unwrap());
    }
}
