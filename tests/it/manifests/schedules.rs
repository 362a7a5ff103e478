//! Schedules as code: applied with their campaign, unchanged once they have fired, refused in words.

use frontier::core::campaigns::{ScheduleState, Status};
use frontier::core::manifests::Action;
use insta::{allow_duplicates, assert_snapshot};

use super::{contact, export, file, problems, small};
use crate::support::app::App;
use crate::support::backend::on_every_backend;

on_every_backend!(
    a_schedule_is_applied_with_its_campaign_and_exported,
    a_date_that_has_fired_is_no_change,
    a_changed_schedule_takes_the_place_of_the_old,
    a_schedule_that_cannot_begin_is_told_by_the_plan,
    a_schedule_that_was_taken_away_is_drift,
);

const HOUR: i64 = 3_600_000;

/// The campaign `news`, to be scheduled as `when` says. The clock of these tests stands at
/// 2026-01-01 00:00 UTC.
fn scheduled(when: &str) -> String {
    let channel = "apiVersion: frontier/v1\nkind: Channel\nmetadata: { name: out }\n\
                   spec: { kind: outbox, from: { email: a@b.example }, unsubscribe: { email: u@b.example } }";
    let schedule = "apiVersion: frontier/v1\nkind: Schedule\nmetadata: { name: nine }";
    let news = small("Hi").replace("type: email", "type: email\n  channel: out");
    let spec = format!("spec: {{ campaign: news, timezone: UTC, {when} }}");
    format!("{news}---\n{channel}\n---\n{schedule}\n{spec}\n")
}

async fn apply(app: &App, when: &str) -> Vec<Action> {
    let done = app.services.manifests.apply(file(&scheduled(when)), None).await;
    let plan = done.unwrap_or_else(|error| panic!("{}", problems(error)));
    plan.changes.into_iter().map(|change| change.action).collect()
}

async fn refused(app: &App, text: &str) -> String {
    problems(app.services.manifests.plan(file(text)).await.unwrap_err())
}

async fn a_schedule_is_applied_with_its_campaign_and_exported(app: App) {
    let when = "cron: \"0 9 * * mon\", missed: run_once";
    assert_eq!(apply(&app, when).await, [Action::Create; 4]);
    let campaign = app.services.campaigns.campaign("news").await.unwrap();
    assert_eq!(campaign.status, Status::Scheduled);
    assert_eq!(campaign.next_start.unwrap().to_string(), "2026-01-05T09:00:00.000Z");
    assert_eq!(apply(&app, when).await, [Action::Unchanged; 4]);

    let exported = export(&app.services, false).await;
    assert!(exported[0].text.contains("  cron: 0 9 * * mon\n"), "{}", exported[0].text);
    let plan = app.services.manifests.plan(exported).await.unwrap();
    assert!(!plan.has_changes(), "{plan:?}");
}

async fn a_date_that_has_fired_is_no_change(app: App) {
    let when = "at: 2026-01-01T09:00";
    apply(&app, when).await;
    contact(&app.services, "ana@example.com", "readers").await;
    app.clock.advance(9 * HOUR);
    app.services.campaigns.fire_due().await.unwrap();
    assert_eq!(app.services.campaigns.campaign("news").await.unwrap().status, Status::Active);
    assert_eq!(apply(&app, when).await, [Action::Unchanged; 4]);
    // It is history, and no part of what is written down for another workspace.
    assert!(!export(&app.services, false).await[0].text.contains("Schedule"));

    let told = refused(&app, &scheduled("at: 2026-01-02T09:00")).await;
    allow_duplicates! { assert_snapshot!(told, @r"
    error: `news` is active and can no longer be edited
      --> campaign.yaml:23:19
       |
    23 | metadata: { name: nine }
       |                   ^^^^ duplicate it and edit the copy
    "); }
}

async fn a_changed_schedule_takes_the_place_of_the_old(app: App) {
    apply(&app, "at: 2026-01-01T09:00").await;
    let campaigns = &app.services.campaigns;
    campaigns.pause_schedule("nine").await.unwrap();
    let again = apply(&app, "contact_local: 09:00, on: 2026-01-03").await;
    let same = Action::Unchanged;
    assert_eq!(again, [same, same, same, Action::Update]);
    let schedule = campaigns.get_schedule("news").await.unwrap();
    assert_eq!(schedule.state, ScheduleState::Paused, "who paused it knows why");
    let schedule = campaigns.resume_schedule("nine").await.unwrap();
    assert_eq!(schedule.next_at.unwrap().to_string(), "2026-01-02T19:00:00.000Z");
}

async fn a_schedule_that_cannot_begin_is_told_by_the_plan(app: App) {
    let passed = refused(&app, &scheduled("at: 2025-12-31T09:00")).await;
    allow_duplicates! { assert_snapshot!(passed, @r"
    error: Wed 31 Dec 2025 09:00 UTC has passed
      --> campaign.yaml:23:19
       |
    23 | metadata: { name: nine }
       |                   ^^^^ choose a time to come, or `frontier campaign start` it now
    "); }
    let over = scheduled("cron: \"0 9 1 2 *\"")
        .replace("type: email", "type: email\n  end_date: 2026-01-31");
    let over = refused(&app, &over).await;
    allow_duplicates! { assert_snapshot!(over, @r"
    error: none of its times comes before the campaign ends, on 2026-01-31
      --> campaign.yaml:24:19
       |
    24 | metadata: { name: nine }
       |                   ^^^^ move its end_date
    "); }
    let nobody = scheduled("cron: \"@daily\"").replace("campaign: news", "campaign: nwes");
    let nobody = refused(&app, &nobody).await;
    allow_duplicates! { assert_snapshot!(nobody, @r#"
    error: there is no Campaign `nwes`
      --> campaign.yaml:24:19
       |
    24 | spec: { campaign: nwes, timezone: UTC, cron: "@daily" }
       |                   ^^^^ did you mean `news`?
    "#); }

    // It has another one, which nobody asked to take away.
    apply(&app, "cron: \"@daily\"").await;
    let other = scheduled("cron: \"@hourly\"").replace("name: nine", "name: ten");
    let other = refused(&app, &other).await;
    allow_duplicates! { assert_snapshot!(other, @r"
    error: `news` has the schedule `nine` already
      --> campaign.yaml:23:19
       |
    23 | metadata: { name: ten }
       |                   ^^^ a campaign has one, so give it that name
    "); }
}

async fn a_schedule_that_was_taken_away_is_drift(app: App) {
    let when = "cron: \"@daily\"";
    apply(&app, when).await;
    app.services.campaigns.unschedule("news").await.unwrap();
    let plan = app.services.manifests.plan(file(&scheduled(when))).await.unwrap();
    let schedule = &plan.changes[3];
    assert_eq!(schedule.action, Action::Create);
    assert!(schedule.drift.as_ref().is_some_and(|drift| drift.deleted), "{schedule:?}");
    apply(&app, when).await;
    assert_eq!(app.services.campaigns.campaign("news").await.unwrap().status, Status::Scheduled);
}
