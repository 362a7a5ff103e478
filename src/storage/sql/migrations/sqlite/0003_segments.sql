-- Segments: contacts of whom an expression is true; and audiences that name them.

CREATE TABLE segments (
    id BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    expression TEXT NOT NULL,
    labels TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

CREATE TABLE campaign_segments (
    campaign_id BLOB NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    segment_id BLOB NOT NULL REFERENCES segments (id),
    PRIMARY KEY (campaign_id, segment_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX campaign_segments_segment ON campaign_segments (segment_id);
