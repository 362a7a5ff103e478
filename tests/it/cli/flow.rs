//! `frontier plan`, `diff` and `apply` as a team uses them: on merge requests, later, within labels.

use std::fs;

use insta::assert_snapshot;
use sha2::{Digest as _, Sha256};

use super::Sandbox;

/// A list and a template of the team `crm`.
fn manifest(description: &str, body: &str) -> String {
    format!(
        "apiVersion: frontier/v1
kind: List
metadata: {{ name: readers, labels: {{ team: crm }} }}
spec: {{ description: {description} }}
---
apiVersion: frontier/v1
kind: Template
metadata: {{ name: news, labels: {{ team: crm }} }}
spec:
  format: markdown
  body: |
{}",
        body.lines().flat_map(|line| ["    ", line, "\n"]).collect::<String>()
    )
}

/// A workspace where a first manifest is applied and a second one is written.
fn edited() -> Sandbox {
    let sandbox = Sandbox::workspace();
    sandbox.write("crm.yaml", &manifest("Old", "# Hello\n\nSpring is here.\n\nBye"));
    sandbox.ok(&["apply", "-f", "crm.yaml", "--yes"]);
    sandbox.write("crm.yaml", &manifest("New", "# Hello\n\nSummer is here.\n\nBye"));
    sandbox
}

#[test]
fn a_diff_is_told_line_by_line() {
    let sandbox = edited();
    let diff = sandbox.run(&["diff", "-f", "crm.yaml"]);
    assert_eq!((diff.code, diff.err.as_str()), (2, ""));
    assert_snapshot!(diff.out, @r#"
    ~ update list readers
      spec.description
      - "Old"
      + "New"
    ~ update template news
      spec.body
      @@ -1,5 +1,5 @@
       # Hello
       
      -Spring is here.
      +Summer is here.
       
       Bye
    "#);
    let json = sandbox.run(&["diff", "-f", "crm.yaml", "--jq", ".changes[].fields[].path"]);
    assert_eq!((json.code, json.out.as_str()), (2, "spec.description\nspec.body\n"));
    sandbox.ok(&["apply", "-f", "crm.yaml", "--yes"]);
    let same = sandbox.run(&["diff", "-f", "crm.yaml"]);
    assert_eq!((same.code, same.out.as_str()), (0, ""));
    assert_snapshot!(same.err, @"Nothing differs.");
}

#[test]
fn a_plan_is_a_comment_on_a_merge_request() {
    let sandbox = edited();
    let plan = sandbox.run(&["plan", "-f", "crm.yaml", "-o", "markdown"]);
    assert_eq!((plan.code, plan.err.as_str()), (2, ""));
    assert_snapshot!(plan.out, @r#"
    ### Frontier plan: 0 to create, 2 to change, 0 unchanged

    | | kind | name | recipients | fields |
    |---|---|---|---|---|
    | change | <code>List</code> | <code>readers</code> |  | <code>spec&#46;description</code> |
    | change | <code>Template</code> | <code>news</code> |  | <code>spec&#46;body</code> |

    <details><summary>change <code>List</code> <code>readers</code></summary>

    ```diff
    spec.description
    - "Old"
    + "New"
    ```

    </details>

    <details><summary>change <code>Template</code> <code>news</code></summary>

    ```diff
    spec.body
    @@ -1,5 +1,5 @@
     # Hello
     
    -Spring is here.
    +Summer is here.
     
     Bye
    ```

    </details>
    "#);
    let wrong = sandbox.run(&["list", "list", "-o", "markdown"]);
    assert_eq!(wrong.code, 2);
    assert_snapshot!(wrong.err, @"
    error: only `frontier plan` prints markdown
      write -o table, json, yaml or csv
    ");
}

#[test]
fn a_plan_is_kept_and_applied_as_it_is_or_not_at_all() {
    let sandbox = edited();
    let plan = sandbox.run(&["plan", "-f", "crm.yaml", "--out", "plan.json"]);
    assert_eq!((plan.code, plan.err.as_str()), (2, "Wrote the plan to plan.json.\n"));
    let path = sandbox.path("plan.json");
    let kept = fs::read_to_string(&path).unwrap();

    // Altered, of another version, of another workspace, no plan.
    sandbox.write("altered.json", &kept.replace("Summer", "Winter"));
    let altered = sandbox.run(&["apply", "altered.json", "--yes"]);
    assert_eq!(altered.code, 5);
    assert_snapshot!(altered.err, @"
    error: altered.json was changed after it was made
      `frontier plan --out` writes a new one
    ");
    // With a digest that fits, it is the seal that does not.
    let mut forged: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&kept.replace("Summer", "Winter")).unwrap();
    forged.shift_remove("digest");
    let digest = Sha256::digest(serde_json::to_vec(&forged).unwrap());
    let digest = digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    forged.insert("digest".into(), digest.into());
    sandbox.write("forged.json", &serde_json::to_string(&forged).unwrap());
    let forged = sandbox.run(&["apply", "forged.json", "--yes"]);
    assert_eq!(forged.code, 5);
    assert!(forged.err.contains("not the manifests of that plan"), "{}", forged.err);
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    sandbox.write("old.json", &kept.replace(&version, "\"version\": \"0.0.1\""));
    let old = sandbox.run(&["apply", "old.json", "--yes"]);
    assert!(old.code == 5 && old.err.contains("made by another version"), "{}", old.err);
    let elsewhere = Sandbox::workspace();
    elsewhere.write("plan.json", &kept);
    let foreign = elsewhere.run(&["apply", "plan.json", "--yes"]);
    assert!(foreign.code == 5 && foreign.err.contains("for another workspace"), "{}", foreign.err);
    let none = sandbox.run(&["apply", "crm.yaml", "--yes"]);
    assert_eq!(none.code, 5);
    assert_snapshot!(none.err, @"
    error: crm.yaml is no plan
      `frontier plan --out` writes a new one
      manifests are given with -f: `frontier apply -f crm.yaml`
    ");
    assert_eq!(sandbox.run(&["apply", "nothing.json"]).code, 3);

    // The manifests are in it: what their files say now does not matter. The world does.
    sandbox.write("crm.yaml", "nothing");
    sandbox.write("other.yaml", &manifest("By hand", "# Hello\n\nSpring is here.\n\nBye"));
    sandbox.ok(&["apply", "-f", "other.yaml", "--yes"]);
    let late = sandbox.run(&["apply", "plan.json", "--yes"]);
    assert_eq!(late.code, 5);
    assert_snapshot!(late.err, @"
    error: what exists has changed since it was planned
      list readers is not as it was: spec.description
      nothing was changed; look at a new plan
    ");
    sandbox.write("other.yaml", &manifest("Old", "# Hello\n\nSpring is here.\n\nBye"));
    sandbox.ok(&["apply", "-f", "other.yaml", "--yes"]);
    let done = sandbox.run(&["apply", "plan.json", "--yes"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("Applied: 0 created, 2 changed, 0 unchanged."), "{}", done.err);
    assert_eq!(sandbox.run(&["apply", "plan.json", "--yes"]).code, 5, "once");
}

#[test]
fn what_somebody_else_changed_is_told() {
    let sandbox = edited();
    sandbox.ok(&["apply", "-f", "crm.yaml", "--yes"]);
    sandbox.write("body.md", "By hand");
    sandbox.ok(&["template", "edit", "news", "--body", "body.md"]);
    let plan = sandbox.run(&["plan", "-f", "crm.yaml"]);
    assert!(plan.out.contains("! changed outside of manifests since"), "{}", plan.out);
    let fields = sandbox.run(&["plan", "-f", "crm.yaml", "--jq", ".changes[].drift.fields"]);
    assert_eq!(fields.out, "null\n[\"spec.body\"]\n");
    let valid = sandbox.run(&["validate", "-f", "crm.yaml"]);
    assert_eq!(valid.code, 0, "it stops nothing");
    assert!(valid.err.contains("warning: Template `news` was changed outside of"), "{}", valid.err);
    assert!(valid.err.contains(": spec.body\n"), "{}", valid.err);
}

#[test]
fn what_no_manifest_has_goes_within_labels_only() {
    let sandbox = edited();
    sandbox.ok(&["list", "create", "bare"]);
    sandbox.write(
        "crm.yaml",
        "apiVersion: frontier/v1\nkind: List\nmetadata: { name: readers, labels: { team: crm } }\n\
         spec: { description: Old }\n",
    );
    let bare = sandbox.run(&["apply", "-f", "crm.yaml", "--prune", "--yes"]);
    assert_eq!(bare.code, 2);
    assert!(bare.err.contains("--selector"), "{}", bare.err);
    let prune = ["--prune", "--selector", "team=crm"];
    let plan = sandbox.run(&[&["plan", "-f", "crm.yaml"], &prune[..]].concat());
    assert_eq!(plan.code, 2);
    assert_snapshot!(plan.out, @"
    = unchanged list readers
    - delete template news
    Plan: 0 to create, 0 to change, 1 to delete, 1 unchanged.
    ");
    let asked = sandbox.run(&[&["apply", "-f", "crm.yaml"], &prune[..]].concat());
    assert!(asked.err.contains("Apply these changes, and delete 1 thing?"), "{}", asked.err);
    sandbox.write(
        "uses.yaml",
        "apiVersion: frontier/v1\nkind: Campaign\nmetadata: { name: spring }\n\
         spec: { type: email, messages: [{ name: a, subject: a, template: news }] }\n",
    );
    sandbox.ok(&["apply", "-f", "uses.yaml", "--yes"]);
    let kept = sandbox.run(&[&["plan", "-f", "crm.yaml"], &prune[..]].concat());
    assert_eq!(kept.code, 5);
    assert_snapshot!(kept.err, @"
    error: what is in no manifest cannot all be deleted, so nothing is changed
      Template `news` is used by Campaign `spring`
    ");
    sandbox.ok(&["campaign", "delete", "spring", "--yes"]);
    sandbox.ok(&[&["apply", "-f", "crm.yaml", "--yes"], &prune[..]].concat());
    assert_eq!(sandbox.ok(&["list", "list", "--jq", ".[].name"]), "readers\nbare\n");
    assert_eq!(sandbox.ok(&["template", "list", "--jq", "length"]), "0\n");
}

#[test]
fn a_surprise_in_recipients_is_refused() {
    let sandbox = Sandbox::workspace();
    sandbox.write(
        "news.yaml",
        "apiVersion: frontier/v1\nkind: List\nmetadata: { name: readers }\nspec: {}\n---\n\
         apiVersion: frontier/v1\nkind: Campaign\nmetadata: { name: news }\n\
         spec: { type: email, target_audience: { lists: [readers] } }\n",
    );
    sandbox.ok(&["list", "create", "readers"]);
    sandbox.ok(&["contact", "add", "ana@shop.example", "--list", "readers"]);
    let apply = |n| sandbox.run(&["apply", "-f", "news.yaml", "--yes", "--confirm-recipients", n]);
    let refused = apply("2");
    assert_eq!(refused.code, 5);
    assert_snapshot!(refused.err, @"
    error: the plan has 1 recipient, and 2 were confirmed
      nothing was changed
    ");
    assert_eq!(sandbox.run(&["campaign", "show", "news"]).code, 3);
    assert_eq!(apply("1").code, 0);
}
