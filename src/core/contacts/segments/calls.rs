//! Functions: what a condition asks beyond the contact's own row.

use sqlparser::ast::{
    Expr, Function as Call, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
};

use super::check::{Checked, Checker, place, refused};
use super::language::{Function, Type};
use super::literals::text_of;
use super::model::{Comparison, Condition, Deed, Operand, Reference, ReferenceKind, Subject};
use super::place::{Fault, Place, brief};
use super::values;
use crate::core::contacts::{Activity, AttributeType};
use crate::core::contacts::{consent, tags};
use crate::core::kernel::nearest;

impl Checker<'_> {
    /// A call as a condition.
    pub(super) fn call(&mut self, call: &Call, at: Place) -> Checked<Condition> {
        let name = call.name.to_string().to_lowercase();
        let Some(function) = Function::named(&name) else { return Err(unknown(&name, at)) };
        let arguments = arguments(call, at)?;
        let wrong =
            || Fault::new(at, format!("`{name}` takes other arguments")).help(function.usage());
        match (function, arguments.as_slice()) {
            (Function::Did(activity), []) => Ok(did(activity, None, None)),
            (Function::Did(activity), [campaign]) => {
                let campaign = self.refer(ReferenceKind::Campaign, campaign, at)?;
                Ok(did(activity, None, Some(campaign)))
            }
            (Function::DidWithin(activity), [within]) => {
                Ok(did(activity, Some(duration(within, at)?), None))
            }
            (Function::DidWithin(activity), [within, campaign]) => {
                let within = duration(within, at)?;
                let campaign = self.refer(ReferenceKind::Campaign, campaign, at)?;
                Ok(did(activity, Some(within), Some(campaign)))
            }
            (Function::Tagged, [tag]) => {
                let at = place(tag).unwrap_or(at);
                let kept = tags::tag(&text_of(tag, at)?);
                kept.map(Condition::Tagged).map_err(|bad| Fault::new(at, bad.to_string()))
            }
            (Function::OnList, [list]) => {
                Ok(Condition::OnList(self.refer(ReferenceKind::List, list, at)?))
            }
            (Function::InSegment, [segment]) => {
                Ok(Condition::InSegment(self.refer(ReferenceKind::Segment, segment, at)?))
            }
            (Function::Consented, [purpose]) => {
                let at = place(purpose).unwrap_or(at);
                let kept = consent::purpose(&text_of(purpose, at)?);
                kept.map(Condition::Consented).map_err(|bad| Fault::new(at, bad.to_string()))
            }
            (Function::Contains, [list, item]) => self.contains(list, item, at),
            (Function::Within, [subject, within]) => self.within(subject, within, at),
            (Function::Now, _) => Err(Fault::new(at, "this is a value, not a condition")
                .help("compare a time with it, as created_at > now() - '30d'")),
            _ => Err(wrong()),
        }
    }

    fn contains(&mut self, list: &Expr, item: &Expr, near: Place) -> Checked<Condition> {
        let at = place(list).unwrap_or(near);
        let item = text_of(item, place(item).unwrap_or(near))?;
        match self.name(list, at)?.settled(AttributeType::List) {
            Subject::Attribute { key, kind: AttributeType::List } => {
                Ok(Condition::Contains { key, item })
            }
            other => {
                let name = brief(&other.to_string());
                let message = format!("`{name}` is {}, not a list", other.value_type().in_words());
                Err(Fault::new(at, message).help("for texts, write like '%tea%'"))
            }
        }
    }

    fn within(&mut self, subject: &Expr, within: &Expr, near: Place) -> Checked<Condition> {
        let at = place(subject).unwrap_or(near);
        let length = duration(within, near)?;
        let subject = self.name(subject, at)?.settled(AttributeType::Date);
        if !matches!(subject.value_type(), Type::Time | Type::Day) {
            let name = brief(&subject.to_string());
            let message = format!("`{name}` is {}, not a time", subject.value_type().in_words());
            return Err(Fault::new(at, message).help(Function::Within.usage()));
        }
        let compare = |op, offset| Condition::Compare {
            subject: subject.clone(),
            op,
            value: Operand::Now(offset),
        };
        Ok(Condition::all(vec![
            compare(Comparison::GreaterOrEqual, -length),
            compare(Comparison::LessOrEqual, 0),
        ]))
    }

    fn refer(&mut self, kind: ReferenceKind, name: &Expr, near: Place) -> Checked<String> {
        let at = place(name).unwrap_or(near);
        let name = text_of(name, at)?;
        self.references.push(Reference { kind, name: name.clone(), at });
        Ok(name)
    }
}

const fn did(activity: Activity, within: Option<i64>, campaign: Option<String>) -> Condition {
    Condition::Did(Deed { activity, within, campaign })
}

fn duration(expr: &Expr, near: Place) -> Checked<i64> {
    let at = place(expr).unwrap_or(near);
    values::duration(&text_of(expr, at)?).map_err(|refusal| refused(at, refusal))
}

fn unknown(name: &str, at: Place) -> Fault {
    let names: Vec<String> = Function::all().map(|(name, _)| name).collect();
    let help = match nearest(&brief(name), names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", names.join(", ")),
    };
    Fault::new(at, format!("there is no function `{}`", brief(name))).help(help)
}

/// The plain arguments of a call.
pub(super) fn arguments(call: &Call, at: Place) -> Checked<Vec<&Expr>> {
    let odd = || Fault::new(at, "a function takes values between commas, and nothing else");
    let bare = call.filter.is_none()
        && call.over.is_none()
        && call.null_treatment.is_none()
        && call.within_group.is_empty()
        && matches!(call.parameters, FunctionArguments::None);
    let list = match &call.args {
        FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses,
        }) if bare && clauses.is_empty() => args,
        _ => return Err(odd()),
    };
    list.iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr),
            _ => Err(odd()),
        })
        .collect()
}
