//! What the columns of a file mean, and what a row says about a contact.

use super::attributes;
use super::model::ContactError;
use super::records::{Fault, Record};
use super::{Address, BadAttribute, ContactChange, tags};
use crate::core::kernel::{fold, nearest};

/// Headings by which the fields are known, as [attribute keys](attributes::key_of), the plainest
/// first.
const EMAIL: &[&str] = &[
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
const REASON: &[&str] = &["reason", "motivo", "razon", "raison", "grund"];

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the file is empty; its first line must name the columns, as in email,name")]
    Empty,
    #[error("the file is UTF-16; save it as UTF-8")]
    Utf16,
    #[error("the header cannot be read: {0}")]
    Header(String),
    #[error(
        "the first line holds an address, not the names of columns; put a header above it, as in email,name"
    )]
    NoHeader,
    #[error(
        "no column looks like an address among {}; say which with --map email=COLUMN", quoted(.0)
    )]
    NoAddressColumn(Vec<String>),
    #[error("there is no column `{column}` for `{target}`; {}", match .nearest {
        Some(name) => format!("is it `{name}`?"),
        None => format!("there are {}", quoted(.columns)),
    })]
    UnknownColumn { target: String, column: String, nearest: Option<String>, columns: Vec<String> },
    #[error("`{0}` is mapped twice; map each target and each column once")]
    MappedTwice(String),
    #[error("the columns `{first}` and `{second}` are both `{target}`; rename one of them")]
    SameTarget { first: String, second: String, target: String },
    #[error("the column `{column}` cannot be kept: {cause}")]
    Column { column: String, cause: BadAttribute },
    #[error("the upload broke off: {0}; import the file again, what is there already is kept")]
    BrokenOff(String),
}

/// A row that was not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The line of the file the row starts on, from 1.
    pub line: u64,
    pub reason: String,
    /// The cells as they are in the file; none when they were too many or too long to keep.
    pub record: Vec<String>,
}

/// The columns of a file of contacts, and what each of them holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    headings: Vec<String>,
    targets: Vec<Option<Target>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Email,
    Name,
    Language,
    Timezone,
    /// Between commas or semicolons.
    Tags,
    Notes,
    Attribute(String),
}

/// What a row says about a contact.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) address: Address,
    pub(super) change: ContactChange,
    pub(super) row: Row,
}

/// Where a row came from, for when it is rejected.
#[derive(Debug)]
pub(super) struct Row {
    line: u64,
    cells: Vec<String>,
}

/// The columns of a file of suppressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SuppressionColumns {
    email: usize,
    reason: Option<usize>,
    /// Whether the first record names the columns.
    pub(super) has_header: bool,
}

impl Columns {
    /// Reads the header. `map` says which column (by its heading) holds which field or attribute;
    /// the rest are told by their headings, and become attributes when those say nothing.
    pub(super) fn read(header: &Record, map: &[(String, String)]) -> Result<Self, ImportError> {
        let headings = headings(header)?;
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
        Ok(Self { headings, targets })
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

    /// What `record` says. Empty cells say nothing.
    pub(super) fn draft(&self, record: Record) -> Result<Draft, Reject> {
        let row = Row { line: record.line, cells: record.cells };
        match self.change(&row.cells, record.fault) {
            Ok((address, change)) => Ok(Draft { address, change, row }),
            Err(reason) => Err(row.reject(reason)),
        }
    }

    fn change(
        &self,
        cells: &[String],
        fault: Option<Fault>,
    ) -> Result<(Address, ContactChange), String> {
        if let Some(fault) = fault {
            return Err(fault.to_string());
        }
        if cells.len() != self.headings.len() {
            let (found, wanted) = (cells.len(), self.headings.len());
            return Err(format!(
                "it has {found} cells where the header has {wanted}; is a delimiter or a quote missing?"
            ));
        }
        let mut change = ContactChange::default();
        let mut email = "";
        for (target, cell) in self.targets.iter().zip(cells) {
            let cell = cell.trim();
            if cell.is_empty() {
                continue;
            }
            match target {
                Some(Target::Email) => email = cell,
                Some(Target::Name) => change.name = Some(cell.to_owned()),
                Some(Target::Language) => change.language = Some(cell.to_owned()),
                Some(Target::Timezone) => change.timezone = Some(cell.to_owned()),
                Some(Target::Tags) => change.tags = tags::of_cell(cell),
                Some(Target::Notes) => change.notes = Some(cell.to_owned()),
                Some(Target::Attribute(key)) => {
                    change.attributes.insert(key.clone(), cell.into());
                }
                None => {}
            }
        }
        let address = Address::parse(email).map_err(|error| error.to_string())?;
        let change = change.checked().map_err(|error: ContactError| error.to_string())?;
        Ok((address, change))
    }
}

impl Row {
    pub(super) fn reject(self, reason: impl std::fmt::Display) -> Reject {
        Reject { line: self.line, reason: reason.to_string(), record: self.cells }
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

impl SuppressionColumns {
    /// Tells the columns from the first record: by their headings, or, when it holds an address,
    /// as a file without a header whose first column is the address.
    pub(super) fn read(first: &Record) -> Result<Self, ImportError> {
        if let Some(fault) = first.fault {
            return Err(ImportError::Header(fault.to_string()));
        }
        if first.cells.first().is_some_and(|cell| Address::parse(cell).is_ok()) {
            return Ok(Self { email: 0, reason: None, has_header: false });
        }
        let keys: Vec<String> = first.cells.iter().map(|text| attributes::key_of(text)).collect();
        let email = known_as(&keys, EMAIL, |_| true).unwrap_or(0);
        let reason = known_as(&keys, REASON, |at| at != email);
        Ok(Self { email, reason, has_header: true })
    }

    /// The address to suppress, and why when the file says so.
    pub(super) fn row(self, record: Record) -> Result<(Address, String), Reject> {
        let row = Row { line: record.line, cells: record.cells };
        if let Some(fault) = record.fault {
            return Err(row.reject(fault));
        }
        let cell = |at: usize| row.cells.get(at).map_or("", String::as_str);
        let reason = super::model::reason(self.reason.map_or("", cell));
        match (Address::parse(cell(self.email)), reason) {
            (Ok(address), Ok(reason)) => Ok((address, reason)),
            (Err(error), _) => Err(row.reject(error)),
            (_, Err(error)) => Err(row.reject(error)),
        }
    }
}

fn headings(header: &Record) -> Result<Vec<String>, ImportError> {
    match header.fault {
        Some(fault) => Err(ImportError::Header(fault.to_string())),
        None => Ok(header.cells.iter().map(|cell| cell.trim().to_owned()).collect()),
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
fn known_as(keys: &[String], words: &[&str], free: impl Fn(usize) -> bool) -> Option<usize> {
    words.iter().find_map(|word| (0..keys.len()).find(|at| keys[*at] == *word && free(*at)))
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

fn quoted(columns: &[String]) -> String {
    let shown = columns.iter().take(20).map(|column| format!("`{column}`"));
    let list = shown.collect::<Vec<_>>().join(", ");
    if columns.len() > 20 { format!("{list}…") } else { list }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headings: &[&str], map: &[(&str, &str)]) -> Result<Vec<(String, String)>, ImportError> {
        let cells = headings.iter().map(|heading| (*heading).to_owned()).collect();
        let map: Vec<_> =
            map.iter().map(|(target, column)| (target.to_string(), column.to_string())).collect();
        let columns = Columns::read(&Record { line: 1, cells, fault: None }, &map)?;
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
