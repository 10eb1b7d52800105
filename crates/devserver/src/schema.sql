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
    created_at INTEGER NOT NULL,
    -- Set when files were taken out, until their positions are made dense again.
    gaps INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project_id, name)
);

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

CREATE INDEX IF NOT EXISTS files_by_position ON files (run_id, position);
