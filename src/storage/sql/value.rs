//! The few shapes a value has on its way to and from a database.

use super::{DbError, DbResult};
use crate::core::kernel::{Currency, Id, Timestamp};

/// One value of a row or a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
    Id(Id),
    Json(serde_json::Value),
    /// JSON that was written already, by `serde_json`: cheaper than a value where there are many.
    Written(String),
}

/// The parameters of one statement, `?1` first. Made by [`params!`](crate::storage::sql::params).
pub type Params = Vec<Value>;

impl Value {
    /// Refuses what one of the engines cannot give back: text with a NUL character (PostgreSQL)
    /// and a number that is not finite (SQLite reads NaN as null; JSON has none).
    pub(super) fn check(&self) -> DbResult<()> {
        match self {
            Self::Text(text) if text.contains('\0') => Err(has_nul("text")),
            Self::Json(json) if json_has_nul(json) => Err(has_nul("JSON")),
            // Written so, or in front of it a backslash that was: only then is it read.
            Self::Written(json)
                if json.contains("\\u0000")
                    && serde_json::from_str(json).is_ok_and(|json| json_has_nul(&json)) =>
            {
                Err(has_nul("JSON"))
            }
            Self::Real(value) if !value.is_finite() => {
                Err(DbError::engine(format!("a parameter is {value}, which is not finite")))
            }
            _ => Ok(()),
        }
    }

    /// The value for people, as it could be written in SQL.
    pub fn shown(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Bool(value) => value.to_string().to_uppercase(),
            Self::Int(value) => value.to_string(),
            Self::Real(value) => value.to_string(),
            Self::Text(value) | Self::Written(value) => format!("'{}'", value.replace('\'', "''")),
            Self::Bytes(value) => format!("({} bytes)", value.len()),
            Self::Id(value) => value.to_string(),
            Self::Json(value) => format!("'{}'", value.to_string().replace('\'', "''")),
        }
    }

    /// The shape in words, for errors.
    pub(crate) const fn shape(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Real(_) => "real",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Id(_) => "id",
            Self::Json(_) | Self::Written(_) => "json",
        }
    }
}

fn has_nul(shape: &str) -> DbError {
    DbError::engine(format!("{shape} with a NUL character (U+0000) cannot be stored; remove it"))
}

fn json_has_nul(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(json_has_nul),
        serde_json::Value::Object(fields) => {
            fields.iter().any(|(key, value)| key.contains('\0') || json_has_nul(value))
        }
        _ => false,
    }
}

macro_rules! value_from {
    ($($from:ty => |$value:ident| $into:expr),+ $(,)?) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        })+
    };
}

value_from! {
    bool => |value| Self::Bool(value),
    i64 => |value| Self::Int(value),
    i32 => |value| Self::Int(value.into()),
    u32 => |value| Self::Int(value.into()),
    u64 => |value| Self::Int(i64::try_from(value).unwrap_or(i64::MAX)),
    u16 => |value| Self::Int(value.into()),
    f64 => |value| Self::Real(value),
    String => |value| Self::Text(value),
    &str => |value| Self::Text(value.to_owned()),
    &String => |value| Self::Text(value.clone()),
    Vec<u8> => |value| Self::Bytes(value),
    &[u8] => |value| Self::Bytes(value.to_vec()),
    Id => |value| Self::Id(value),
    Timestamp => |value| Self::Int(value.as_millis()),
    Currency => |value| Self::Text(value.to_string()),
    serde_json::Value => |value| Self::Json(value),
    &serde_json::Value => |value| Self::Json(value.clone()),
    chrono::NaiveDate => |value| Self::Text(value.to_string()),
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
