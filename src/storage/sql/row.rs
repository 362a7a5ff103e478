//! Rows, read by column name into the type the reader asks for. Nothing is coerced: a value of
//! another shape is an error that names the column.

use std::sync::Arc;

use super::{DbError, DbResult, Value};
use crate::core::kernel::{Currency, Id, Timestamp};

/// One row of a result.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

/// A type that a column can be read as.
pub trait FromValue: Sized {
    /// The shape it needs, in words.
    const SHAPE: &'static str;

    /// Gives the value back when its shape is another.
    fn from_value(value: &Value) -> Option<Self>;
}

impl Row {
    pub(super) const fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// Reads the column called `name`.
    ///
    /// # Errors
    /// [`DbError::Engine`] when there is no such column or it has another shape.
    pub fn get<T: FromValue>(&self, name: &str) -> DbResult<T> {
        let value = self
            .columns
            .iter()
            .position(|column| column == name)
            .map(|at| &self.values[at])
            .ok_or_else(|| DbError::engine(format!("the result has no column `{name}`")))?;
        T::from_value(value).ok_or_else(|| {
            let (shape, found) = (T::SHAPE, value.shape());
            DbError::engine(format!("column `{name}` is {found}, not {shape}"))
        })
    }

    /// Reads a column that holds one of a closed set of words.
    pub fn word<T: std::str::FromStr>(&self, name: &str) -> DbResult<T> {
        let text: String = self.get(name)?;
        text.parse().map_err(|_| {
            DbError::engine(format!("column `{name}` holds `{text}`, which this version lacks"))
        })
    }

    /// Reads a JSON column into the type it was written from.
    pub fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> DbResult<T> {
        serde_json::from_value(self.get(name)?)
            .map_err(|error| DbError::engine(format!("column `{name}` is not readable: {error}")))
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    pub fn values(&self) -> &[Value] {
        &self.values
    }
}

macro_rules! from_value {
    ($($into:ty, $shape:literal, $($pattern:pat => $value:expr),+;)+) => {
        $(impl FromValue for $into {
            const SHAPE: &'static str = $shape;

            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    $($pattern => $value,)+
                    _ => None,
                }
            }
        })+
    };
}

// SQLite has no booleans, ids or JSON of its own: its integers, 16-byte blobs and texts stand for
// them, and the reader's type says which is meant.
from_value! {
    bool, "bool", Value::Bool(value) => Some(*value), Value::Int(0) => Some(false), Value::Int(1) => Some(true);
    i64, "int", Value::Int(value) => Some(*value);
    u64, "int", Value::Int(value) => u64::try_from(*value).ok();
    u32, "int", Value::Int(value) => u32::try_from(*value).ok();
    u16, "int", Value::Int(value) => u16::try_from(*value).ok();
    f64, "real", Value::Real(value) => Some(*value);
    String, "text", Value::Text(value) => Some(value.clone());
    Vec<u8>, "bytes", Value::Bytes(value) => Some(value.clone());
    Id, "id", Value::Id(value) => Some(*value), Value::Bytes(value) => value.as_slice().try_into().ok().map(Id::from_bytes);
    Timestamp, "int", Value::Int(value) => Some(Timestamp::from_millis(*value));
    Currency, "text", Value::Text(value) => value.parse().ok();
    chrono::NaiveDate, "text", Value::Text(value) => value.parse().ok();
    serde_json::Value, "json", Value::Json(value) => Some(value.clone()), Value::Text(value) => serde_json::from_str(value).ok();
}

impl<T: FromValue> FromValue for Option<T> {
    const SHAPE: &'static str = T::SHAPE;

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}
