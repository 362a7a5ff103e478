-- When campaigns start by themselves, what became of each time, and when the mails of a run are due
-- that leave by the clocks of those who get them.

CREATE TABLE schedules (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    campaign_id BLOB NOT NULL UNIQUE REFERENCES campaigns (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- As it was written: at, cron, or contact_local and on; timezone, not_after, missed.
    plan TEXT NOT NULL,
    labels TEXT NOT NULL,
    state TEXT NOT NULL,
    next_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE INDEX schedules_due ON schedules (state, next_at);

-- Rows are only added. A schedule that was changed is a new one; what became of the old one's times
-- stays with the campaign.
CREATE TABLE schedule_firings (
    id BLOB PRIMARY KEY,
    schedule_id BLOB NOT NULL,
    campaign_id BLOB NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    due_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    times INTEGER NOT NULL,
    reason TEXT,
    run_id BLOB,
    decided_at INTEGER NOT NULL,
    UNIQUE (schedule_id, due_at)
) STRICT;

CREATE INDEX schedule_firings_campaign ON schedule_firings (campaign_id, id);

-- When a run's mails are due in each zone that its contacts live in; empty for most runs.
CREATE TABLE run_zones (
    run_id BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    timezone TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, timezone)
) STRICT, WITHOUT ROWID;
