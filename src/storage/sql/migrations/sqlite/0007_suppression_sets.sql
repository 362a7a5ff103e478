-- Suppression sets: named groups of addresses that must never be sent to, kept as manifests.
-- `set_id` of a suppression is the set that it goes with; one that stands for itself has none.

CREATE TABLE suppression_sets (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    labels TEXT NOT NULL,
    reason TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE suppression_set_members (
    set_id BLOB NOT NULL REFERENCES suppression_sets (id) ON DELETE CASCADE,
    email_folded TEXT NOT NULL,
    PRIMARY KEY (set_id, email_folded)
) STRICT, WITHOUT ROWID;

CREATE INDEX suppression_set_members_email ON suppression_set_members (email_folded);

ALTER TABLE suppressions ADD COLUMN set_id BLOB REFERENCES suppression_sets (id);

CREATE INDEX suppressions_set ON suppressions (set_id);
