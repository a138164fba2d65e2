"""The SQL of what a report counts. Parameters: partner (id), first and after (dates: from `first` up to, not including, `after`),
packages.

Each level has a core: keys, first and last day of use, exact integer seconds; only keys that were used. PARTNER and CUSTOMER
read the ledger, USER clamps the assignments: the three must come to the same total. Later truth (docs/adr/0011) is beside it,
in lines of its own. `billing.services.counting` puts the lines together and compares, `billing.report_columns` prints them.
"""

# ruff: noqa: S608 - every piece put together here is a constant of this file; values are bound parameters.

from enum import IntEnum

from billing.items import EXPRESS, STANDARD
from billing.ledger_sql import MIDNIGHT
from billing.models import BillingReport


class LineKind(IntEnum):
    """What a line of a report is about. The order is the order in the file."""

    USAGE = 1
    ADJUSTMENT = 2
    SETUP_ASSIST = 3
    ALLOCATION = 4


def _ledger_core(table: str, keys: str) -> str:
    """Between two rows of a key its use is a plateau of `open_count` days a day; on a row's own day it is F(end) - F(start).

    Summed up they are F(after) - F(first); taken apart they also say on which days there was any use.
    """
    return f"""
    SELECT {keys}, min(CASE WHEN on_day > 0 THEN day WHEN plateau > 0 THEN plateau_from END) AS starts_on,
           max(CASE WHEN plateau > 0 THEN plateau_until WHEN on_day > 0 THEN day END) AS ends_on,
           sum(on_day + plateau)::bigint AS seconds
    FROM (
        SELECT {keys}, day, greatest(day + 1, %(first)s) AS plateau_from, next_day - 1 AS plateau_until,
               CASE WHEN day >= %(first)s
                    THEN open_count * {MIDNIGHT.format("(day + 1)")} + shift
                         - before_count * {MIDNIGHT.format("day")} - before_shift
                    ELSE 0 END AS on_day,
               open_count * 86400 * greatest(next_day - greatest(day + 1, %(first)s), 0) AS plateau
        FROM (
            SELECT {keys}, day, open_count, shift,
                   lag(open_count, 1, 0::bigint) OVER key AS before_count, lag(shift, 1, 0::bigint) OVER key AS before_shift,
                   lead(day, 1, %(after)s) OVER key AS next_day
            FROM {table} WHERE partner_id = %(partner)s AND day < %(after)s AND package = ANY(%(packages)s)
            WINDOW key AS (PARTITION BY {keys} ORDER BY day)
        ) steps
    ) used
    GROUP BY {keys}
    HAVING sum(on_day + plateau) > 0
    """


_USER_KEYS = "customer_id, location_id, package, subscriber_id, workspace_id"
KEYS = {
    BillingReport.Type.PARTNER: "package",
    BillingReport.Type.CUSTOMER: "customer_id, location_id, package",
    BillingReport.Type.USER: _USER_KEYS,
}
_OPENS, _CLOSES = "(%(first)s::timestamp AT TIME ZONE 'UTC')", "(%(after)s::timestamp AT TIME ZONE 'UTC')"
CORE = {
    BillingReport.Type.PARTNER: _ledger_core("billing_partnerusageday", KEYS[BillingReport.Type.PARTNER]),
    BillingReport.Type.CUSTOMER: _ledger_core("billing_usageday", KEYS[BillingReport.Type.CUSTOMER]),
    # An interval ends before `ended_at`, so its last day is that of the second before.
    BillingReport.Type.USER: f"""
    SELECT {_USER_KEYS}, min((clamped_start AT TIME ZONE 'UTC')::date) AS starts_on,
           max(((clamped_end - interval '1 second') AT TIME ZONE 'UTC')::date) AS ends_on,
           sum(extract(epoch FROM clamped_end - clamped_start))::bigint AS seconds
    FROM (
        SELECT {_USER_KEYS}, greatest(started_at, {_OPENS}) AS clamped_start, least(ended_at, {_CLOSES}) AS clamped_end
        FROM controlhub_packageassignment
        WHERE partner_id = %(partner)s AND started_at < {_CLOSES} AND (ended_at IS NULL OR ended_at > {_OPENS})
          AND package = ANY(%(packages)s)
    ) clamped
    WHERE clamped_end > clamped_start
    GROUP BY {_USER_KEYS}
    """,
}


def adjustments_core(report_type: str) -> str:
    """What was corrected in the period, by the level's keys and the day it is about."""
    keys = KEYS[BillingReport.Type(report_type)]
    return f"""
    SELECT {keys}, about_on AS starts_on, about_on AS ends_on, sum(seconds)::bigint AS seconds
    FROM billing_usageadjustment
    WHERE partner_id = %(partner)s AND made_on >= %(first)s AND made_on < %(after)s
    GROUP BY {keys}, about_on
    HAVING sum(seconds) <> 0
    """


def setup_assist_core(report_type: str) -> str:
    """What was ordered in the period: Express counts the location, Standard its users. It is nobody's in particular."""
    keys = KEYS[BillingReport.Type(report_type)]
    return f"""
    SELECT {keys}, min(on_day) AS starts_on, max(on_day) AS ends_on, sum(units)::bigint AS units
    FROM (
        SELECT customer_id, location_id, NULL::bigint AS subscriber_id, NULL::bigint AS workspace_id,
               CASE kind WHEN 'express' THEN '{EXPRESS}' ELSE '{STANDARD}' END AS package,
               CASE kind WHEN 'express' THEN 1 ELSE seats END AS units, (ordered_at AT TIME ZONE 'UTC')::date AS on_day
        FROM controlhub_setupassistorder
        WHERE partner_id = %(partner)s AND status <> 'cancelled' AND ordered_at >= {_OPENS} AND ordered_at < {_CLOSES}
    ) ordered
    WHERE package = ANY(%(packages)s)
    GROUP BY {keys}
    """


# The partner's total as the difference of two cumulative rows per package: a third way, two index probes each.
PARTNER_TOTALS = f"""
SELECT package, (
    coalesce(later.open_count * {MIDNIGHT.format("%(after)s::date")} + later.shift, 0)
    - coalesce(earlier.open_count * {MIDNIGHT.format("%(first)s::date")} + earlier.shift, 0)
)::bigint AS seconds
FROM unnest(%(packages)s::text[]) AS packages(package)
LEFT JOIN LATERAL (
    SELECT open_count, shift FROM billing_partnerusageday
    WHERE partner_id = %(partner)s AND billing_partnerusageday.package = packages.package AND day < %(after)s
    ORDER BY day DESC LIMIT 1
) later ON true
LEFT JOIN LATERAL (
    SELECT open_count, shift FROM billing_partnerusageday
    WHERE partner_id = %(partner)s AND billing_partnerusageday.package = packages.package AND day < %(first)s
    ORDER BY day DESC LIMIT 1
) earlier ON true
"""

ADJUSTMENT_TOTALS = """
SELECT package, sum(seconds)::bigint AS seconds FROM billing_usageadjustment
WHERE partner_id = %(partner)s AND made_on >= %(first)s AND made_on < %(after)s
GROUP BY package HAVING sum(seconds) <> 0
"""


def allocation_core(report_type: str) -> str:
    """Open assignments at the instant `as_of`, counted by the level's keys."""
    keys = KEYS[BillingReport.Type(report_type)]
    return f"""
    SELECT {keys}, on_day AS starts_on, on_day AS ends_on, count(*) AS units
    FROM controlhub_packageassignment, (VALUES ((%(as_of)s::timestamptz AT TIME ZONE 'UTC')::date)) AS moment(on_day)
    WHERE partner_id = %(partner)s AND started_at <= %(as_of)s AND (ended_at IS NULL OR ended_at > %(as_of)s)
    GROUP BY {keys}, on_day
    """


# The same from the other side: what the ledger says of the end of the last closed day, and what has changed since.
_ALLOCATION_TOTALS = """
SELECT package AS item, sum(change)::bigint AS units
FROM (
    SELECT package, open_count AS change FROM (
        SELECT DISTINCT ON (package) package, open_count FROM billing_partnerusageday
        WHERE partner_id = %(partner)s ORDER BY package, day DESC
    ) last
    UNION ALL
    SELECT package, 1 FROM controlhub_packageassignment, since
    WHERE partner_id = %(partner)s AND started_at >= opens AND started_at <= %(as_of)s
    UNION ALL
    SELECT package, -1 FROM controlhub_packageassignment, since
    WHERE partner_id = %(partner)s AND ended_at >= opens AND ended_at <= %(as_of)s
) changes
GROUP BY package HAVING sum(change) <> 0
"""

# A report looks its users up by key. At the server's default price of a jump, meant for turning disks, it would rather read the
# users of all partners, once there are a hundred times as many (docs/scaling.md).
LOOK_UP = "SET LOCAL random_page_cost = 1.1"

# The lines of one report while it is made. A level leaves the keys that it does not have null.
LINES = "report_line"
CREATE_LINES = f"""
CREATE TEMPORARY TABLE {LINES} (
    place integer, partner_id bigint, kind smallint, item text,
    customer_id bigint, location_id bigint, subscriber_id bigint, workspace_id bigint,
    starts_on date, ends_on date, seconds bigint, units bigint
)
"""


def _add(kind: LineKind, report_type: str, core: str, quantity: str) -> str:
    """Add the lines of a core. `place` is the partner's place in the report."""
    keys = KEYS[BillingReport.Type(report_type)]
    return f"""
    INSERT INTO {LINES} (place, partner_id, kind, {keys.replace("package", "item")}, starts_on, ends_on, {quantity})
    SELECT %(place)s, %(partner)s, {kind}, {keys}, starts_on, ends_on, {quantity} FROM ({core}) core
    """


def add_usage(report_type: str) -> str:
    """Lines of what was used in the period."""
    return _add(LineKind.USAGE, report_type, CORE[BillingReport.Type(report_type)], "seconds")


def add_adjustments(report_type: str) -> str:
    """Lines of what was corrected in the period."""
    return _add(LineKind.ADJUSTMENT, report_type, adjustments_core(report_type), "seconds")


def add_setup_assist(report_type: str) -> str:
    """Lines of Setup Assist that was ordered in the period."""
    return _add(LineKind.SETUP_ASSIST, report_type, setup_assist_core(report_type), "units")


def add_allocation(report_type: str) -> str:
    """Lines of what is open at `as_of`; returns (item, counted, due) where the two sides differ.

    One statement, because both sides must see the same commits: use goes on while this runs.
    """
    return f"""
    WITH since AS (
        SELECT coalesce((max(day) + 1)::timestamp AT TIME ZONE 'UTC', '-infinity') AS opens
        FROM billing_dayclose WHERE partner_id = %(partner)s
    ),
    added AS ({_add(LineKind.ALLOCATION, report_type, allocation_core(report_type), "units")} RETURNING item, units),
    counted AS (SELECT item, sum(units) AS units FROM added GROUP BY item),
    due AS ({_ALLOCATION_TOTALS})
    SELECT item, counted.units, due.units FROM counted FULL JOIN due USING (item)
    WHERE counted.units IS DISTINCT FROM due.units
    """


# Seconds, or units of what is counted, added up by partner, kind and item; then all together.
ITEM_TOTALS = (
    f"SELECT partner_id, kind, item, sum(coalesce(seconds, units))::bigint FROM {LINES} GROUP BY partner_id, kind, item"
)
TOTALS = f"""
SELECT count(*), coalesce(sum(seconds), 0)::bigint,
       coalesce(sum(seconds) FILTER (WHERE kind = {LineKind.ADJUSTMENT}), 0)::bigint, coalesce(sum(units), 0)::bigint
FROM {LINES}
"""
