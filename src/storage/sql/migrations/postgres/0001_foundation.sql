-- The foundation: workspaces, contacts, content, campaigns, the ledger, and durable work.
-- Ids are UUIDv7; times are milliseconds since 1970 UTC; money is in minor units; dates are
-- YYYY-MM-DD.

CREATE TABLE workspaces (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    token_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE contacts (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    email TEXT NOT NULL,
    email_folded TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    language TEXT,
    timezone TEXT,
    attributes JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, email_folded)
);

CREATE INDEX contacts_name ON contacts (workspace_id, name_folded);

CREATE TABLE lists (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    name TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    labels JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE TABLE list_members (
    list_id UUID NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    contact_id UUID NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (list_id, contact_id)
);

CREATE INDEX list_members_contact ON list_members (contact_id);

CREATE TABLE suppressions (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    email_folded TEXT COLLATE "C" NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (workspace_id, email_folded)
);

CREATE TABLE channels (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    settings JSONB NOT NULL,
    labels JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE TABLE templates (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    name TEXT COLLATE "C" NOT NULL,
    format TEXT NOT NULL,
    layout_id UUID REFERENCES templates (id),
    body TEXT NOT NULL,
    labels JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE TABLE campaigns (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    name TEXT COLLATE "C" NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    channel_id UUID REFERENCES channels (id),
    budget_minor BIGINT,
    spent_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    start_date TEXT,
    end_date TEXT,
    timezone TEXT,
    settings JSONB NOT NULL,
    goals JSONB NOT NULL,
    labels JSONB NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name),
    CONSTRAINT campaigns_budget_not_negative CHECK (budget_minor IS NULL OR budget_minor >= 0)
);

CREATE INDEX campaigns_status ON campaigns (workspace_id, status);

CREATE TABLE campaign_lists (
    campaign_id UUID NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    list_id UUID NOT NULL REFERENCES lists (id),
    PRIMARY KEY (campaign_id, list_id)
);

CREATE INDEX campaign_lists_list ON campaign_lists (list_id);

CREATE TABLE messages (
    id UUID PRIMARY KEY,
    campaign_id UUID NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    subject TEXT NOT NULL,
    preheader TEXT,
    template_id UUID REFERENCES templates (id),
    format TEXT,
    body TEXT,
    text TEXT,
    from_name TEXT,
    from_email TEXT,
    reply_to TEXT,
    UNIQUE (campaign_id, position)
);

CREATE INDEX messages_template ON messages (template_id);

-- `plan` and `channel` are fixed when the run begins: a later edit changes no mail of a run.
CREATE TABLE runs (
    id UUID PRIMARY KEY,
    campaign_id UUID NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    channel JSONB NOT NULL,
    plan JSONB NOT NULL,
    status TEXT NOT NULL,
    prepared BOOLEAN NOT NULL,
    recipients BIGINT NOT NULL,
    error TEXT,
    started_at BIGINT NOT NULL,
    finished_at BIGINT
);

CREATE TABLE run_lists (
    run_id UUID NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    list_id UUID NOT NULL,
    PRIMARY KEY (run_id, list_id)
);

CREATE INDEX runs_campaign ON runs (campaign_id);

-- The ledger: one row per message of a run to a contact. The address is kept with the row, so that
-- the record outlives the contact.
CREATE TABLE deliveries (
    run_id UUID NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    message_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    email TEXT NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_by TEXT,
    leased_until BIGINT,
    code BIGINT,
    enhanced TEXT COLLATE "C",
    reply TEXT COLLATE "C",
    settled_at BIGINT,
    PRIMARY KEY (run_id, contact_id, message_id)
);

CREATE INDEX deliveries_state ON deliveries (run_id, state, due_at);

-- What happened, written by the transaction that did it. `relayed_at` is when the bus had it.
CREATE TABLE outbox (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    payload JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    relayed_at BIGINT
);

CREATE INDEX outbox_waiting ON outbox (id) WHERE relayed_at IS NULL;

-- Which consumer has had the effect of which event, so that a second delivery has none.
CREATE TABLE consumed_events (
    consumer TEXT NOT NULL,
    event_id UUID NOT NULL,
    consumed_at BIGINT NOT NULL,
    PRIMARY KEY (consumer, event_id)
);

-- Which bus the outbox was relayed to; another one gets everything again.
CREATE TABLE relays (
    workspace_id UUID PRIMARY KEY REFERENCES workspaces (id),
    bus_epoch TEXT NOT NULL
);

CREATE TABLE jobs (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    subject_id UUID NOT NULL,
    args JSONB NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_by TEXT,
    leased_until BIGINT,
    error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);

CREATE INDEX jobs_due ON jobs (state, due_at);

-- The jobs about one thing are worked one at a time.
CREATE UNIQUE INDEX jobs_in_hand ON jobs (subject_id) WHERE state = 'leased';

CREATE TABLE metrics (
    campaign_id UUID NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    metric_type TEXT COLLATE "C" NOT NULL,
    date TEXT COLLATE "C" NOT NULL,
    platform TEXT COLLATE "C" NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, metric_type, date, platform)
);
