-- Versions of what is changed by hand and by manifests: a change is written only over what was seen.
-- And what manifests were last applied, so that a change from elsewhere is noticed.

ALTER TABLE lists ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE channels ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE templates ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- `fields` has a short digest of every field, by its path; never a value.
CREATE TABLE applied_manifests (
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    fields TEXT NOT NULL,
    applied_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, kind, name)
) STRICT;
