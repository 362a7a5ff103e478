//! The real program under what real life does to it: kill -9, signals, a second shell, a full disk.
//!
//! Most tests send to a server that records each mail, so that copies can be told apart; one sends
//! to a server written by somebody else.

mod rate;
mod worker;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::cli::Sandbox;
use crate::support::process::{Working, wait_until};
use crate::support::sink::Sink;
use crate::support::smtp::{Act, SmtpServer, Speech};

/// Mails that may be in flight in these tests: small, so that the bound on copies is one.
const IN_FLIGHT: usize = 16;
/// What a slow server takes for a mail, so that a run lasts as long as a test needs.
const SLOW: Act = Act::Slowly(Duration::from_millis(10));

/// A workspace with a list of contacts and the campaign `spring` to them.
struct Shop {
    sandbox: Sandbox,
    contacts: usize,
}

impl Shop {
    /// One whose mails go to the port of an SMTP server.
    fn sending_to(port: u16, contacts: usize) -> Self {
        let smtp = format!("  kind: smtp\n  smtp: {{ host: 127.0.0.1, port: {port}, tls: none }}");
        Self::with(&smtp, contacts)
    }

    fn with(channel: &str, contacts: usize) -> Self {
        Self::on(None, channel, contacts)
    }

    /// One whose store is this database, a file when there is none.
    fn on(database: Option<&str>, channel: &str, contacts: usize) -> Self {
        let sandbox = Sandbox::workspace();
        if let Some(url) = database {
            sandbox.ok(&["config", "set", "database.url", url]);
        }
        let mut csv = "email,name\n".to_owned();
        for at in 0..contacts {
            writeln!(csv, "r{at:04}@post.example,Reader {at}").unwrap();
        }
        sandbox.write("contacts.csv", &csv);
        let campaign = |name: &str| {
            format!(
                "---
apiVersion: frontier/v1
kind: Campaign
metadata: {{ name: {name} }}
spec:
  type: email
  channel: way
  target_audience: {{ lists: [readers] }}
  messages:
    - name: hello
      subject: \"Hello {{{{ contact.name }}}}\"
      format: markdown
      body: \"Hello {{{{ contact.name }}}}. {{{{ unsubscribe_url }}}}\"
"
            )
        };
        let manifest = format!(
            "apiVersion: frontier/v1
kind: List
metadata: {{ name: readers }}
spec: {{}}
---
apiVersion: frontier/v1
kind: Channel
metadata: {{ name: way }}
spec:
{channel}
  from: {{ email: news@shop.example }}
  unsubscribe: {{ url: \"https://shop.example/leave\" }}
{}{}",
            campaign("spring"),
            campaign("autumn")
        );
        sandbox.write("shop.yaml", &manifest);
        sandbox.ok(&["apply", "-f", "shop.yaml", "--yes"]);
        sandbox.ok(&["contact", "import", "contacts.csv", "--list", "readers"]);
        Self { sandbox, contacts }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.frontier(args);
        command.env("FRONTIER_DELIVERY_IN_FLIGHT", IN_FLIGHT.to_string());
        command
    }

    /// Starts a command in the background.
    fn begin(&self, args: &[&str]) -> Working {
        Working::start(&mut self.command(args))
    }

    /// Resumes `spring` and works it to its end.
    #[track_caller]
    fn finish(&self) {
        let ending = self.begin(&["campaign", "resume", "spring"]).ending();
        assert_eq!(ending.code, 0, "{}", ending.err);
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.sandbox.ok(args)).unwrap()
    }

    /// How many deliveries of `spring` are in `state`.
    fn count(&self, state: &str) -> usize {
        let status = self.json(&["campaign", "status", "spring", "-o", "json"]);
        usize::try_from(status["deliveries"][state].as_u64().unwrap()).unwrap()
    }

    fn contacts(&self) -> Vec<String> {
        (0..self.contacts).map(|at| format!("r{at:04}@post.example")).collect()
    }

    /// Every contact's mail reached `server`; ledger, report and metrics agree.
    #[track_caller]
    fn everybody_got_theirs(&self, server: &SmtpServer) {
        let reached: BTreeSet<String> = server.recipients().into_iter().collect();
        assert_eq!(reached.into_iter().collect::<Vec<_>>(), self.contacts());
        self.figures_agree();
    }

    /// The report and the metrics say what the ledger says: all were accepted.
    #[track_caller]
    fn figures_agree(&self) {
        assert_eq!((self.count("accepted"), self.count("total")), (self.contacts, self.contacts));
        let report = self.json(&["report", "create", "spring", "--format", "json"]);
        assert_eq!(report["totals"]["accepted"], self.contacts);
        let metrics = report["daily"].as_array().unwrap();
        let deliveries = metrics.iter().filter(|one| one["metric"] == "deliveries");
        let sum: u64 = deliveries.map(|one| one["value"].as_u64().unwrap()).sum();
        assert_eq!(sum, self.contacts as u64, "{metrics:?}");
    }
}

#[test]
fn the_sink_the_ledger_and_the_report_agree() {
    let Some(sink) = Sink::start() else { return };
    let shop = Shop::sending_to(sink.port, 2000);
    let ending = Working::start(&mut shop.sandbox.frontier(&["campaign", "start", "spring"]));
    let ending = ending.ending();
    assert_eq!(ending.code, 0, "{}", ending.err);
    assert!(ending.out.contains("accepted    2000\n"), "{}", ending.out);
    shop.figures_agree();

    let taken = sink.taken();
    assert!(taken.values().all(|times| *times == 1));
    let recipients: Vec<_> = taken.keys().map(|(to, _)| to.clone()).collect();
    assert_eq!(recipients, shop.contacts());
}

#[test]
fn a_run_that_is_killed_again_and_again_misses_nobody() {
    killed_again_and_again(Speech::Plain);
}

/// The bound on copies is the same, however many mails a connection has under way.
#[test]
fn a_pipelining_run_that_is_killed_again_and_again_misses_nobody() {
    killed_again_and_again(Speech::Pipelining);
    killed_again_and_again(Speech::Chunking);
}

#[track_caller]
fn killed_again_and_again(speech: Speech) {
    let server = SmtpServer::start();
    server.speaks(speech);
    let shop = Shop::sending_to(server.port, 600);
    shop.begin(&["campaign", "start", "spring"]).killed_at(&server, 100);
    for (kills, count) in [(1, 250), (2, 450)] {
        shop.begin(&["campaign", "resume", "spring"]).killed_at(&server, count);
        assert!(server.duplicates() <= kills * IN_FLIGHT, "{} copies", server.duplicates());
    }
    assert!(server.count() < 600, "the run was over before it was killed");
    shop.finish();
    assert!(server.duplicates() <= 3 * IN_FLIGHT, "{} copies", server.duplicates());
    shop.everybody_got_theirs(&server);
}

#[test]
fn a_run_that_is_killed_while_it_is_prepared_misses_nobody() {
    let server = SmtpServer::start();
    let shop = Shop::sending_to(server.port, 300);
    let first = shop.begin(&["campaign", "start", "spring"]);
    let owner = shop.sandbox.path(".frontier/owner.json");
    wait_until("an owner", || owner.exists());
    first.kill();
    shop.finish();
    assert!(server.duplicates() <= IN_FLIGHT);
    shop.everybody_got_theirs(&server);
}

#[test]
fn signals_end_the_mails_in_hand_and_leave_no_copy() {
    let server = SmtpServer::start();
    server.otherwise(SLOW);
    let shop = Shop::sending_to(server.port, 500);
    for (verb, signal, count) in [("start", "TERM", 40), ("resume", "INT", 200)] {
        let working = shop.begin(&["campaign", verb, "spring"]);
        server.wait_for(count);
        working.signal(signal);
        let ending = working.ending_within(Duration::from_secs(10));
        assert_eq!(ending.code, 130, "{}", ending.err);
        let words = "error: stopped before the end\n  `frontier campaign resume spring` goes on";
        assert!(ending.err.ends_with(words), "{}", ending.err);
        assert!(server.count() < 500, "the run was over before {signal}");
        assert_eq!(shop.count("accepted"), server.count());
        assert_eq!(shop.count("leased"), 0);
    }
    server.otherwise(Act::Take);
    shop.finish();
    assert_eq!(server.duplicates(), 0);
    shop.everybody_got_theirs(&server);
}

#[test]
fn a_server_that_says_nothing_does_not_keep_the_program() {
    let server = SmtpServer::start();
    server.otherwise(Act::Hold);
    let shop = Shop::sending_to(server.port, 30);
    let working = shop.begin(&["campaign", "start", "spring"]);
    server.wait_for_offers(8);
    working.signal("TERM");
    let ending = working.ending_within(Duration::from_secs(10));
    assert_eq!(ending.code, 130, "{}", ending.err);
    assert_eq!((shop.count("queued"), shop.count("leased")), (30, 0));

    server.otherwise(Act::Take);
    server.let_go();
    shop.finish();
    assert!(server.duplicates() <= IN_FLIGHT);
    shop.everybody_got_theirs(&server);
}

#[test]
fn a_second_command_watches_the_first_and_takes_over() {
    let server = SmtpServer::start();
    server.otherwise(SLOW);
    let shop = Shop::sending_to(server.port, 400);
    let first = shop.begin(&["campaign", "start", "spring"]);
    server.wait_for(20);
    let second = shop.begin(&["campaign", "resume", "spring"]);
    let watching = second.says("Watching:");
    assert!(watching.contains("frontier campaign start spring`"), "{watching}");
    assert!(watching.contains(&format!("(pid {} on host ", first.pid)), "{watching}");

    first.kill();
    let ending = second.ending();
    assert_eq!(ending.code, 0, "{}", ending.err);
    assert!(server.duplicates() <= IN_FLIGHT);
    shop.everybody_got_theirs(&server);
}

#[test]
fn a_second_campaign_waits_for_the_first() {
    let server = SmtpServer::start();
    server.otherwise(SLOW);
    let shop = Shop::sending_to(server.port, 100);
    let spring = shop.begin(&["campaign", "start", "spring"]);
    server.wait_for(10);
    let autumn = shop.begin(&["campaign", "start", "autumn"]);
    autumn.says("Watching:");
    server.otherwise(Act::Take);
    assert_eq!(spring.ending().code, 0);
    let ending = autumn.ending();
    assert_eq!(ending.code, 0, "{}", ending.err);
    assert_eq!(server.count(), 200);
    shop.figures_agree();
}

#[test]
fn a_pause_from_another_shell_stops_the_run() {
    let server = SmtpServer::start();
    server.otherwise(SLOW);
    let shop = Shop::sending_to(server.port, 400);
    let working = shop.begin(&["campaign", "start", "spring"]);
    server.wait_for(20);
    shop.sandbox.ok(&["campaign", "pause", "spring"]);
    let ending = working.ending_within(Duration::from_secs(2));
    assert_eq!(ending.code, 1, "{}", ending.err);
    let words = "error: `spring` is paused\n  `frontier campaign resume spring` goes on";
    assert!(ending.err.ends_with(words), "{}", ending.err);
    assert!(server.count() < 400, "the run was over before it was paused");
    assert_eq!(shop.count("accepted"), server.count());

    server.otherwise(Act::Take);
    shop.finish();
    assert_eq!(server.duplicates(), 0);
    shop.everybody_got_theirs(&server);
}

#[test]
fn the_working_data_can_be_lost() {
    let server = SmtpServer::start();
    let shop = Shop::sending_to(server.port, 300);
    shop.begin(&["campaign", "start", "spring"]).killed_at(&server, 100);
    fs::remove_dir_all(shop.sandbox.path(".frontier/kv")).unwrap();
    let again = shop.begin(&["campaign", "resume", "spring"]);
    server.wait_for(200);
    again.signal("TERM");
    again.ending();
    fs::remove_dir_all(shop.sandbox.path(".frontier/kv")).unwrap();
    shop.finish();
    shop.everybody_got_theirs(&server);
}

#[test]
fn the_outbox_holds_what_was_accepted() {
    let shop = Shop::with("  kind: outbox", 120);
    shop.sandbox.ok(&["suppression", "add", "r0007@post.example"]);
    let ending = shop.begin(&["campaign", "start", "spring"]).ending();
    assert_eq!(ending.code, 0, "{}", ending.err);
    let words = "Nothing left this machine: the mails are files in outbox/way/.";
    assert!(ending.err.contains(words), "{}", ending.err);
    assert_eq!((shop.count("accepted"), shop.count("suppressed")), (119, 1));

    let mut expected: BTreeSet<String> = shop.contacts().into_iter().collect();
    expected.remove("r0007@post.example");
    let files: Vec<_> = fs::read_dir(shop.sandbox.path("outbox/way")).unwrap().collect();
    assert_eq!(files.len(), 119);
    for file in files {
        let path = file.unwrap().path();
        assert_eq!(path.extension().unwrap(), "eml");
        let to = recipient(&fs::read_to_string(path).unwrap());
        assert!(expected.remove(&to), "{to} has two files");
    }
    assert!(expected.is_empty(), "{expected:?}");
}

/// Reads a file as a mail with a text and an HTML part; gives whom it is to.
fn recipient(mail: &str) -> String {
    let (head, body) = mail.split_once("\r\n\r\n").expect("a head and a body");
    let head = head.replace("\r\n ", " ");
    let header = |name: &str| {
        let mut values = head.lines().filter_map(|line| line.strip_prefix(&format!("{name}: ")));
        let value = values.next().unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(values.next(), None, "{name} is there twice");
        value.to_owned()
    };
    for name in ["From", "Subject", "Date", "Message-ID", "List-Unsubscribe"] {
        header(name);
    }
    assert_eq!(header("MIME-Version"), "1.0");
    let kind = header("Content-Type");
    assert!(kind.starts_with("multipart/alternative;"), "{kind}");
    let boundary = kind.split("boundary=").nth(1).unwrap().trim_matches('"');
    let parts: Vec<_> = body.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 4, "before, text, HTML, after");
    assert!(parts[1].contains("Content-Type: text/plain") && parts[1].contains("Hello Reader"));
    assert!(parts[2].contains("Content-Type: text/html") && parts[2].contains("Hello Reader"));
    assert_eq!(parts[3], "--\r\n");
    let to = header("To");
    to.rsplit('<').next().unwrap().trim_end_matches('>').to_owned()
}

/// `/proc` is a folder in which nobody makes a file, not even root.
#[cfg(target_os = "linux")]
#[test]
fn an_outbox_that_cannot_be_written_to_defers_its_mails() {
    let shop = Shop::with("  kind: outbox", 10);
    fs::create_dir(shop.sandbox.path("outbox")).unwrap();
    std::os::unix::fs::symlink("/proc", shop.sandbox.path("outbox/way")).unwrap();
    let ending = shop.begin(&["campaign", "start", "spring", "--leave-deferred"]).ending();
    assert_eq!(ending.code, 0, "{}", ending.err);
    assert!(ending.err.contains("10 wait; `frontier campaign resume spring` goes on."));
    assert_eq!(shop.count("deferred"), 10);
    let deliveries = shop.json(&["campaign", "deliveries", "spring", "-o", "json"]);
    let reply = deliveries[0]["reply"].as_str().unwrap();
    assert!(reply.starts_with("the mail could not be written to "), "{reply}");
    assert!(reply.contains("(os error "), "{reply}");
    assert!(reply.ends_with("make room, or let this user write there"), "{reply}");
}

impl Working {
    /// Kills it when the server has taken so many mails.
    fn killed_at(self, server: &SmtpServer, count: usize) {
        server.wait_for(count);
        self.kill();
    }
}
