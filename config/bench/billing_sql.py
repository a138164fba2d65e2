"""The SQL that billing is compared with: floors that nothing can beat, and brute force."""

# ruff: noqa: S608 - every piece put together here is a constant of the portal; values are bound parameters.

from billing.ledger_sql import EMPTY_CHECKSUM, INSTANT
from billing.models import BillingReport
from billing.report_columns import copy_sql
from billing.report_sql import CORE, KEYS, LINES, LineKind

# A night's changes: so many people get another package, each at a second of his own and each of another customer, so that
# there are as many ledger rows to write whatever the number of subscribers.
CHOOSE = """
CREATE TEMPORARY TABLE bench_change ON COMMIT DROP AS
SELECT id, %(opens)s::timestamptz + (('x' || substr(md5(id::text), 1, 8))::bit(32)::bigint %% 86400) * interval '1 second' AS at
FROM (
    SELECT DISTINCT ON (customer_id) id FROM controlhub_packageassignment
    WHERE partner_id = ANY(%(partners)s) AND ended_at IS NULL
    ORDER BY customer_id, md5(%(seed)s || id::text)
) one_each
ORDER BY md5(%(seed)s || id::text) LIMIT %(people)s
"""
END = "UPDATE controlhub_packageassignment held SET ended_at = at FROM bench_change WHERE bench_change.id = held.id"
START = """
INSERT INTO controlhub_packageassignment
    (partner_id, customer_id, location_id, subscriber_id, workspace_id, package, is_base, started_at)
SELECT partner_id, customer_id, location_id, subscriber_id, workspace_id,
       CASE package WHEN 'webex_suite' THEN 'webex_calling' ELSE 'webex_suite' END, is_base, at
FROM controlhub_packageassignment JOIN bench_change USING (id)
"""
FORGET = "DROP TABLE bench_change"

# The floor of a night: one statement that writes the same ledger rows of all partners, and nothing else.
NIGHT_FLOOR = f"""
WITH changes AS MATERIALIZED (
    SELECT partner_id, customer_id, package, location_id, 1 AS opened, -{INSTANT.format("started_at")} AS moved
    FROM controlhub_packageassignment
    WHERE partner_id = ANY(%(partners)s) AND started_at >= %(opens)s AND started_at < %(closes)s
    UNION ALL
    SELECT partner_id, customer_id, package, location_id, -1, {INSTANT.format("ended_at")}
    FROM controlhub_packageassignment
    WHERE partner_id = ANY(%(partners)s) AND ended_at >= %(opens)s AND ended_at < %(closes)s
),
customer_rows AS (
    INSERT INTO billing_usageday (partner_id, customer_id, package, location_id, day, open_count, shift)
    SELECT key.partner_id, key.customer_id, key.package, key.location_id, %(day)s,
           coalesce(last.open_count, 0) + key.opened, coalesce(last.shift, 0) + key.moved
    FROM (
        SELECT partner_id, customer_id, package, location_id, sum(opened)::bigint AS opened, sum(moved)::bigint AS moved
        FROM changes GROUP BY partner_id, customer_id, package, location_id
    ) key
    LEFT JOIN LATERAL (
        SELECT open_count, shift FROM billing_usageday
        WHERE partner_id = key.partner_id AND customer_id = key.customer_id AND package = key.package
          AND coalesce(location_id, 0) = coalesce(key.location_id, 0) AND day < %(day)s
        ORDER BY day DESC LIMIT 1
    ) last ON true
    WHERE key.opened <> 0 OR key.moved <> 0
)
INSERT INTO billing_partnerusageday (partner_id, package, day, open_count, shift)
SELECT key.partner_id, key.package, %(day)s,
       coalesce(last.open_count, 0) + key.opened, coalesce(last.shift, 0) + key.moved
FROM (
    SELECT partner_id, package, sum(opened)::bigint AS opened, sum(moved)::bigint AS moved
    FROM changes GROUP BY partner_id, package
) key
LEFT JOIN LATERAL (
    SELECT open_count, shift FROM billing_partnerusageday
    WHERE partner_id = key.partner_id AND package = key.package AND day < %(day)s
    ORDER BY day DESC LIMIT 1
) last ON true
WHERE key.opened <> 0 OR key.moved <> 0
"""

# So that the portal goes on where the floor has been.
CALL_IT_CLOSED = f"""
INSERT INTO billing_dayclose (partner_id, day, changes, checksum)
SELECT partner_id, %(day)s, 0, '{EMPTY_CHECKSUM}' FROM unnest(%(partners)s::bigint[]) AS partner_id
"""

# Brute force: a row for every assignment and day, as one would do it without a ledger.
DENSE_TABLE = "CREATE TABLE bench_dense (partner_id bigint, assignment_id bigint, day date, seconds integer)"
DENSE_NIGHT = """
INSERT INTO bench_dense
SELECT partner_id, id, %(day)s, extract(epoch FROM least(ended_at, %(closes)s) - greatest(started_at, %(opens)s))
FROM controlhub_packageassignment
WHERE partner_id = ANY(%(partners)s) AND started_at < %(closes)s AND (ended_at IS NULL OR ended_at > %(opens)s)
"""
DROP_DENSE = "DROP TABLE bench_dense"


def _lines(report_type: str, core: str, partners: list[int]) -> str:
    """The lines of all partners as one subquery with the columns of the reports' temporary table."""
    keys = KEYS[BillingReport.Type(report_type)]
    has = set(keys.replace(",", " ").split())
    columns = ", ".join(
        name if name in has else f"NULL::bigint AS {name}"
        for name in ("customer_id", "location_id", "subscriber_id", "workspace_id")
    )
    return " UNION ALL ".join(
        f"SELECT {place} AS place, {partner}::bigint AS partner_id, {LineKind.USAGE} AS kind, package AS item, {columns},"
        f" starts_on, ends_on, seconds, NULL::bigint AS units FROM ({core.replace('%(partner)s', str(partner))}) core"
        for place, partner in enumerate(partners)
    )


def report_floor(report_type: str, partners: list[int]) -> str:
    """One COPY: the same lines, columns and order, straight from the tables."""
    core = CORE[BillingReport.Type(report_type)]
    return _copy(report_type, core, partners)


def report_by_brute_force(report_type: str, partners: list[int]) -> str:
    """The same by adding up every assignment."""
    keys = KEYS[BillingReport.Type(report_type)]
    users = CORE[BillingReport.Type.USER]
    core = (
        f"SELECT {keys}, min(starts_on) AS starts_on, max(ends_on) AS ends_on, sum(seconds)::bigint AS seconds"
        f" FROM ({users}) users GROUP BY {keys}"
    )
    return _copy(report_type, core, partners)


def _copy(report_type: str, core: str, partners: list[int]) -> str:
    return copy_sql(report_type).replace(f"FROM {LINES} line", f"FROM ({_lines(report_type, core, partners)}) line")
