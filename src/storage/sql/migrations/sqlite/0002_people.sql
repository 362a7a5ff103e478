-- What is known of contacts beyond their address: tags, types of attributes, notes, consent,
-- subscriptions with a state, what they did, and who they were merged from.

ALTER TABLE contacts ADD COLUMN notes TEXT NOT NULL DEFAULT '';
-- Of several people (`info@`), or of a service for throw-away addresses. As of the last change.
ALTER TABLE contacts ADD COLUMN role_address INTEGER NOT NULL DEFAULT FALSE;
ALTER TABLE contacts ADD COLUMN disposable_address INTEGER NOT NULL DEFAULT FALSE;

CREATE TABLE contact_tags (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (contact_id, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX contact_tags_tag ON contact_tags (workspace_id, tag, contact_id);

-- The type of each attribute that a contact has or had: text, number, boolean, date or list.
CREATE TABLE attribute_types (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, key)
) STRICT, WITHOUT ROWID;

INSERT INTO attribute_types (workspace_id, key, type, created_at)
SELECT workspace_id, key, CASE WHEN COUNT(DISTINCT type) = 1 THEN MIN(type) ELSE 'text' END, MIN(created_at)
FROM (SELECT c.workspace_id, j.key, c.created_at,
             CASE j.type WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number'
                         WHEN 'true' THEN 'boolean' WHEN 'false' THEN 'boolean'
                         WHEN 'array' THEN 'list' ELSE 'text' END AS type
      FROM contacts c, json_each(c.attributes) j) AS known
GROUP BY workspace_id, key;

-- Single or double opt-in: whether a new member is subscribed, or unconfirmed at first.
ALTER TABLE lists ADD COLUMN optin TEXT NOT NULL DEFAULT 'single';

-- Subscribed, unconfirmed or unsubscribed. Only the subscribed are sent to.
ALTER TABLE list_members ADD COLUMN state TEXT NOT NULL DEFAULT 'subscribed';
ALTER TABLE list_members ADD COLUMN changed_at INTEGER;

-- What a contact agreed to, or no longer agrees to, per purpose. Rows are only added; the last one
-- of a purpose holds.
CREATE TABLE consents (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    source TEXT NOT NULL,
    proof TEXT,
    recorded_at INTEGER NOT NULL
) STRICT;

CREATE INDEX consents_contact ON consents (contact_id, purpose, id);

-- The contact that was merged into another, as it was.
CREATE TABLE contact_merges (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    merged_id BLOB NOT NULL,
    merged TEXT NOT NULL,
    merged_at INTEGER NOT NULL
) STRICT;

CREATE INDEX contact_merges_contact ON contact_merges (contact_id, id);

-- What a contact did with the mails of a campaign: received, opened, clicked… A roll-up: one row
-- whatever the number of times.
CREATE TABLE contact_activity (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    activity TEXT NOT NULL,
    campaign_id BLOB NOT NULL,
    times INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (contact_id, activity, campaign_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX contact_activity_last ON contact_activity (workspace_id, activity, last_at, contact_id);

-- Which column meant what, per source of files.
CREATE TABLE import_mappings (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    source TEXT NOT NULL,
    mapping TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, source)
) STRICT, WITHOUT ROWID;
