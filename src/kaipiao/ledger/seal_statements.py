"""The statements of the sealing queue.  Instants are PostgreSQL's own."""

CUT = """
WITH here AS (
    SELECT next_index FROM seal_state FOR UPDATE
), goal AS (
    SELECT next_index, l.size,
           least((l.size - next_index + CASE WHEN $3 THEN $1 - 1 ELSE 0 END) / $1, $2) AS lots
      FROM here CROSS JOIN log_state AS l
), cut AS (
    INSERT INTO seal_lot (first_index, count, waiting_since)
    SELECT first, least($1, goal.size - first), coalesce(b.issued_at, f.archived_at, now())
      FROM goal
     CROSS JOIN LATERAL generate_series(
               next_index, next_index + (lots - 1) * $1, $1::bigint) AS first
     CROSS JOIN LATERAL (
               SELECT * FROM log_batch WHERE first_index <= first
                ORDER BY first_index DESC LIMIT 1
           ) AS l
      LEFT JOIN batch AS b ON b.series = l.series AND b.first_serial = l.first_serial
      LEFT JOIN LATERAL (
               SELECT archived_at FROM archive_file AS a
                WHERE b.series IS NULL AND a.series = l.series
                  AND l.first_serial BETWEEN a.first_serial AND a.last_serial
           ) AS f ON true
    RETURNING count
), moved AS (
    UPDATE seal_state SET next_index = next_index + (SELECT sum(count) FROM cut)
     WHERE EXISTS (SELECT FROM cut)
)
SELECT count(*) FROM cut
"""
"""1 invoices a lot, 2 lots at most, 3 whether the last invoices are cut though too few."""

# Who failed at a lot leaves it to the others for three seconds.
_TAKE = """
UPDATE seal_lot
   SET state = 'sealing', worker = $1, held_until = now() + $3::interval, tries = tries + 1
 WHERE first_index = (
       SELECT first_index FROM seal_lot
        WHERE state <> 'sealed' AND held_until <= now()
          AND (failed_by <> $2 OR held_until <= now() - interval '3 seconds')
          AND EXISTS (SELECT FROM seal_vendor
                       WHERE name = $2 AND key_id = $4 AND distrusted_at IS NULL)
          {which} LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING first_index, count, tries
"""
TAKE_FRESH = _TAKE.format(
    which="AND waiting_since > now() - $5::interval AND NOT is_again ORDER BY waiting_since DESC"
)
TAKE_OLDEST = _TAKE.format(which="ORDER BY waiting_since, first_index")

SEALABLES = """
SELECT l.first_index, l.count, l.series, l.first_serial, b.issued_at,
       substring(b.leaves FROM 32 * greatest(0, $1::bigint - l.first_index)::integer + 1
                 FOR 32 * $2::integer) AS leaves
  FROM log_batch AS l LEFT JOIN batch AS b USING (series, first_serial)
 WHERE l.first_index >= (SELECT max(first_index) FROM log_batch WHERE first_index <= $1)
   AND l.first_index < $1 + $2
 ORDER BY l.first_index
"""

SEAL = """
UPDATE seal_lot SET state = 'sealed', worker = '', is_again = false
 WHERE first_index = $1 AND worker = $2 AND state = 'sealing'
   AND EXISTS (SELECT FROM seal_vendor WHERE name = $3 AND distrusted_at IS NULL)
"""

MARK = """
WITH kept AS (
    INSERT INTO seal_mark (first_index, vendor, key_id, signatures) VALUES ($1, $2, $3, $4)
)
UPDATE seal_state SET sealed = sealed + $5
"""

PUT_BACK = """
WITH liar AS (
    UPDATE seal_vendor SET lied_at = now() WHERE name = $3 AND $4
)
UPDATE seal_lot
   SET state = 'waiting', worker = '', held_until = now() + $5::interval, failed_by = $3
 WHERE first_index = $1 AND worker = $2 AND state = 'sealing'
"""

LET_GO = """
UPDATE seal_lot SET state = 'waiting', worker = '', held_until = now()
 WHERE worker = $1 AND state = 'sealing'
"""

REQUEUE = """
WITH doubted AS (
    SELECT m.mark, m.first_index, v.distrusted_why
      FROM seal_vendor AS v
     CROSS JOIN LATERAL (
               SELECT mark, first_index FROM seal_mark
                WHERE vendor = v.name AND superseded_at IS NULL
                ORDER BY mark LIMIT $1
           ) AS m
     WHERE v.distrusted_at IS NOT NULL
), ended AS (
    UPDATE seal_mark AS m SET superseded_at = now(), superseded_why = doubted.distrusted_why
      FROM doubted WHERE m.mark = doubted.mark AND m.superseded_at IS NULL
    RETURNING m.first_index
), queued AS (
    UPDATE seal_lot AS l
       SET state = 'waiting', is_again = true, waiting_since = now(), held_until = now(), tries = 0
      FROM ended WHERE l.first_index = ended.first_index
    RETURNING l.count
), counted AS (
    UPDATE seal_state SET sealed = sealed - (SELECT sum(count) FROM queued)
     WHERE EXISTS (SELECT FROM queued)
)
SELECT count(*) FROM queued
"""

BACKLOG = """
SELECT log_state.size - seal_state.sealed AS waiting,
       extract(epoch FROM now() - least(
           (SELECT min(waiting_since) FROM seal_lot WHERE state <> 'sealed'),
           (SELECT b.issued_at FROM batch AS b JOIN LATERAL (
                    SELECT series, first_serial FROM log_batch
                     WHERE seal_state.next_index < log_state.size
                       AND first_index <= seal_state.next_index
                     ORDER BY first_index DESC LIMIT 1
                ) AS l USING (series, first_serial))
       ))::double precision AS oldest_s
  FROM seal_state CROSS JOIN log_state
"""

STANDING = """
SELECT l.first_index, l.count, l.state, l.is_again, l.waiting_since,
       m.vendor, m.sealed_at, m.signatures, m.superseded_at, m.superseded_why,
       k.key_id, k.algorithm, k.certificate, v.distrusted_at
  FROM (SELECT * FROM seal_lot WHERE first_index <= $1 ORDER BY first_index DESC LIMIT 1) AS l
  LEFT JOIN seal_mark   AS m USING (first_index)
  LEFT JOIN seal_key    AS k USING (key_id)
  LEFT JOIN seal_vendor AS v ON v.name = m.vendor
 WHERE $1 < l.first_index + l.count
 ORDER BY m.mark DESC
"""

HAS_VENDORS = "SELECT EXISTS (SELECT FROM seal_vendor)"

MEET_KEY = """
INSERT INTO seal_key (key_id, vendor, algorithm, certificate) VALUES ($1, $2, $3, $4)
ON CONFLICT (key_id) DO NOTHING
"""

MEET = """
INSERT INTO seal_vendor (name, kind, key_id) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, key_id = excluded.key_id
"""

NOTE = """
INSERT INTO seal_score AS s (vendor, hour, invoices, asked, latencies, state_s)
VALUES ($1, date_trunc('hour', now()), $2, $3, $4, $5)
ON CONFLICT (vendor, hour) DO UPDATE
   SET invoices = s.invoices + excluded.invoices,
       asked = (SELECT coalesce(jsonb_object_agg(key, n), '{}') FROM (
                    SELECT key, sum(value::bigint) AS n FROM (
                        SELECT * FROM jsonb_each_text(s.asked)
                        UNION ALL SELECT * FROM jsonb_each_text(excluded.asked)) AS u
                     GROUP BY key) AS sums),
       latencies = (SELECT array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY place)
                      FROM unnest(s.latencies, excluded.latencies)
                           WITH ORDINALITY AS u (a, b, place)),
       state_s = (SELECT coalesce(jsonb_object_agg(key, n), '{}') FROM (
                    SELECT key, sum(value::double precision) AS n FROM (
                        SELECT * FROM jsonb_each_text(s.state_s)
                        UNION ALL SELECT * FROM jsonb_each_text(excluded.state_s)) AS u
                     GROUP BY key) AS sums)
"""

REPORT = """
INSERT INTO seal_breaker (vendor, worker, state, since_s, said) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (vendor, worker) DO UPDATE
   SET state = excluded.state, since_s = excluded.since_s, said = excluded.said, seen_at = now()
"""

FORGET_REPORTS = "DELETE FROM seal_breaker WHERE seen_at < now() - interval '30 seconds'"
FORGET_SCORES = "DELETE FROM seal_score WHERE hour < now() - interval '90 days'"

VENDORS = """
SELECT v.*, k.algorithm, k.certificate,
       s.hours, b.reports
  FROM seal_vendor AS v JOIN seal_key AS k USING (key_id)
  LEFT JOIN LATERAL (
           SELECT json_agg(s) AS hours FROM seal_score AS s
            WHERE s.vendor = v.name AND s.hour > now() - interval '1 day'
       ) AS s ON true
  LEFT JOIN LATERAL (
           SELECT json_agg(b ORDER BY b.worker) AS reports FROM seal_breaker AS b
            WHERE b.vendor = v.name AND b.seen_at > now() - interval '30 seconds'
       ) AS b ON true
 ORDER BY v.name
"""

DISTRUST = """
UPDATE seal_vendor
   SET distrusted_at = coalesce(distrusted_at, now()), distrusted_why = $2, distrusted_by = $3
 WHERE name = $1
"""

TRUST = """
UPDATE seal_vendor SET distrusted_at = NULL, distrusted_why = '', distrusted_by = ''
 WHERE name = $1
"""
