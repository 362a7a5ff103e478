//! How a difference is told: field by field, long texts line by line.

use super::plan::{Lines, cut, heading, push, push_drift, push_warnings};
use crate::api::{ChangeBody, FieldChangeBody, PlanBody};
use crate::cli::output::Tint;

/// Characters of a value shown at most.
const MAX_SHOWN: usize = 2000;

/// What differs of every document that does.
pub(super) fn describe(plan: &PlanBody) -> Lines {
    let mut lines = Lines::new();
    for change in plan.changes.iter().filter(|one| one.touches()) {
        let (head, tint) = heading(change);
        push(&mut lines, tint, head);
        push_drift(&mut lines, change);
        for (tint, line) in fields(change) {
            push(&mut lines, tint, format!("  {line}"));
        }
    }
    push_warnings(&mut lines, plan);
    lines
}

/// What differs of one document.
pub(super) fn fields(change: &ChangeBody) -> Lines {
    let mut lines = Lines::new();
    for field in &change.fields {
        push(&mut lines, Tint::Bold, &field.path);
        match &field.diff {
            Some(diff) => diff.lines().for_each(|line| push(&mut lines, tint(line), line)),
            None => values(&mut lines, field),
        }
    }
    lines
}

fn values(lines: &mut Lines, field: &FieldChangeBody) {
    let sides = [(&field.before, '-', Tint::Removed), (&field.after, '+', Tint::Added)];
    for (value, sign, tint) in sides {
        if let Some(value) = value {
            push(lines, tint, format!("{sign} {}", cut(&value.to_string(), MAX_SHOWN)));
        }
    }
}

fn tint(line: &str) -> Tint {
    match line.as_bytes().first() {
        Some(b'+') => Tint::Added,
        Some(b'-') => Tint::Removed,
        Some(b'@') => Tint::Faint,
        _ => Tint::Plain,
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::manifests::plan::tests::{plan, text};

    #[test]
    fn fields_are_told_with_what_was_and_what_will_be() {
        insta::assert_snapshot!(text(&super::describe(&plan())), @r#"
        ~ update template spring
            ! changed outside of manifests since 2026-03-01T09:00:00Z: spec.body, spec.format
          spec.body
          @@ -1,2 +1,2 @@
           Hello
          -```old
          +<b>new</b>
        + create campaign spring-launch (1,842 recipients)
          spec.type
          + "email"
        ~ update campaign summer (1 recipient, before 1,200)
          spec.messages[a].subject
          - "Hi\u001b"
          + "Hello�"
          spec.messages[a].text
          @@ -0,0 +1,1 @@
          +Text
          spec.goals
          - [{"metric":"clicks","target":300}]
          metadata.labels.a|b
          + "@ana <img src=x> #1 `x`"
        = unchanged campaign winter (24 recipients, before 36)
        - delete list old
          spec.description
          - "Old"
        warning: list old still has 12 contacts
        "#);
    }
}
