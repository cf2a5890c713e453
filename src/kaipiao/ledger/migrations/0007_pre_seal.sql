-- Seals: vendors' signatures on invoices, made long after issuing and derived from the log's order.
--
--   the log grows ── cut ──► waiting ── taken, until held_until ──► sealing ── signed ──► sealed
--                              ▲  ▲                                   │                     │
--                              │  └─ it failed, or the sealer died ───┘                     │
--                              └───────────── its vendor is distrusted ─────────────────────┘

CREATE TABLE seal_state (
    one_row    boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    next_index bigint  NOT NULL DEFAULT 0,       -- the first place of the log that is in no lot
    sealed     bigint  NOT NULL DEFAULT 0        -- invoices with a mark that holds
);
INSERT INTO seal_state DEFAULT VALUES;

CREATE TABLE seal_vendor (
    name           text        PRIMARY KEY,
    kind           text        NOT NULL CHECK (kind IN ('sm2', 'ed25519', 'http')),
    key_id         text        NOT NULL,         -- the key pinned now
    met_at         timestamptz NOT NULL DEFAULT now(),
    lied_at        timestamptz,
    distrusted_at  timestamptz,
    distrusted_why text        NOT NULL DEFAULT '',
    distrusted_by  text        NOT NULL DEFAULT ''
);

CREATE TABLE seal_key (  -- every key that was ever pinned: marks must stay checkable
    key_id      text        PRIMARY KEY,         -- SHA-256 of the certificate, hex
    vendor      text        NOT NULL,
    algorithm   text        NOT NULL,
    certificate bytea       NOT NULL,
    met_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE seal_lot (  -- invoices next to each other in the log, sealed by one question
    first_index   bigint      PRIMARY KEY,
    count         integer     NOT NULL CHECK (count BETWEEN 1 AND 1000),
    state         text        NOT NULL DEFAULT 'waiting'
                  CHECK (state IN ('waiting', 'sealing', 'sealed')),
    is_again      boolean     NOT NULL DEFAULT false,  -- it was sealed by a vendor now distrusted
    waiting_since timestamptz NOT NULL,
    worker        text        NOT NULL DEFAULT '',
    held_until    timestamptz NOT NULL DEFAULT now(),
    tries         integer     NOT NULL DEFAULT 0,
    failed_by     text        NOT NULL DEFAULT ''      -- the vendor that failed at it last
) WITH (fillfactor = 70);

CREATE INDEX seal_lot_open ON seal_lot (waiting_since, first_index) WHERE state <> 'sealed';

CREATE TABLE seal_mark (  -- one vendor's signatures over one lot; superseded, never deleted
    mark           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first_index    bigint      NOT NULL REFERENCES seal_lot,
    vendor         text        NOT NULL,
    key_id         text        NOT NULL REFERENCES seal_key,
    sealed_at      timestamptz NOT NULL DEFAULT now(),
    signatures     bytea       NOT NULL,         -- msgpack array, one for each invoice, in order
    superseded_at  timestamptz,
    superseded_why text        NOT NULL DEFAULT ''
);

CREATE UNIQUE INDEX seal_mark_one_holds ON seal_mark (first_index) WHERE superseded_at IS NULL;
CREATE INDEX seal_mark_lot ON seal_mark (first_index) WHERE superseded_at IS NOT NULL;
CREATE INDEX seal_mark_vendor ON seal_mark (vendor, mark) WHERE superseded_at IS NULL;

CREATE TABLE seal_score (  -- what a vendor did in an hour
    vendor      text             NOT NULL,
    hour        timestamptz      NOT NULL,
    invoices    bigint           NOT NULL DEFAULT 0,
    asked       jsonb            NOT NULL,       -- questions by outcome
    latencies   bigint[]         NOT NULL,       -- answers by class (fiscal/seal.py)
    state_s     jsonb            NOT NULL,       -- seconds in each state of the breaker
    PRIMARY KEY (vendor, hour)
);

CREATE TABLE seal_breaker (  -- how each sealer finds each vendor
    vendor  text             NOT NULL,
    worker  text             NOT NULL,
    state   text             NOT NULL,
    since_s double precision NOT NULL,
    said    text             NOT NULL,
    seen_at timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (vendor, worker)
);

ALTER TABLE seal_mark ALTER COLUMN signatures SET STORAGE EXTERNAL;  -- chance does not compress

-- Rights: the servers add marks and may say that one no longer holds; none is changed or deleted.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaipiao_app') THEN RETURN; END IF;
    GRANT SELECT, UPDATE ON seal_state TO kaipiao_app;
    GRANT SELECT, INSERT, UPDATE ON seal_vendor, seal_lot, seal_score TO kaipiao_app;
    GRANT SELECT, INSERT ON seal_key, seal_mark TO kaipiao_app;
    GRANT UPDATE (superseded_at, superseded_why) ON seal_mark TO kaipiao_app;
    GRANT DELETE ON seal_score TO kaipiao_app;
    GRANT SELECT, INSERT, UPDATE, DELETE ON seal_breaker TO kaipiao_app;
END $$;
