-- Segments: contacts of whom an expression is true; and audiences that name them.

CREATE TABLE segments (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    name TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    expression TEXT NOT NULL,
    labels JSONB NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE TABLE campaign_segments (
    campaign_id UUID NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    segment_id UUID NOT NULL REFERENCES segments (id),
    PRIMARY KEY (campaign_id, segment_id)
);

CREATE INDEX campaign_segments_segment ON campaign_segments (segment_id);
