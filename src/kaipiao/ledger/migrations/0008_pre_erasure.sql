-- Erasure of personal data (ADR-0021): the content of one invoice leaves its batch for good.  Its
-- number, its key and its leaf in the log stay.
--
--   asked ── content gone from the database, the archive and the cache ──► wiped
--        ── and once more, when nobody can still have had it in hand ──► done_at

CREATE TABLE erasure (
    series    integer     NOT NULL,
    serial    bigint      NOT NULL,
    key       uuid        NOT NULL,              -- as in invoice_key: what must be forgotten
    erased_at timestamptz NOT NULL,
    why       text        NOT NULL CHECK (why <> ''),    -- shown to everyone who asks for it
    ground    text        NOT NULL CHECK (ground <> ''),
    done_at   timestamptz,
    PRIMARY KEY (series, serial)
);
CREATE INDEX erasure_open ON erasure (erased_at) WHERE done_at IS NULL;
CREATE INDEX erasure_at   ON erasure (erased_at);

-- Take one invoice out of its batch: the payload without it is given by the caller, who has compared
-- all other leaves; it must be about the very payload whose SHA-256 is `was`.  False: it is not, or
-- the batch is not here.  What the servers may do to a batch is this and no more: the leaves cannot
-- be touched, so any other change is found by whoever proves the ledger against the log.
CREATE FUNCTION erase_from_batch(
    a_series integer, a_first bigint, a_serial bigint, was bytea, a_payload bytea
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    at constant integer := (a_serial - a_first)::integer;
BEGIN
    PERFORM require(EXISTS (SELECT FROM erasure WHERE series = a_series AND serial = a_serial
                                                  AND done_at IS NULL), 'KP005');
    PERFORM size FROM log_state FOR UPDATE;      -- whoever gives places reads the marks
    UPDATE batch
       SET secret = decode(repeat('00', 32), 'hex'),
           payload = a_payload,
           marks = overlay(marks PLACING decode(repeat('00', 16), 'hex') FROM 16 * at + 1 FOR 16)
     WHERE series = a_series AND first_serial = a_first AND at >= 0 AND at < count
       AND sha256(payload) = was;
    RETURN FOUND;
END $$;

-- Everything else in this database that tells of the invoice, or of whom it was about.
CREATE FUNCTION erase_traces(a_series integer, a_serial bigint, place bigint, a_month integer)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    a_number constant text := lpad(a_series::text, 5, '0') || lpad(a_serial::text, 15, '0');
    forms text[];
BEGIN
    PERFORM require(EXISTS (SELECT FROM erasure WHERE series = a_series AND serial = a_serial
                                                  AND done_at IS NULL), 'KP005');
    DELETE FROM invoice_index WHERE month = a_month AND log_index = place;
    SELECT coalesce(array_agg(form_id), '{}') INTO forms FROM confirmation
     WHERE original = a_number;
    DELETE FROM form_event WHERE form_id = ANY (forms);
    DELETE FROM delivery WHERE subject = a_number OR subject = ANY (forms);
    DELETE FROM confirmation WHERE form_id = ANY (forms);
    DELETE FROM download_link WHERE number = a_number;
END $$;

REVOKE EXECUTE ON FUNCTION erase_from_batch, erase_traces FROM PUBLIC;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaipiao_app') THEN RETURN; END IF;
    GRANT SELECT, INSERT, UPDATE (done_at) ON erasure TO kaipiao_app;
    -- A file of the archive without the invoice takes the place of the one with it.
    GRANT UPDATE (name, bytes, sha256) ON archive_file TO kaipiao_app;
    GRANT EXECUTE ON FUNCTION erase_from_batch, erase_traces TO kaipiao_app;
END $$;
