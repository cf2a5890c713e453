"""The statements that commit a batch: one prepared statement, one round trip, one fsync.

Everything hangs on ``fence``.  It advances the process's own block, and only from where the
process believes it to stand and only in its own epoch; if it does not match, no other part
writes a row and ``require`` aborts.  ``RETURNING`` counts what must have matched.

SQLSTATEs of ours: KP001 fenced off, KP002 a seller has no credit line this month, KP003 the
buyer used an original that is being reversed without agreement, KP004 a form is not agreed.
"""

FENCED, NO_LINE, USED, NOT_AGREED = "KP001", "KP002", "KP003", "KP004"

_COMMON = """
WITH fence AS (
    UPDATE number_block SET next_serial = $3::bigint + $4::integer
     WHERE block = $1::bigint AND epoch = $2::integer AND next_serial = $3::bigint
    RETURNING 1
), stored AS (
    INSERT INTO batch (series, first_serial, count, issued_at, secret, payload, leaves, marks)
    SELECT $5::integer, $3::bigint, $4::integer, $6::timestamptz, $8::bytea, $9::bytea,
           $10::bytea, $11::bytea
      FROM fence
), claimed AS (
    INSERT INTO invoice_key (key, series, serial)
    SELECT u.key, $5::integer, $3::bigint + u.place - 1
      FROM fence, unnest($12::uuid[]) WITH ORDINALITY AS u (key, place)
), drawn AS (
    UPDATE credit_line AS line SET drawn_fen = line.drawn_fen + u.fen
      FROM fence, unnest($13::text[], $14::bigint[]) AS u (seller, fen)
     WHERE line.seller = u.seller AND line.month = $7::integer
    RETURNING 1
), queued AS (
    INSERT INTO outbox (topic, series, first_serial, queued_at)
    SELECT topic, $5::integer, $3::bigint, $6::timestamptz
      FROM fence, unnest(ARRAY['delivery', 'evidence']) AS topic
)
"""

_CHECKS = f"""
SELECT require((SELECT count(*) FROM fence) = 1, '{FENCED}'),
       require((SELECT count(*) FROM drawn) = cardinality($13::text[]), '{NO_LINE}')
"""

COMMIT_ORIGINALS = _COMMON + _CHECKS

COMMIT_WITH_RED_LETTERS = (
    _COMMON
    + """
, touched AS (  -- 15-19: one row a red letter
    INSERT INTO original_state AS o (series, serial, red_letters)
    SELECT u.series, u.serial, 1
      FROM fence, unnest($15::integer[], $16::bigint[]) AS u (series, serial)
    ON CONFLICT (series, serial) DO UPDATE SET red_letters = o.red_letters + 1
     WHERE (o.deducted_at IS NULL AND o.booked_at IS NULL)
        OR (o.series, o.serial) IN (
               SELECT a.series, a.serial
                 FROM unnest($15::integer[], $16::bigint[], $17::boolean[])
                      AS a (series, serial, agreed)
                WHERE a.agreed)
    RETURNING 1
), linked AS (
    INSERT INTO red_letter (original_series, original_serial, series, serial)
    SELECT u.series, u.serial, $5::integer, u.red
      FROM fence, unnest($15::integer[], $16::bigint[], $18::bigint[]) AS u (series, serial, red)
), spent AS (
    UPDATE confirmation AS form SET red_letter = u.number
      FROM fence, unnest($19::text[], $20::text[]) AS u (form_id, number)
     WHERE form.form_id = u.form_id AND form.state IN ('01', '04') AND form.red_letter = ''
    RETURNING 1
), taken AS (  -- 21-27: one row a line taken back
    INSERT INTO taken_line AS t (series, serial, line, net_fen, tax_fen, of_net_fen, of_tax_fen)
    SELECT u.*
      FROM fence, unnest($21::integer[], $22::bigint[], $23::integer[], $24::bigint[],
                         $25::bigint[], $26::bigint[], $27::bigint[]) AS u
    ON CONFLICT (series, serial, line) DO UPDATE
       SET net_fen = t.net_fen + excluded.net_fen, tax_fen = t.tax_fen + excluded.tax_fen
)
"""
    + _CHECKS
    + f""",
       require((SELECT count(*) FROM touched) = cardinality($15::integer[]), '{USED}'),
       require((SELECT count(*) FROM spent) = cardinality($19::text[]), '{NOT_AGREED}')
"""
)
