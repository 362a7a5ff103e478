//! `campaign deliveries`, `campaign resend` and `contact show --history`.

use std::fs;

use insta::assert_snapshot;

use super::Sandbox;
use crate::support::smtp::{Act, SmtpServer};

/// A workspace whose campaign `spring` was sent to three, one of whom is unknown to `server`.
fn sent(server: &SmtpServer) -> Sandbox {
    let sandbox = Sandbox::workspace();
    server.script("bo@post.example", &[Act::Say("550 5.1.1 no such user")]);
    sandbox.write("people.csv", "email\nana@post.example\nbo@post.example\ncy@post.example\n");
    sandbox.write(
        "shop.yaml",
        &format!(
            "apiVersion: frontier/v1
kind: List
metadata: {{ name: readers }}
spec: {{}}
---
apiVersion: frontier/v1
kind: Channel
metadata: {{ name: way }}
spec:
  kind: smtp
  smtp: {{ host: 127.0.0.1, port: {}, tls: none }}
  from: {{ email: news@shop.example }}
  unsubscribe: {{ url: \"https://shop.example/leave\" }}
---
apiVersion: frontier/v1
kind: Campaign
metadata: {{ name: spring }}
spec:
  type: email
  channel: way
  target_audience: {{ lists: [readers] }}
  messages:
    - {{ name: hello, subject: Hello, format: markdown, body: \"Hello. {{{{ unsubscribe_url }}}}\" }}
",
            server.port
        ),
    );
    sandbox.ok(&["apply", "-f", "shop.yaml", "--yes"]);
    sandbox.ok(&["contact", "import", "people.csv", "--list", "readers"]);
    sandbox.ok(&["campaign", "start", "spring"]);
    sandbox
}

#[test]
fn a_ledger_is_shown_and_written_to_a_file() {
    let server = SmtpServer::start();
    let sandbox = sent(&server);
    let base = ["campaign", "deliveries", "spring"];
    let with = |more: &[&str]| sandbox.run(&[&base[..], more].concat());
    let failed = with(&["--state", "failed", "--code", "5xx", "--json", "email,code,enhanced"]);
    let failed: serde_json::Value = serde_json::from_str(&failed.out).unwrap();
    assert_eq!(
        failed,
        serde_json::json!([{ "email": "bo@post.example", "code": 550, "enhanced": "5.1.1" }])
    );
    let none = with(&["--domain", "nowhere.example"]);
    assert_eq!((none.code, none.err.trim()), (0, "No such deliveries."));

    let csv = with(&["--all", "-o", "csv"]).out;
    assert_eq!((csv.lines().count(), csv.starts_with("email,state,")), (4, true));
    let lines = with(&["--all", "--format", "ndjson", "--state", "accepted"]).out;
    assert_eq!(lines.lines().count(), 2);
    let written = with(&["--all", "--out", "ledger.ndjson"]);
    assert_eq!((written.out.as_str(), written.err.trim()), ("", "Wrote ledger.ndjson."));
    assert_eq!(fs::read_to_string(sandbox.path("ledger.ndjson")).unwrap().lines().count(), 3);

    for (args, code, words) in [
        (&["--all", "-o", "json"][..], 2, "--format ndjson writes a delivery a line"),
        (&["--out", "x.csv"], 2, "--all"),
        (&["--code", "abc"], 2, "write one as 550"),
        (&["--run", "abcd"], 3, "has no run `abcd`"),
    ] {
        let refused = with(args);
        assert_eq!(refused.code, code, "{args:?}: {}", refused.err);
        assert!(refused.err.contains(words), "{args:?}: {}", refused.err);
    }
}

#[test]
fn what_failed_is_sent_again_when_it_is_agreed_to() {
    let server = SmtpServer::start();
    let sandbox = sent(&server);
    let base = ["campaign", "resend", "spring"];
    let with = |more: &[&str]| sandbox.run(&[&base[..], more].concat());
    assert_snapshot!(with(&["--dry-run"]).out, @"1 of the mails of `spring` would be sent again.");
    let asked = with(&[]);
    assert_eq!(asked.code, 2);
    assert_snapshot!(asked.err, @"
    error: 1 of the mails of `spring` would be sent again. Send them? There is nobody to ask.
      --yes, or FRONTIER_YES=1, answers for them
    ");
    let other = with(&["--confirm-recipients", "5"]);
    assert_eq!(other.code, 5, "{}", other.err);
    assert_eq!(server.count(), 2);

    let resent = with(&["--code", "550", "--yes"]);
    assert_eq!(resent.code, 0, "{}", resent.err);
    assert!(resent.out.contains("accepted    3\n"), "{}", resent.out);
    assert_eq!(server.recipients(), ["ana@post.example", "bo@post.example", "cy@post.example"]);
    let again = with(&["--yes"]);
    assert_eq!(again.code, 5);
    assert!(again.err.contains("none that failed matches"), "{}", again.err);

    let history = sandbox.ok(&["contact", "show", "bo@post.example", "--history"]);
    let line = history.lines().nth(1).unwrap();
    assert!(line.starts_with("spring    hello    accepted"), "{history}");
    let rows =
        sandbox.ok(&["contact", "show", "bo@post.example", "--history", "--jq", ".[].resent"]);
    assert_eq!(rows, "1\n");
}
