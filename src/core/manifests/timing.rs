//! The schedules of the files: whether each could begin, and that no campaign has two.

use std::collections::BTreeMap;

use super::diff::{Action, Plan};
use super::findings::Finding;
use super::model::{Document, Kind, ScheduleSpec, Spec};
use super::prepare::finding;
use super::service::{ManifestError, Manifests};
use crate::core::campaigns::CampaignError;
use crate::storage::sql::Tx;

/// Schedules of a campaign that has one in these files already.
pub(super) fn second_schedules(wanted: &[Document]) -> Vec<Finding> {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for (document, spec) in schedules(wanted) {
        if let Some(other) = first.insert(&spec.campaign, &document.name) {
            let error = CampaignError::HasSchedule {
                name: spec.campaign.clone(),
                schedule: other.to_owned(),
            };
            findings.push(finding(document, None, &error));
        }
    }
    findings
}

fn schedules(wanted: &[Document]) -> impl Iterator<Item = (&Document, &ScheduleSpec)> {
    wanted.iter().filter_map(|document| match &document.spec {
        Spec::Schedule(spec) => Some((document, spec)),
        _ => None,
    })
}

impl Manifests {
    /// Why schedules that `plan` makes or changes could not be what they shall be.
    pub(super) async fn untimely(
        &self,
        tx: &mut Tx,
        wanted: &[Document],
        plan: &Plan,
    ) -> Result<Vec<Finding>, ManifestError> {
        let mut findings = second_schedules(wanted);
        for (document, spec) in schedules(wanted) {
            let unchanged = plan.changes.iter().any(|change| {
                (change.kind, change.name.as_str(), change.action)
                    == (Kind::Schedule, document.name.as_str(), Action::Unchanged)
            });
            if unchanged {
                continue;
            }
            let campaign = self.campaigns.campaign_named_in(tx, &spec.campaign).await?;
            let written = wanted.iter().find_map(|document| match &document.spec {
                Spec::Campaign(campaign) if document.name == spec.campaign => Some(campaign),
                _ => None,
            });
            let end = match (written, &campaign) {
                (Some(written), _) => written.end_date,
                (None, Some(campaign)) => campaign.end_date,
                (None, None) => None,
            };
            let may = self.campaigns.may_schedule_in(
                tx,
                campaign.as_ref(),
                &document.name,
                &spec.timing,
                end,
            );
            match may.await {
                Ok(()) => {}
                Err(CampaignError::Store(error)) => return Err(error.into()),
                Err(error) => findings.push(finding(document, None, &error)),
            }
        }
        Ok(findings)
    }
}
