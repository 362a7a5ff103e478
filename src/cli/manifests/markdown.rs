//! A plan in Markdown, for a comment on a merge request.
//!
//! **Invariant:** no name and no value becomes markup, a link or a mention: names stand in code with
//! every sign of theirs written as a character reference, values in fences longer than any of
//! theirs. The whole fits into a comment.

use std::fmt::Write as _;

use super::diff;
use super::plan::{drifted, grouped, total};
use crate::api::{ActionBody, ChangeBody, PlanBody};

/// Characters of a comment at most; forges allow 65,536.
const MAX_COMMENT: usize = 60_000;
/// Fields named in the table at most; the rest are counted.
const MAX_FIELDS: usize = 4;

/// The comment.
pub(super) fn describe(plan: &PlanBody) -> String {
    let changed = || plan.changes.iter().filter(|one| one.touches());
    let mut text = String::new();
    if changed().next().is_none() {
        let _ = writeln!(text, "### Frontier plan: no changes");
        return text;
    }
    let _ = writeln!(text, "### Frontier plan: {}\n", total(plan, "to "));
    if plan.recipients > 0 {
        let many = grouped(plan.recipients);
        let _ = writeln!(text, "Recipients of the campaigns it touches: **{many}**\n");
    }
    text.push_str("| | kind | name | recipients | fields |\n|---|---|---|---|---|\n");
    let mut left = 0;
    for change in changed() {
        let row = row(change);
        if text.len() + row.len() > MAX_COMMENT / 2 {
            left += 1;
        } else {
            text.push_str(&row);
        }
    }
    if left > 0 {
        let _ = writeln!(text, "\n… and {left} more.");
    }
    for notice in notices(plan) {
        if text.len() + notice.len() > MAX_COMMENT * 2 / 3 {
            text.push_str("\n> **Warning:** there are more than these\n");
            break;
        }
        let _ = write!(text, "\n> **Warning:** {notice}\n");
    }
    let mut left = 0;
    for change in changed() {
        let details = details(change);
        if text.len() + details.len() > MAX_COMMENT {
            left += 1;
        } else {
            text.push_str(&details);
        }
    }
    if left > 0 {
        let _ = writeln!(text, "\n{left} more are too long for here; `frontier diff` shows them.");
    }
    text
}

fn verb(action: ActionBody) -> &'static str {
    match action {
        ActionBody::Create => "create",
        ActionBody::Update => "change",
        ActionBody::Delete => "**delete**",
        ActionBody::Unchanged => "unchanged",
    }
}

fn row(change: &ChangeBody) -> String {
    let recipients = match (change.recipients, change.recipients_before) {
        (Some(now), Some(before)) if now != before => {
            format!("{} → {}", grouped(before), grouped(now))
        }
        (Some(number), _) | (None, Some(number)) => grouped(number),
        (None, None) => String::new(),
    };
    let fields = match (change.action, change.fields.len()) {
        (ActionBody::Update, count) => {
            let named = change.fields.iter().take(MAX_FIELDS).map(|field| code(&field.path));
            let named = named.collect::<Vec<_>>().join(", ");
            let more = count.saturating_sub(MAX_FIELDS);
            if more > 0 { format!("{named} and {more} more") } else { named }
        }
        (ActionBody::Unchanged, _) => String::new(),
        (_, count) => count.to_string(),
    };
    let (verb, kind) = (verb(change.action), code(&change.document.kind));
    let name = code(&change.document.name);
    format!("| {verb} | {kind} | {name} | {recipients} | {fields} |\n")
}

fn notices(plan: &PlanBody) -> impl Iterator<Item = String> {
    let drifts = plan.changes.iter().filter_map(|change| {
        let drift = change.drift.as_ref()?;
        Some((&change.document, drifted(drift)))
    });
    let warnings = plan.warnings.iter().map(|one| (&one.document, one.message.clone()));
    drifts.chain(warnings).map(|(document, words)| {
        format!("{} {} {}", code(&document.kind), code(&document.name), escaped(&words))
    })
}

fn details(change: &ChangeBody) -> String {
    let lines: String =
        diff::fields(change).into_iter().flat_map(|(_, line)| [line, "\n".to_owned()]).collect();
    if lines.is_empty() {
        return String::new();
    }
    let longest = lines.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(3.max(longest + 1));
    let (verb, kind) = (verb(change.action).replace("**", ""), code(&change.document.kind));
    let name = code(&change.document.name);
    format!(
        "\n<details><summary>{verb} {kind} {name}</summary>\n\n{fence}diff\n{lines}{fence}\n\n</details>\n"
    )
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// The text with every sign as a character reference, so that none of them means anything.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for letter in super::plan::printable(text).chars() {
        if letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '…') {
            safe.push(letter);
        } else {
            let _ = write!(safe, "&#{};", u32::from(letter));
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::manifests::plan::tests::plan;

    #[test]
    fn a_comment_has_a_table_warnings_and_what_differs() {
        insta::assert_snapshot!(describe(&plan()), @r#"
        ### Frontier plan: 1 to create, 2 to change, 1 to delete, 2 unchanged

        Recipients of the campaigns it touches: **1,843**

        | | kind | name | recipients | fields |
        |---|---|---|---|---|
        | change | <code>Template</code> | <code>spring</code> |  | <code>spec&#46;body</code> |
        | create | <code>Campaign</code> | <code>spring-launch</code> | 1,842 | 1 |
        | change | <code>Campaign</code> | <code>summer</code> | 1,200 → 1 | <code>spec&#46;messages&#91;a&#93;&#46;subject</code>, <code>spec&#46;messages&#91;a&#93;&#46;text</code>, <code>spec&#46;goals</code>, <code>metadata&#46;labels&#46;a&#124;b</code> |
        | unchanged | <code>Campaign</code> | <code>winter</code> | 36 → 24 |  |
        | **delete** | <code>List</code> | <code>old</code> |  | 1 |

        > **Warning:** <code>Template</code> <code>spring</code> changed outside of manifests since 2026-03-01T09&#58;00&#58;00Z&#58; spec&#46;body&#44; spec&#46;format

        > **Warning:** <code>List</code> <code>old</code> still has 12 contacts

        <details><summary>change <code>Template</code> <code>spring</code></summary>

        ````diff
        spec.body
        @@ -1,2 +1,2 @@
         Hello
        -```old
        +<b>new</b>
        ````

        </details>

        <details><summary>create <code>Campaign</code> <code>spring-launch</code></summary>

        ```diff
        spec.type
        + "email"
        ```

        </details>

        <details><summary>change <code>Campaign</code> <code>summer</code></summary>

        ```diff
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
        ```

        </details>

        <details><summary>delete <code>List</code> <code>old</code></summary>

        ```diff
        spec.description
        - "Old"
        ```

        </details>
        "#);
        let mut same = plan();
        same.changes.truncate(1);
        assert_eq!(describe(&same), "### Frontier plan: no changes\n");
    }

    #[test]
    fn nothing_in_names_and_values_becomes_markup() {
        let comment = describe(&plan());
        let mut fence = None;
        let mut outside = String::new();
        for line in comment.lines() {
            match fence {
                None if line.starts_with("```") => fence = Some(line.trim_end_matches("diff")),
                Some(open) if line == open => fence = None,
                None => outside.push_str(line),
                Some(_) => {}
            }
        }
        for markup in ["<img", "@ana", "#1 `", "a|b"] {
            assert!(!outside.contains(markup), "{markup}: {outside}");
        }
        assert_eq!(escaped("a|b <x> @y"), "a&#124;b &#60;x&#62; &#64;y");
    }

    #[test]
    fn a_comment_has_an_end() {
        let mut plan = plan();
        let many = plan.changes[3].clone();
        plan.changes.extend(std::iter::repeat_n(many, 2000));
        plan.warnings.extend(std::iter::repeat_n(plan.warnings[0].clone(), 2000));
        let comment = describe(&plan);
        assert!(comment.len() < 65_536, "{}", comment.len());
        assert!(comment.contains("too long for here"));
    }
}
