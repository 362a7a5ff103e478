-- When campaigns start by themselves, what became of each time, and when the mails of a run are due
-- that leave by the clocks of those who get them.

CREATE TABLE schedules (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    campaign_id UUID NOT NULL UNIQUE REFERENCES campaigns (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    -- As it was written: at, cron, or contact_local and on; timezone, not_after, missed.
    plan JSONB NOT NULL,
    labels JSONB NOT NULL,
    state TEXT NOT NULL,
    next_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE INDEX schedules_due ON schedules (state, next_at);

-- Rows are only added. A schedule that was changed is a new one; what became of the old one's times
-- stays with the campaign.
CREATE TABLE schedule_firings (
    id UUID PRIMARY KEY,
    schedule_id UUID NOT NULL,
    campaign_id UUID NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    due_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    times BIGINT NOT NULL,
    reason TEXT,
    run_id UUID,
    decided_at BIGINT NOT NULL,
    UNIQUE (schedule_id, due_at)
);

CREATE INDEX schedule_firings_campaign ON schedule_firings (campaign_id, id);

-- When a run's mails are due in each zone that its contacts live in; empty for most runs.
CREATE TABLE run_zones (
    run_id UUID NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    timezone TEXT COLLATE "C" NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (run_id, timezone)
);
