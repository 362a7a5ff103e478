//! `frontier report` and what it saves.

use insta::assert_snapshot;

use super::Sandbox;

#[test]
fn a_report_is_saved_and_made_anew() {
    let sandbox = Sandbox::workspace();
    assert_snapshot!(sandbox.run(&["report", "list"]).err, @"No saved reports; `frontier report save NAME CAMPAIGN` keeps one.");
    sandbox.ok(&["campaign", "create", "Spring"]);
    sandbox.ok(&["campaign", "create", "Autumn"]);
    let saved = sandbox.run(&["report", "save", "monthly", "Spring"]);
    assert_eq!((saved.code, saved.out.as_str()), (0, "monthly\n"), "{}", saved.err);
    assert_snapshot!(saved.err, @"Saved; `frontier report run monthly` makes it.");
    assert!(sandbox.ok(&["report", "run", "monthly"]).contains("Spring"));

    sandbox.ok(&["report", "save", "monthly", "Autumn", "--format", "html"]);
    assert_snapshot!(sandbox.ok(&["report", "list"]), @"
    NAME     CAMPAIGN  FORMAT
    monthly  Autumn    html
    ");
    assert_snapshot!(sandbox.ok(&["report", "show", "month"]), @"
    name      monthly
    campaign  Autumn
    format    html
    ");
    let read = |file: &str| std::fs::read_to_string(sandbox.path(file)).unwrap();
    let wrote = sandbox.run(&["report", "run", "monthly", "--out", "autumn"]);
    assert_eq!(wrote.err, "The report is in [root]/work/autumn.\n");
    assert!(read("autumn").starts_with("<!DOCTYPE html>"), "it has its own form");
    sandbox.ok(&["report", "run", "monthly", "--out", "autumn.md"]);
    assert!(read("autumn.md").starts_with("# "), "or that of its file");
    let asked = sandbox.ok(&["report", "run", "monthly", "--format", "csv"]);
    assert!(!asked.contains("<html"), "or the one that is asked for: {asked}");
    assert_eq!(sandbox.ok(&["report", "run", "monthly", "--jq", ".campaign.name"]), "Autumn\n");
    let both = sandbox.run(&["report", "run", "monthly", "-o", "json", "--format", "md"]);
    assert_eq!(both.code, 2);

    sandbox.write(
        "report.yaml",
        "apiVersion: frontier/v1\nkind: Report\nmetadata: { name: weekly }\nspec:\n  campaign: Spring\n",
    );
    sandbox.ok(&["apply", "-f", "report.yaml", "--yes"]);
    assert!(sandbox.ok(&["report", "list"]).contains("weekly   Spring    terminal"));
    assert!(sandbox.ok(&["export", "report/weekly"]).contains("  campaign: Spring\n"));
    sandbox.ok(&["report", "delete", "monthly", "--yes"]);
    let gone = sandbox.run(&["report", "run", "monthly"]);
    assert_eq!(gone.code, 3);
    assert_snapshot!(gone.err, @"error: no saved report `monthly`; `frontier report list` shows those there are");
}
