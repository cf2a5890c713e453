-- Old partitions of `batch` leave the database for files (ADR-0010).  One row here for each file;
-- which batch lies in it is told by `log_batch`, which stays, as do keys and the index.

CREATE TABLE archive_file (
    part         text        PRIMARY KEY,        -- the partition that it replaces
    name         text        NOT NULL UNIQUE,    -- the file's, in the cell's archive folder
    series       integer     NOT NULL,
    first_serial bigint      NOT NULL,
    last_serial  bigint      NOT NULL CHECK (first_serial <= last_serial),
    batches      bigint      NOT NULL,
    invoices     bigint      NOT NULL,
    bytes        bigint      NOT NULL,
    sha256       bytea       NOT NULL CHECK (length(sha256) = 32),  -- of the whole file
    first_index  bigint      NOT NULL,           -- the range of the log in which its leaves lie
    last_index   bigint      NOT NULL,
    log_size     bigint      NOT NULL CHECK (last_index < log_size),
    log_root     bytea       NOT NULL,           -- every leaf was proved to lie under it
    archived_at  timestamptz NOT NULL,
    UNIQUE (series, first_serial)
);

-- No number before `serial_end` will be assigned in a series any more: what is left of its blocks
-- is given up and their holders are fenced off.  Only for a series whose year is over, and only
-- by the owner.  The range first: nobody can then cut a block below it while we close the others.
CREATE FUNCTION close_serials(a_series integer, serial_end bigint) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE number_range SET next_serial = greatest(next_serial, serial_end)
     WHERE series = a_series;
    UPDATE number_block SET last_serial = next_serial - 1, epoch = epoch + 1
     WHERE series = a_series AND next_serial <= last_serial AND next_serial < serial_end;
END $$;
REVOKE EXECUTE ON FUNCTION close_serials FROM PUBLIC;

-- Rights: the servers look things up here and change nothing.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaipiao_app') THEN RETURN; END IF;
    GRANT SELECT ON archive_file TO kaipiao_app;
END $$;
