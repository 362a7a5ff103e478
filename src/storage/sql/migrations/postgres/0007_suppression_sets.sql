-- Suppression sets: named groups of addresses that must never be sent to, kept as manifests.
-- `set_id` of a suppression is the set that it goes with; one that stands for itself has none.

CREATE TABLE suppression_sets (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    name TEXT COLLATE "C" NOT NULL,
    labels JSONB NOT NULL,
    reason TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE TABLE suppression_set_members (
    set_id UUID NOT NULL REFERENCES suppression_sets (id) ON DELETE CASCADE,
    email_folded TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (set_id, email_folded)
);

CREATE INDEX suppression_set_members_email ON suppression_set_members (email_folded);

ALTER TABLE suppressions ADD COLUMN set_id UUID REFERENCES suppression_sets (id);

CREATE INDEX suppressions_set ON suppressions (set_id);
