-- What was given of the limits of a channel, of a domain of it (`domain`), and of the workspace (no
-- `channel`). Tokens are reserved here before they are used; `until_at` is when a row says nothing
-- any more.

CREATE TABLE limits (
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    channel TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    meter JSONB NOT NULL,
    version BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, channel, domain)
);

-- Where a run stands: what it waits for and until when, and how fast it was at which time, in mails
-- a thousand seconds.

ALTER TABLE runs ADD COLUMN held_until BIGINT;
ALTER TABLE runs ADD COLUMN held_by TEXT COLLATE "C";
ALTER TABLE runs ADD COLUMN rate BIGINT;
ALTER TABLE runs ADD COLUMN rate_at BIGINT;
