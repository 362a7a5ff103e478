-- What was given of the limits of a channel, of a domain of it (`domain`), and of the workspace (no
-- `channel`). Tokens are reserved here before they are used; `until_at` is when a row says nothing
-- any more.

CREATE TABLE limits (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    channel TEXT NOT NULL,
    domain TEXT NOT NULL,
    meter TEXT NOT NULL,
    version INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, channel, domain)
) STRICT;

-- Where a run stands: what it waits for and until when, and how fast it was at which time, in mails
-- a thousand seconds.

ALTER TABLE runs ADD COLUMN held_until INTEGER;
ALTER TABLE runs ADD COLUMN held_by TEXT;
ALTER TABLE runs ADD COLUMN rate INTEGER;
ALTER TABLE runs ADD COLUMN rate_at INTEGER;
