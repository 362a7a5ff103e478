-- Reports that are kept to be made again: of which campaign, and in which form. One goes with its
-- campaign.

CREATE TABLE reports (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    campaign_id UUID NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    labels JSONB NOT NULL,
    format TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE INDEX reports_campaign ON reports (campaign_id);
