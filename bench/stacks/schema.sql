-- The tables of the stacks we compare with.  Fat rows: the whole draft lies in its row.

CREATE TABLE naive_counter (name text PRIMARY KEY, next_serial bigint NOT NULL);
CREATE TABLE naive_credit_line (
    seller text PRIMARY KEY, limit_fen bigint NOT NULL, drawn_fen bigint NOT NULL DEFAULT 0
);
CREATE TABLE naive_invoice (
    number text PRIMARY KEY, seller text NOT NULL, key text NOT NULL,
    issued_at timestamptz NOT NULL, net_fen bigint NOT NULL, tax_fen bigint NOT NULL,
    draft jsonb NOT NULL, UNIQUE (seller, key)
);

CREATE TABLE good_counter (name text PRIMARY KEY, next_serial bigint NOT NULL)
    WITH (fillfactor = 10);
CREATE TABLE good_credit_line (
    seller text PRIMARY KEY, limit_fen bigint NOT NULL, drawn_fen bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TABLE good_invoice (
    number text PRIMARY KEY, seller text NOT NULL, key text NOT NULL,
    issued_at timestamptz NOT NULL, net_fen bigint NOT NULL, tax_fen bigint NOT NULL,
    draft text NOT NULL, UNIQUE (seller, key)
);

-- One invoice, one round trip.  The counter, which everyone wants, is locked last.
CREATE FUNCTION good_issue(
    a_seller text, a_key text, a_net_fen bigint, a_tax_fen bigint, a_draft text,
    OUT number text, OUT issued_at timestamptz, OUT replayed boolean
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT i.number, i.issued_at, true INTO number, issued_at, replayed
      FROM good_invoice AS i WHERE i.seller = a_seller AND i.key = a_key;
    IF FOUND THEN RETURN; END IF;

    UPDATE good_credit_line AS c SET drawn_fen = c.drawn_fen + a_net_fen
     WHERE c.seller = a_seller AND c.drawn_fen + a_net_fen <= c.limit_fen;
    IF NOT FOUND THEN RAISE EXCEPTION 'no credit'; END IF;

    issued_at := now();
    replayed := false;
    UPDATE good_counter AS c SET next_serial = c.next_serial + 1 WHERE c.name = 'invoice'
        RETURNING '26311' || lpad((c.next_serial - 1)::text, 15, '0') INTO number;
    INSERT INTO good_invoice
        VALUES (number, a_seller, a_key, issued_at, a_net_fen, a_tax_fen, a_draft);
END $$;

CREATE TABLE bare_counter (process integer PRIMARY KEY, next_serial bigint NOT NULL)
    WITH (fillfactor = 10);
CREATE TABLE bare_batch (
    process integer NOT NULL, first_serial bigint NOT NULL, issued_at timestamptz NOT NULL,
    payload bytea NOT NULL, PRIMARY KEY (process, first_serial)
);
ALTER TABLE bare_batch ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE TABLE bare_invoice (
    key uuid PRIMARY KEY, process integer NOT NULL, serial bigint NOT NULL,
    gross_fen bigint NOT NULL
);

CREATE TABLE copy_invoice (
    number text PRIMARY KEY, key uuid NOT NULL UNIQUE, seller text NOT NULL,
    issued_at timestamptz NOT NULL, net_fen bigint NOT NULL, tax_fen bigint NOT NULL,
    draft bytea NOT NULL
);
