//! The tables of `shape` as JSON Schema (draft 2020-12), for editors.
//!
//! An editor completes and checks with it what one document says. What needs two documents, or a
//! rule that a pattern cannot hold, is left to `frontier validate`: the schema refuses nothing that
//! is right, but for an optional key without a value.

use serde_json::{Map, Value, json};

use super::model::Kind;
use super::shape::{self, ENVELOPE, Field, Form, NAME_PATTERN, Shape};

/// A text that names a variable of the environment.
const VARIABLE: &str = r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}";

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of every document, or of those of one kind.
pub fn schema(kind: Option<Kind>) -> Value {
    if let Some(kind) = kind {
        let mut schema = json!({ "$schema": DRAFT });
        merge(&mut schema, document(kind));
        return schema;
    }
    let documents: Map<_, _> =
        Kind::ALL.map(|kind| (kind.to_string(), document(kind))).into_iter().collect();
    let one_of = Kind::ALL.map(|kind| json!({ "$ref": format!("#/$defs/{kind}") }));
    json!({
        "$schema": DRAFT,
        "title": "Frontier manifest",
        "description": "Campaigns as code. A file holds one document or several, each after a \
                        line `---`.",
        "oneOf": one_of,
        "$defs": documents,
    })
}

fn document(kind: Kind) -> Value {
    let mut document = object(ENVELOPE);
    let properties = &mut document["properties"];
    properties["kind"] = json!({ "description": kind.about(), "const": kind.as_str() });
    let mut spec = object(kind.fields());
    merge(&mut spec, json!({ "description": kind.about() }));
    properties["spec"] = spec;
    merge(&mut document, json!({ "title": kind.as_str(), "description": kind.about() }));
    document
}

fn object(fields: &[Field]) -> Value {
    let properties: Map<_, _> =
        fields.iter().map(|field| (field.key.to_owned(), property(field))).collect();
    let required = keys(fields, |field| field.required);
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = required.into();
    }
    let choices = keys(fields, |field| field.choice);
    if !choices.is_empty() {
        object["oneOf"] = choices.into_iter().map(|key| json!({ "required": [key] })).collect();
    }
    object
}

fn keys(fields: &[Field], which: impl Fn(&Field) -> bool) -> Vec<&'static str> {
    fields.iter().filter(|field| which(field)).map(|field| field.key).collect()
}

fn property(field: &Field) -> Value {
    let mut property = of(&field.shape);
    if field.environment {
        property = json!({ "anyOf": [property, { "type": "string", "pattern": VARIABLE }] });
    }
    merge(&mut property, json!({ "description": field.about }));
    if let Some(default) = field.default.and_then(plain) {
        property["default"] = default;
    }
    if let (Some(example), false) = (plain(field.example), field.example.is_empty()) {
        property["examples"] = json!([example]);
    }
    property
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Text(_, Form::Any) => any_text(),
        Shape::Text(_, Form::Name) | Shape::Reference(_) => {
            let mut name = any_text();
            name["pattern"] = NAME_PATTERN.into();
            name
        }
        Shape::Text(_, Form::Pattern(pattern)) => json!({ "type": "string", "pattern": pattern }),
        Shape::Text(_, Form::Zone) => {
            let zones: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
            json!({ "type": "string", "enum": zones })
        }
        Shape::Number { least, most } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Shape::OneOf(words) => json!({ "type": "string", "enum": words }),
        Shape::BodyFile => json!({ "type": "string", "minLength": 1 }),
        Shape::Fields(fields) => object(fields),
        Shape::ListOf(item) => json!({ "type": "array", "items": of(item) }),
        Shape::Password => object(shape::PASSWORD),
        Shape::Labels => json!({ "type": "object", "additionalProperties": any_text() }),
        Shape::Spec | Shape::Free => json!({ "type": "object" }),
    }
}

/// A text, quoted or not: YAML takes some words for numbers or booleans, manifests do not.
fn any_text() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// A value of the tables as JSON.
fn plain(yaml: &str) -> Option<Value> {
    serde_yaml::from_str(yaml).ok()
}

/// Adds the keys of `more`.
fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}
