"""The statements of the delivery queue.  Intervals are reckoned from PostgreSQL's own clock."""

from kaipiao.fiscal.delivery import MAIL_LANE, StandingOrder

_ORDER = ", ".join(f"o.{name} AS o_{name}" for name in StandingOrder.__struct_fields__)
_OPEN = "state IN ('waiting', 'sending')"


def _take(direction: str) -> str:
    """1 worker, 2 limit, 3 and 4 lanes in hand and how much, 5 the lane given last, 6 most tries,
    7 lease, 8 and 9 room of a webhook and of mail, 10 most lanes.

    ``lanes`` hops from lane to lane in ``delivery_open``, so it costs a probe a lane, not a row.
    """
    return f"""
    WITH RECURSIVE lanes AS (
        (SELECT lane FROM delivery WHERE {_OPEN} AND lane > $5 ORDER BY lane LIMIT 1)
        UNION ALL
        SELECT (SELECT d.lane FROM delivery AS d
                 WHERE {_OPEN} AND d.lane > lanes.lane ORDER BY d.lane LIMIT 1)
          FROM lanes WHERE lanes.lane IS NOT NULL
    ), open AS (
        SELECT lanes.lane, f.failures IS NOT NULL AS is_lane_failing,
               CASE WHEN f.failures IS NOT NULL THEN 1
                    WHEN lanes.lane = '{MAIL_LANE}' THEN $9::integer
                    ELSE $8::integer END - coalesce(b.busy, 0) AS room
          FROM lanes
          LEFT JOIN lane AS f ON f.lane = lanes.lane
          LEFT JOIN unnest($3::text[], $4::integer[]) AS b (lane, busy) ON b.lane = lanes.lane
         WHERE lanes.lane IS NOT NULL AND coalesce(f.open_until <= now(), true)
         LIMIT $10
    ), chosen AS (
        SELECT due.*, open.is_lane_failing
          FROM open CROSS JOIN LATERAL (
                   SELECT delivery_id, state, round, tries, worker FROM delivery
                    WHERE lane = open.lane AND {_OPEN} AND due_at <= now() AND tries < $6
                    ORDER BY due_at {direction} LIMIT greatest(open.room, 0)
                      FOR UPDATE SKIP LOCKED
               ) AS due
         LIMIT $2
    ), lost AS (
        INSERT INTO delivery_attempt
               (delivery_id, round, try, worker, outcome, status, said, took_ms)
        SELECT delivery_id, round, tries, worker, 'lost', 0,
               'the worker died; whether this was sent is unknown', 0
          FROM chosen WHERE state = 'sending'
        ON CONFLICT DO NOTHING
    ), taken AS (
        UPDATE delivery AS d
           SET state = 'sending', worker = $1, tries = d.tries + 1, due_at = now() + $7::interval
          FROM chosen WHERE d.delivery_id = chosen.delivery_id
        RETURNING d.delivery_id, d.channel, d.lane, d.order_id, d.event, d.subject, d.body,
                  d.round, d.tries, chosen.is_lane_failing
    )
    SELECT taken.*, {_ORDER} FROM taken LEFT JOIN standing_order AS o USING (order_id)
    """


TAKE_NEWEST, TAKE_OLDEST = _take("DESC"), _take("ASC")

RENEW = """
UPDATE delivery SET due_at = now() + $3::interval
 WHERE delivery_id = ANY ($2::text[]) AND worker = $1 AND state = 'sending'
"""

SETTLE = """
WITH tried AS (
    INSERT INTO delivery_attempt AS a
           (delivery_id, round, try, worker, outcome, status, said, took_ms)
    VALUES ($1, $2, $3, $4, $8, $9, $7, $10)
    ON CONFLICT (delivery_id, round, try) DO UPDATE  -- it was thought lost
       SET outcome = excluded.outcome, status = excluded.status, said = excluded.said,
           took_ms = excluded.took_ms, ended_at = now()
), noted AS (
    UPDATE delivery
       SET state = $5, said = $7, worker = '',
           due_at = CASE WHEN $5 = 'waiting' THEN now() + $6::interval ELSE due_at END,
           settled_at = CASE WHEN $5 = 'waiting' THEN NULL ELSE now() END
     WHERE delivery_id = $1 AND round = $2 AND tries = $3 AND worker = $4 AND state = 'sending'
    RETURNING 1
)
SELECT count(*) = 1 FROM noted
"""

LANE_FAILED = """
INSERT INTO lane AS l (lane, failures, failing_since, open_until) VALUES ($1, 1, now(), now())
ON CONFLICT (lane) DO UPDATE
   SET failures = l.failures + 1,
       open_until = CASE WHEN l.failures < 2 THEN now()
                         ELSE now() + least(900, 5 * power(2, least(l.failures, 20) - 2))
                                    * interval '1 second'
                    END
"""
"""Closed from the third failure in a row: 5 s, 10 s, 20 s …, at most a quarter of an hour."""

DISABLE = """
UPDATE standing_order SET disabled_at = now(), disabled_why = $2
 WHERE order_id = ANY ($1::text[]) AND disabled_at IS NULL
"""

BURY = """
UPDATE delivery SET state = 'dead', settled_at = now(), said = 'the endpoint was disabled'
 WHERE order_id = ANY ($1::text[]) AND state = 'waiting'
"""

GIVE_UP = """
UPDATE delivery SET state = 'dead', settled_at = now(), worker = '',
       said = CASE WHEN said = '' THEN 'it did not arrive in time' ELSE said END
 WHERE (state = 'waiting' AND (give_up_at <= now() OR tries >= $1))
    OR (state = 'sending' AND due_at <= now() AND (give_up_at <= now() OR tries >= $1))
"""

HOPELESS = "SELECT lane FROM lane WHERE failures >= 10 AND failing_since < now() - $1::interval"

FORGET = """
DELETE FROM delivery WHERE delivery_id IN (
    SELECT delivery_id FROM delivery
     WHERE settled_at < now() - $1::interval
       AND (state <> 'dead' OR settled_at < now() - $2::interval) LIMIT 5000)
"""

FORGET_LINKS = "DELETE FROM download_link WHERE expires_at < now() - $1::interval"

_AGAIN = """
UPDATE delivery SET state = 'waiting', round = round + 1, tries = 0, due_at = now(), said = '',
       give_up_at = now() + interval '5 days', settled_at = NULL, worker = ''
"""

REPLAY = (
    _AGAIN
    + """
 WHERE delivery_id = ANY ($1::text[]) AND state IN ('delivered', 'dead', 'cancelled')
"""
)

REPLAY_RANGE = (
    _AGAIN
    + """
 WHERE delivery_id IN (
    SELECT delivery_id FROM delivery
     WHERE order_id = $1 AND happened_at >= $2 AND happened_at < $3
       AND (state = 'dead' OR (NOT $4::boolean AND state IN ('delivered', 'cancelled')))
     ORDER BY place LIMIT $5 FOR UPDATE SKIP LOCKED)
"""
)
