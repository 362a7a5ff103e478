//! How a plan is told.

use std::fmt::Write as _;

use serde_json::Value;

use crate::api::{ActionBody, ChangeBody, DriftBody, FieldChangeBody, PlanBody};

/// Characters of a value shown at most.
const MAX_SHOWN: usize = 100;

pub(super) fn has_changes(plan: &PlanBody) -> bool {
    plan.changes.iter().any(|change| change.action != ActionBody::Unchanged)
}

/// The plan, a line for each document and each field, and a line that counts.
pub(super) fn describe(plan: &PlanBody) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        let (sign, verb) = match change.action {
            ActionBody::Create => ('+', "create"),
            ActionBody::Update => ('~', "update"),
            ActionBody::Unchanged => ('=', "unchanged"),
        };
        let (kind, name) = (change.document.kind.to_lowercase(), &change.document.name);
        let recipients = recipients(change);
        let drift = change.drift.as_ref().map(drifted);
        match change.fields.as_slice() {
            [field] => push(
                &mut text,
                format_args!("{sign} {verb} {kind} {name}{recipients}: {}", described(field)),
            ),
            fields => {
                push(&mut text, format_args!("{sign} {verb} {kind} {name}{recipients}"));
                for field in fields {
                    push(&mut text, format_args!("    {}", described(field)));
                }
            }
        }
        if let Some(drift) = drift {
            push(&mut text, format_args!("    ! {drift}"));
        }
    }
    let [create, update, unchanged] = counts(plan);
    let total =
        format_args!("Plan: {create} to create, {update} to change, {unchanged} unchanged.");
    push(&mut text, total);
    text
}

/// What an apply did, in a sentence.
pub(super) fn done(plan: &PlanBody) -> String {
    let [create, update, unchanged] = counts(plan);
    format!("Applied: {create} created, {update} changed, {unchanged} unchanged.")
}

fn counts(plan: &PlanBody) -> [usize; 3] {
    [ActionBody::Create, ActionBody::Update, ActionBody::Unchanged]
        .map(|action| plan.changes.iter().filter(|change| change.action == action).count())
}

/// Adds a line with nothing in it that moves a terminal's cursor.
fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    let line = line.to_string();
    text.extend(line.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }));
    text.push('\n');
}

/// `changed outside of manifests since 2026-03-01T09:00:00Z: spec.description`
fn drifted(drift: &DriftBody) -> String {
    let DriftBody { since, deleted, fields } = drift;
    if *deleted {
        return format!("deleted outside of manifests since {since}");
    }
    format!("changed outside of manifests since {since}: {}", fields.join(", "))
}

fn recipients(change: &ChangeBody) -> String {
    match change.recipients {
        None => String::new(),
        Some(1) => " (1 recipient)".to_owned(),
        Some(many) => format!(" ({} recipients)", grouped(many)),
    }
}

/// `1,842`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn described(field: &FieldChangeBody) -> String {
    let path = &field.path;
    match (&field.before, &field.after) {
        (Some(before), Some(after)) => match (lines(before), lines(after)) {
            (Some(before), Some(after)) if before == after => {
                format!("{path}: {after} lines, not the same")
            }
            (Some(before), Some(after)) => format!("{path}: {before} → {after} lines"),
            _ => format!("{path}: {} → {}", value(before), value(after)),
        },
        (None, Some(after)) => format!("{path}: added {}", value(after)),
        (Some(before), None) => format!("{path}: removed {}", value(before)),
        (None, None) => path.clone(),
    }
}

/// How many lines a long text has, which is given by that number and a hash.
fn lines(value: &Value) -> Option<u64> {
    let text = value.as_object().filter(|fields| fields.len() == 2)?;
    text.get("sha256")?.as_str()?;
    text.get("lines")?.as_u64()
}

fn value(value: &Value) -> String {
    if let Some(lines) = lines(value) {
        return format!("a text of {lines} lines");
    }
    let text = value.to_string();
    let mut shown = String::new();
    let mut letters = text.chars();
    let _ = write!(shown, "{}", letters.by_ref().take(MAX_SHOWN).collect::<String>());
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_reads_as_a_list_of_deeds() {
        let plan: PlanBody = serde_json::from_value(json!({
            "fingerprint": "",
            "changes": [
                { "kind": "List", "name": "vip", "action": "unchanged" },
                { "kind": "Template", "name": "spring", "action": "update", "fields": [
                    { "path": "spec.body", "before": { "lines": 40, "sha256": "a" },
                      "after": { "lines": 42, "sha256": "b" } } ],
                  "drift": { "since": "2026-03-01T09:00:00Z", "deleted": false,
                    "fields": ["spec.body", "spec.format"] } },
                { "kind": "Campaign", "name": "spring-launch", "action": "create",
                  "recipients": 1842 },
                { "kind": "Campaign", "name": "summer", "action": "update", "recipients": 1,
                  "fields": [
                    { "path": "spec.messages[a].subject", "before": "Hi\u{1b}", "after": "Hello\u{9b}" },
                    { "path": "spec.messages[a].text", "after": { "lines": 3, "sha256": "a" } },
                    { "path": "spec.goals", "before": [{ "metric": "clicks", "target": 300 }] } ] },
            ],
        }))
        .unwrap();
        assert!(has_changes(&plan));
        insta::assert_snapshot!(describe(&plan), @r#"
        = unchanged list vip
        ~ update template spring: spec.body: 40 → 42 lines
            ! changed outside of manifests since 2026-03-01T09:00:00Z: spec.body, spec.format
        + create campaign spring-launch (1,842 recipients)
        ~ update campaign summer (1 recipient)
            spec.messages[a].subject: "Hi\u001b" → "Hello�"
            spec.messages[a].text: added a text of 3 lines
            spec.goals: removed [{"metric":"clicks","target":300}]
        Plan: 1 to create, 2 to change, 1 unchanged.
        "#);
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
