//! How a plan is told: a line for each document, and for each field of those that change.

use serde_json::Value;

use crate::api::{ActionBody, ChangeBody, DriftBody, FieldChangeBody, PlanBody, PlanCountsBody};
use crate::cli::output::Tint;

/// Characters of a value shown at most.
const MAX_SHOWN: usize = 100;

/// Lines with their colours.
pub(super) type Lines = Vec<(Tint, String)>;

/// The plan, a line for each document and each field, its warnings, and a line that counts.
pub(super) fn describe(plan: &PlanBody) -> Lines {
    let mut lines = Lines::new();
    for change in &plan.changes {
        let (head, tint) = heading(change);
        match (change.action, change.fields.as_slice()) {
            (ActionBody::Update, [field]) => {
                push(&mut lines, tint, format!("{head}: {}", described(field)));
            }
            (ActionBody::Update, fields) => {
                push(&mut lines, tint, head);
                for field in fields {
                    push(&mut lines, Tint::Plain, format!("    {}", described(field)));
                }
            }
            _ => push(&mut lines, tint, head),
        }
        push_drift(&mut lines, change);
    }
    push_warnings(&mut lines, plan);
    push(&mut lines, Tint::Plain, format!("Plan: {}.", total(plan, "to ")));
    if plan.recipients > 0 {
        let many = grouped(plan.recipients);
        push(&mut lines, Tint::Plain, format!("Recipients of the campaigns it touches: {many}."));
    }
    lines
}

/// What a person is asked before it is carried out.
pub(super) fn question(plan: &PlanBody) -> String {
    match plan.counts.delete {
        0 => "Apply these changes?".to_owned(),
        1 => "Apply these changes, and delete 1 thing?".to_owned(),
        many => format!("Apply these changes, and delete {many} things?"),
    }
}

/// What an apply did, in a sentence.
pub(super) fn done(plan: &PlanBody) -> String {
    format!("Applied: {}.", total(plan, ""))
}

/// `3 to create, 1 to change, 2 unchanged`, or what was done of it.
pub(super) fn total(plan: &PlanBody, to: &str) -> String {
    let PlanCountsBody { create, update, delete, unchanged } = plan.counts;
    let (created, changed, deleted) = match to {
        "" => ("created", "changed", "deleted"),
        _ => ("create", "change", "delete"),
    };
    let deletions = match delete {
        0 => String::new(),
        some => format!("{some} {to}{deleted}, "),
    };
    format!("{create} {to}{created}, {update} {to}{changed}, {deletions}{unchanged} unchanged")
}

/// `~ update campaign spring (1,842 recipients)`, and its colour.
pub(super) fn heading(change: &ChangeBody) -> (String, Tint) {
    let (sign, verb, tint) = match change.action {
        ActionBody::Create => ('+', "create", Tint::Added),
        ActionBody::Update => ('~', "update", Tint::Changed),
        ActionBody::Delete => ('-', "delete", Tint::Removed),
        ActionBody::Unchanged => ('=', "unchanged", Tint::Faint),
    };
    let (kind, name) = (change.document.kind.to_lowercase(), &change.document.name);
    let recipients = recipients(change).map(|words| format!(" ({words})")).unwrap_or_default();
    (format!("{sign} {verb} {kind} {name}{recipients}"), tint)
}

pub(super) fn push_drift(lines: &mut Lines, change: &ChangeBody) {
    if let Some(drift) = &change.drift {
        push(lines, Tint::Warned, format!("    ! {}", drifted(drift)));
    }
}

pub(super) fn push_warnings(lines: &mut Lines, plan: &PlanBody) {
    for warning in &plan.warnings {
        let (kind, name) = (warning.document.kind.to_lowercase(), &warning.document.name);
        push(lines, Tint::Warned, format!("warning: {kind} {name} {}", warning.message));
    }
}

/// `changed outside of manifests since 2026-03-01T09:00:00Z: spec.description`
pub(super) fn drifted(drift: &DriftBody) -> String {
    let since = &drift.since;
    if drift.deleted {
        return format!("deleted outside of manifests since {since}");
    }
    format!("changed outside of manifests since {since}: {}", drift.fields.join(", "))
}

/// Adds a line with nothing in it that moves a terminal's cursor.
pub(super) fn push(lines: &mut Lines, tint: Tint, line: impl AsRef<str>) {
    lines.push((tint, printable(line.as_ref())));
}

pub(super) fn printable(line: &str) -> String {
    let safe = |letter: char| match letter {
        '\t' => letter,
        letter if letter.is_control() => '\u{fffd}',
        letter => letter,
    };
    line.chars().map(safe).collect()
}

/// `1,842 recipients, before 1,200`, of a campaign.
pub(super) fn recipients(change: &ChangeBody) -> Option<String> {
    match (change.recipients, change.recipients_before) {
        (Some(now), Some(before)) if now != before => {
            Some(format!("{}, before {}", people(now), grouped(before)))
        }
        (Some(now), _) => Some(people(now)),
        (None, Some(before)) => Some(format!("had {}", people(before))),
        (None, None) => None,
    }
}

pub(super) fn people(number: u64) -> String {
    match number {
        1 => "1 recipient".to_owned(),
        many => format!("{} recipients", grouped(many)),
    }
}

/// `1,842`
pub(super) fn grouped(number: u64) -> String {
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
    match lines(value) {
        Some(lines) => format!("a text of {lines} lines"),
        None => cut(&value.to_string(), MAX_SHOWN),
    }
}

/// The text, or as much of it as fits.
pub(super) fn cut(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let mut shown: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// One of every sort.
    pub(in crate::cli::manifests) fn plan() -> PlanBody {
        serde_json::from_value(json!({
            "fingerprint": "f", "workspace": "w", "recipients": 1843,
            "counts": { "create": 1, "update": 2, "delete": 1, "unchanged": 2 },
            "changes": [
                { "kind": "List", "name": "vip", "action": "unchanged", "fields": [] },
                { "kind": "Template", "name": "spring", "action": "update", "fields": [
                    { "path": "spec.body", "before": { "lines": 40, "sha256": "a" },
                      "after": { "lines": 42, "sha256": "b" },
                      "diff": "@@ -1,2 +1,2 @@\n Hello\n-```old\n+<b>new</b>\n" } ],
                  "drift": { "since": "2026-03-01T09:00:00Z", "deleted": false,
                    "fields": ["spec.body", "spec.format"] } },
                { "kind": "Campaign", "name": "spring-launch", "action": "create",
                  "recipients": 1842, "fields": [
                    { "path": "spec.type", "after": "email" } ] },
                { "kind": "Campaign", "name": "summer", "action": "update", "recipients": 1,
                  "recipients_before": 1200,
                  "fields": [
                    { "path": "spec.messages[a].subject", "before": "Hi\u{1b}", "after": "Hello\u{9b}" },
                    { "path": "spec.messages[a].text", "after": { "lines": 3, "sha256": "a" },
                      "diff": "@@ -0,0 +1,1 @@\n+Text\n" },
                    { "path": "spec.goals", "before": [{ "metric": "clicks", "target": 300 }] },
                    { "path": "metadata.labels.a|b", "after": "@ana <img src=x> #1 `x`" } ] },
                { "kind": "Campaign", "name": "winter", "action": "unchanged", "recipients": 24,
                  "recipients_before": 36, "fields": [] },
                { "kind": "List", "name": "old", "action": "delete", "fields": [
                    { "path": "spec.description", "before": "Old" } ] },
            ],
            "warnings": [
                { "kind": "List", "name": "old", "message": "still has 12 contacts" } ],
        }))
        .unwrap()
    }

    pub(in crate::cli::manifests) fn text(lines: &Lines) -> String {
        lines.iter().flat_map(|(_, line)| [line.as_str(), "\n"]).collect()
    }

    #[test]
    fn a_plan_reads_as_a_list_of_deeds() {
        assert!(plan().has_changes());
        insta::assert_snapshot!(text(&describe(&plan())), @r#"
        = unchanged list vip
        ~ update template spring: spec.body: 40 → 42 lines
            ! changed outside of manifests since 2026-03-01T09:00:00Z: spec.body, spec.format
        + create campaign spring-launch (1,842 recipients)
        ~ update campaign summer (1 recipient, before 1,200)
            spec.messages[a].subject: "Hi\u001b" → "Hello�"
            spec.messages[a].text: added a text of 3 lines
            spec.goals: removed [{"metric":"clicks","target":300}]
            metadata.labels.a|b: added "@ana <img src=x> #1 `x`"
        = unchanged campaign winter (24 recipients, before 36)
        - delete list old
        warning: list old still has 12 contacts
        Plan: 1 to create, 2 to change, 1 to delete, 2 unchanged.
        Recipients of the campaigns it touches: 1,843.
        "#);
        assert_eq!(done(&plan()), "Applied: 1 created, 2 changed, 1 deleted, 2 unchanged.");
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
