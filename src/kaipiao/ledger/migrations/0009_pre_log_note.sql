-- What the member that leads got for all members of a cell: his checkpoints with the witnesses'
-- cosignatures, and with time stamps.  Every member proves a note before it serves it.

CREATE TABLE log_note (
    log  text   NOT NULL,                      -- the origin that the note is signed under
    name text   NOT NULL,                      -- of the file that every member keeps it in
    size bigint NOT NULL CHECK (size >= 0),    -- of the tree it is about: it never goes back
    note text   NOT NULL CHECK (octet_length(note) <= 1048576),
    PRIMARY KEY (log, name)
);

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaipiao_app') THEN RETURN; END IF;
    GRANT SELECT, INSERT, UPDATE ON log_note TO kaipiao_app;
END $$;
