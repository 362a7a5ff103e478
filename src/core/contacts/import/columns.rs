//! What the columns of a table mean, or the keys of its objects.

use super::ImportError;
use crate::core::contacts::{Address, BadAttribute, attributes};
use crate::core::kernel::{fold, nearest};

/// Headings by which the fields are known, as [attribute keys](attributes::key_of), the plainest
/// first.
pub(super) const EMAIL: &[&str] = &[
    "email",
    "e_mail",
    "mail",
    "correo",
    "correo_electronico",
    "email_address",
    "e_mail_address",
    "mail_address",
    "direccion_de_correo",
    "courriel",
    "adresse_e_mail",
    "adresse_mail",
    "e_mail_adresse",
    "emailadresse",
    "endereco_de_email",
];
const NAME: &[&str] =
    &["name", "nombre", "full_name", "nombre_completo", "nom", "nom_complet", "nome"];
const LANGUAGE: &[&str] = &["language", "idioma", "lang", "locale", "lengua", "langue", "sprache"];
const TIMEZONE: &[&str] =
    &["timezone", "time_zone", "tz", "zona_horaria", "huso_horario", "fuseau_horaire", "zeitzone"];
const TAGS: &[&str] = &["tags", "etiquetas", "tag", "etiqueta", "schlagworte"];
const NOTES: &[&str] = &["notes", "notas", "note", "nota", "notizen"];
/// The columns of a file of contacts, and what each of them holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    headings: Vec<String>,
    targets: Vec<Option<Target>>,
    /// Targets that are where they were in the file before.
    remembered: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Email,
    Name,
    Language,
    Timezone,
    /// Between commas or semicolons.
    Tags,
    Notes,
    Attribute(String),
}

impl Columns {
    /// Reads the header. `map` says which column (by its heading) holds which field or attribute;
    /// the rest are told by their headings, and become attributes when those say nothing.
    pub(super) fn read(
        headings: Vec<String>,
        map: &[(String, String)],
    ) -> Result<Self, ImportError> {
        let mut targets = vec![None; headings.len()];
        for (target, column) in map {
            let at = column_named(&headings, target, column)?;
            let target = Target::named(target)
                .map_err(|cause| ImportError::Column { column: column.clone(), cause })?;
            if targets[at].is_some() || targets.contains(&Some(target.clone())) {
                return Err(ImportError::MappedTwice(column.clone()));
            }
            targets[at] = Some(target);
        }
        let keys: Vec<String> = headings.iter().map(|text| attributes::key_of(text)).collect();
        for (target, words) in [
            (Target::Email, EMAIL),
            (Target::Name, NAME),
            (Target::Language, LANGUAGE),
            (Target::Timezone, TIMEZONE),
            (Target::Tags, TAGS),
            (Target::Notes, NOTES),
        ] {
            if !targets.contains(&Some(target.clone()))
                && let Some(at) = known_as(&keys, words, |at| targets[at].is_none())
            {
                targets[at] = Some(target);
            }
        }
        if !targets.contains(&Some(Target::Email)) {
            let data = headings.iter().any(|text| Address::parse(text).is_ok());
            return Err(if data {
                ImportError::NoHeader
            } else {
                ImportError::NoAddressColumn(headings)
            });
        }
        for (at, key) in keys.iter().enumerate() {
            if targets[at].is_none() && !key.is_empty() {
                targets[at] = Some(attribute(&headings, &targets, at, key)?);
            }
        }
        Ok(Self { headings, targets, remembered: Vec::new() })
    }

    /// The headings as they are in the file.
    pub fn headings(&self) -> &[String] {
        &self.headings
    }

    /// The field or attribute that each column holds, with its heading; blank ones are left out.
    pub fn targets(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.targets.iter().zip(&self.headings);
        pairs.filter_map(|(target, heading)| Some((target.as_ref()?.name(), heading.as_str())))
    }

    /// The targets whose columns were remembered from an earlier file of the same source.
    pub fn remembered(&self) -> &[String] {
        &self.remembered
    }

    /// As [`Columns::read`], with what is `remembered` of an earlier file for what `map` does not
    /// say, as far as this one has the columns.
    pub(super) fn read_remembering(
        headings: Vec<String>,
        map: &[(String, String)],
        remembered: &[(String, String)],
    ) -> Result<Self, ImportError> {
        let said = |target: &str, at: usize| {
            map.iter().any(|(known, column)| {
                known == target || column_named(&headings, known, column).is_ok_and(|of| of == at)
            })
        };
        let mut all = map.to_vec();
        let mut targets = Vec::new();
        for (target, column) in remembered {
            if let Ok(at) = column_named(&headings, target, column)
                && !said(target, at)
            {
                all.push((target.clone(), column.clone()));
                targets.push(target.clone());
            }
        }
        Ok(Self { remembered: targets, ..Self::read(headings, &all)? })
    }

    /// What each column holds, in their order.
    pub(super) fn columns(&self) -> impl Iterator<Item = Option<&Target>> {
        self.targets.iter().map(Option::as_ref)
    }

    /// What the key of an object holds, when it was seen at the beginning of the file.
    pub(super) fn of_key(&self, key: &str) -> Option<&Target> {
        let at = self.headings.iter().position(|heading| heading == key)?;
        self.targets[at].as_ref()
    }
}

impl Target {
    fn named(text: &str) -> Result<Self, BadAttribute> {
        Ok(match text {
            "email" => Self::Email,
            "name" => Self::Name,
            "language" => Self::Language,
            "timezone" => Self::Timezone,
            "tags" => Self::Tags,
            "notes" => Self::Notes,
            key => {
                attributes::check_key(key)?;
                Self::Attribute(key.to_owned())
            }
        })
    }

    fn name(&self) -> &str {
        match self {
            Self::Email => "email",
            Self::Name => "name",
            Self::Language => "language",
            Self::Timezone => "timezone",
            Self::Tags => "tags",
            Self::Notes => "notes",
            Self::Attribute(key) => key,
        }
    }
}

/// The column that a person calls `column`.
fn column_named(headings: &[String], target: &str, column: &str) -> Result<usize, ImportError> {
    let exact = headings.iter().position(|heading| heading == column);
    let folded = || headings.iter().position(|heading| fold(heading) == fold(column));
    exact.or_else(folded).ok_or_else(|| ImportError::UnknownColumn {
        target: target.to_owned(),
        column: column.to_owned(),
        nearest: nearest(column, headings.iter().map(String::as_str)).map(str::to_owned),
        columns: headings.to_vec(),
    })
}

/// The first of the free columns that is called by one of `words`, the plainest word first.
pub(super) fn known_as(
    keys: &[String],
    words: &[&str],
    free: impl Fn(usize) -> bool,
) -> Option<usize> {
    words.iter().find_map(|word| (0..keys.len()).find(|at| keys[*at] == *word && free(*at)))
}

/// The first of `keys` that is called by one of `words`, the plainest word first.
pub(super) fn key_named<'a>(keys: &'a [String], words: &[&str]) -> Option<&'a String> {
    let known: Vec<String> = keys.iter().map(|key| attributes::key_of(key)).collect();
    known_as(&known, words, |_| true).map(|at| &keys[at])
}

/// The attribute `key` that column `at` becomes.
fn attribute(
    headings: &[String],
    targets: &[Option<Target>],
    at: usize,
    key: &str,
) -> Result<Target, ImportError> {
    let taken = targets.iter().position(|target| target.as_ref().is_some_and(|t| t.name() == key));
    if let Some(first) = taken {
        let (first, second) = (headings[first].clone(), headings[at].clone());
        return Err(ImportError::SameTarget { first, second, target: key.to_owned() });
    }
    Target::named(key).map_err(|cause| ImportError::Column { column: headings[at].clone(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headings: &[&str], map: &[(&str, &str)]) -> Result<Vec<(String, String)>, ImportError> {
        let cells = headings.iter().map(|heading| (*heading).to_owned()).collect();
        let map: Vec<_> =
            map.iter().map(|(target, column)| (target.to_string(), column.to_string())).collect();
        let columns = Columns::read(cells, &map)?;
        Ok(columns.targets().map(|(target, column)| (target.into(), column.into())).collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(target, column)| (target.to_string(), column.to_string())).collect()
    }

    #[test]
    fn headings_are_understood_in_several_languages_and_the_rest_are_attributes() {
        assert_eq!(
            read(
                &["Nombre", "Correo electrónico", "IDIOMA", "Zona horaria", "Código postal", ""],
                &[]
            )
            .unwrap(),
            pairs(&[
                ("name", "Nombre"),
                ("email", "Correo electrónico"),
                ("language", "IDIOMA"),
                ("timezone", "Zona horaria"),
                ("codigo_postal", "Código postal"),
            ])
        );
        assert_eq!(
            read(&["mail", "Email", "id"], &[]).unwrap(),
            pairs(&[("mail", "mail"), ("email", "Email"), ("id", "id")])
        );
        assert_eq!(
            read(&["Buzón", "Alias"], &[("email", "buzón"), ("nick", "Alias")]).unwrap(),
            pairs(&[("email", "Buzón"), ("nick", "Alias")])
        );
    }

    #[test]
    fn a_header_that_cannot_be_used_says_what_to_do() {
        let message =
            |headings: &[&str], map: &[(&str, &str)]| read(headings, map).unwrap_err().to_string();
        assert_eq!(
            message(&["a", "b"], &[]),
            "no column looks like an address among `a`, `b`; say which with --map email=COLUMN"
        );
        assert_eq!(
            message(&["ana@example.com", "Ana"], &[]),
            "the first line holds an address, not the names of columns; put a header above it, as in email,name"
        );
        assert_eq!(
            message(&["Correo", "Nombre"], &[("email", "Corero")]),
            "there is no column `Corero` for `email`; is it `Correo`?"
        );
        assert_eq!(
            message(&["email", "City", "city"], &[]),
            "the columns `City` and `city` are both `city`; rename one of them"
        );
        assert_eq!(
            message(&["email", "x"], &[("Bad Key", "x")]),
            "the column `x` cannot be kept: `Bad Key` cannot be the key of an attribute; write it `bad_key`"
        );
        assert_eq!(
            message(&["email", "x"], &[("a", "x"), ("b", "x")]),
            "`x` is mapped twice; map each target and each column once"
        );
    }
}
