//! `examples/ci`: the shell lines of the pipelines, taken from their files, over a copy of
//! `examples/bookshop`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use serde_yaml::Value as Yaml;

use super::{Ended, Sandbox};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A step of a pipeline: its job, and what a shell is given.
struct Step {
    job: String,
    lines: String,
    variables: BTreeMap<String, String>,
}

fn yaml(path: &str) -> Yaml {
    let text = fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

/// The value of an expression as GitHub puts it in.
fn filled(text: &str) -> String {
    let values = [
        ("${{ secrets.FRONTIER_DATABASE_URL }}", ""),
        ("${{ inputs.campaign }}", "monthly-letter"),
        ("${{ inputs.recipients }}", "RECIPIENTS"),
    ];
    let text = values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    assert!(!text.contains("${{"), "{text}");
    text
}

fn variables(of: &Yaml) -> BTreeMap<String, String> {
    let Some(pairs) = of.get("env").and_then(Yaml::as_mapping) else { return BTreeMap::new() };
    let pair =
        |(name, value): (&Yaml, &Yaml)| Some((name.as_str()?.to_owned(), filled(value.as_str()?)));
    pairs.iter().filter_map(pair).collect()
}

/// The `run:` steps of the workflow, in their order.
fn github() -> Vec<Step> {
    let workflow = yaml("examples/ci/github/frontier.yml");
    let mut steps = Vec::new();
    for (job, body) in workflow["jobs"].as_mapping().unwrap() {
        for step in body["steps"].as_sequence().unwrap() {
            let Some(lines) = step.get("run").and_then(Yaml::as_str) else {
                assert!(step.get("uses").is_some(), "{step:?}");
                continue;
            };
            let mut all = variables(&workflow);
            all.extend(variables(body));
            all.extend(variables(step));
            let (job, lines) = (job.as_str().unwrap().to_owned(), filled(lines));
            steps.push(Step { job, lines, variables: all });
        }
    }
    steps
}

/// The jobs of the pipeline, each with its script, in their order.
fn gitlab() -> Vec<Step> {
    let pipeline = yaml("examples/ci/gitlab/.gitlab-ci.yml");
    let stages = pipeline["stages"].as_sequence().unwrap();
    let job = |stage: &Yaml| {
        let job = stage.as_str().unwrap();
        let script = pipeline[job]["script"].as_sequence().unwrap();
        let lines: Vec<&str> = script.iter().map(|line| line.as_str().unwrap()).collect();
        let variables =
            [("CAMPAIGN", "monthly-letter"), ("FRONTIER_CONFIRM_RECIPIENTS", "RECIPIENTS")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables = if job == "send" { variables.into() } else { BTreeMap::new() };
        Step { job: job.to_owned(), lines: lines.join("\n"), variables }
    };
    stages.iter().map(job).collect()
}

/// A repository: the bookshop, in a workspace that has its readers.
fn repository() -> Sandbox {
    let sandbox = Sandbox::workspace();
    let copied = Command::new("cp")
        .args(["-r", &format!("{ROOT}/examples/bookshop/."), "."])
        .current_dir(sandbox.path("."))
        .status();
    assert!(copied.unwrap().success());
    sandbox.ok(&["attribute", "create", "books", "--type", "number"]);
    sandbox.ok(&["contact", "import", "contacts.csv", "--list", "newsletter"]);
    sandbox
}

/// Runs a step as a runner does: bash, which stops at the first line that fails.
fn run(sandbox: &Sandbox, step: &Step, recipients: &str) -> Ended {
    let binary = Path::new(env!("CARGO_BIN_EXE_frontier")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let plain = sandbox.frontier(&[]);
    let mut command = Command::new("bash");
    command
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &step.lines])
        .env_clear()
        .envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("PATH", format!("{}:{path}", binary.display()))
        .env("CI", "true")
        .env("GITHUB_STEP_SUMMARY", sandbox.path("summary.md"))
        .current_dir(sandbox.path("."));
    for (name, value) in &step.variables {
        command.env(name, value.replace("RECIPIENTS", recipients));
    }
    sandbox.end(&mut command)
}

#[track_caller]
fn passes(sandbox: &Sandbox, steps: &[Step], job: &str, recipients: &str) -> String {
    let mut told = String::new();
    for step in steps.iter().filter(|step| step.job == job) {
        let ended = run(sandbox, step, recipients);
        assert_eq!(ended.code, 0, "{job}: {}\n{}{}", step.lines, ended.out, ended.err);
        told += &ended.out;
        told += &ended.err;
    }
    assert!(steps.iter().any(|step| step.job == job), "there is no job {job}");
    told
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(name)).unwrap_or_default()
}

/// What both pipelines have in common, from a merge request to a send.
fn from_request_to_send(steps: &[Step]) -> Sandbox {
    let sandbox = repository();
    passes(&sandbox, steps, "check", "");
    passes(&sandbox, steps, "plan", "");
    let plan = read(&sandbox, "plan.md");
    assert!(plan.contains("monthly-letter") && plan.contains("create"), "{plan}");
    let lists = || sandbox.ok(&["list", "list", "--jq", "length"]);
    assert_eq!(lists(), "1\n", "nothing was applied");

    let told = passes(&sandbox, steps, "apply", "");
    assert!(told.contains("0 to create, 0 to change"), "{told}");
    passes(&sandbox, steps, "apply", "");
    assert_eq!(lists(), "3\n");
    passes(&sandbox, steps, "plan", "");

    let count = sandbox.ok(&["segment", "count", "letter-en"]);
    let status =
        || sandbox.ok(&["campaign", "status", "monthly-letter", "--jq", ".campaign.status"]);
    let run_status =
        || sandbox.ok(&["campaign", "status", "monthly-letter", "--jq", ".run.status"]);
    let send = steps.iter().find(|step| step.job == "send").unwrap();
    let surprise = run(&sandbox, send, "7");
    assert_eq!(surprise.code, 5, "{}", surprise.err);
    assert!(surprise.err.contains("and 7 were confirmed"), "{}", surprise.err);
    assert_eq!(status(), "scheduled\n", "it waits for its time");
    passes(&sandbox, steps, "send", count.trim());
    assert_eq!(run_status(), "completed\n");

    sandbox.write("campaigns/wrong.yaml", "apiVersion: frontier/v1\nkind: Campaing\n");
    let check = steps.iter().find(|step| step.job == "check").unwrap();
    assert_eq!(run(&sandbox, check, "").code, 5);
    for job in ["plan", "apply"] {
        let step = steps.iter().find(|step| step.job == job).unwrap();
        assert_ne!(run(&sandbox, step, "").code, 0, "{job} stops at what is wrong");
    }
    sandbox
}

#[test]
fn the_workflow_of_github_does_what_it_says() {
    let steps = github();
    let jobs: Vec<&str> = steps.iter().map(|step| step.job.as_str()).collect();
    assert_eq!(jobs, ["check", "plan", "apply", "apply", "send", "send"]);
    let sandbox = from_request_to_send(&steps);
    let log: Value = serde_json::from_str(&read(&sandbox, "frontier.sarif")).unwrap();
    let result = &log["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "campaigns/wrong.yaml");
    let summary = read(&sandbox, "summary.md");
    assert!(summary.contains("Frontier plan") && summary.contains("monthly-letter"), "{summary}");
}

#[test]
fn the_pipeline_of_gitlab_does_what_it_says() {
    let sandbox = from_request_to_send(&gitlab());
    assert!(read(&sandbox, "frontier.xml").contains("<testcase name=\"Campaign monthly-letter\""));
    assert!(read(&sandbox, "report.md").contains("monthly-letter"));
}

#[test]
fn a_send_waits_for_people() {
    let workflow = yaml("examples/ci/github/frontier.yml");
    assert_eq!(workflow["jobs"]["send"]["environment"], "send");
    let pipeline = yaml("examples/ci/gitlab/.gitlab-ci.yml");
    assert_eq!(pipeline["send"]["rules"][0]["when"], "manual");
    for (job, body) in workflow["jobs"].as_mapping().unwrap() {
        let text = serde_yaml::to_string(body).unwrap();
        let sends = text.contains("campaign start");
        assert_eq!(sends, job == "send", "only that job sends");
        // What a person types is never put into a shell's text.
        for step in body["steps"].as_sequence().unwrap() {
            let lines = step.get("run").and_then(Yaml::as_str).unwrap_or_default();
            assert!(!lines.contains("${{"), "{lines}");
        }
    }
}
