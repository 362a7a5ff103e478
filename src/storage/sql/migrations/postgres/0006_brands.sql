-- Brands: how a company speaks. `profile` is the whole of it, as JSON of texts.

CREATE TABLE brands (
    id UUID PRIMARY KEY,
    workspace_id UUID NOT NULL REFERENCES workspaces (id),
    name TEXT COLLATE "C" NOT NULL,
    labels JSONB NOT NULL,
    profile JSONB NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, name)
);
