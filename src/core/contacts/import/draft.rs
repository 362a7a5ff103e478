//! What a row says about a contact.

use serde_json::{Map, Value};

use super::columns::{Columns, Target};
use super::{ImportError, Reject};
use crate::core::contacts::attributes::{self, cell};
use crate::core::contacts::reading::{Cells, Content, Head, Layout, Place, Record};
use crate::core::contacts::{Address, ContactChange, tags};

/// Keys of a contact as we export it that say nothing to an import.
const ATTRIBUTES: &str = "attributes";

/// A contact as a row has it.
#[derive(Debug)]
pub(in crate::core::contacts) struct Draft {
    pub(in crate::core::contacts) address: Address,
    pub(in crate::core::contacts) change: ContactChange,
    pub(in crate::core::contacts) origin: Origin,
}

/// Where a draft came from, for when it is rejected.
#[derive(Debug)]
pub(in crate::core::contacts) struct Origin {
    pub(in crate::core::contacts) place: Place,
    pub(in crate::core::contacts) content: Content,
}

impl Origin {
    pub(in crate::core::contacts) fn reject(self, reason: impl std::fmt::Display) -> Reject {
        let record = self.content.into_cells();
        Reject { place: self.place, reason: reason.to_string(), record }
    }
}

impl Columns {
    /// Tells the columns from how the file begins.
    pub(in crate::core::contacts) fn of(
        head: Head<'_>,
        map: &[(String, String)],
        remembered: &[(String, String)],
    ) -> Result<Self, ImportError> {
        match head {
            Head::Keys(keys) => Self::read_remembering(keys, map, remembered),
            Head::Table(Record { fault: Some(fault), .. }) => {
                Err(ImportError::Header(fault.to_string()))
            }
            Head::Table(Record { content, .. }) => {
                let cells = match content {
                    Content::Cells(cells) => cells.iter().map(|c| c.trim().to_owned()).collect(),
                    Content::Item { .. } => Vec::new(),
                };
                Self::read_remembering(cells, map, remembered)
            }
        }
    }

    /// What a row of a table says. Empty cells say nothing.
    fn of_cells(&self, cells: &Cells) -> Result<(Address, ContactChange), String> {
        let (found, wanted) = (cells.len(), self.headings().len());
        if found != wanted {
            return Err(format!(
                "it has {found} cells where the header has {wanted}; is a delimiter or a quote missing?"
            ));
        }
        let mut said = Said::default();
        for (target, cell) in self.columns().zip(cells.iter()) {
            let cell = cell.trim();
            if let (Some(target), false) = (target, cell.is_empty()) {
                said.take_text(target, cell);
            }
        }
        said.finish()
    }

    /// What an object says. Null and empty text say nothing. An object that has `attributes` is
    /// one as we export it: what else is unknown in it is no attribute.
    fn of_object(&self, object: &Map<String, Value>) -> Result<(Address, ContactChange), String> {
        let mut said = Said::default();
        let own = object.get(ATTRIBUTES).and_then(Value::as_object);
        for (key, value) in own.into_iter().flatten() {
            said.set(key, value);
        }
        for (key, value) in object {
            let target = match self.of_key(key) {
                Some(target) => target.clone(),
                None if own.is_some() => continue,
                None => Target::Attribute(attributes::key_of(key)),
            };
            match (&target, value) {
                (Target::Attribute(_), _) if own.is_some() => {}
                (Target::Attribute(key), value) => {
                    if said.change.attributes.contains_key(key) {
                        return Err(format!("two of its keys are `{key}`; rename one of them"));
                    }
                    said.set(key, value);
                }
                (_, Value::Null) => {}
                (Target::Tags, Value::Array(items)) => {
                    said.change.tags = items.iter().map(cell).collect();
                }
                (target, value) => said.take_text(target, cell(value).trim()),
            }
        }
        said.finish()
    }
}

impl Layout for Columns {
    type Row = Draft;

    fn has_header(&self) -> bool {
        true
    }

    fn row(&self, record: Record) -> Result<Draft, Reject> {
        let Record { place, content, fault } = record;
        let read = match (fault, &content) {
            (Some(fault), _) => Err(fault.to_string()),
            (None, Content::Cells(cells)) => self.of_cells(cells),
            (None, Content::Item { object, .. }) => self.of_object(object),
        };
        let origin = Origin { place, content };
        match read {
            Ok((address, change)) => Ok(Draft { address, change, origin }),
            Err(reason) => Err(origin.reject(reason)),
        }
    }
}

/// What was read of a row so far.
#[derive(Default)]
struct Said {
    email: String,
    change: ContactChange,
}

impl Said {
    fn take_text(&mut self, target: &Target, text: &str) {
        if text.is_empty() {
            return;
        }
        match target {
            Target::Email => text.clone_into(&mut self.email),
            Target::Name => self.change.name = Some(text.to_owned()),
            Target::Language => self.change.language = Some(text.to_owned()),
            Target::Timezone => self.change.timezone = Some(text.to_owned()),
            Target::Tags => self.change.tags = tags::of_cell(text),
            Target::Notes => self.change.notes = Some(text.to_owned()),
            Target::Attribute(key) => {
                self.change.attributes.insert(key.clone(), text.into());
            }
        }
    }

    /// Sets an attribute to a value that has a type.
    fn set(&mut self, key: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::String(text) if text.trim().is_empty() => {}
            value => {
                self.change.attributes.insert(key.to_owned(), value.clone());
            }
        }
    }

    fn finish(self) -> Result<(Address, ContactChange), String> {
        let address = Address::parse(&self.email).map_err(|error| error.to_string())?;
        let change = self.change.checked().map_err(|error| error.to_string())?;
        Ok((address, change))
    }
}
