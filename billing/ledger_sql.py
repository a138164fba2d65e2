"""The SQL that closes a day. Parameters everywhere: partner (id), day (date), opens and closes (its two midnights, UTC).

Nothing here depends on the session's time zone: instants are compared as instants and turned into seconds by their epoch.
"""

# ruff: noqa: S608 - every piece put together here is a constant of this file; values are bound parameters.

from billing.corrections_sql import strange_adjustments, wrong_adjustments

# Seconds since 2020-01-01 UTC, of an instant and of a day's midnight.
INSTANT = "(extract(epoch FROM {})::bigint - 1577836800)"
MIDNIGHT = "(({} - DATE '2020-01-01') * 86400::bigint)"

# The first column first: it waits no longer than it may.
LOCK_PARTNER = "SELECT set_config('lock_timeout', %(patience)s, true), pg_advisory_xact_lock(billing_lock(%(partner)s))"

NEXT_DAY = """
SELECT coalesce(
    (SELECT max(day) + 1 FROM billing_dayclose WHERE partner_id = partner.id),
    least(
        billing_start_on,
        (SELECT (min(started_at) AT TIME ZONE 'UTC')::date FROM controlhub_packageassignment WHERE partner_id = partner.id)
    )
)
FROM tenancy_partner partner WHERE id = %(partner)s
"""

# The first day, from `day` on, on which something started or ended, or was corrected: three index probes.
NEXT_CHANGE = """
SELECT least(
    ((SELECT min(started_at) FROM controlhub_packageassignment WHERE partner_id = %(partner)s AND started_at >= %(opens)s)
        AT TIME ZONE 'UTC')::date,
    ((SELECT min(ended_at) FROM controlhub_packageassignment WHERE partner_id = %(partner)s AND ended_at >= %(opens)s)
        AT TIME ZONE 'UTC')::date,
    (SELECT min(made_on) FROM billing_usageadjustment WHERE partner_id = %(partner)s AND made_on >= %(day)s)
)
"""

EMPTY_CHECKSUM = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing
CLOSE_EMPTY_DAYS = f"""
INSERT INTO billing_dayclose (partner_id, day, changes, checksum)
SELECT %(partner)s, day::date, 0, '{EMPTY_CHECKSUM}'
FROM generate_series(%(day)s::timestamp, %(last)s::timestamp, interval '1 day') AS day
ORDER BY day
"""

# Both checksums, of the rows just written and of the rows as they stand (I6), must spell a row alike.
CUSTOMER_LINE = "concat_ws('|', 'C', customer_id, package, coalesce(location_id, 0), open_count, shift)"
PARTNER_LINE = "concat_ws('|', 'P', package, open_count, shift)"
ADJUSTMENT_LINE = """concat_ws('|', 'A', correction_id, to_char(about_on, 'YYYY-MM-DD'), seconds, customer_id, package,
    coalesce(location_id, 0), coalesce(subscriber_id, 0), coalesce(workspace_id, 0))"""
CHECKSUM = (
    """encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex')"""
)

_CHANGES = f"""
    SELECT customer_id, package, location_id, 1 AS opened, -{INSTANT.format("started_at")} AS moved
    FROM controlhub_packageassignment
    WHERE partner_id = %(partner)s AND started_at >= %(opens)s AND started_at < %(closes)s
    UNION ALL
    SELECT customer_id, package, location_id, -1, {INSTANT.format("ended_at")}
    FROM controlhub_packageassignment
    WHERE partner_id = %(partner)s AND ended_at >= %(opens)s AND ended_at < %(closes)s
"""

# The cost follows the number of changes: each changed key finds its last row with one index probe.
CLOSE_DAY = f"""
WITH changes AS MATERIALIZED ({_CHANGES}),
customer_rows AS (
    INSERT INTO billing_usageday (partner_id, customer_id, package, location_id, day, open_count, shift)
    SELECT %(partner)s, key.customer_id, key.package, key.location_id, %(day)s,
           coalesce(last.open_count, 0) + key.opened, coalesce(last.shift, 0) + key.moved
    FROM (
        SELECT customer_id, package, location_id, sum(opened)::bigint AS opened, sum(moved)::bigint AS moved
        FROM changes GROUP BY customer_id, package, location_id
    ) key
    LEFT JOIN LATERAL (
        SELECT open_count, shift FROM billing_usageday
        WHERE partner_id = %(partner)s AND customer_id = key.customer_id AND package = key.package
          AND coalesce(location_id, 0) = coalesce(key.location_id, 0) AND day < %(day)s
        ORDER BY day DESC LIMIT 1
    ) last ON true
    WHERE key.opened <> 0 OR key.moved <> 0
    RETURNING {CUSTOMER_LINE} AS line
),
partner_rows AS (
    INSERT INTO billing_partnerusageday (partner_id, package, day, open_count, shift)
    SELECT %(partner)s, key.package, %(day)s,
           coalesce(last.open_count, 0) + key.opened, coalesce(last.shift, 0) + key.moved
    FROM (
        SELECT package, sum(opened)::bigint AS opened, sum(moved)::bigint AS moved FROM changes GROUP BY package
    ) key
    LEFT JOIN LATERAL (
        SELECT open_count, shift FROM billing_partnerusageday
        WHERE partner_id = %(partner)s AND package = key.package AND day < %(day)s
        ORDER BY day DESC LIMIT 1
    ) last ON true
    WHERE key.opened <> 0 OR key.moved <> 0
    RETURNING {PARTNER_LINE} AS line
),
lines AS (
    SELECT line FROM customer_rows UNION ALL SELECT line FROM partner_rows UNION ALL
    SELECT {ADJUSTMENT_LINE} FROM billing_usageadjustment WHERE partner_id = %(partner)s AND made_on = %(day)s
)
SELECT (SELECT count(*) FROM changes), {CHECKSUM} FROM lines
"""

# The second opinion before a day closes. It shares nothing with CLOSE_DAY, and like it follows the changes, not the
# population: it takes each assignment that started or ended that day, clamps it to the day, adds what stood open before for
# all of the day, and asks the ledger for the same two figures. What stood open before was checked when it was closed, and
# stays. Eight keys, other ones each night, are counted from all their assignments (the invariants count every key). And
# the partner's ledger must have moved by as much as its customers' together, and adjustments made that day come to what
# their corrections say.
RECOUNTED, RECOUNTED_AT_MOST = 8, 1000
_STANDING = """
LEFT JOIN LATERAL (
    SELECT open_count, shift FROM billing_usageday
    WHERE partner_id = %(partner)s AND customer_id = touched.customer_id AND package = touched.package
      AND coalesce(location_id, 0) = coalesce(touched.location_id, 0) AND day {}
    ORDER BY day DESC LIMIT 1
) {} ON true
"""
_PARTNER_STANDING = """
LEFT JOIN LATERAL (
    SELECT open_count, shift FROM billing_partnerusageday
    WHERE partner_id = %(partner)s AND package = together.package AND day {}
    ORDER BY day DESC LIMIT 1
) {} ON true
"""
_WRONG_ADJUSTMENTS = wrong_adjustments(
    """
    SELECT assignment_id FROM billing_usagecorrection
    WHERE partner_id = %(partner)s AND made_at >= %(opens)s AND made_at < %(closes)s
    """,
    until="%(day)s::date",
)
_STRANGE_ADJUSTMENTS = strange_adjustments("adjustment.partner_id = %(partner)s AND made_on = %(day)s")
CHECK_DAY = f"""
WITH facts AS (
    SELECT customer_id, package, location_id, started_at, ended_at FROM controlhub_packageassignment
    WHERE partner_id = %(partner)s AND started_at >= %(opens)s AND started_at < %(closes)s
    UNION ALL
    SELECT customer_id, package, location_id, started_at, ended_at FROM controlhub_packageassignment
    WHERE partner_id = %(partner)s AND ended_at >= %(opens)s AND ended_at < %(closes)s AND started_at < %(opens)s
),
touched AS (
    SELECT customer_id, package, location_id,
           sum(CASE WHEN started_at < %(opens)s THEN -extract(epoch FROM %(closes)s - ended_at)::integer
                    ELSE extract(epoch FROM least(ended_at, %(closes)s) - started_at)::integer END) AS seconds,
           sum(CASE WHEN started_at < %(opens)s THEN -1
                    WHEN ended_at IS NULL OR ended_at >= %(closes)s THEN 1 ELSE 0 END) AS opened
    FROM facts GROUP BY customer_id, package, location_id
),
compared AS MATERIALIZED (
    SELECT touched.customer_id, touched.package, touched.location_id,
           coalesce(was.open_count, 0) * 86400 + touched.seconds AS assigned_seconds,
           coalesce(was.open_count, 0) + touched.opened AS assigned_open,
           coalesce(now.open_count, 0) AS open_count,
           coalesce(now.open_count, 0) - coalesce(was.open_count, 0) AS opened,
           coalesce(now.shift, 0) - coalesce(was.shift, 0) AS moved,
           coalesce(now.open_count * {MIDNIGHT.format("(%(day)s::date + 1)")} + now.shift, 0)
             - coalesce(was.open_count * {MIDNIGHT.format("%(day)s::date")} + was.shift, 0) AS seconds
    FROM touched
    {_STANDING.format("<= %(day)s", "now")} {_STANDING.format("< %(day)s", "was")}
),
recounted AS (
    SELECT chosen.customer_id, chosen.package, chosen.seconds, chosen.open_count,
           assigned.seconds AS assigned_seconds, assigned.open_count AS assigned_open
    FROM (
        SELECT * FROM compared WHERE open_count <= {RECOUNTED_AT_MOST}
        ORDER BY hashtextextended(concat_ws('|', customer_id, package, location_id), %(day)s::date - DATE '2020-01-01')
        LIMIT {RECOUNTED}
    ) chosen
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(extract(epoch FROM least(ended_at, %(closes)s) - greatest(started_at, %(opens)s)))
                   FILTER (WHERE ended_at IS NULL OR ended_at > %(opens)s), 0)::bigint AS seconds,
               count(*) FILTER (WHERE ended_at IS NULL OR ended_at >= %(closes)s) AS open_count
        FROM controlhub_packageassignment
        WHERE customer_id = chosen.customer_id AND partner_id = %(partner)s AND package = chosen.package
          AND location_id IS NOT DISTINCT FROM chosen.location_id AND started_at < %(closes)s
    ) assigned
),
together AS (SELECT package, sum(opened) AS opened, sum(moved) AS moved FROM compared GROUP BY package)
SELECT format('customer %%s, package %%s: the ledger says %%s seconds and %%s open, the assignments say %%s and %%s',
              customer_id, package, seconds, open_count, assigned_seconds, assigned_open)
FROM (
    SELECT customer_id, package, seconds, open_count, assigned_seconds, assigned_open FROM compared
    UNION ALL SELECT * FROM recounted
) counted WHERE (seconds, open_count) <> (assigned_seconds, assigned_open)
UNION ALL
SELECT format('package %%s: the partner''s ledger moved by %%s and %%s, its customers'' by %%s and %%s', together.package,
              coalesce(now.open_count, 0) - coalesce(was.open_count, 0), coalesce(now.shift, 0) - coalesce(was.shift, 0),
              together.opened, together.moved)
FROM together {_PARTNER_STANDING.format("<= %(day)s", "now")} {_PARTNER_STANDING.format("< %(day)s", "was")}
WHERE (coalesce(now.open_count, 0) - coalesce(was.open_count, 0), coalesce(now.shift, 0) - coalesce(was.shift, 0))
   <> (together.opened, together.moved)
UNION ALL
SELECT sentence FROM ({_WRONG_ADJUSTMENTS}) wrong
UNION ALL
SELECT sentence FROM ({_STRANGE_ADJUSTMENTS}) strange
LIMIT 3
"""
