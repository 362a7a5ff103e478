-- The foundation: workspaces, contacts, content, campaigns, the ledger, and durable work.
-- Ids are UUIDv7; times are milliseconds since 1970 UTC; money is in minor units; dates are
-- YYYY-MM-DD.

CREATE TABLE workspaces (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    token_key BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE contacts (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    language TEXT,
    timezone TEXT,
    attributes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, email_folded)
) STRICT;

CREATE INDEX contacts_name ON contacts (workspace_id, name_folded);

CREATE TABLE lists (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    labels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE list_members (
    list_id BLOB NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (list_id, contact_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX list_members_contact ON list_members (contact_id);

CREATE TABLE suppressions (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    email_folded TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (workspace_id, email_folded)
) STRICT;

CREATE TABLE channels (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    labels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE templates (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    layout_id BLOB REFERENCES templates (id),
    body TEXT NOT NULL,
    labels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE campaigns (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    channel_id BLOB REFERENCES channels (id),
    budget_minor INTEGER,
    spent_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    start_date TEXT,
    end_date TEXT,
    timezone TEXT,
    settings TEXT NOT NULL,
    goals TEXT NOT NULL,
    labels TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name),
    CONSTRAINT campaigns_budget_not_negative CHECK (budget_minor IS NULL OR budget_minor >= 0)
) STRICT;

CREATE INDEX campaigns_status ON campaigns (workspace_id, status);

CREATE TABLE campaign_lists (
    campaign_id BLOB NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    list_id BLOB NOT NULL REFERENCES lists (id),
    PRIMARY KEY (campaign_id, list_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX campaign_lists_list ON campaign_lists (list_id);

CREATE TABLE messages (
    id BLOB PRIMARY KEY,
    campaign_id BLOB NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    subject TEXT NOT NULL,
    preheader TEXT,
    template_id BLOB REFERENCES templates (id),
    format TEXT,
    body TEXT,
    text TEXT,
    from_name TEXT,
    from_email TEXT,
    reply_to TEXT,
    UNIQUE (campaign_id, position)
) STRICT;

CREATE INDEX messages_template ON messages (template_id);

-- `plan` and `channel` are fixed when the run begins: a later edit changes no mail of a run.
CREATE TABLE runs (
    id BLOB PRIMARY KEY,
    campaign_id BLOB NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    plan TEXT NOT NULL,
    status TEXT NOT NULL,
    prepared INTEGER NOT NULL,
    recipients INTEGER NOT NULL,
    error TEXT,
    started_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

CREATE TABLE run_lists (
    run_id BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    list_id BLOB NOT NULL,
    PRIMARY KEY (run_id, list_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_campaign ON runs (campaign_id);

-- The ledger: one row per message of a run to a contact. The address is kept with the row, so that
-- the record outlives the contact.
CREATE TABLE deliveries (
    run_id BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    message_id BLOB NOT NULL,
    contact_id BLOB NOT NULL,
    email TEXT NOT NULL,
    domain TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    leased_by TEXT,
    leased_until INTEGER,
    code INTEGER,
    enhanced TEXT,
    reply TEXT,
    settled_at INTEGER,
    PRIMARY KEY (run_id, contact_id, message_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_state ON deliveries (run_id, state, due_at);

-- What happened, written by the transaction that did it. `relayed_at` is when the bus had it.
CREATE TABLE outbox (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    relayed_at INTEGER
) STRICT;

CREATE INDEX outbox_waiting ON outbox (id) WHERE relayed_at IS NULL;

-- Which consumer has had the effect of which event, so that a second delivery has none.
CREATE TABLE consumed_events (
    consumer TEXT NOT NULL,
    event_id BLOB NOT NULL,
    consumed_at INTEGER NOT NULL,
    PRIMARY KEY (consumer, event_id)
) STRICT, WITHOUT ROWID;

-- Which bus the outbox was relayed to; another one gets everything again.
CREATE TABLE relays (
    workspace_id BLOB PRIMARY KEY REFERENCES workspaces (id),
    bus_epoch TEXT NOT NULL
) STRICT;

CREATE TABLE jobs (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    args TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    leased_by TEXT,
    leased_until INTEGER,
    error TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

CREATE INDEX jobs_due ON jobs (state, due_at);

-- The jobs about one thing are worked one at a time.
CREATE UNIQUE INDEX jobs_in_hand ON jobs (subject_id) WHERE state = 'leased';

CREATE TABLE metrics (
    campaign_id BLOB NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    metric_type TEXT NOT NULL,
    date TEXT NOT NULL,
    platform TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, metric_type, date, platform)
) STRICT, WITHOUT ROWID;
