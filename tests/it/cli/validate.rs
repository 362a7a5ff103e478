//! `frontier validate` as pipelines call it: findings in every form, with a workspace and without.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use quick_junit::{Report, TestCaseStatus};
use serde_json::Value;

use super::Sandbox;

const GOOD: &str = "\
apiVersion: frontier/v1
kind: Segment
metadata: { name: readers }
spec: { where: \"on_list('letter') and attributes.books > 3\" }
---
apiVersion: frontier/v1
kind: Campaign
metadata: { name: spring }
spec:
  type: email
  target_audience: { segments: [readers] }
  messages: [{ name: first, subject: Spring, format: markdown, body_file: first.md }]
";

/// Wrong in three documents of two files, once in a line whose letters are not ASCII.
const BAD: &str = "\
apiVersion: frontier/v1
kind: List
metadata: { name: otoño, lables: { 'ñ': 1 } }
spec: {}
---
apiVersion: frontier/v1
kind: Segment
metadata: { name: others }
spec: { where: \"country = 'ES'\" }
---
apiVersion: frontier/v1
kind: Campaign
metadata: { name: summer }
spec:
  type: emial
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("campaigns/good.yaml", GOOD);
    sandbox.write("campaigns/first.md", "Hello {{ contact.email }}\n");
    sandbox
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn without_a_workspace_the_texts_are_checked_and_the_rest_is_a_warning() {
    let sandbox = sandbox();
    let valid = sandbox.run(&["validate", "-f", "campaigns", "--offline"]);
    assert_eq!((valid.code, valid.out.as_str()), (0, ""));
    assert_snapshot!(valid.err, @r#"
    warning: no List `letter` is in these files
     --> campaigns/good.yaml:4:25
      |
    4 | spec: { where: "on_list('letter') and attributes.books > 3" }
      |                         ^^^^^^^^ without a workspace nobody knows whether it exists

    2 documents are valid, with 1 warning.
    "#);
    assert!(!sandbox.path("../home/.local").exists(), "no workspace was made");
    let mut by_variable = sandbox.frontier(&["validate", "-f", "campaigns"]);
    assert_eq!(sandbox.end(by_variable.env("FRONTIER_OFFLINE", "1")).code, 0);
    assert!(!sandbox.path("../home/.local").exists());

    let online = sandbox.run(&["validate", "-f", "campaigns"]);
    assert_eq!(online.code, 5, "{}", online.err);
    assert!(online.err.contains("error: there is no list `letter`"), "{}", online.err);
    sandbox.ok(&["list", "create", "letter"]);
    sandbox.ok(&["validate", "-f", "campaigns"]);

    sandbox.write("campaigns/first.md", "Hello\n{{ contact.emial }}\n");
    for offline in [&[][..], &["--offline"]] {
        let args = [&["validate", "-f", "campaigns"][..], offline].concat();
        let refused = sandbox.run(&args);
        assert_eq!(refused.code, 5, "{}", refused.err);
        assert!(refused.err.contains("did you mean `contact.email`?"), "{}", refused.err);
    }
}

#[test]
fn findings_are_data() {
    let sandbox = sandbox();
    sandbox.write("bad.yaml", BAD);
    let refused = sandbox.run(&["validate", "-f", "bad.yaml", "--offline", "-o", "json"]);
    assert_eq!(refused.code, 5);
    assert_snapshot!(refused.err, @"error: 2 problems in the manifests");
    let findings = json(&refused.out);
    assert_eq!(findings.as_array().map(Vec::len), Some(2));
    let first = &findings[0];
    assert_eq!(first["file"], "bad.yaml");
    assert_eq!((&first["line"], &first["column"]), (&3.into(), &26.into()));
    assert_eq!(first["end_column"], 32);
    assert_eq!((&first["code"], &first["severity"]), (&"unknown-key".into(), &"error".into()));
    assert_eq!(first["hint"], "did you mean `labels`?");
    assert_eq!(findings[1]["code"], "invalid-value");

    let valid = sandbox.run(&["validate", "-f", "campaigns", "--offline", "-o", "json"]);
    assert_eq!(valid.code, 0, "{}", valid.err);
    assert_eq!(json(&valid.out)[0]["code"], "not-checked");
    let codes = ["validate", "-f", "bad.yaml", "--offline", "--jq", ".[].code"];
    assert_eq!(sandbox.run(&codes).out, "unknown-key\ninvalid-value\n");
}

#[test]
fn code_scanning_reads_the_sarif() {
    let sandbox = sandbox();
    sandbox.write("bad.yaml", BAD);
    let args = ["validate", "-f", "./bad.yaml", "-f", "campaigns", "--offline", "-o", "sarif"];
    let refused = sandbox.run(&args);
    assert_eq!(refused.code, 5, "{}", refused.err);
    let log = json(&refused.out);
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["$schema"], "https://json.schemastore.org/sarif-2.1.0.json");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["tool"]["driver"]["name"], "Frontier");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: BTreeSet<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len());
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2, "{results:#?}");
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(matches!(result["level"].as_str(), Some("error" | "warning")));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(sandbox.path(uri).is_file(), "{uri}");
        let number = |key: &str| place["region"][key].as_u64().unwrap();
        assert!(number("startLine") > 0 && number("startColumn") < number("endColumn"));
    }

    let args = ["validate", "-f", "bad.yaml", "--offline", "-o", "sarif", "--out", "f.sarif"];
    let to_file = sandbox.run(&args);
    assert_eq!((to_file.code, to_file.out.as_str()), (5, ""));
    assert!(to_file.err.contains("did you mean `labels`?"), "people read the log of the job");
    let written = json(&std::fs::read_to_string(sandbox.path("f.sarif")).unwrap());
    assert_eq!(written["runs"][0]["results"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_test_report_has_a_case_for_every_document() {
    let sandbox = sandbox();
    sandbox.write("campaigns/bad.yaml", BAD);
    sandbox.write("campaigns/broken.yaml", "kind: [\n");
    let args = ["validate", "-f", "campaigns", "--offline", "-o", "junit"];
    let refused = sandbox.run(&args);
    assert_eq!(refused.code, 5, "{}", refused.err);
    let report = Report::deserialize_from_str(&refused.out).unwrap();
    let told: Vec<String> = report
        .test_suites
        .iter()
        .flat_map(|suite| suite.test_cases.iter().map(move |case| (suite, case)))
        .map(|(suite, case)| {
            let ended = match &case.status {
                TestCaseStatus::NonSuccess { message, .. } => message.as_deref().unwrap(),
                _ => "valid",
            };
            format!("{} | {} | {ended}", suite.name.as_str(), case.name.as_str())
        })
        .collect();
    assert_snapshot!(told.join("\n"), @"
    campaigns/bad.yaml | List otoño | campaigns/bad.yaml:3:26: unknown key `lables` in List.metadata
    campaigns/bad.yaml | Segment others | valid
    campaigns/bad.yaml | Campaign summer | campaigns/bad.yaml:15:9: `emial` is not allowed in Campaign.spec.type
    campaigns/broken.yaml | campaigns/broken.yaml | campaigns/broken.yaml:1:7: this bracket is not closed in its line
    campaigns/good.yaml | Segment readers | valid
    campaigns/good.yaml | Campaign spring | valid
    ");

    std::fs::remove_file(sandbox.path("campaigns/bad.yaml")).unwrap();
    std::fs::remove_file(sandbox.path("campaigns/broken.yaml")).unwrap();
    let valid = sandbox.run(&args);
    assert_eq!(valid.code, 0, "{}", valid.err);
    assert_snapshot!(valid.out, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="frontier validate" tests="2" skipped="0" failures="0" errors="0">
        <testsuite name="campaigns/good.yaml" tests="2" skipped="0" errors="0" failures="0">
            <testcase name="Segment readers" classname="campaigns/good.yaml" file="campaigns/good.yaml">
                <system-out>warning: no List `letter` is in these files
     --&gt; campaigns/good.yaml:4:25
      |
    4 | spec: { where: &quot;on_list(&apos;letter&apos;) and attributes.books &gt; 3&quot; }
      |                         ^^^^^^^^ without a workspace nobody knows whether it exists</system-out>
            </testcase>
            <testcase name="Campaign spring" classname="campaigns/good.yaml" file="campaigns/good.yaml"/>
        </testsuite>
    </testsuites>
    "#);
}

#[test]
fn forms_and_files_that_do_not_fit_are_refused() {
    let sandbox = sandbox();
    let refused = sandbox.run(&["list", "list", "-o", "sarif"]);
    assert_eq!(refused.code, 2);
    assert_snapshot!(refused.err, @"
    error: only `frontier validate` prints sarif
      write -o table, json, yaml or csv
    ");
    let args = ["validate", "-f", "campaigns", "--offline", "--out", "findings"];
    assert_eq!(sandbox.run(&args).code, 2, "as what?");
    let args = ["validate", "-f", "campaigns", "--offline", "-o", "json", "--out", "campaigns"];
    assert_snapshot!(sandbox.run(&args).err, @"
    error: campaigns is a folder
      name a file in it, such as campaigns/findings.json
    ");
}

#[test]
fn values_come_from_the_environment_of_the_command() {
    let sandbox = Sandbox::workspace();
    sandbox.write(
        "channel.yaml",
        "apiVersion: frontier/v1\nkind: Channel\nmetadata: { name: mail }\nspec:\n  kind: smtp\n  \
         smtp: { host: \"${SMTP_HOST}\", port: \"${SMTP_PORT:-2525}\" }\n",
    );
    let unset = sandbox.run(&["apply", "-f", "channel.yaml", "--yes"]);
    assert_eq!(unset.code, 5);
    assert_snapshot!(unset.err, @r#"
    error: the variable `SMTP_HOST` is not set
     --> channel.yaml:6:18
      |
    6 |   smtp: { host: "${SMTP_HOST}", port: "${SMTP_PORT:-2525}" }
      |                  ^^^^^^^^^^^^ set it, or write `${SMTP_HOST:-default}`

    error: 1 problem in the manifests
    "#);
    let mut apply = sandbox.frontier(&["apply", "-f", "channel.yaml", "--yes"]);
    let applied = sandbox.end(apply.env("SMTP_HOST", "smtp.shop.example"));
    assert_eq!(applied.code, 0, "{}", applied.err);
    let shown = sandbox.ok(&["export", "channel"]);
    assert!(shown.contains("host: smtp.shop.example\n    port: 2525\n"), "{shown}");

    // A server takes none of its own.
    sandbox.write(
        "body.json",
        r#"{"files":[{"path":"c.yaml","text":"apiVersion: frontier/v1\nkind: Channel\nmetadata: {name: m}\nspec: {kind: smtp, smtp: {host: \"${SMTP_HOST}\"}}\n"}]}"#,
    );
    let args = ["api", "POST", "/manifests/validate", "--input", "body.json"];
    let refused = sandbox.end(sandbox.frontier(&args).env("SMTP_HOST", "smtp.shop.example"));
    assert_eq!(refused.code, 5, "{}", refused.out);
    assert!(refused.out.contains("unset-variable"), "{}", refused.out);
}
