-- Delivery: who is told of what, every try, and download links (ADR-0011).
--
-- Issuing writes nothing here but its outbox row, which it wrote already; whatever happens to
-- these tables, invoices are issued.

-- Orders ------------------------------------------------------------------------------------

CREATE TABLE standing_order (  -- 订阅: sent whenever it happens, without being asked for
    order_id     text        PRIMARY KEY,
    channel      text        NOT NULL CHECK (channel IN ('webhook', 'mail')),
    tenant       text        NOT NULL,
    name         text        NOT NULL,
    sellers      text[]      NOT NULL,           -- {*}: everyone's
    buyer        text        NOT NULL,           -- only what this buyer receives; empty: anyone
    events       text[]      NOT NULL,
    send_to      text[]      NOT NULL,           -- one URL, or mail addresses
    renditions   text[]      NOT NULL,
    language     text        NOT NULL CHECK (language IN ('zh', 'en')),
    generation   integer     NOT NULL DEFAULT 1, -- of a webhook's secret, which is not kept here
    rotated_at   timestamptz,
    created_at   timestamptz NOT NULL,           -- what was issued before is not sent
    disabled_at  timestamptz,                    -- the endpoint said 410, or failed for days
    disabled_why text        NOT NULL DEFAULT '',
    ended_at     timestamptz
);

CREATE INDEX standing_order_live ON standing_order (order_id)
    WHERE ended_at IS NULL AND disabled_at IS NULL;

-- Deliveries --------------------------------------------------------------------------------
--
--   waiting ── taken by a worker, until due_at ──► sending ─┬ received ──► delivered
--      ▲                                                    ├ refused, ten tries, 5 days ► dead
--      ├── failed for now: due_at is the next try ──────────┤
--      └── the worker died: due_at is over ─────────────────┘
--   waiting ── its order ended ──► cancelled.      dead, delivered, cancelled ── replay ► waiting

CREATE TABLE delivery (
    delivery_id text        PRIMARY KEY,         -- from what is sent to whom: made twice, kept once
    place       bigint      GENERATED ALWAYS AS IDENTITY,  -- lists go by it
    channel     text        NOT NULL CHECK (channel IN ('webhook', 'mail')),
    lane        text        NOT NULL,            -- what fails together: an endpoint, or the relay
    order_id    text        NOT NULL,            -- empty: asked for once
    tenant      text        NOT NULL,
    seller      text        NOT NULL,
    event       text        NOT NULL,
    subject     text        NOT NULL,            -- an invoice's number, or a form's id
    happened_at timestamptz NOT NULL,
    queued_at   timestamptz NOT NULL DEFAULT now(),
    body        bytea       NOT NULL,            -- what is posted; of mail, who gets which renditions
    state       text        NOT NULL DEFAULT 'waiting'
                CHECK (state IN ('waiting', 'sending', 'delivered', 'dead', 'cancelled')),
    round       integer     NOT NULL DEFAULT 0,  -- replays by a person
    tries       integer     NOT NULL DEFAULT 0,  -- of this round, the one under way included
    due_at      timestamptz NOT NULL,            -- waiting: the next try; sending: end of the lease
    give_up_at  timestamptz NOT NULL,
    worker      text        NOT NULL DEFAULT '',
    said        text        NOT NULL DEFAULT '', -- of the last try
    settled_at  timestamptz,
    CHECK ((settled_at IS NULL) = (state IN ('waiting', 'sending')))
);

CREATE INDEX delivery_open    ON delivery (lane, due_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX delivery_seller  ON delivery (seller, place);
CREATE INDEX delivery_subject ON delivery (subject, place);
CREATE INDEX delivery_order   ON delivery (order_id, place);
CREATE INDEX delivery_settled ON delivery (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE delivery_attempt (
    delivery_id text        NOT NULL REFERENCES delivery ON DELETE CASCADE,
    round       integer     NOT NULL,
    try         integer     NOT NULL,
    ended_at    timestamptz NOT NULL DEFAULT now(),
    worker      text        NOT NULL,
    outcome     text        NOT NULL CHECK (outcome IN ('delivered', 'again', 'never', 'lost')),
    status      integer     NOT NULL,            -- HTTP's or SMTP's; 0: there was no answer
    said        text        NOT NULL,
    took_ms     integer     NOT NULL,
    PRIMARY KEY (delivery_id, round, try)
);

CREATE TABLE lane (  -- lanes that fail now; a lane that works has no row
    lane          text        PRIMARY KEY,
    failures      integer     NOT NULL,
    failing_since timestamptz NOT NULL,
    open_until    timestamptz NOT NULL           -- nothing is tried before
);

CREATE TABLE form_event (  -- the outbox of confirmation forms
    event_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    form_id     text        NOT NULL,
    state       text        NOT NULL,
    happened_at timestamptz NOT NULL
);

CREATE FUNCTION note_form_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO form_event (form_id, state, happened_at)
        VALUES (NEW.form_id, NEW.state, NEW.changed_at);
    RETURN NULL;
END $$;

CREATE TRIGGER confirmation_opened AFTER INSERT ON confirmation
    FOR EACH ROW EXECUTE FUNCTION note_form_event();
CREATE TRIGGER confirmation_changed AFTER UPDATE OF state ON confirmation
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION note_form_event();

-- Download links ----------------------------------------------------------------------------

CREATE TABLE download_link (  -- the link itself is signed, and is not kept
    link_id    text        PRIMARY KEY,
    number     text        NOT NULL,
    kind       text        NOT NULL,             -- of the rendition
    tenant     text        NOT NULL,
    seller     text        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    max_uses   integer     NOT NULL CHECK (max_uses >= 0),   -- 0: as often as one likes
    uses       integer     NOT NULL DEFAULT 0,
    used_at    timestamptz,
    revoked_at timestamptz
);

CREATE INDEX download_link_number  ON download_link (number);
CREATE INDEX download_link_expired ON download_link (expires_at);

-- Queues: vacuum them while they are still small.
ALTER TABLE delivery   SET (autovacuum_vacuum_scale_factor = 0.01, fillfactor = 80);
ALTER TABLE form_event SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Who may manage keys may also say what is sent where.
UPDATE api_key SET may = may || ARRAY['deliver'] WHERE 'admin' = ANY (may);

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaipiao_app') THEN RETURN; END IF;
    GRANT SELECT, INSERT, UPDATE ON standing_order TO kaipiao_app;
    GRANT SELECT, INSERT, UPDATE, DELETE ON delivery, delivery_attempt, lane, download_link
        TO kaipiao_app;
    GRANT SELECT, DELETE ON form_event TO kaipiao_app;
    GRANT UPDATE (queued_at) ON outbox TO kaipiao_app;       -- to lock a row one must be allowed
    GRANT UPDATE (happened_at) ON form_event TO kaipiao_app; -- to write it; nobody does
END $$;
