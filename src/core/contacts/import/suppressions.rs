//! What a file of suppressions says.

use super::columns::{EMAIL, key_named, known_as};
use super::draft::Origin;
use super::{ImportError, Reject};
use crate::core::contacts::attributes::{self, cell};
use crate::core::contacts::model::reason;
use crate::core::contacts::reading::{Content, Head, Layout, Record};
use crate::core::contacts::{Address, ContactError};

const REASON: &[&str] = &["reason", "motivo", "razon", "raison", "grund"];

/// Where a file of suppressions has its addresses and reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core::contacts) enum SuppressionColumns {
    Cells {
        email: usize,
        reason: Option<usize>,
        /// Whether the first record names the columns.
        has_header: bool,
    },
    Keys {
        email: String,
        reason: Option<String>,
    },
}

impl SuppressionColumns {
    /// Tells the columns from the first record: by their headings, or, when it holds an address,
    /// as a file without a header whose first column is the address.
    pub(in crate::core::contacts) fn read(head: Head<'_>) -> Result<Self, ImportError> {
        let record = match head {
            Head::Table(record) => record,
            Head::Keys(keys) => {
                let Some(email) = key_named(&keys, EMAIL) else {
                    return Err(ImportError::NoAddressColumn(keys));
                };
                let reason = key_named(&keys, REASON).cloned();
                return Ok(Self::Keys { email: email.clone(), reason });
            }
        };
        if let Some(fault) = &record.fault {
            return Err(ImportError::Header(fault.to_string()));
        }
        let cells: Vec<&str> = match &record.content {
            Content::Cells(cells) => cells.iter().collect(),
            Content::Item { .. } => Vec::new(),
        };
        if cells.first().is_some_and(|cell| Address::parse(cell).is_ok()) {
            return Ok(Self::Cells { email: 0, reason: None, has_header: false });
        }
        let keys: Vec<String> = cells.iter().map(|text| attributes::key_of(text)).collect();
        let email = known_as(&keys, EMAIL, |_| true).unwrap_or(0);
        let reason = known_as(&keys, REASON, |at| at != email);
        Ok(Self::Cells { email, reason, has_header: true })
    }

    fn find(&self, content: &Content) -> (String, String) {
        match (self, content) {
            (Self::Cells { email, reason, .. }, Content::Cells(cells)) => {
                let at = |at: usize| cells.iter().nth(at).unwrap_or_default().to_owned();
                (at(*email), reason.map_or_else(String::new, at))
            }
            (Self::Keys { email, reason }, Content::Item { object, .. }) => {
                let at = |key: &String| object.get(key).map(cell).unwrap_or_default();
                (at(email), reason.as_ref().map_or_else(String::new, at))
            }
            _ => Default::default(),
        }
    }
}

impl Layout for SuppressionColumns {
    /// The address to suppress, and why when the file says so.
    type Row = (Address, String);

    fn has_header(&self) -> bool {
        matches!(self, Self::Cells { has_header: true, .. })
    }

    fn row(&self, record: Record) -> Result<(Address, String), Reject> {
        let Record { place, content, fault } = record;
        let read = || {
            let (email, why) = self.find(&content);
            Ok::<_, ContactError>((Address::parse(&email)?, reason(&why)?))
        };
        let read = match fault {
            None => read().map_err(|error| error.to_string()),
            Some(fault) => Err(fault.to_string()),
        };
        read.map_err(|why| Origin { place, content }.reject(why))
    }
}
