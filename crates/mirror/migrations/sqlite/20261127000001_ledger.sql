-- Where files go, of which server. One ledger may hold several.
CREATE TABLE wbf_mirrors (
    id          INTEGER PRIMARY KEY,
    server      TEXT   NOT NULL,
    destination TEXT   NOT NULL,
    UNIQUE (server, destination)
);

CREATE TABLE wbf_runs (
    id        INTEGER PRIMARY KEY,
    mirror    INTEGER NOT NULL REFERENCES wbf_mirrors (id),
    entity    TEXT    NOT NULL,
    project   TEXT    NOT NULL,
    run       TEXT    NOT NULL,
    -- When its files were last listed to the end, in ms since 1970.
    listed_at INTEGER,
    UNIQUE (mirror, entity, project, run)
);

-- One row a file. `batch` is set while a task of the queue is to move it.
CREATE TABLE wbf_files (
    run        INTEGER NOT NULL REFERENCES wbf_runs (id),
    name       TEXT    NOT NULL,
    file_id    TEXT,
    size       INTEGER NOT NULL,
    md5        TEXT,
    updated_at TEXT,
    key        TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('pending', 'done', 'failed', 'gone')),
    batch      INTEGER,
    tries      INTEGER NOT NULL DEFAULT 0,
    error      TEXT,
    etag       TEXT,
    moved_at   INTEGER,
    PRIMARY KEY (run, name)
) WITHOUT ROWID;

CREATE INDEX wbf_files_batch ON wbf_files (batch) WHERE batch IS NOT NULL;
CREATE INDEX wbf_files_open ON wbf_files (state, run) WHERE state <> 'done';

-- Work that is queued: the task of the queue names the batch. Who works on it has put its number in `holder`; what another
-- one reports that has lost the batch meanwhile does not count.
CREATE TABLE wbf_batches (
    id     INTEGER PRIMARY KEY,
    run    INTEGER NOT NULL REFERENCES wbf_runs (id),
    holder INTEGER
);

-- How much was moved in which minute (since 1970), by whom.
CREATE TABLE wbf_moved (
    mirror INTEGER NOT NULL REFERENCES wbf_mirrors (id),
    minute INTEGER NOT NULL,
    worker TEXT    NOT NULL,
    files  INTEGER NOT NULL,
    bytes  INTEGER NOT NULL,
    PRIMARY KEY (mirror, minute, worker)
) WITHOUT ROWID;

-- Until when a host has told the requests of a credential (its fingerprint) to wait, in ms since 1970.
CREATE TABLE wbf_holds (
    credential TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    until      INTEGER NOT NULL,
    PRIMARY KEY (credential, host)
) WITHOUT ROWID;
