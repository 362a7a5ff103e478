//! `frontier worker`: what is due is done, once, whoever is killed or works beside it.

use std::time::Duration;

use frontier::core::kernel::Clock;
use frontier::storage::sql::DbUrl;
use serde_json::Value;

use super::{IN_FLIGHT, SLOW, Shop};
use crate::cli::Sandbox;
use crate::support::backend::{Backend, run};
use crate::support::process::{Working, wait_until};
use crate::support::smtp::{Act, SmtpServer};

/// Long enough to write a schedule, and soon.
const SOON: Duration = Duration::from_millis(2500);

/// An instant that is about to come.
fn soon() -> String {
    Clock::system().now().plus(SOON).to_string()
}

impl Shop {
    fn schedule(&self, campaign: &str) {
        self.sandbox.ok(&["campaign", "schedule", campaign, "--at", &soon()]);
    }

    fn outcomes(&self, campaign: &str) -> Vec<String> {
        outcomes(&self.sandbox, campaign)
    }
}

/// What became of the times of a campaign.
fn outcomes(sandbox: &Sandbox, campaign: &str) -> Vec<String> {
    let history = sandbox.ok(&["schedule", "history", campaign, "-o", "json"]);
    let history: Vec<Value> = serde_json::from_str(&history).unwrap();
    history.iter().map(|one| one["outcome"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_worker_starts_what_is_due_and_stops_when_told() {
    let server = SmtpServer::start();
    let shop = Shop::sending_to(server.port, 20);
    let worker = shop.begin(&["worker"]);
    worker.says("Working: ");
    shop.schedule("spring");
    worker.tells("`spring` fired, due ");
    worker.tells("`spring` is being sent");
    worker.tells("`spring` is completed, 20 accepted and 0 failed");
    // Beside it a command that starts a campaign watches, and the worker sends.
    let other = shop.begin(&["campaign", "start", "autumn"]).ending();
    assert_eq!(other.code, 0, "{}", other.err);
    assert!(other.err.contains("Watching: this workspace is worked by "), "{}", other.err);
    worker.tells("`autumn` is completed, 20 accepted and 0 failed");

    worker.signal("TERM");
    let ending = worker.ending_within(Duration::from_secs(10));
    assert_eq!(ending.code, 0, "{}", ending.err);
    assert_eq!(ending.out, "");
    assert!(!shop.sandbox.path(".frontier/owner.json").exists(), "it left in order");
    assert_eq!(shop.outcomes("spring"), ["fired"]);
    shop.everybody_got_theirs_twice(&server);
}

impl Shop {
    #[track_caller]
    fn everybody_got_theirs_twice(&self, server: &SmtpServer) {
        let twice: Vec<_> =
            self.contacts().into_iter().flat_map(|one| [one.clone(), one]).collect();
        assert_eq!(server.recipients(), twice);
    }
}

#[test]
fn a_worker_that_is_killed_fires_nothing_twice_and_misses_nobody() {
    let server = SmtpServer::start();
    server.otherwise(SLOW);
    let shop = Shop::sending_to(server.port, 300);
    shop.schedule("spring");
    let worker = shop.begin(&["worker"]);
    server.wait_for(40);
    worker.kill();
    // A second one is stopped by a signal, in the middle of it.
    let worker = shop.begin(&["worker"]);
    server.wait_for(120);
    worker.signal("INT");
    assert_eq!(worker.ending_within(Duration::from_secs(10)).code, 0);
    assert!(server.count() < 300, "it was over before it was stopped");

    server.otherwise(Act::Take);
    let ending = shop.begin(&["worker", "--once"]).ending();
    assert_eq!(ending.code, 0, "{}", ending.err);
    assert_eq!(shop.outcomes("spring"), ["fired"]);
    assert!(server.duplicates() <= IN_FLIGHT, "{} copies", server.duplicates());
    shop.everybody_got_theirs(&server);
}

#[test]
fn once_works_what_is_due_and_ends() {
    let server = SmtpServer::start();
    let shop = Shop::sending_to(server.port, 3);
    let idle = shop.begin(&["worker", "--once"]).ending();
    assert_eq!((idle.code, idle.err.as_str()), (0, ""));

    shop.schedule("spring");
    wait_until("its time", || {
        assert_eq!(shop.begin(&["worker", "--once"]).ending().code, 0);
        !shop.outcomes("spring").is_empty()
    });
    assert_eq!(shop.outcomes("spring"), ["fired"]);
    shop.everybody_got_theirs(&server);

    // A campaign that cannot start is a failure, for whoever looks at the exit code.
    shop.schedule("autumn");
    for contact in shop.contacts() {
        shop.sandbox.ok(&["contact", "delete", &contact, "--yes"]);
    }
    let mut said = String::new();
    wait_until("its time", || {
        let ending = shop.begin(&["worker", "--once"]).ending();
        said = ending.err;
        ending.code != 0
    });
    assert!(said.contains("`autumn` failed, due "), "{said}");
    assert!(said.ends_with("error: one thing went wrong; its line above says why"), "{said}");
    assert_eq!(shop.outcomes("autumn"), ["failed"]);
}

#[test]
fn a_wave_to_come_is_left_for_the_next_worker() {
    let server = SmtpServer::start();
    let shop = Shop::sending_to(server.port, 2);
    let first = ["contact", "edit", "r0000@post.example", "--timezone", "Pacific/Kiritimati"];
    shop.sandbox.ok(&first);
    // In two hours here; there it was half a day ago.
    let at = Clock::system().now().plus(Duration::from_hours(2)).to_string();
    let when =
        ["campaign", "schedule", "spring", "--contact-local", &at[11..16], "--on", &at[..10]];
    shop.sandbox.ok(&when);
    for tells in [true, false] {
        let ending = shop.begin(&["worker", "--once"]).ending();
        assert_eq!(ending.code, 0, "{}", ending.err);
        assert_eq!(ending.err.contains("`spring` goes on at "), tells, "{}", ending.err);
        assert_eq!((server.count(), shop.count("queued")), (1, 1));
    }
    let status = shop.json(&["campaign", "status", "spring", "-o", "json"]);
    assert_eq!(status["waiting"]["count"], 1);
    assert_eq!(status["waiting"]["next_at"], format!("{}:00.000Z", &at[..16]));
    shop.sandbox.ok(&["campaign", "cancel", "spring", "--yes"]);
}

#[test]
fn two_workers_of_one_folder_take_turns() {
    let server = SmtpServer::start();
    let shop = Shop::sending_to(server.port, 3);
    let first = shop.begin(&["worker"]);
    first.says("Working: ");
    let refused = shop.begin(&["worker", "--once"]).ending();
    assert_eq!(refused.code, 5, "{}", refused.err);
    assert!(refused.err.contains("is worked by "), "{}", refused.err);
    let second = shop.begin(&["worker"]);
    second.says("Waiting: this workspace is worked by ");

    first.kill();
    second.says("Working: ");
    shop.schedule("spring");
    second.tells("`spring` is completed, 3 accepted");
    second.signal("TERM");
    assert_eq!(second.ending().code, 0);
    shop.everybody_got_theirs(&server);
}

/// How many campaigns two nodes have to share.
const CAMPAIGNS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_on_one_store_fire_each_time_once() {
    let case = async |url: DbUrl| tokio::task::block_in_place(|| two_nodes(&url));
    run(Backend::Postgres, case).await;
}

fn two_nodes(url: &DbUrl) {
    let DbUrl::Postgres(url) = url else { return };
    let server = SmtpServer::start();
    let nodes = [Sandbox::workspace(), Sandbox::workspace()];
    for node in &nodes {
        node.ok(&["config", "set", "database.url", url.expose()]);
        node.ok(&["config", "set", "unsubscribe.url", "https://shop.example/leave"]);
        node.ok(&["config", "set", "sender.email", "news@shop.example"]);
    }
    let [first, _] = &nodes;
    first.write("hello.md", "Hello. {{ unsubscribe_url }}\n");
    first.ok(&["list", "create", "Readers"]);
    first.ok(&["contact", "add", "ana@post.example", "--list", "Readers"]);
    let port = server.port.to_string();
    let smtp = ["--host", "127.0.0.1", "--port", &port, "--tls", "none"];
    first.ok(&[&["channel", "create", "way"], &smtp[..]].concat());
    let names: Vec<_> = (0..CAMPAIGNS).map(|at| format!("c{at:02}")).collect();
    let to = ["--list", "Readers", "--channel", "way", "--subject", "Hello", "--body", "hello.md"];
    for name in &names {
        first.ok(&[&["campaign", "create", name], &to[..]].concat());
    }
    let workers = nodes.each_ref().map(|node| Working::start(&mut node.frontier(&["worker"])));
    for worker in &workers {
        worker.says("Working: ");
    }
    let at = Clock::system().now().plus(2 * SOON);
    let schedule = |name: &String| {
        format!(
            "---\napiVersion: frontier/v1\nkind: Schedule\nmetadata: {{ name: {name} }}\n\
             spec: {{ campaign: {name}, at: \"{at}\", timezone: UTC }}\n"
        )
    };
    first.write("schedules.yaml", &names.iter().map(schedule).collect::<String>());
    first.ok(&["apply", "-f", "schedules.yaml", "--yes"]);
    wait_until("every mail", || server.count() >= CAMPAIGNS);
    for worker in workers {
        worker.signal("TERM");
        assert_eq!(worker.ending().code, 0);
    }
    for name in &names {
        assert_eq!(outcomes(first, name), ["fired"], "{name}");
    }
    assert_eq!(server.count(), CAMPAIGNS);
}
