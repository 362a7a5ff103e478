//! The real program, killed while it applies, and beside another that does: the world is the old one
//! or the new one, never between.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use frontier::storage::sql::DbUrl;

use crate::cli::Sandbox;
use crate::support::backend::on_every_backend;

on_every_backend!(
    an_apply_killed_at_any_moment_is_whole_or_not_at_all,
    of_two_applies_at_once_one_is_the_world,
);

/// Things of each kind in a world.
const THINGS: usize = 8;
/// Moments at which an apply is killed.
const KILLS: u32 = 16;
/// Races of two applies.
const RACES: usize = 5;

/// A workspace on the store of a test.
struct Place {
    sandbox: Sandbox,
    url: String,
}

impl Place {
    fn new(url: &DbUrl) -> Self {
        let url = match url {
            DbUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
            DbUrl::Postgres(url) => url.expose().to_owned(),
        };
        let place = Self { sandbox: Sandbox::new(), url };
        assert!(place.command(&["init"]).status().unwrap().success());
        for word in ["old", "new", "other"] {
            place.sandbox.write(&format!("{word}.yaml"), &world(word));
        }
        place
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.frontier(args);
        command.env("FRONTIER_DATABASE_URL", &self.url);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// An apply of a world, which takes away what is of another.
    fn apply(&self, word: &str) -> Command {
        let file = format!("{word}.yaml");
        self.command(&["apply", "-f", &file, "--prune", "--selector", "of=world", "--yes"])
    }

    /// Makes a world the whole one; gives it as it is then written down.
    fn become_world(&self, word: &str) -> String {
        let ended = self.sandbox.end(self.apply(word).stderr(Stdio::piped()));
        assert_eq!(ended.code, 0, "{}", ended.err);
        self.export()
    }

    fn export(&self) -> String {
        let ended = self.sandbox.end(self.command(&["export"]).stdout(Stdio::piped()));
        assert_eq!(ended.code, 0, "{}", ended.err);
        ended.out
    }
}

/// Manifests that name each other, say `word` everywhere, and have one thing that no other world has.
fn world(word: &str) -> String {
    let mut text = String::new();
    let mut push = |kind: &str, name: &str, spec: &str| {
        writeln!(
            text,
            "---\napiVersion: frontier/v1\nkind: {kind}\nmetadata: {{ name: {name}, labels: {{ of: \
             world }} }}\nspec:\n{spec}"
        )
        .unwrap();
    };
    push("List", &format!("only-{word}"), &format!("  description: {word}"));
    for at in 0..THINGS {
        push("List", &format!("l{at}"), &format!("  description: {word}"));
        let expression = format!("  where: on_list('l{at}') and name <> '{word}'");
        push("Segment", &format!("s{at}"), &expression);
        let body = format!("{word} ").repeat(400);
        push("Template", &format!("t{at}"), &format!("  format: markdown\n  body: {body}"));
        let campaign = format!(
            "  type: email\n  target_audience: {{ lists: [l{at}, only-{word}], segments: [s{at}] }}\n  \
             messages:\n    - {{ name: a, subject: {word}, template: t{at} }}\n    - {{ name: \
             {word}, subject: {word}, format: markdown, body: {word} }}"
        );
        push("Campaign", &format!("c{at}"), &campaign);
    }
    text
}

async fn an_apply_killed_at_any_moment_is_whole_or_not_at_all(url: DbUrl) {
    tokio::task::spawn_blocking(move || killed(&Place::new(&url))).await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a thread of its own waits for the moment to kill")]
fn killed(place: &Place) {
    let old = place.become_world("old");
    let begun = Instant::now();
    let new = place.become_world("new");
    let whole = begun.elapsed();
    assert_ne!(old, new);
    assert_eq!(place.become_world("old"), old, "and back");
    let mut olds = 0;
    for kill in 1..=KILLS {
        let mut apply = place.apply("new").spawn().unwrap();
        std::thread::sleep(moment(whole, kill));
        apply.kill().unwrap();
        apply.wait().unwrap();
        let found = place.export();
        if found == old {
            olds += 1;
        } else {
            assert_eq!(found, new, "after kill {kill} it is between");
            assert_eq!(place.become_world("old"), old);
        }
    }
    assert!(olds > 0, "no kill came before the end");
    assert_eq!(place.become_world("new"), new, "it still goes on");
}

/// A moment within `whole`: each kill has its share of it, and its place there is left to chance.
fn moment(whole: Duration, kill: u32) -> Duration {
    let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
    let share = whole / KILLS;
    share * (kill - 1) + share * (nanos / 1000 % 1000) / 1000
}

async fn of_two_applies_at_once_one_is_the_world(url: DbUrl) {
    tokio::task::spawn_blocking(move || raced(&Place::new(&url))).await.unwrap();
}

fn raced(place: &Place) {
    let worlds = ["new", "other"].map(|word| place.become_world(word));
    for race in 0..RACES {
        place.become_world("old");
        let both = ["new", "other"].map(|word| place.apply(word).spawn().unwrap());
        let codes = both.map(|mut apply| apply.wait().unwrap().code());
        // Who comes second is told that the world is another one than it saw, or sees the other's.
        let known = codes.iter().all(|code| matches!(code, Some(0 | 5)));
        assert!(known && codes.contains(&Some(0)), "race {race}: {codes:?}");
        let found = place.export();
        assert!(worlds.contains(&found), "race {race} ends between: {codes:?}");
    }
}
