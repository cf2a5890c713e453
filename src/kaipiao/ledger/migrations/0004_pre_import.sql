-- Imports: files of sales that are issued in the background.
--
--   waiting ── taken by a worker, until held_until ──► running ─┬ every row has its outcome ► done
--      │            ▲                                          ├ the file is unreadable ──► failed
--      │            └── the worker died: held_until is over ───┘
--      │       running ── cancelled, or its key revoked ──► cancelling ── rows in hand ─► cancelled
--      └── cancelled ─► cancelled.    Taken many times and never further: failed.

CREATE TABLE import (
    import_id   text        PRIMARY KEY,         -- from tenant and Idempotency-Key
    asked       bytea       NOT NULL,            -- what a repeat of the upload must match
    tenant      text        NOT NULL,
    key_id      text        NOT NULL,
    taxpayers   text[]      NOT NULL,
    name        text        NOT NULL,
    format      text        NOT NULL CHECK (format IN ('xlsx', 'csv', 'ndjson')),
    size_bytes  bigint      NOT NULL,
    state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN
                ('waiting', 'running', 'cancelling', 'done', 'cancelled', 'failed')),
    total       integer,
    issued      integer     NOT NULL DEFAULT 0,
    replayed    integer     NOT NULL DEFAULT 0,
    refused     integer     NOT NULL DEFAULT 0,
    skipped     integer     NOT NULL DEFAULT 0,
    version     bigint      NOT NULL DEFAULT 1,
    uploaded_at timestamptz NOT NULL DEFAULT now(),
    changed_at  timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz,
    zh          text        NOT NULL DEFAULT '',
    en          text        NOT NULL DEFAULT '',
    worker      text        NOT NULL DEFAULT '',
    held_until  timestamptz NOT NULL DEFAULT now(),
    tries       integer     NOT NULL DEFAULT 0,  -- taken so often since it last got further
    CHECK ((ended_at IS NULL) = (state IN ('waiting', 'running', 'cancelling')))
) WITH (fillfactor = 50);

CREATE INDEX import_open   ON import (uploaded_at) WHERE ended_at IS NULL;
CREATE INDEX import_tenant ON import (tenant, uploaded_at);
CREATE INDEX import_ended  ON import (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE import_file (
    import_id text  NOT NULL REFERENCES import ON DELETE CASCADE,
    part      text  NOT NULL CHECK (part IN ('upload', 'result')),
    content   bytea NOT NULL,
    PRIMARY KEY (import_id, part)
);

CREATE TABLE import_result (  -- what became of the rows from first_place on, a few hundred a time
    import_id   text    NOT NULL REFERENCES import ON DELETE CASCADE,
    first_place integer NOT NULL,
    results     bytea   NOT NULL,                -- zstd of msgpack
    PRIMARY KEY (import_id, first_place)
);

-- Compressed already.
ALTER TABLE import_file   ALTER COLUMN content SET STORAGE EXTERNAL;
ALTER TABLE import_result ALTER COLUMN results SET STORAGE EXTERNAL;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaipiao_app') THEN RETURN; END IF;
    GRANT SELECT, INSERT, UPDATE, DELETE ON import, import_file, import_result TO kaipiao_app;
END $$;
