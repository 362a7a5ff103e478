//! `frontier validate`, `plan`, `apply` and `export`.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use insta::assert_snapshot;

use super::Sandbox;

const MANIFEST: &str = "\
apiVersion: frontier/v1
kind: List
metadata: { name: readers }
spec: {}
---
apiVersion: frontier/v1
kind: Template
metadata: { name: news }
spec: { format: markdown, body_file: bodies/news.md }
---
apiVersion: frontier/v1
kind: Campaign
metadata: { name: spring-launch }
spec:
  type: email
  target_audience: { lists: [readers] }
  messages: [{ name: first, subject: Spring, template: news }]
";

fn with_manifest(text: &str) -> Sandbox {
    let sandbox = Sandbox::workspace();
    sandbox.write("campaign/spring.yaml", text);
    sandbox.write("campaign/bodies/news.md", "# Hello\n\nSpring is here.\n");
    sandbox
}

#[test]
fn a_plan_is_shown_applied_and_then_empty() {
    let sandbox = with_manifest(MANIFEST);
    let valid = sandbox.run(&["validate", "-f", "campaign"]);
    assert_eq!((valid.code, valid.out.as_str()), (0, ""));
    assert_snapshot!(valid.err, @"3 documents are valid.");

    let plan = sandbox.run(&["plan", "-f", "campaign"]);
    assert_eq!((plan.code, plan.err.as_str()), (2, ""));
    assert_snapshot!(plan.out, @"
    + create list readers
    + create template news
    + create campaign spring-launch (0 recipients)
    Plan: 3 to create, 0 to change, 0 unchanged.
    ");
    let asked = sandbox.run(&["apply", "-f", "campaign"]);
    assert_eq!(asked.code, 2, "nobody is there to ask");
    assert_snapshot!(asked.err, @"
    error: Apply these changes? There is nobody to ask.
      --yes, or FRONTIER_YES=1, answers for them
    ");
    let applied = sandbox.run(&["apply", "-f", "campaign", "--yes"]);
    assert_eq!(applied.code, 0);
    assert_snapshot!(applied.err, @"Applied: 3 created, 0 changed, 0 unchanged.");

    let plan = sandbox.run(&["plan", "-f", "campaign/spring.yaml"]);
    assert_eq!(plan.code, 0);
    assert_snapshot!(plan.out, @"
    = unchanged list readers
    = unchanged template news
    = unchanged campaign spring-launch (0 recipients)
    Plan: 0 to create, 0 to change, 3 unchanged.
    ");
    sandbox.write("campaign/bodies/news.md", "# Hello\n\nSpring is here.\n\nCome and see.\n");
    let plan = sandbox.run(&["plan", "-f", "campaign"]);
    assert_eq!(plan.code, 2);
    assert!(plan.out.contains("~ update template news: spec.body: 3 → 5 lines"), "{}", plan.out);
    let body = sandbox.run(&["plan", "-f", "campaign", "-o", "json"]);
    assert_eq!(body.code, 2);
    let body: serde_json::Value = serde_json::from_str(&body.out).unwrap();
    assert_eq!(body["changes"][1]["action"], "update");
}

#[test]
fn problems_are_shown_where_they_are() {
    let text = MANIFEST
        .replace("kind: List", "kind: Lits")
        .replace("bodies/news.md", "bodies/secret.md")
        .replace("subject: Spring", "subjcet: Spring");
    let sandbox = with_manifest(&text);
    sandbox.write("secret.md", "secret");
    std::os::unix::fs::symlink("../../secret.md", sandbox.path("campaign/bodies/secret.md"))
        .unwrap();
    for command in ["validate", "plan", "apply"] {
        let refused = sandbox.run(&[command, "-f", "campaign/spring.yaml"]);
        assert_eq!((refused.code, refused.out.as_str()), (5, ""), "{command}");
    }
    let refused = sandbox.run(&["validate", "-f", "campaign/spring.yaml"]);
    assert_snapshot!(refused.err, @"
    error: `Lits` is not allowed in kind
     --> campaign/spring.yaml:2:7
      |
    2 | kind: Lits
      |       ^^^^ did you mean `List`?

    error: the file `bodies/secret.md` is not in the manifest's folder, where its link leads
     --> campaign/spring.yaml:9:38
      |
    9 | spec: { format: markdown, body_file: bodies/secret.md }
      |                                      ^^^^^^^^^^^^^^^^

    error: unknown key `subjcet` in Campaign.spec.messages[0]
      --> campaign/spring.yaml:17:29
       |
    17 |   messages: [{ name: first, subjcet: Spring, template: news }]
       |                             ^^^^^^^ did you mean `subject`?

    error: 3 problems in the manifests
    ");
    let missing = sandbox.run(&["plan", "-f", "nothing.yaml"]);
    assert_eq!(missing.code, 3);
    assert_snapshot!(missing.err, @"error: nothing.yaml cannot be read: No such file or directory (os error 2)");
    let none = sandbox.run(&["plan", "-f", "campaign/bodies"]);
    assert_eq!(none.code, 3, "{}", none.err);
    let all = sandbox.run(&["validate", "-f", "."]);
    assert!(all.err.ends_with("error: 3 problems in the manifests\n"), "not of the settings");
}

#[test]
fn manifests_come_through_standard_input() {
    let sandbox = Sandbox::workspace();
    let mut command = sandbox.frontier(&["plan", "-f", "-"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"kind: List\n").unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(5));
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.contains("--> <stdin>:1:1"), "{told}");
}

#[test]
fn an_export_is_a_text_or_a_folder() {
    let sandbox = with_manifest(MANIFEST);
    let empty = sandbox.run(&["export"]);
    assert_eq!((empty.code, empty.out.as_str()), (0, ""));
    sandbox.ok(&["apply", "-f", "campaign", "--yes"]);
    assert_snapshot!(sandbox.ok(&["export", "list"]), @"
    apiVersion: frontier/v1
    kind: List
    metadata:
      name: readers
    spec: {}
    ");
    sandbox.write("all.yaml", &sandbox.ok(&["export"]));
    assert_eq!(sandbox.run(&["plan", "-f", "all.yaml"]).code, 0);
    assert_eq!(sandbox.run(&["export", "list/nothing"]).code, 3);

    let some = sandbox.ok(&["export", "list", "campaign/spring-launch"]);
    assert_eq!(some.matches("kind: ").count(), 2, "{some}");
    assert_eq!(sandbox.ok(&["export", "segment"]), "");
    let labelled = MANIFEST.replace("name: readers }", "name: readers, labels: { team: crm } }");
    sandbox.write("campaign/spring.yaml", &labelled);
    sandbox.ok(&["apply", "-f", "campaign", "--yes"]);
    let crm = sandbox.ok(&["export", "--selector", "team=crm"]);
    assert!(crm.contains("name: readers") && !crm.contains("---"), "{crm}");
    let wrong = sandbox.run(&["export", "lits"]);
    assert!(wrong.code == 2 && wrong.err.contains("`lits` is no kind"), "{}", wrong.err);

    sandbox.ok(&["export", "--dir", "out"]);
    assert_eq!(sandbox.run(&["plan", "-f", "out"]).code, 0);
    let body = sandbox.path("out/templates/news.md");
    assert_eq!(fs::read_to_string(&body).unwrap(), "# Hello\n\nSpring is here.\n");
    sandbox.ok(&["export", "--dir", "out"]);
    fs::write(&body, "mine").unwrap();
    let refused = sandbox.run(&["export", "--dir", "out"]);
    assert_eq!(refused.code, 5);
    assert_snapshot!(refused.err, @"
    error: out/templates/news.md is there and differs
      --force writes over it
    ");
    assert_eq!(fs::read_to_string(&body).unwrap(), "mine");
    sandbox.ok(&["export", "--dir", "out", "--force"]);
    assert_ne!(fs::read_to_string(&body).unwrap(), "mine");
}
