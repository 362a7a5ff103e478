//! What manifests would change, or have changed, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DocumentBody;
use crate::core::kernel::Id;
use crate::core::manifests::{Action, Change, Drift, FieldChange, FieldValue, Plan, Warning};

/// What manifests would change, or have changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanBody {
    /// Tells what exists now from what exists later.
    pub fingerprint: String,
    /// Of a plan: proves to an apply that it was made here, of these manifests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
    /// The id of the workspace it is about.
    pub workspace: String,
    /// The recipients of the campaigns that it touches, each campaign's counted for itself: of those
    /// that are made or changed, and of those whose recipients become others by it.
    pub recipients: u64,
    pub counts: PlanCountsBody,
    /// What the manifests say, by kind and name; then what is deleted; then campaigns that are in no
    /// manifest and are for others by it.
    pub changes: Vec<ChangeBody>,
    /// What is allowed and worth a second look.
    pub warnings: Vec<WarningBody>,
}

/// How many documents become what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanCountsBody {
    pub create: usize,
    pub update: usize,
    pub delete: usize,
    pub unchanged: usize,
}

/// Something about one document that a careful person wants to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WarningBody {
    #[serde(flatten)]
    pub document: DocumentBody,
    /// Goes on after the document's name.
    pub message: String,
}

/// What becomes of one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangeBody {
    #[serde(flatten)]
    pub document: DocumentBody,
    pub action: ActionBody,
    /// Of a campaign that stays: the contacts it is for as all shall be, each counted once, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients: Option<u64>,
    /// Of a campaign that exists: the contacts it is for as all is, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients_before: Option<u64>,
    /// Every field that differs.
    pub fields: Vec<FieldChangeBody>,
    /// Absent when nobody else changed it, and when it is unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftBody>,
}

/// What was changed by other means since it was last applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DriftBody {
    /// When it was last applied.
    #[schema(format = DateTime)]
    pub since: String,
    /// It is no longer there.
    pub deleted: bool,
    /// The fields that are not what was applied, by their paths; none when it is deleted.
    pub fields: Vec<String>,
}

/// What is done with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionBody {
    Create,
    Update,
    Delete,
    Unchanged,
}

/// One field that differs. A long text is given as `{lines, sha256}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldChangeBody {
    /// As `spec.messages[launch].subject`.
    pub path: String,
    /// Absent when the field was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<serde_json::Value>,
    /// Absent when the field is no longer there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
    /// Of a long text: its lines that differ, as a unified diff without names of files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

impl PlanBody {
    /// The plan for this workspace.
    pub(super) fn of(plan: Plan, workspace: Id) -> Self {
        Self {
            workspace: workspace.to_string(),
            recipients: plan.recipients(),
            counts: PlanCountsBody {
                create: plan.count(Action::Create),
                update: plan.count(Action::Update),
                delete: plan.count(Action::Delete),
                unchanged: plan.count(Action::Unchanged),
            },
            changes: plan.changes.into_iter().map(Into::into).collect(),
            warnings: plan.warnings.into_iter().map(Into::into).collect(),
            fingerprint: plan.fingerprint,
            seal: plan.seal,
        }
    }

    /// Whether anything would be done.
    pub fn has_changes(&self) -> bool {
        self.changes.iter().any(|change| change.action != ActionBody::Unchanged)
    }
}

impl ChangeBody {
    /// Whether it changes the document, or whom that is for.
    pub fn touches(&self) -> bool {
        self.action != ActionBody::Unchanged || self.recipients != self.recipients_before
    }
}

impl From<Warning> for WarningBody {
    fn from(warning: Warning) -> Self {
        let Warning { kind, name, message } = warning;
        Self { document: DocumentBody { kind: kind.to_string(), name }, message }
    }
}

impl From<Change> for ChangeBody {
    fn from(change: Change) -> Self {
        Self {
            document: DocumentBody { kind: change.kind.to_string(), name: change.name },
            action: match change.action {
                Action::Create => ActionBody::Create,
                Action::Update => ActionBody::Update,
                Action::Delete => ActionBody::Delete,
                Action::Unchanged => ActionBody::Unchanged,
            },
            recipients: change.recipients,
            recipients_before: change.recipients_before,
            fields: change.fields.into_iter().map(Into::into).collect(),
            drift: change.drift.map(Into::into),
        }
    }
}

impl From<Drift> for DriftBody {
    fn from(drift: Drift) -> Self {
        let Drift { since, deleted, fields } = drift;
        Self { since: since.to_string(), deleted, fields }
    }
}

impl From<FieldChange> for FieldChangeBody {
    fn from(field: FieldChange) -> Self {
        let value = |value| match value {
            FieldValue::Whole(value) => value,
            FieldValue::Text { lines, sha256 } => {
                serde_json::json!({ "lines": lines, "sha256": sha256 })
            }
        };
        let FieldChange { path, before, after, diff } = field;
        Self { path, before: before.map(value), after: after.map(value), diff }
    }
}
