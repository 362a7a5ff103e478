//! What is in a JSON object, and texts that match a pattern.
//!
//! Each method gives an expression for the text of a statement and adds its parameters to the
//! statement's. `column` is an object that is never null, `key` one of its keys. A value of another
//! type than is asked for is null, as one that is missing.

use serde_json::Value as Json;

use super::Dialect;
use crate::storage::sql::{Params, Value};

/// More values than this are compared one by one, and not looked for in an index.
const FEW: usize = 16;

impl Dialect {
    /// The text at `key`, or null.
    pub fn json_text(self, column: &str, key: &str, params: &mut Params) -> String {
        let at = self.key(key, params);
        match self {
            Self::Sqlite => format!(
                "CASE json_type({column}, {at}) WHEN 'text' THEN json_extract({column}, {at}) END"
            ),
            Self::Postgres => format!(
                "CASE jsonb_typeof({column} -> {at}) WHEN 'string' THEN {column} ->> {at} END"
            ),
        }
    }

    /// The number at `key` as a real one, or null.
    pub fn json_number(self, column: &str, key: &str, params: &mut Params) -> String {
        let at = self.key(key, params);
        match self {
            Self::Sqlite => format!(
                "CASE WHEN json_type({column}, {at}) IN ('integer', 'real')
                      THEN CAST(json_extract({column}, {at}) AS REAL) END"
            ),
            Self::Postgres => format!(
                "CASE jsonb_typeof({column} -> {at}) WHEN 'number'
                      THEN CAST({column} -> {at} AS DOUBLE PRECISION) END"
            ),
        }
    }

    /// The boolean at `key`, or null.
    pub fn json_boolean(self, column: &str, key: &str, params: &mut Params) -> String {
        let at = self.key(key, params);
        match self {
            Self::Sqlite => format!(
                "CASE json_type({column}, {at}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
            ),
            Self::Postgres => format!(
                "CASE jsonb_typeof({column} -> {at}) WHEN 'boolean'
                      THEN CAST({column} -> {at} AS BOOLEAN) END"
            ),
        }
    }

    /// Whether there is a list at `key`; never null.
    pub fn json_has_list(self, column: &str, key: &str, params: &mut Params) -> String {
        let at = self.key(key, params);
        match self {
            Self::Sqlite => format!("COALESCE(json_type({column}, {at}) = 'array', FALSE)"),
            Self::Postgres => {
                format!("COALESCE(jsonb_typeof({column} -> {at}) = 'array', FALSE)")
            }
        }
    }

    /// Whether the list at `key` has the text `item` in it; never null.
    pub fn json_list_has(self, column: &str, key: &str, item: &str, params: &mut Params) -> String {
        match self {
            Self::Sqlite => {
                let hint = hint([item], column, params);
                let at = self.key(key, params);
                let item = bind(params, item);
                format!(
                    "({hint} AND COALESCE(json_type({column}, {at}) = 'array', FALSE)
                      AND EXISTS (SELECT 1 AS one FROM json_each({column}, {at}) AS item
                                  WHERE item.type = 'text' AND item.value = {item}))"
                )
            }
            Self::Postgres => {
                let object = bind(params, serde_json::json!({ key: [item] }));
                format!("{column} @> {object}")
            }
        }
    }

    /// Whether the text at `key` is one of `texts`; not true when it is missing.
    ///
    /// PostgreSQL finds the rows of a few texts in an index of the column (`jsonb_path_ops`).
    /// SQLite, which has none, reads all rows; what keeps it fast is that most are known not to
    /// match without parsing them, by [`hint`].
    pub fn json_text_among(
        self,
        column: &str,
        key: &str,
        texts: &[&str],
        params: &mut Params,
    ) -> String {
        if texts.len() > FEW {
            let text = self.json_text(column, key, params);
            let marks: Vec<String> = texts.iter().map(|text| bind(params, *text)).collect();
            return format!("{text} IN ({})", marks.join(", "));
        }
        match self {
            Self::Sqlite => {
                let hint = hint(texts.iter().copied(), column, params);
                let at = self.key(key, params);
                let marks: Vec<String> = texts.iter().map(|text| bind(params, *text)).collect();
                format!(
                    "({hint} AND json_extract({column}, {at}) IN ({})
                      AND json_type({column}, {at}) = 'text')",
                    marks.join(", ")
                )
            }
            Self::Postgres => {
                let holds = |text: &&str| {
                    format!("{column} @> {}", bind(params, serde_json::json!({ key: text })))
                };
                let any: Vec<String> = texts.iter().map(holds).collect();
                format!("({})", any.join(" OR "))
            }
        }
    }

    /// `text` compared by its bytes, whatever the column says.
    pub fn by_bytes(self, text: &str) -> String {
        match self {
            Self::Sqlite => text.to_owned(),
            Self::Postgres => format!("({text}) COLLATE \"C\""),
        }
    }

    /// The operator that matches a text with a pattern, each letter as it is: SQLite's LIKE takes
    /// some letters for others.
    pub const fn matches(self) -> &'static str {
        match self {
            Self::Sqlite => "GLOB",
            Self::Postgres => "LIKE",
        }
    }

    /// The part of a pattern that any text matches, and the one that any character matches.
    pub const fn holes(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite => ("*", "?"),
            Self::Postgres => ("%", "_"),
        }
    }

    /// The part of a pattern that `text` alone matches.
    pub fn verbatim(self, text: &str) -> String {
        let mut pattern = String::with_capacity(text.len());
        for letter in text.chars() {
            match (self, letter) {
                (Self::Sqlite, '*' | '?' | '[') => pattern.extend(['[', letter, ']']),
                (Self::Postgres, '%' | '_' | '\\') => pattern.extend(['\\', letter]),
                _ => pattern.push(letter),
            }
        }
        pattern
    }

    /// The statement that shows how the engine would find the rows of `sql`; its one column is
    /// called by [`Dialect::plan_column`].
    pub fn explain(self, sql: &str) -> String {
        match self {
            Self::Sqlite => format!("EXPLAIN QUERY PLAN {sql}"),
            Self::Postgres => format!("EXPLAIN {sql}"),
        }
    }

    pub const fn plan_column(self) -> &'static str {
        match self {
            Self::Sqlite => "detail",
            Self::Postgres => "QUERY PLAN",
        }
    }

    fn key(self, key: &str, params: &mut Params) -> String {
        match self {
            // No key of ours has a quote in it.
            Self::Sqlite => bind(params, format!("$.\"{key}\"")),
            Self::Postgres => format!("CAST({} AS TEXT)", bind(params, key)),
        }
    }
}

/// Whether the JSON text of `column`, as it is written to SQLite, has one of `texts` in it: true
/// wherever one is a value, and rarely elsewhere. JSON is written by `serde_json` alone, which
/// writes a text in one way.
fn hint<'a>(texts: impl IntoIterator<Item = &'a str>, column: &str, params: &mut Params) -> String {
    let within = |text: &str| {
        let written = bind(params, Json::from(text).to_string());
        format!("instr({column}, {written}) > 0")
    };
    let any: Vec<String> = texts.into_iter().map(within).collect();
    format!("({})", any.join(" OR "))
}

fn bind(params: &mut Params, value: impl Into<Value>) -> String {
    params.push(value.into());
    format!("?{}", params.len())
}
