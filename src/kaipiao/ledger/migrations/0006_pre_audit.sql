-- The audit log (审计日志): who did what, in a second log of the same make (ADR-0019).
--
-- An event gets its place when it is written, under the lock of one row: acts of administration are
-- few, and a place that is there at once needs no second step that could be forgotten.

CREATE TABLE audit_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    size     bigint  NOT NULL DEFAULT 0      -- leaves so far; the next event's place
);
INSERT INTO audit_state DEFAULT VALUES;

CREATE TABLE audit_leaf (                    -- for ever
    log_index bigint PRIMARY KEY,
    leaf      bytea  NOT NULL CHECK (length(leaf) = 32)
);

CREATE TABLE audit_event (                   -- until its days are over; the leaf stays
    log_index   bigint      PRIMARY KEY REFERENCES audit_leaf,
    event_id    text        NOT NULL UNIQUE,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    salt        bytea       NOT NULL CHECK (length(salt) = 16),
    content     text        NOT NULL,        -- canonical bytes; the leaf is made of them
    -- What lists are filtered by cannot differ from what the leaf is made of.
    actor  text GENERATED ALWAYS AS (content::jsonb -> 'actor' ->> 'id') STORED,
    tenant text GENERATED ALWAYS AS (coalesce(content::jsonb -> 'actor' ->> 'tenant', '')) STORED,
    action text GENERATED ALWAYS AS (content::jsonb ->> 'action') STORED,
    object text GENERATED ALWAYS AS (content::jsonb ->> 'object') STORED,
    at     text COLLATE "C" GENERATED ALWAYS AS (content::jsonb ->> 'at') STORED  -- ISO 8601, UTC
);
CREATE INDEX audit_event_actor  ON audit_event (actor, log_index);
CREATE INDEX audit_event_tenant ON audit_event (tenant, log_index);
CREATE INDEX audit_event_action ON audit_event (action, log_index);
CREATE INDEX audit_event_object ON audit_event (object, log_index);
CREATE INDEX audit_event_at     ON audit_event (at);

CREATE TABLE audit_open (                    -- acts whose outcome is not written down yet
    event_id   text        PRIMARY KEY,
    written_at timestamptz NOT NULL DEFAULT now()
);

-- Append-only, also for the owner.  The one way out: content older than any law lets us forget
-- sooner (网络安全法, article 21: six months).  A superuser can drop a trigger; whoever recomputes the
-- leaves and compares them with the signed log sees what was done then.
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit_event' THEN
        IF OLD.recorded_at < now() - interval '184 days' THEN RETURN OLD; END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_leaf_stays BEFORE UPDATE OR DELETE ON audit_leaf
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_event_stays BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_leaf_not_emptied BEFORE TRUNCATE ON audit_leaf
    EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_event_not_emptied BEFORE TRUNCATE ON audit_event
    EXECUTE FUNCTION audit_is_append_only();

-- Write events in their order; the place of the first.  An id that is there already is refused.
CREATE FUNCTION append_audit(
    ids text[], salts bytea[], leaves bytea[], contents text[], opens boolean[], closes text[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first bigint;
BEGIN
    UPDATE audit_state SET size = size + cardinality(ids)
        RETURNING size - cardinality(ids) INTO first;
    INSERT INTO audit_leaf (log_index, leaf)
        SELECT first + n - 1, leaf FROM unnest(leaves) WITH ORDINALITY AS l (leaf, n);
    INSERT INTO audit_event (log_index, event_id, salt, content)
        SELECT first + n - 1, ids[n], salts[n], contents[n]
          FROM generate_series(1, cardinality(ids)) AS n;
    INSERT INTO audit_open (event_id)
        SELECT ids[n] FROM generate_series(1, cardinality(ids)) AS n WHERE opens[n];
    DELETE FROM audit_open WHERE event_id = ANY (closes);
    RETURN first;
END $$;

-- Forget what is older, from the oldest on without a gap; what remains starts at the answer.
CREATE FUNCTION forget_audit(days integer, through bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM audit_event
     WHERE log_index <= through AND recorded_at < now() - make_interval(days => greatest(days, 184));
    RETURN (SELECT coalesce(min(log_index), (SELECT size FROM audit_state)) FROM audit_event);
END $$;

REVOKE EXECUTE ON FUNCTION append_audit, forget_audit FROM PUBLIC;

-- Whoever could do everything so far may read it: the operator's own keys, nobody's else.
UPDATE api_key SET may = may || ARRAY['audit']
 WHERE tenant = 'operator' AND taxpayers = '{*}' AND 'admin' = ANY (may)
   AND may @> ARRAY['issue', 'read', 'confirm', 'grant', 'deliver', 'admin']
   AND NOT 'audit' = ANY (may);

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaipiao_app') THEN RETURN; END IF;
    GRANT SELECT ON audit_state, audit_leaf, audit_event, audit_open TO kaipiao_app;
    GRANT EXECUTE ON FUNCTION append_audit, forget_audit TO kaipiao_app;
END $$;
