-- The ledger: numbers, invoices, keys, credit, red letters, outbox, log order.
--
-- One statement of the server (statements.py) writes the first group of tables for a whole
-- batch of invoices.  The rest is written off the issuing path.

-- Numbers -----------------------------------------------------------------------------------

CREATE TABLE number_range (  -- 号段: what has been handed out of each series
    series      integer PRIMARY KEY,             -- year, area, channel as five digits
    next_serial bigint  NOT NULL CHECK (next_serial BETWEEN 1 AND 1000000000000000)
);

CREATE TABLE number_block (  -- a run of serials that one process assigns without gaps
    block        bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    series       integer NOT NULL,
    first_serial bigint  NOT NULL,
    last_serial  bigint  NOT NULL,
    next_serial  bigint  NOT NULL,               -- the first that is not assigned yet
    epoch        integer NOT NULL DEFAULT 1,     -- raised whenever the block changes hands
    holder       text    NOT NULL,
    taken_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (series, first_serial),
    CONSTRAINT number_block_not_overrun
        CHECK (next_serial BETWEEN first_serial AND last_serial + 1)
) WITH (fillfactor = 50);

CREATE INDEX number_block_open ON number_block (series, block) WHERE next_serial <= last_serial;

-- Invoices ----------------------------------------------------------------------------------

CREATE TABLE batch (  -- invoices committed together: first_serial … first_serial + count - 1
    series       integer     NOT NULL,
    first_serial bigint      NOT NULL,
    count        integer     NOT NULL CHECK (count BETWEEN 1 AND 10000),
    issued_at    timestamptz NOT NULL,
    secret       bytea       NOT NULL CHECK (length(secret) = 32),   -- its salts come from here
    payload      bytea       NOT NULL,                               -- zstd of msgpack (batch.py)
    leaves       bytea       NOT NULL,                               -- 32 bytes an invoice
    marks        bytea       NOT NULL,                               -- 16 bytes: invoice_index
    PRIMARY KEY (series, first_serial),
    CONSTRAINT batch_a_leaf_each CHECK (length(leaves) = 32 * count),
    CONSTRAINT batch_a_mark_each CHECK (length(marks) = 16 * count)
) PARTITION BY RANGE (series, first_serial);

CREATE TABLE invoice_key (  -- every (seller, key) there ever was: one key, one invoice
    key    uuid    NOT NULL,                     -- SHA-256 of seller, NUL, key; cut to 16 bytes
    series integer NOT NULL,
    serial bigint  NOT NULL,
    CONSTRAINT invoice_key_once PRIMARY KEY (key)
);

CREATE TABLE outbox (  -- what others must still do with a batch; they delete what they did
    topic        text        NOT NULL CHECK (topic IN ('evidence', 'delivery')),
    series       integer     NOT NULL,
    first_serial bigint      NOT NULL,
    queued_at    timestamptz NOT NULL,
    PRIMARY KEY (topic, series, first_serial)
);

-- The log takes its batches in this order, and must not pass over what waits for others.
CREATE INDEX outbox_evidence ON outbox (queued_at, series, first_serial)
    WHERE topic = 'evidence';

-- Credit ------------------------------------------------------------------------------------

CREATE TABLE credit_standing (  -- 授信额度: the monthly limit until changed
    seller    text   PRIMARY KEY,
    limit_fen bigint NOT NULL CHECK (limit_fen >= 0)
);

CREATE TABLE credit_line (
    seller     text    NOT NULL,
    month      integer NOT NULL CHECK (month % 100 BETWEEN 1 AND 12),
    limit_fen  bigint  NOT NULL CHECK (limit_fen >= 0),
    drawn_fen  bigint  NOT NULL DEFAULT 0,
    leased_fen bigint  NOT NULL DEFAULT 0 CHECK (leased_fen >= 0),
    PRIMARY KEY (seller, month),
    CONSTRAINT credit_line_not_overdrawn CHECK (drawn_fen + leased_fen <= limit_fen)
) WITH (fillfactor = 50);

-- Red letters -------------------------------------------------------------------------------

CREATE TABLE original_state (  -- only originals that something happened to
    series      integer NOT NULL,
    serial      bigint  NOT NULL,
    deducted_at timestamptz,                     -- 用途确认
    booked_at   timestamptz,                     -- 入账
    red_letters integer NOT NULL DEFAULT 0,
    PRIMARY KEY (series, serial)
);

CREATE TABLE taken_line (  -- what red letters took from each line; never more than it held
    series     integer NOT NULL,
    serial     bigint  NOT NULL,
    line       integer NOT NULL,
    net_fen    bigint  NOT NULL,
    tax_fen    bigint  NOT NULL,
    of_net_fen bigint  NOT NULL,
    of_tax_fen bigint  NOT NULL,
    PRIMARY KEY (series, serial, line),
    CONSTRAINT taken_line_not_past_zero
        CHECK (net_fen BETWEEN 0 AND of_net_fen AND tax_fen BETWEEN 0 AND of_tax_fen)
);

CREATE TABLE red_letter (
    original_series integer NOT NULL,
    original_serial bigint  NOT NULL,
    series          integer NOT NULL,
    serial          bigint  NOT NULL,
    PRIMARY KEY (original_series, original_serial, series, serial)
);

CREATE TABLE confirmation (  -- 红字确认单
    form_id    text        PRIMARY KEY,
    asked      bytea       NOT NULL,             -- what a repeat of its opening must match
    original   text        NOT NULL,
    seller     text        NOT NULL,
    buyer      text        NOT NULL,
    started_by text        NOT NULL CHECK (started_by IN ('seller', 'buyer')),
    ask        bytea       NOT NULL,             -- canonical ReversalAsk
    state      text        NOT NULL CHECK (state ~ '^(0[1-9]|10)$'),
    opened_at  timestamptz NOT NULL,
    lapses_at  timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    red_letter text        NOT NULL DEFAULT ''
);

CREATE INDEX confirmation_seller  ON confirmation (seller, form_id);
CREATE INDEX confirmation_buyer   ON confirmation (buyer, form_id);
CREATE INDEX confirmation_waiting ON confirmation (lapses_at) WHERE state IN ('02', '03');

-- Order and what is derived from it ---------------------------------------------------------

CREATE TABLE log_state (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    size bigint  NOT NULL CHECK (size >= 0)
);
INSERT INTO log_state (size) VALUES (0);

CREATE TABLE log_batch (  -- the place of every batch in the evidence log, for ever
    first_index  bigint  PRIMARY KEY,
    count        integer NOT NULL,
    series       integer NOT NULL,
    first_serial bigint  NOT NULL,
    UNIQUE (series, first_serial)
);

CREATE TABLE invoice_index (  -- look-ups by seller and by digest, in log order
    log_index    bigint      NOT NULL,           -- its batch, and so its number: see log_batch
    seller8      bigint      NOT NULL,           -- first eight bytes of SHA-256 of the seller's id
    digest8      bigint      NOT NULL,           -- first eight bytes of the content digest
    issued_at    timestamptz NOT NULL,
    month        integer     NOT NULL            -- tax month, Beijing; wide columns come first
) PARTITION BY RANGE (month);

CREATE INDEX invoice_index_seller ON invoice_index (seller8, log_index);
CREATE INDEX invoice_index_digest ON invoice_index (digest8);

CREATE TABLE verify_count (
    day    date    NOT NULL,
    number text    NOT NULL,
    checks integer NOT NULL,
    PRIMARY KEY (day, number)
);

CREATE TABLE api_key (
    key_id      text        PRIMARY KEY,
    secret_hash bytea       NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    tenant      text        NOT NULL,
    name        text        NOT NULL,
    may         text[]      NOT NULL,
    taxpayers   text[]      NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz,
    revoked_at  timestamptz
);

-- Storage: our blobs are compressed already.
ALTER TABLE batch ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE batch ALTER COLUMN leaves  SET STORAGE EXTERNAL;
ALTER TABLE batch ALTER COLUMN marks   SET STORAGE EXTERNAL;
-- Queues: vacuum them while they are still small.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Functions ---------------------------------------------------------------------------------

-- Abort the whole statement, with a code that the server knows, unless `holds`.
CREATE FUNCTION require(holds boolean, code text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT holds THEN
        RAISE EXCEPTION USING ERRCODE = code, MESSAGE = code;
    END IF;
    RETURN true;
END $$;

-- Make sure that serials from `serial` on have a partition of 2,000,000 to go to.  ATTACH
-- takes a lock that issuing does not wait for; CREATE … PARTITION OF would take one it does.
CREATE FUNCTION ensure_batch_partition(a_series integer, serial bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    width constant bigint := 2000000;
    slot  constant bigint := serial / width;
    part  constant text   := format('batch_%s_%s', lpad(a_series::text, 5, '0'), slot);
BEGIN
    IF to_regclass(part) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE batch INCLUDING ALL)', part);
    EXECUTE format('ALTER TABLE batch ATTACH PARTITION %I FOR VALUES FROM (%s, %s) TO (%s, %s)',
                   part, a_series, slot * width, a_series, (slot + 1) * width);
END $$;

CREATE FUNCTION ensure_index_partition(a_month integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part constant text := format('invoice_index_%s', a_month);
BEGIN
    IF to_regclass(part) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE invoice_index INCLUDING ALL)', part);
    EXECUTE format('ALTER TABLE invoice_index ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                   part, a_month, a_month + 1);
END $$;

-- Take over a block that nobody holds any more, or cut a new one.  Whoever holds a block also
-- holds a session's advisory lock on it, so a dead holder's block is free at once; should a
-- living holder have lost only its session, the raised epoch fences its next commit.
CREATE FUNCTION take_block(a_series integer, size bigint, a_holder text) RETURNS number_block
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    family constant integer := 1262505035;  -- 'K@BK': our blocks among other advisory locks
    found  number_block;
    start  bigint;
BEGIN
    FOR found IN
        SELECT * FROM number_block
         WHERE series = a_series AND next_serial <= last_serial
         ORDER BY block FOR UPDATE SKIP LOCKED
    LOOP
        IF pg_try_advisory_lock(family, found.block::integer) THEN
            UPDATE number_block
               SET epoch = epoch + 1, holder = a_holder, taken_at = now()
             WHERE block = found.block RETURNING * INTO found;
            RETURN found;
        END IF;
    END LOOP;

    INSERT INTO number_range AS r (series, next_serial) VALUES (a_series, 1 + size)
        ON CONFLICT (series) DO UPDATE SET next_serial = r.next_serial + size
        RETURNING next_serial - size INTO start;
    PERFORM ensure_batch_partition(a_series, start);
    PERFORM ensure_batch_partition(a_series, start + size);
    INSERT INTO number_block (series, first_serial, last_serial, next_serial, holder)
        VALUES (a_series, start, start + size - 1, start, a_holder) RETURNING * INTO found;
    PERFORM pg_advisory_lock(family, found.block::integer);
    RETURN found;
END $$;

CREATE FUNCTION release_block(a_block bigint) RETURNS void
LANGUAGE sql AS $$ SELECT pg_advisory_unlock(1262505035, a_block::integer) $$;

-- Rights: the servers never delete or rewrite an invoice, a key or a place in the log ------

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaipiao_app') THEN RETURN; END IF;
    GRANT USAGE ON SCHEMA public TO kaipiao_app;
    GRANT SELECT, INSERT ON batch, invoice_key, red_letter, log_batch, invoice_index
        TO kaipiao_app;
    GRANT SELECT, INSERT, UPDATE ON credit_standing, credit_line, original_state, taken_line,
        confirmation, api_key, verify_count TO kaipiao_app;
    GRANT SELECT, UPDATE ON number_block, log_state TO kaipiao_app;
    GRANT SELECT ON number_range TO kaipiao_app;
    GRANT SELECT, INSERT, DELETE ON outbox TO kaipiao_app;
    GRANT DELETE ON verify_count TO kaipiao_app;
    GRANT EXECUTE ON FUNCTION take_block, release_block, ensure_index_partition, require
        TO kaipiao_app;
END $$;
REVOKE EXECUTE ON FUNCTION take_block, ensure_batch_partition, ensure_index_partition FROM PUBLIC;
