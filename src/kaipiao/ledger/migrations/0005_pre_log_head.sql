-- Before a checkpoint is signed its size and root are agreed upon here, by compare and swap: two
-- programs that write one log can never sign two trees, whatever their folders say.

CREATE TABLE log_head (
    log       text        PRIMARY KEY,  -- the log's first origin; later origins sign the same tree
    size      bigint      NOT NULL CHECK (size >= 0),
    root      bytea       NOT NULL CHECK (length(root) = 32),
    agreed_at timestamptz NOT NULL DEFAULT now()
);

-- The swap says so already; this is for whoever comes with psql.
CREATE FUNCTION log_head_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.log <> OLD.log OR NEW.size < OLD.size
       OR (NEW.size = OLD.size AND NEW.root <> OLD.root) THEN
        RAISE EXCEPTION 'a log grows, and never says two things of one size';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER log_head_only_grows BEFORE UPDATE ON log_head
    FOR EACH ROW EXECUTE FUNCTION log_head_only_grows();

-- What the log says of itself, such as a change of its keys: entries that are no invoices.  In
-- log_batch they are batches of one, under series 0.
CREATE TABLE log_announcement (
    announcement_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    leaf            bytea       NOT NULL UNIQUE CHECK (length(leaf) = 32),
    text            text        NOT NULL,
    announced_at    timestamptz NOT NULL DEFAULT now(),
    log_index       bigint      UNIQUE  -- null: it waits for its place
);
CREATE INDEX log_announcement_waiting ON log_announcement (announcement_id)
    WHERE log_index IS NULL;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaipiao_app') THEN RETURN; END IF;
    GRANT SELECT, INSERT, UPDATE ON log_head TO kaipiao_app;
    GRANT SELECT, INSERT ON log_announcement TO kaipiao_app;
    GRANT UPDATE (log_index) ON log_announcement TO kaipiao_app;
END $$;
