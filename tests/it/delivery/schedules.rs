//! Campaigns that start by themselves: once per time, whoever looks and whatever happens meanwhile.

use std::collections::HashSet;

use frontier::api::{FiringBody, NewScheduleBody, ResendRequestBody, ScheduleBody};
use frontier::core::campaigns::{CampaignError, Draft, Fired, Outcome, Status};
use frontier::core::contacts::ContactChange;
use frontier::core::publishing::{DeliveryState, Worked};
use insta::{allow_duplicates, assert_snapshot};

use super::Shop;
use crate::support::backend::on_every_backend;

on_every_backend!(
    a_campaign_starts_at_its_time_and_once,
    two_nodes_fire_a_time_once,
    a_date_that_was_missed_makes_a_draft_again,
    a_recurring_campaign_runs_again_and_again,
    a_run_that_is_under_way_is_not_joined_by_another,
    a_campaign_that_cannot_start_says_why,
    a_schedule_is_changed_paused_and_taken_away,
    a_date_that_passed_while_paused_goes_by_its_rule,
    a_campaign_that_ends_ends_its_schedule,
    each_contact_gets_it_by_their_own_clock,
    a_contact_who_moves_gets_it_once,
    a_wave_that_nobody_was_there_for_is_missed,
    a_wrong_schedule_is_refused,
    a_campaign_is_found_before_schedules_that_start_so,
);

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn at(at: &str) -> NewScheduleBody {
    NewScheduleBody { at: Some(at.to_owned()), ..NewScheduleBody::default() }
}

fn cron(cron: &str) -> NewScheduleBody {
    NewScheduleBody { cron: Some(cron.to_owned()), ..NewScheduleBody::default() }
}

impl Shop {
    /// The clock of these tests begins on 2026-01-01 at 00:00 UTC.
    fn later(&self, millis: i64) {
        self.app.clock.advance(millis);
    }

    async fn schedule(&self, new: &NewScheduleBody) -> ScheduleBody {
        self.app.client.schedule_campaign("Spring", new).await.unwrap()
    }

    async fn refused(&self, new: &NewScheduleBody) -> String {
        self.app.client.schedule_campaign("Spring", new).await.unwrap_err().to_string()
    }

    /// What a look at the schedules decides.
    async fn look(&self) -> Vec<Outcome> {
        let fired = self.app.services.campaigns.fire_due().await.unwrap();
        fired.firings.into_iter().map(|(_, firing)| firing.outcome).collect()
    }

    async fn history(&self) -> Vec<FiringBody> {
        self.app.client.schedule_history("Spring", 1000).await.unwrap().items
    }

    async fn status(&self) -> Status {
        self.progress().await.campaign.status
    }

    async fn claims_nothing(&self) -> bool {
        let queue = self.app.services.events.queue();
        queue.claim("node", None).await.unwrap().is_none()
    }

    async fn lives_in(&self, address: &str, timezone: &str) {
        let timezone = Some(timezone.to_owned());
        let change = ContactChange { timezone, ..ContactChange::default() };
        self.app.services.contacts.upsert(address, change, &["Readers".to_owned()]).await.unwrap();
    }
}

async fn a_campaign_starts_at_its_time_and_once(shop: Shop) {
    let readers = shop.readers(3).await;
    let schedule = shop.schedule(&at("2026-01-01T09:00+02:00")).await;
    assert_eq!(schedule.next_at.as_deref(), Some("2026-01-01T07:00:00.000Z"));
    assert_eq!(schedule.next_local.as_deref(), Some("Thu 1 Jan 2026 07:00 UTC"));
    assert_eq!(shop.status().await, Status::Scheduled);
    let campaign = shop.app.client.get_campaign("Spring").await.unwrap();
    assert_eq!(campaign.next_start_at, schedule.next_at);

    shop.later(7 * HOUR - 1);
    assert_eq!(shop.look().await, []);
    shop.later(1);
    assert_eq!(shop.look().await, [Outcome::Fired]);
    assert_eq!(shop.look().await, []);
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.recipients(), readers);
    assert_eq!(shop.status().await, Status::Completed);
    let history = shop.history().await;
    let run = shop.progress().await.run.unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].run_id, Some(run.id.to_string()));
    assert_eq!(shop.app.client.get_schedule("Spring").await.unwrap().state, "ended");
}

async fn two_nodes_fire_a_time_once(shop: Shop) {
    shop.readers(3).await;
    shop.schedule(&cron("0 * * * *")).await;
    let other = shop.other_node().await;
    for _ in 0..5 {
        shop.later(HOUR);
        let (here, there) =
            tokio::join!(shop.app.services.campaigns.fire_due(), other.campaigns.fire_due());
        // Whoever was slower may be told that the store is busy, and looks again.
        let count = |fired: Result<Fired, CampaignError>| fired.map_or(0, |one| one.firings.len());
        assert_eq!(count(here) + count(there), 1);
        assert_eq!(shop.work().await, Worked::Finished);
    }
    assert_eq!(shop.server.count(), 15);
    assert_eq!(shop.history().await.len(), 5);
}

async fn a_date_that_was_missed_makes_a_draft_again(shop: Shop) {
    shop.readers(1).await;
    shop.schedule(&at("2026-01-01T09:00")).await;
    shop.later(10 * HOUR + 1);
    assert_eq!(shop.look().await, [Outcome::Missed]);
    assert_eq!(shop.status().await, Status::Draft);
    let history = shop.history().await;
    assert_eq!(history[0].reason.as_deref(), Some("nothing ran until it was too late"));

    // Allowed until noon, it still fires at noon.
    let patient = NewScheduleBody {
        not_after: Some("2026-01-02T12:00".to_owned()),
        ..at("2026-01-02T09:00")
    };
    shop.schedule(&patient).await;
    shop.later(26 * HOUR - 1);
    assert_eq!(shop.look().await, [Outcome::Fired]);
    assert_eq!(shop.history().await.len(), 2, "what became of the first date stays");
}

async fn a_recurring_campaign_runs_again_and_again(shop: Shop) {
    let readers = shop.readers(2).await;
    let daily = NewScheduleBody {
        timezone: Some("Europe/Madrid".to_owned()),
        missed: Some("run_once".to_owned()),
        ..cron("0 9 * * *")
    };
    shop.schedule(&daily).await;
    for _ in 0..2 {
        shop.later(24 * HOUR);
        assert_eq!(shop.look().await, [Outcome::Fired]);
        assert_eq!(shop.status().await, Status::Active);
        assert_eq!(shop.work().await, Worked::Finished);
        assert_eq!(shop.status().await, Status::Scheduled, "it waits for its next time");
    }
    let twice: Vec<_> =
        readers.iter().flat_map(|reader| [reader.clone(), reader.clone()]).collect();
    assert_eq!(shop.server.recipients(), twice);
    let runs: HashSet<_> = shop.history().await.into_iter().map(|one| one.run_id).collect();
    assert_eq!(runs.len(), 2);

    // Four days in which nothing runs: one mail makes up for them, and the others are told of.
    shop.later(4 * 24 * HOUR);
    assert_eq!(shop.look().await, [Outcome::Missed, Outcome::Fired]);
    let history = shop.history().await;
    assert_eq!((history[2].times, history[2].outcome.as_str()), (3, "missed"));
    assert_eq!(shop.work().await, Worked::Finished);

    // Once its schedule is gone, a run is the last.
    shop.later(24 * HOUR);
    shop.look().await;
    shop.app.client.unschedule_campaign("Spring").await.unwrap();
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.status().await, Status::Completed);
}

async fn a_run_that_is_under_way_is_not_joined_by_another(shop: Shop) {
    shop.readers(1).await;
    shop.schedule(&cron("@hourly")).await;
    shop.later(HOUR);
    assert_eq!(shop.look().await, [Outcome::Fired]);
    shop.later(HOUR);
    assert_eq!(shop.look().await, [Outcome::Skipped]);
    shop.app.client.pause_campaign("Spring").await.unwrap();
    shop.later(HOUR);
    assert_eq!(shop.look().await, [Outcome::Skipped]);
    let reasons: Vec<_> = shop.history().await.into_iter().filter_map(|one| one.reason).collect();
    assert_eq!(reasons, ["the run before was still under way", "the run before was paused"]);

    shop.app.client.resume_campaign("Spring").await.unwrap();
    assert_eq!(shop.work().await, Worked::Finished);
    shop.later(HOUR);
    assert_eq!(shop.look().await, [Outcome::Fired]);
}

async fn a_campaign_that_cannot_start_says_why(shop: Shop) {
    // Its list may be empty until it starts.
    shop.schedule(&cron("@hourly")).await;
    shop.later(HOUR);
    assert_eq!(shop.look().await, [Outcome::Failed]);
    let history = shop.history().await;
    let reason = history[0].reason.as_deref().unwrap();
    allow_duplicates! { assert_snapshot!(reason, @"`Spring` cannot be sent: nobody is on its lists or in its segments; `frontier contact import FILE --list NAME` fills a list"); }
    assert_eq!(shop.status().await, Status::Scheduled, "the next hour may be better");

    shop.readers(1).await;
    shop.later(HOUR);
    assert_eq!(shop.look().await, [Outcome::Fired]);
}

async fn a_schedule_is_changed_paused_and_taken_away(shop: Shop) {
    shop.readers(1).await;
    shop.schedule(&at("2026-01-01T09:00")).await;
    shop.schedule(&cron("@hourly")).await;
    let all = shop.app.client.schedules(10).await.unwrap().items;
    assert_eq!(all.len(), 1, "a campaign has one schedule");
    let times = shop.app.client.schedule_times("Spring", 2).await.unwrap();
    let times: Vec<_> = times.into_iter().map(|time| time.local).collect();
    assert_eq!(times, ["Thu 1 Jan 2026 01:00 UTC", "Thu 1 Jan 2026 02:00 UTC"]);

    // Paused like a campaign, it lets its times pass.
    let paused = shop.app.client.pause_campaign("Spring").await.unwrap();
    assert_eq!((paused.status.as_str(), paused.next_start_at), ("scheduled", None));
    assert_eq!(shop.app.client.get_schedule("Spring").await.unwrap().state, "paused");
    shop.later(90 * MINUTE);
    assert_eq!(shop.look().await, []);
    let again = shop.app.client.pause_schedule("Spring").await.unwrap_err().to_string();
    allow_duplicates! { assert_snapshot!(again, @"the schedule `Spring` is paused, so it cannot become paused"); }
    let resumed = shop.app.client.resume_campaign("Spring").await.unwrap();
    assert_eq!(resumed.next_start_at.as_deref(), Some("2026-01-01T02:00:00.000Z"));

    // Edited until it starts.
    shop.edit(Shop::draft()).await;
    let campaign = shop.app.client.unschedule_campaign("Spring").await.unwrap();
    assert_eq!((campaign.status.as_str(), campaign.next_start_at), ("draft", None));
    shop.later(HOUR);
    assert_eq!(shop.look().await, []);
    let none = shop.app.client.unschedule_campaign("Spring").await.unwrap_err().to_string();
    allow_duplicates! { assert_snapshot!(none, @"`Spring` has no schedule; `frontier campaign schedule` makes one"); }
}

async fn a_date_that_passed_while_paused_goes_by_its_rule(shop: Shop) {
    shop.readers(1).await;
    let patient = NewScheduleBody {
        not_after: Some("2026-01-01T12:00".to_owned()),
        ..at("2026-01-01T09:00")
    };
    shop.schedule(&patient).await;
    shop.app.client.pause_schedule("Spring").await.unwrap();
    shop.later(12 * HOUR);
    assert_eq!(shop.look().await, []);
    let resumed = shop.app.client.resume_schedule("Spring").await.unwrap();
    assert_eq!(resumed.next_at.as_deref(), Some("2026-01-01T09:00:00.000Z"));
    assert_eq!(shop.look().await, [Outcome::Fired]);
}

async fn a_campaign_that_ends_ends_its_schedule(shop: Shop) {
    shop.readers(1).await;
    shop.schedule(&at("2026-01-01T09:00")).await;
    shop.app.client.cancel_campaign("Spring").await.unwrap();
    shop.later(9 * HOUR);
    assert_eq!(shop.look().await, []);
    assert_eq!(shop.app.client.get_schedule("Spring").await.unwrap().state, "ended");

    shop.campaign(Draft { name: "Summer".to_owned(), ..Shop::draft() }).await;
    let times = at("2026-01-02T09:00");
    shop.app.client.schedule_campaign("Summer", &times).await.unwrap();
    shop.app.client.delete_campaign("Summer").await.unwrap();
    shop.later(24 * HOUR);
    assert_eq!(shop.look().await, []);

    // Started by hand, it does not start again at its date.
    shop.campaign(Draft { name: "Autumn".to_owned(), ..Shop::draft() }).await;
    let times = at("2026-01-03T09:00");
    shop.app.client.schedule_campaign("Autumn", &times).await.unwrap();
    let started = shop.app.client.start_campaign("Autumn", None).await.unwrap();
    assert_eq!(started.next_start_at, None);
    shop.later(24 * HOUR);
    assert_eq!(shop.look().await, []);
}

fn nine_local() -> NewScheduleBody {
    NewScheduleBody {
        contact_local: Some("09:00".to_owned()),
        on: Some("2026-03-08".to_owned()),
        timezone: Some("Europe/Madrid".to_owned()),
        ..NewScheduleBody::default()
    }
}

/// From the start of these tests to 09:00 in Kiritimati, where clocks are first, on that Sunday.
const FIRST: i64 = (66 * 24 - 14 + 9) * HOUR;

async fn each_contact_gets_it_by_their_own_clock(shop: Shop) {
    shop.lives_in("kiritimati@post.example", "Pacific/Kiritimati").await;
    shop.lives_in("kolkata@post.example", "Asia/Kolkata").await;
    shop.lives_in("madrid@post.example", "Europe/Madrid").await;
    // Clocks go forward there that night.
    shop.lives_in("york@post.example", "America/New_York").await;
    shop.contact("nowhere@post.example", serde_json::json!({}), &["Readers"]).await;
    let schedule = shop.schedule(&nine_local()).await;
    let words = schedule.next_local.unwrap();
    allow_duplicates! { assert_snapshot!(words, @"Sun 8 Mar 2026 09:00, each contact's own time"); }

    shop.later(FIRST - 1);
    assert_eq!(shop.look().await, []);
    shop.later(1);
    assert_eq!(shop.look().await, [Outcome::Fired]);
    let waves = [
        (0, vec!["kiritimati@post.example"]),
        (8 * HOUR + HOUR / 2, vec!["kolkata@post.example"]),
        (4 * HOUR + HOUR / 2, vec!["madrid@post.example", "nowhere@post.example"]),
        (5 * HOUR, vec!["york@post.example"]),
    ];
    let mut all = Vec::new();
    for (at, (wait, addresses)) in waves.into_iter().enumerate() {
        if wait > 0 {
            shop.later(wait - 1);
            assert!(shop.claims_nothing().await, "before {addresses:?}");
            shop.later(1);
        }
        let worked = shop.work().await;
        all.extend(addresses);
        let mut sent = shop.server.recipients();
        sent.sort();
        let mut expected = all.clone();
        expected.sort_unstable();
        assert_eq!(sent, expected);
        assert_eq!(worked == Worked::Finished, at == 3, "{worked:?}");
        if at == 0 {
            let waiting = shop.progress().await.waiting.unwrap();
            assert_eq!(waiting.count, 4);
            assert_eq!(waiting.next_at.to_string(), "2026-03-08T03:30:00.000Z");
            assert_eq!(waiting.last_at.to_string(), "2026-03-08T13:00:00.000Z");
        }
    }
    assert_eq!(shop.status().await, Status::Completed);
    shop.everything_agrees().await;
}

async fn a_contact_who_moves_gets_it_once(shop: Shop) {
    shop.lives_in("kiritimati@post.example", "Pacific/Kiritimati").await;
    shop.lives_in("early@post.example", "Asia/Kolkata").await;
    shop.lives_in("late@post.example", "America/New_York").await;
    shop.schedule(&nine_local()).await;
    shop.later(FIRST);
    shop.look().await;
    shop.work().await;

    // To where it has been nine already, to where it is still to be, and after it was sent.
    shop.lives_in("late@post.example", "Asia/Tokyo").await;
    shop.lives_in("early@post.example", "Pacific/Honolulu").await;
    shop.lives_in("kiritimati@post.example", "Pacific/Honolulu").await;
    shop.later(8 * HOUR + HOUR / 2);
    shop.work().await;
    shop.later(9 * HOUR + HOUR / 2);
    assert_eq!(shop.work().await, Worked::Finished);
    let mut sent = shop.server.recipients();
    sent.sort();
    assert_eq!(sent, ["early@post.example", "kiritimati@post.example", "late@post.example"]);
}

async fn a_wave_that_nobody_was_there_for_is_missed(shop: Shop) {
    shop.lives_in("kolkata@post.example", "Asia/Kolkata").await;
    shop.lives_in("madrid@post.example", "Europe/Madrid").await;
    shop.schedule(&nine_local()).await;
    // Two hours after nine in Kolkata, before nine in Madrid.
    shop.later(FIRST + 10 * HOUR + HOUR / 2);
    assert_eq!(shop.look().await, [Outcome::Fired]);
    shop.work().await;
    let missed = shop.delivery("kolkata@post.example").await;
    assert_eq!(missed.state, DeliveryState::Failed);
    allow_duplicates! { assert_snapshot!(missed.reply.unwrap(), @"missed: it was due at 2026-03-08T03:30:00.000Z, and nothing ran then"); }
    shop.later(2 * HOUR + HOUR / 2);
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.recipients(), ["madrid@post.example"]);

    // Sent again, it is not too late, however late the worker comes.
    let missed = ResendRequestBody { state: Some("missed".to_owned()), ..Default::default() };
    assert_eq!(shop.app.client.resend("Spring", &missed).await.unwrap().resent, 1);
    shop.later(5 * HOUR);
    assert_eq!(shop.work().await, Worked::Finished);
    assert_eq!(shop.server.recipients(), ["kolkata@post.example", "madrid@post.example"]);
}

async fn a_wrong_schedule_is_refused(shop: Shop) {
    let mut all = vec![
        shop.refused(&NewScheduleBody::default()).await,
        shop.refused(&at("2025-12-31T23:59")).await,
        shop.refused(&cron("0 9 * * mno")).await,
    ];
    shop.readers(1).await;
    shop.start().await;
    all.push(shop.refused(&at("2026-01-02T09:00")).await);
    allow_duplicates! { assert_snapshot!(all.join("\n"), @r"
    say when: one of at, cron, or contact_local with its date
    Wed 31 Dec 2025 23:59 UTC has passed; choose a time to come, or `frontier campaign start` it now
    `0 9 * * mno` is no cron expression: `mno` is no day of the week; expected 0 to 7 or sun to sat
    `Spring` is active and can no longer be edited; duplicate it and edit the copy
    "); }

    // Two schedules with one name.
    let named = NewScheduleBody { name: Some("nine".to_owned()), ..at("2026-01-02T09:00") };
    for name in ["Summer", "Autumn"] {
        shop.campaign(Draft { name: name.to_owned(), ..Shop::draft() }).await;
    }
    shop.app.client.schedule_campaign("Summer", &named).await.unwrap();
    let taken = shop.app.client.schedule_campaign("Autumn", &named).await.unwrap_err();
    allow_duplicates! { assert_snapshot!(taken, @"a schedule named `nine` already exists; choose another name"); }
}

async fn a_campaign_is_found_before_schedules_that_start_so(shop: Shop) {
    shop.campaign(Draft { name: "Spring sale".to_owned(), ..Shop::draft() }).await;
    shop.app.client.schedule_campaign("Spring sale", &cron("@daily")).await.unwrap();
    assert!(shop.history().await.is_empty());
    let none = shop.app.client.get_schedule("Spring").await.unwrap_err().to_string();
    allow_duplicates! { assert_snapshot!(none, @"`Spring` has no schedule; `frontier campaign schedule` makes one"); }
    assert_eq!(shop.app.client.get_schedule("Spring s").await.unwrap().campaign, "Spring sale");
}
