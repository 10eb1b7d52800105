CREATE TABLE IF NOT EXISTS projects (
    id INTEGER PRIMARY KEY,
    entity TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (entity, name)
);

CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    display_name TEXT,
    state TEXT NOT NULL DEFAULT 'running',
    config TEXT NOT NULL DEFAULT '{}',
    summary TEXT NOT NULL DEFAULT '{}',
    notes TEXT,
    description TEXT,
    run_group TEXT,
    job_type TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    -- Null for a run of the server's own user.
    username TEXT,
    host TEXT,
    -- The name of the sweep that the run belongs to.
    sweep TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    heartbeat_at INTEGER,
    -- Set when files were taken out, until their positions are made dense again.
    gaps INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project_id, name)
);

-- What a run streams: log is history, events or console.
CREATE TABLE IF NOT EXISTS run_lines (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    log TEXT NOT NULL,
    number INTEGER NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (run_id, log, number)
) WITHOUT ROWID;

-- position counts the run's listed files from 1, so that a page is a seek and not a scan. It is null
-- while a file is uploaded but not yet listed.
-- folded is the name in lower case, for LIKE patterns.
-- object names the bytes in the data folder; it is null where only the metadata is known.
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id),
    position INTEGER,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    size INTEGER NOT NULL,
    md5 TEXT,
    mimetype TEXT,
    updated_at INTEGER,
    reference TEXT,
    object TEXT,
    UNIQUE (run_id, name)
);

CREATE INDEX IF NOT EXISTS runs_by_age ON runs (project_id, created_at, id);
CREATE INDEX IF NOT EXISTS runs_by_sweep ON runs (project_id, sweep);

-- One object may be the bytes of several files.
CREATE INDEX IF NOT EXISTS files_by_object ON files (object) WHERE object IS NOT NULL;
CREATE INDEX IF NOT EXISTS files_by_position ON files (run_id, position);

CREATE TABLE IF NOT EXISTS sweeps (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    display_name TEXT,
    description TEXT,
    method TEXT NOT NULL,
    state TEXT NOT NULL,
    config TEXT NOT NULL,
    best_loss REAL,
    run_count_expected INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    UNIQUE (project_id, name)
);

CREATE VIEW IF NOT EXISTS sweeps_with_runs AS
    SELECT sweeps.*, (
        SELECT count(*) FROM runs WHERE runs.project_id = sweeps.project_id AND runs.sweep = sweeps.name
    ) AS run_count
    FROM sweeps;

CREATE TABLE IF NOT EXISTS artifact_types (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    description TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE IF NOT EXISTS artifact_collections (
    id INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    type_id INTEGER NOT NULL REFERENCES artifact_types (id),
    name TEXT NOT NULL,
    description TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    UNIQUE (project_id, name)
);

-- run_id is the run that logged it. wanted has the aliases that it gets once it is committed.
CREATE TABLE IF NOT EXISTS artifacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES artifact_collections (id),
    version INTEGER NOT NULL,
    digest TEXT NOT NULL,
    description TEXT,
    metadata TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    wanted TEXT NOT NULL DEFAULT '[]',
    state TEXT NOT NULL DEFAULT 'PENDING',
    size INTEGER NOT NULL DEFAULT 0,
    file_count INTEGER NOT NULL DEFAULT 0,
    client_id TEXT,
    run_id INTEGER REFERENCES runs (id) ON DELETE SET NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    UNIQUE (collection_id, version)
);

CREATE INDEX IF NOT EXISTS artifacts_by_run ON artifacts (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS artifact_aliases (
    collection_id INTEGER NOT NULL REFERENCES artifact_collections (id),
    alias TEXT NOT NULL,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
    PRIMARY KEY (collection_id, alias)
);

CREATE INDEX IF NOT EXISTS artifact_aliases_by_artifact ON artifact_aliases (artifact_id);

CREATE TABLE IF NOT EXISTS artifact_uses (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
    PRIMARY KEY (run_id, artifact_id)
);

CREATE INDEX IF NOT EXISTS artifact_uses_by_artifact ON artifact_uses (artifact_id);

CREATE VIEW IF NOT EXISTS artifact_versions AS
    SELECT artifacts.*, projects.id AS project_id, projects.entity AS entity, projects.name AS project,
        artifact_collections.name AS collection, artifact_collections.type_id AS type_id,
        (
            SELECT json_group_array(alias ORDER BY alias) FROM artifact_aliases
            WHERE artifact_aliases.artifact_id = artifacts.id
        ) AS aliases
    FROM artifacts
    JOIN artifact_collections ON artifact_collections.id = artifacts.collection_id
    JOIN projects ON projects.id = artifact_collections.project_id;
