//! Checking: from the tree of SQL to a [`Condition`] in which every name is known and every value
//! has the type it is compared with.

use std::str::FromStr;

use sqlparser::ast::{BinaryOperator, Expr, Ident, InTarget, UnaryOperator, Value};

use super::language::{Field, MAX_DEPTH, MAX_LOOKUPS, MAX_NODES, MAX_VALUES, Type};
use super::literals::{Literal, literal, text_of};
use super::model::{Comparison, Condition, Expression, Operand, Reference, Subject};
use super::parse::too_deep;
use super::place::{Fault, Place, brief};
use super::values::{self, Moment, Refusal};
use crate::core::contacts::attributes::{BadAttribute, check_key};
use crate::core::contacts::{AttributeType, AttributeTypes};
use crate::core::kernel::nearest;

pub(super) type Checked<T> = Result<T, Fault>;

/// Checks a whole expression.
pub(super) fn check(expression: &Expr, attributes: &AttributeTypes) -> Checked<Expression> {
    let mut checker = Checker { attributes, references: Vec::new(), nodes: 0 };
    let condition = checker.condition(expression, Place::START, 0)?;
    let weight = condition.weight();
    if weight.depth > MAX_DEPTH {
        return Err(too_deep(Place::START));
    }
    if weight.lookups > MAX_LOOKUPS {
        let message = format!(
            "{} conditions look up behaviour, tags, lists, segments or consent, more than {MAX_LOOKUPS}",
            weight.lookups
        );
        return Err(Fault::new(Place::START, message).help("each costs a search; use fewer"));
    }
    Ok(Expression { condition, references: checker.references })
}

pub(super) struct Checker<'a> {
    attributes: &'a AttributeTypes,
    pub(super) references: Vec<Reference>,
    nodes: usize,
}

/// A name, before its type is settled.
#[derive(Clone, Debug)]
pub(super) enum Named {
    Field(Field),
    /// An attribute that the workspace does not know yet has no type.
    Attribute(String, Option<AttributeType>),
}

impl Checker<'_> {
    /// `near` is the place of what stands around, for what has none of its own.
    fn condition(&mut self, expr: &Expr, near: Place, depth: usize) -> Checked<Condition> {
        let at = place(expr).unwrap_or(near);
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(too_deep(at));
        }
        if self.nodes > MAX_NODES {
            return Err(Fault::new(at, format!("there are more than {MAX_NODES} conditions"))
                .help("use in (…), or split it into segments"));
        }
        let unless = |negated: bool, condition: Condition| {
            if negated { condition.opposite() } else { condition }
        };
        match expr {
            Expr::Nested(inner) => self.condition(inner, at, depth + 1),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                Ok(self.condition(expr, at, depth + 1)?.opposite())
            }
            Expr::BinaryOp { op: BinaryOperator::And, .. } => {
                let parts = self.chain(expr, &BinaryOperator::And, at, depth)?;
                Ok(Condition::all(parts))
            }
            Expr::BinaryOp { op: BinaryOperator::Or, .. } => {
                let parts = self.chain(expr, &BinaryOperator::Or, at, depth)?;
                Ok(Condition::any(parts))
            }
            Expr::BinaryOp { left, op, right } => match comparison(op) {
                Some(op) => self.comparison(left, op, right, at),
                None => Err(Fault::new(at, "this is a value, not a condition")
                    .help("compare it with something")),
            },
            Expr::In { expr, target: InTarget::List(items), negated, global: false } => {
                Ok(unless(*negated, self.one_of(expr, items, at)?))
            }
            Expr::Between { expr, negated, low, high } => {
                let named = self.name(expr, at)?;
                let low = self.compare(&named, Comparison::GreaterOrEqual, low, at)?;
                let high = self.compare(&named, Comparison::LessOrEqual, high, at)?;
                Ok(unless(*negated, Condition::all(vec![low, high])))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
                Ok(unless(*negated, self.like(expr, pattern, at)?))
            }
            Expr::Like { .. } => Err(Fault::new(at, "`like` takes a pattern alone")
                .help("`\\%` and `\\_` are the characters themselves")),
            Expr::ILike { .. } => Err(Fault::new(at, "`ilike` is not part of the language")
                .help("`like` on email, name and domain disregards case")),
            Expr::IsNull(expr) => Ok(Condition::Missing(self.any_subject(expr, at)?)),
            Expr::IsNotNull(expr) => Ok(Condition::Missing(self.any_subject(expr, at)?).opposite()),
            Expr::IsTrue(_) | Expr::IsFalse(_) | Expr::IsNotTrue(_) | Expr::IsNotFalse(_) => {
                Err(Fault::new(at, "`is` takes null or not null").help("write `= true`"))
            }
            Expr::Function(function) => self.call(function, at),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                let subject = self.name(expr, at)?.settled(AttributeType::Boolean);
                if subject.value_type() != Type::Boolean {
                    let message = format!(
                        "`{}` is {}, not a condition",
                        brief(&subject.to_string()),
                        subject.value_type().in_words()
                    );
                    return Err(Fault::new(at, message).help("compare it with something"));
                }
                let (op, value) = (Comparison::Equal, Operand::Boolean(true));
                Ok(Condition::Compare { subject, op, value })
            }
            Expr::Value(_) => Err(Fault::new(at, "this is a value, not a condition")
                .help("compare a field with it, as country = 'ES'")),
            _ => Err(Fault::new(at, "this is not part of the language").help(
                "there are comparisons, in, like, between, is null, and, or, not, and functions",
            )),
        }
    }

    /// The parts of a chain of one connective, which leans to the left however long it is.
    fn chain(
        &mut self,
        expr: &Expr,
        connective: &BinaryOperator,
        at: Place,
        depth: usize,
    ) -> Checked<Vec<Condition>> {
        let (mut parts, mut rest) = (Vec::new(), expr);
        while let Expr::BinaryOp { left, op, right } = rest {
            if op != connective {
                break;
            }
            parts.push(right.as_ref());
            rest = left;
        }
        parts.push(rest);
        parts.iter().rev().map(|part| self.condition(part, at, depth + 1)).collect()
    }

    fn comparison(
        &mut self,
        left: &Expr,
        op: Comparison,
        right: &Expr,
        at: Place,
    ) -> Checked<Condition> {
        // `'ES' = country` is as good.
        if literal(left)?.is_some() && !matches!(right, Expr::Value(_)) {
            let named = self.name(right, at)?;
            return self.compare(&named, op.mirrored(), left, at);
        }
        let named = self.name(left, at)?;
        self.compare(&named, op, right, at)
    }

    fn compare(
        &mut self,
        named: &Named,
        op: Comparison,
        value: &Expr,
        near: Place,
    ) -> Checked<Condition> {
        let at = place(value).unwrap_or(near);
        let value = self.literal(value, at)?;
        let subject = named.clone().settled(value.shows());
        let orders = !matches!(op, Comparison::Equal | Comparison::Unequal);
        match subject.value_type() {
            Type::List => {
                let message = format!("`{}` is a list", brief(&subject.to_string()));
                Err(Fault::new(near, message)
                    .help(format!("write contains({}, 'tea')", brief(&subject.to_string()))))
            }
            Type::Boolean if orders => Err(Fault::new(near, "true and false have no order")
                .help("write `= true` or `= false`")),
            Type::Time => {
                let moment = value.moment().map_err(|refusal| refused(at, refusal))?;
                Ok(compare_time(subject, op, &moment))
            }
            _ => {
                let value = operand(&subject, &value, at)?;
                Ok(Condition::Compare { subject, op, value })
            }
        }
    }

    fn one_of(&mut self, expr: &Expr, items: &[Expr], near: Place) -> Checked<Condition> {
        let named = self.name(expr, near)?;
        if items.len() > MAX_VALUES {
            let message = format!("there are {} values, more than {MAX_VALUES}", items.len());
            return Err(Fault::new(near, message).help("put the contacts on a list"));
        }
        let Some(first) = items.first() else {
            return Err(Fault::new(near, "`in` has no values").help("write in ('ES', 'MX')"));
        };
        let shown = self.literal(first, place(first).unwrap_or(near))?.shows();
        let subject = named.clone().settled(shown);
        if matches!(subject.value_type(), Type::Time | Type::List) {
            let each = items.iter().map(|item| self.compare(&named, Comparison::Equal, item, near));
            return Ok(Condition::any(each.collect::<Checked<_>>()?));
        }
        let values = items.iter().map(|item| {
            let at = place(item).unwrap_or(near);
            operand(&subject, &self.literal(item, at)?, at)
        });
        let values = values.collect::<Checked<_>>()?;
        Ok(Condition::OneOf { subject, values })
    }

    fn like(&mut self, expr: &Expr, pattern: &Expr, near: Place) -> Checked<Condition> {
        let subject = self.name(expr, near)?.settled(AttributeType::Text);
        let at = place(pattern).unwrap_or(near);
        if subject.value_type() != Type::Text {
            let message = format!(
                "`like` is for texts and `{}` is {}",
                brief(&subject.to_string()),
                subject.value_type().in_words()
            );
            return Err(Fault::new(near, message));
        }
        let pattern = values::pattern(&text_of(pattern, at)?, subject.folds());
        Ok(Condition::Like { subject, pattern: pattern.map_err(|refusal| refused(at, refusal))? })
    }

    fn literal(&self, expr: &Expr, at: Place) -> Checked<Literal> {
        if let Some(literal) = literal(expr)? {
            return Ok(literal);
        }
        let fault = Fault::new(at, "expected a value");
        Err(match expr {
            Expr::Identifier(Ident { value, quote_style: Some(_), .. }) => {
                fault.help(format!("texts are in single quotes: '{}'", brief(value)))
            }
            Expr::Identifier(Ident { value, .. }) if self.field_or_attribute(value).is_none() => {
                fault.help(format!("texts are in single quotes: '{}'", brief(value)))
            }
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                fault.help("a field can be compared with a value, not with another field")
            }
            _ => fault.help("write a text in single quotes, a number, true, false or now()"),
        })
    }

    fn any_subject(&self, expr: &Expr, near: Place) -> Checked<Subject> {
        Ok(self.name(expr, near)?.settled(AttributeType::Text))
    }

    fn field_or_attribute(&self, name: &str) -> Option<Named> {
        let name = name.to_lowercase();
        if let Ok(field) = Field::from_str(&name) {
            return Some(Named::Field(field));
        }
        self.attributes.get(&name).map(|kind| Named::Attribute(name, Some(*kind)))
    }

    pub(super) fn name(&self, expr: &Expr, near: Place) -> Checked<Named> {
        let at = place(expr).unwrap_or(near);
        match expr {
            Expr::Nested(inner)
                if matches!(**inner, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) =>
            {
                self.name(inner, at)
            }
            Expr::Identifier(name) => {
                self.field_or_attribute(&name.value).ok_or_else(|| self.unknown(&name.value, at))
            }
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [root, key] if root.value.eq_ignore_ascii_case("attributes") => {
                    let key = key.value.to_lowercase();
                    check_key(&key).map_err(|error| bad_key(&error, at))?;
                    let kind = self.attributes.get(&key).copied();
                    Ok(Named::Attribute(key, kind))
                }
                _ => Err(Fault::new(at, "expected a field, or attributes.KEY")
                    .help("write attributes.country")),
            },
            Expr::Function(function) => {
                let name = function.name.to_string();
                Err(Fault::new(at, format!("`{}` cannot be compared", brief(&name)))
                    .help("conditions of behaviour stand alone; only fields are compared"))
            }
            Expr::Value(_) => Err(Fault::new(at, "expected a field or an attribute")
                .help("compare a field with a value, as country = 'ES'")),
            _ => Err(Fault::new(at, "expected a field or an attribute")
                .help("only fields and attributes are compared, with values")),
        }
    }

    fn unknown(&self, name: &str, at: Place) -> Fault {
        let message = format!("`{}` is no field, and no attribute that is known", brief(name));
        let name = brief(&name.to_lowercase());
        let fields = Field::ALL.iter().map(|field| field.as_str());
        let known: Vec<&str> = fields.chain(self.attributes.keys().map(String::as_str)).collect();
        let help = if let Some(near) = nearest(&name, known.iter().copied()) {
            format!("did you mean `{near}`?")
        } else {
            let more = if known.len() > 20 { ", …" } else { "" };
            let known = known[..known.len().min(20)].join(", ");
            format!("there are {known}{more}; any attribute is attributes.KEY")
        };
        Fault { unknown_name: true, ..Fault::new(at, message).help(help) }
    }
}

impl Named {
    /// With the type that the other side shows, where the workspace knows none.
    pub(super) fn settled(self, shown: AttributeType) -> Subject {
        match self {
            Self::Field(field) => Subject::Field(field),
            Self::Attribute(key, kind) => Subject::Attribute { key, kind: kind.unwrap_or(shown) },
        }
    }
}

impl Subject {
    pub(super) const fn value_type(&self) -> Type {
        match self {
            Self::Field(field) => field.value_type(),
            Self::Attribute { kind, .. } => Type::of(*kind),
        }
    }

    /// Whether case and composition are as nothing.
    const fn folds(&self) -> bool {
        matches!(self, Self::Field(Field::Email | Field::Name | Field::Domain))
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.as_str()),
            Self::Attribute { key, .. } => write!(f, "attributes.{key}"),
        }
    }
}

/// The value in the form of what it is compared with; `subject` is no time and no list.
fn operand(subject: &Subject, value: &Literal, at: Place) -> Checked<Operand> {
    let kind = subject.value_type();
    let wrong = || {
        let name = brief(&subject.to_string());
        let message = match value {
            Literal::Null => "nothing is equal to null".to_owned(),
            _ => format!("`{name}` is {} and this is {}", kind.in_words(), value.in_words()),
        };
        let help = match value {
            Literal::Null => "write `is null` or `is not null`",
            _ => kind.example(),
        };
        Fault::new(at, message).help(help)
    };
    let refused = |refusal| refused(at, refusal);
    match (kind, value) {
        (Type::Text, Literal::Text(text)) => match subject {
            Subject::Field(field) => values::kept(*field, text).map(Operand::Text).map_err(refused),
            Subject::Attribute { .. } => Ok(Operand::Text(text.clone())),
        },
        (Type::Number, Literal::Number(number)) => Ok(Operand::Number(*number)),
        (Type::Boolean, Literal::Boolean(yes)) => Ok(Operand::Boolean(*yes)),
        (Type::Day, Literal::Text(text)) => values::day(text).map(Operand::Day).map_err(refused),
        (Type::Day, Literal::Now(offset)) => Ok(Operand::Now(*offset)),
        _ => Err(wrong()),
    }
}

/// A time against a moment. Against a day it counts as its own day, in UTC: `<= '2026-03-01'` holds
/// until that day ends.
fn compare_time(subject: Subject, op: Comparison, moment: &TimeOperand) -> Condition {
    let day = match *moment {
        TimeOperand::Now(offset) => {
            return Condition::Compare { subject, op, value: Operand::Now(offset) };
        }
        TimeOperand::Moment(Moment::Time(time)) => {
            return Condition::Compare { subject, op, value: Operand::Time(time) };
        }
        TimeOperand::Moment(Moment::Day(day)) => day,
    };
    let starts = values::midnight(day);
    let ends = starts.plus(std::time::Duration::from_hours(24));
    let compare =
        |op, time| Condition::Compare { subject: subject.clone(), op, value: Operand::Time(time) };
    let within = || {
        Condition::all(vec![
            compare(Comparison::GreaterOrEqual, starts),
            compare(Comparison::Less, ends),
        ])
    };
    match op {
        Comparison::Equal => within(),
        Comparison::Unequal => within().opposite(),
        Comparison::Less => compare(Comparison::Less, starts),
        Comparison::LessOrEqual => compare(Comparison::Less, ends),
        Comparison::Greater => compare(Comparison::GreaterOrEqual, ends),
        Comparison::GreaterOrEqual => compare(Comparison::GreaterOrEqual, starts),
    }
}

/// What a time is compared with.
pub(super) enum TimeOperand {
    Moment(Moment),
    Now(i64),
}

pub(super) fn refused(at: Place, refusal: Refusal) -> Fault {
    let fault = Fault::new(at, refusal.message);
    if refusal.help.is_empty() { fault } else { fault.help(refusal.help) }
}

fn bad_key(error: &BadAttribute, at: Place) -> Fault {
    match error {
        BadAttribute::Field(field) => {
            Fault::new(at, format!("`{field}` is a field, not an attribute"))
                .help(format!("write `{field}` alone"))
        }
        other => {
            let words = other.to_string();
            match words.rsplit_once("; ") {
                Some((message, help)) => Fault::new(at, message).help(help),
                None => Fault::new(at, words),
            }
        }
    }
}

const fn comparison(op: &BinaryOperator) -> Option<Comparison> {
    Some(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::Unequal,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// Where an expression starts, and all of it where that is short. It follows the left side alone:
/// trees lean to the left, and may be long.
pub(super) fn place(expr: &Expr) -> Option<Place> {
    let mut rest = expr;
    loop {
        rest = match rest {
            Expr::Identifier(name) => return Place::of(name.span),
            Expr::CompoundIdentifier(parts) => {
                let (first, last) = (parts.first()?, parts.last()?);
                let first = Place::of(first.span)?;
                return Some(Place::of(last.span).map_or(first, |last| first.to(last)));
            }
            Expr::Value(value) => return Place::of(value.span),
            Expr::Function(function) => {
                let name = function.name.0.first()?;
                return Place::of(name.as_ident()?.span);
            }
            Expr::Nested(inner)
            | Expr::UnaryOp { expr: inner, .. }
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::In { expr: inner, .. }
            | Expr::Between { expr: inner, .. }
            | Expr::Like { expr: inner, .. }
            | Expr::ILike { expr: inner, .. }
            | Expr::BinaryOp { left: inner, .. } => inner,
            _ => return None,
        };
    }
}

/// The text of a literal of SQL.
pub(super) fn quoted(value: &Value) -> Option<&str> {
    match value {
        Value::SingleQuotedString(text) => Some(text),
        _ => None,
    }
}
