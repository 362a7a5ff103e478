//! Literals: texts, numbers, true, false, null, and `now()` with a duration before or after.

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};

use super::calls::arguments;
use super::check::{Checked, TimeOperand, place, quoted, refused};
use super::language::{Function, Type};
use super::place::{Fault, Place};
use super::values::{self, Refusal};
use crate::core::contacts::AttributeType;

/// A value as it is written, before its type is judged.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
    Boolean(bool),
    Null,
    /// Milliseconds after now.
    Now(i64),
}

impl Literal {
    /// The type of an attribute that nothing else is known of.
    pub(super) const fn shows(&self) -> AttributeType {
        match self {
            Self::Text(_) | Self::Null => AttributeType::Text,
            Self::Number(_) => AttributeType::Number,
            Self::Boolean(_) => AttributeType::Boolean,
            Self::Now(_) => AttributeType::Date,
        }
    }

    pub(super) const fn in_words(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::Null => "null",
            Self::Now(_) => "a time",
        }
    }

    pub(super) fn moment(&self) -> Result<TimeOperand, Refusal> {
        match self {
            Self::Now(offset) => Ok(TimeOperand::Now(*offset)),
            Self::Text(text) => values::moment(text).map(TimeOperand::Moment),
            Self::Null => Err(Refusal {
                message: "nothing is equal to null".to_owned(),
                help: "write `is null` or `is not null`".to_owned(),
            }),
            other => Err(Refusal {
                message: format!("expected a time, found {}", other.in_words()),
                help: Type::Time.example().to_owned(),
            }),
        }
    }
}

/// The value that `expr` writes; `None` when it writes none.
pub(super) fn literal(expr: &Expr) -> Checked<Option<Literal>> {
    let at = place(expr).unwrap_or(Place::START);
    Ok(match expr {
        Expr::Nested(inner) if matches!(**inner, Expr::Value(_) | Expr::UnaryOp { .. }) => {
            literal(inner)?
        }
        Expr::Value(value) => match &value.value {
            Value::Number(digits, false) => Some(Literal::Number(number(digits, at)?)),
            Value::Boolean(yes) => Some(Literal::Boolean(*yes)),
            Value::Null => Some(Literal::Null),
            other => quoted(other).map(|text| Literal::Text(text.to_owned())),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
            literal_number(expr, at)?.map(|number| Literal::Number(-number))
        }
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } => {
            literal_number(expr, at)?.map(Literal::Number)
        }
        Expr::Function(_) if is_now(expr)? => Some(Literal::Now(0)),
        Expr::BinaryOp { left, op: op @ (BinaryOperator::Plus | BinaryOperator::Minus), right }
            if is_now(left)? =>
        {
            let at = place(right).unwrap_or(at);
            let length = values::duration(&text_of(right, at)?);
            let length = length.map_err(|refusal| refused(at, refusal))?;
            Some(Literal::Now(if *op == BinaryOperator::Plus { length } else { -length }))
        }
        _ => None,
    })
}

fn literal_number(expr: &Expr, at: Place) -> Checked<Option<f64>> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, false) => number(digits, at).map(Some),
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}

fn number(digits: &str, at: Place) -> Checked<f64> {
    let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| Fault::new(at, "this number cannot be read").help("write 5 or 1.5"))
}

fn is_now(expr: &Expr) -> Checked<bool> {
    let Expr::Function(function) = expr else { return Ok(false) };
    let name = function.name.to_string().to_lowercase();
    if Function::named(&name) != Some(Function::Now) {
        return Ok(false);
    }
    let at = place(expr).unwrap_or(Place::START);
    if arguments(function, at)?.is_empty() {
        Ok(true)
    } else {
        Err(Fault::new(at, "`now` takes nothing").help(Function::Now.usage()))
    }
}

/// The text that `expr` writes.
pub(super) fn text_of(expr: &Expr, at: Place) -> Checked<String> {
    let text = match expr {
        Expr::Value(value) => quoted(&value.value),
        _ => None,
    };
    text.map(str::to_owned).ok_or_else(|| {
        Fault::new(at, "expected a text").help("write it in single quotes, as 'Spring'")
    })
}
