//! The kind `Schedule`.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Kept, KindSpec};
use crate::core::campaigns::{BadSchedule, Plan as Timing, Schedule, ScheduleDraft, ScheduleState};
use crate::core::kernel::Labels;
use crate::core::manifests::check::Checked;
use crate::core::manifests::codes::Code;
use crate::core::manifests::model::Kind;
use crate::core::manifests::positions::{Node, Span};
use crate::core::manifests::rules;
use crate::core::manifests::service::{ManifestError, Manifests};
use crate::core::manifests::shape::{DATE, Field, Form, Shape, may, must};
use crate::core::manifests::world::Existing;
use crate::core::manifests::written::{Files, Incomplete};
use crate::storage::sql::Tx;

/// When a campaign starts by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleSpec {
    pub campaign: String,
    pub timing: Timing,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::core::manifests) struct WrittenSchedule {
    campaign: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_local: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<String>,
    timezone: Tz,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<String>,
}

/// A time, with or without an offset.
const MOMENT: Shape = Shape::Text(
    rules::moment,
    Form::Pattern(
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?$",
    ),
);

impl KindSpec for ScheduleSpec {
    type Written = WrittenSchedule;

    const FIELDS: &'static [Field] = &[
        must("campaign", Shape::Reference(Kind::Campaign), "What starts; it has one schedule.")
            .example("spring-launch"),
        may("at", MOMENT, "Once, at this time of its timezone, or at one with an offset.")
            .example("2027-03-01T09:00")
            .choice(),
        may(
            "cron",
            Shape::Text(rules::cron, Form::Any),
            "Again and again: minute, hour, day of the month, month, day of the week; in quotes.",
        )
        .example("\"0 9 * * mon\"")
        .choice(),
        may(
            "contact_local",
            Shape::Text(rules::time_of_day, Form::Pattern("^[0-9]{2}:[0-9]{2}$")),
            "Once, each mail when clocks where its contact lives show this.",
        )
        .example("\"09:00\"")
        .choice(),
        may("on", DATE, "The date of `contact_local`.").example("2027-03-01"),
        must(
            "timezone",
            Shape::Text(rules::timezone, Form::Zone),
            "Whose clocks count; for `contact_local`, of contacts whose own is not known.",
        )
        .example("Europe/Madrid"),
        may(
            "not_after",
            MOMENT,
            "Until when a single date that was missed still fires; an hour when left out.",
        )
        .example("2027-03-01T12:00"),
        may(
            "missed",
            Shape::OneOf(&["skip", "run_once"]),
            "Whether one run makes up for times of `cron` that came while nothing ran.",
        )
        .default("skip"),
    ];
    const ABOUT: &'static str =
        "When a campaign starts by itself, where `frontier worker` runs: see docs/schedules.md.";
    const EXAMPLE: &'static str = include_str!("../examples/schedule.yaml");

    fn check_rules(checked: &mut Checked, spec: &Node, at: Span) {
        let faults = checked.faults.len();
        checked.exactly_one(spec, at, &["at", "cron", "contact_local"], "Schedule.spec");
        if checked.faults.len() > faults {
            return;
        }
        let text = |key: &str| Some(spec.get(key)?.text()?.to_owned());
        let draft = ScheduleDraft {
            at: text("at"),
            cron: text("cron"),
            contact_local: text("contact_local"),
            on: text("on"),
            not_after: text("not_after"),
            missed: text("missed"),
            timezone: text("timezone"),
            ..ScheduleDraft::default()
        };
        // What is wrong with one value is told where its shape is looked at.
        let (key, code) = match draft.check(None) {
            Err(BadSchedule::NoDate) => ("contact_local", Code::MissingKey),
            Err(BadSchedule::NotFor { key, .. }) => (key, Code::ConflictingKeys),
            Err(BadSchedule::NeverAllowed { .. }) => ("not_after", Code::InvalidValue),
            _ => return,
        };
        if let (Err(error), Some(entry)) = (draft.check(None), spec.entry(key)) {
            let words = error.to_string();
            let (words, help) = words.split_once("; ").unwrap_or((&words, ""));
            checked.coded(code, entry.key_at, words, help);
        }
    }

    fn read(written: WrittenSchedule, _: &Files) -> Result<Self, Incomplete> {
        let WrittenSchedule { campaign, at, cron, contact_local, on, timezone, not_after, missed } =
            written;
        let draft = ScheduleDraft {
            at,
            cron,
            contact_local,
            on,
            timezone: Some(timezone.name().to_owned()),
            not_after,
            missed,
            ..ScheduleDraft::default()
        };
        let timing = draft.check(None);
        let timing = timing.map_err(|_| Incomplete("a schedule says when, in one way"))?;
        Ok(Self { campaign, timing })
    }

    fn written(&self) -> WrittenSchedule {
        let ScheduleDraft { at, cron, contact_local, on, not_after, missed, .. } =
            self.timing.draft();
        let (campaign, timezone) = (self.campaign.clone(), self.timing.zone);
        WrittenSchedule { campaign, at, cron, contact_local, on, timezone, not_after, missed }
    }
}

impl Kept for ScheduleSpec {
    /// Those that something is still to come of: the others are history.
    async fn names(manifests: &Manifests, tx: &mut Tx) -> Result<Vec<String>, ManifestError> {
        Ok(manifests.campaigns.schedule_names_in(tx).await?)
    }

    /// Also when nothing is to come of it any more: a date that has fired is no change.
    async fn named(
        manifests: &Manifests,
        tx: &mut Tx,
        name: &str,
    ) -> Result<Option<Existing>, ManifestError> {
        Ok(manifests.campaigns.schedule_named_in(tx, name).await?.map(Existing::from))
    }

    async fn create(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        name: String,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let draft = ScheduleDraft { name: Some(name), labels, ..self.timing.draft() };
        manifests.campaigns.schedule_in(tx, &self.campaign, draft).await?;
        Ok(())
    }

    /// One that was paused stays so.
    async fn update(
        self,
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
        labels: Labels,
    ) -> Result<(), ManifestError> {
        let campaigns = &manifests.campaigns;
        let name = existing.document.name.clone();
        // A schedule that was changed is a new one.
        let now = campaigns.schedule_named_in(tx, &name).await?;
        let Some(old) = now.filter(|now| now.id == existing.id) else {
            return Err(ManifestError::Outdated);
        };
        if old.campaign.name != self.campaign {
            campaigns.unschedule_in(tx, &old.campaign.id.to_string()).await?;
        }
        let draft = ScheduleDraft { name: Some(name), labels, ..self.timing.draft() };
        let new = campaigns.schedule_in(tx, &self.campaign, draft).await?;
        if old.state == ScheduleState::Paused {
            campaigns.pause_schedule_in(tx, &new.id.to_string()).await?;
        }
        Ok(())
    }

    /// Its campaign is a draft again, or stays what it is when the schedule is over.
    async fn delete(
        manifests: &Manifests,
        tx: &mut Tx,
        existing: &Existing,
    ) -> Result<(), ManifestError> {
        let name = &existing.document.name;
        let now = manifests.campaigns.schedule_named_in(tx, name).await?;
        let Some(schedule) = now.filter(|now| now.id == existing.id) else {
            return Err(ManifestError::Outdated);
        };
        manifests.campaigns.unschedule_in(tx, &schedule.campaign.id.to_string()).await?;
        Ok(())
    }
}

impl From<Schedule> for Existing {
    fn from(schedule: Schedule) -> Self {
        let Schedule { id, name, campaign, plan, labels, updated_at, .. } = schedule;
        let spec = ScheduleSpec { campaign: campaign.name, timing: plan };
        let version = u64::try_from(updated_at.as_millis()).unwrap_or_default();
        Self::new(id, version, name, labels, spec)
    }
}
