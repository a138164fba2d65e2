"""What must always hold in billing, as SQL that returns the rows that break it (reliability-security.md 3.1).

These read everything: they are for the nightly check and for restored backups, not for a page.
"""

# ruff: noqa: S608 - every piece put together here is a constant of billing.ledger_sql.

from billing.corrections_sql import MORE_THAN_A_DAY, strange_adjustments, wrong_adjustments
from billing.invoice_invariants import INVOICE_INVARIANTS
from billing.ledger_sql import ADJUSTMENT_LINE, CHECKSUM, CUSTOMER_LINE, INSTANT, PARTNER_LINE

_STARTS_AND_ENDS = f"""
    SELECT a.partner_id, customer_id, package, location_id, (started_at AT TIME ZONE 'UTC')::date AS day,
           1 AS opened, -{INSTANT.format("started_at")} AS moved
    FROM controlhub_packageassignment a
    UNION ALL
    SELECT a.partner_id, customer_id, package, location_id, (ended_at AT TIME ZONE 'UTC')::date,
           -1, {INSTANT.format("ended_at")}
    FROM controlhub_packageassignment a WHERE ended_at IS NOT NULL
"""
_CLOSED = f"""
    SELECT changes.* FROM ({_STARTS_AND_ENDS}) changes
    JOIN billing_dayclose USING (partner_id, day)
"""


def _recomputed(table: str, keys: str) -> str:
    """Rows of a ledger table that differ from running sums over all assignments, in either direction."""
    return f"""
    WITH expected AS (
        SELECT {keys}, day, sum(opened) OVER run AS open_count, sum(moved) OVER run AS shift, opened, moved
        FROM (SELECT {keys}, day, sum(opened) AS opened, sum(moved) AS moved FROM ({_CLOSED}) c GROUP BY {keys}, day) days
        WINDOW run AS (PARTITION BY {keys} ORDER BY day)
    ),
    due AS (SELECT {keys}, day, open_count, shift FROM expected WHERE opened <> 0 OR moved <> 0),
    kept AS (SELECT {keys}, day, open_count, shift FROM {table})
    (SELECT 'missing or wrong' AS what, * FROM due EXCEPT ALL SELECT 'missing or wrong', * FROM kept)
    UNION ALL
    (SELECT 'should not be there', * FROM kept EXCEPT ALL SELECT 'should not be there', * FROM due)
    """


INVARIANTS = [
    (
        "I6",
        "each customer's closed usage equals its assignments, row by row",
        _recomputed("billing_usageday", "partner_id, customer_id, package, location_id"),
    ),
    (
        "I6b",
        "each partner's closed usage equals its assignments, row by row",
        _recomputed("billing_partnerusageday", "partner_id, package"),
    ),
    (
        "I6c",
        "each closed day still has the checksum it was closed with",
        f"""
        WITH lines AS (
            SELECT partner_id, day, {CUSTOMER_LINE} AS line FROM billing_usageday
            UNION ALL
            SELECT partner_id, day, {PARTNER_LINE} FROM billing_partnerusageday
            UNION ALL
            SELECT partner_id, made_on, {ADJUSTMENT_LINE} FROM billing_usageadjustment
        )
        SELECT partner_id, day, closed.checksum FROM billing_dayclose closed LEFT JOIN lines USING (partner_id, day)
        GROUP BY partner_id, day, closed.checksum HAVING closed.checksum <> {CHECKSUM}
        """,
    ),
    (
        "I7",
        "closed days have no gap, and none is today or later",
        """
        SELECT partner_id, day, previous FROM (
            SELECT partner_id, day, lag(day) OVER (PARTITION BY partner_id ORDER BY day) AS previous FROM billing_dayclose
        ) days
        WHERE day <> previous + 1 OR day >= (now() AT TIME ZONE 'UTC')::date
        """,
    ),
    (
        "I7b",
        "no partner is parked, or more than two days behind",
        """
        SELECT partner.id, partner.name, max(closed.day) AS closed_until, parked.reason
        FROM tenancy_partner partner
        LEFT JOIN billing_dayclose closed ON closed.partner_id = partner.id
        LEFT JOIN billing_parkedpartner parked ON parked.partner_id = partner.id
        GROUP BY partner.id, parked.reason
        HAVING parked.reason IS NOT NULL OR max(closed.day) < (now() AT TIME ZONE 'UTC')::date - 3
        """,
    ),
    (
        "I8",
        "customers' use together is their partner's, for each package and closed day",
        """
        WITH moved AS (
            SELECT partner_id, package, day, open_count - lag(open_count, 1, 0::bigint) OVER key AS opened,
                   shift - lag(shift, 1, 0::bigint) OVER key AS shifted
            FROM billing_usageday
            WINDOW key AS (PARTITION BY partner_id, customer_id, package, location_id ORDER BY day)
        ),
        together AS (
            SELECT partner_id, package, day, sum(sum(opened)) OVER run AS open_count, sum(sum(shifted)) OVER run AS shift
            FROM moved GROUP BY partner_id, package, day
            WINDOW run AS (PARTITION BY partner_id, package ORDER BY day)
        )
        SELECT partner_id, package, day, together.open_count, partners.open_count
        FROM billing_partnerusageday partners LEFT JOIN together USING (partner_id, package, day)
        WHERE (partners.open_count, partners.shift) IS DISTINCT FROM (together.open_count, together.shift)
        """,
    ),
    (
        "I8b",
        "adjustments come to what the latest correction of each assignment says, day by day",
        wrong_adjustments(),
    ),
    (
        "I8c",
        "each adjustment is about the assignment that its correction is about",
        strange_adjustments(),
    ),
    (
        "I8d",
        "nobody comes to less than nothing or more than a day's use, corrections included",
        MORE_THAN_A_DAY,
    ),
    *INVOICE_INVARIANTS,
    (
        "I14",
        "a completed report covers closed days only and has its file's hash; no report is left over for an hour",
        """
        SELECT report.id, report.status, report.created_at FROM billing_billingreport report
        WHERE (report.status = 'COMPLETED' AND (report.sha256 = '' OR report.row_count IS NULL))
           OR (report.status = 'COMPLETED' AND report.category = 'RECONCILIATION' AND EXISTS (
                SELECT 1 FROM tenancy_partner member
                WHERE (member.id = coalesce(report.sub_partner_id, report.partner_id)
                       OR (report.with_sub_partners AND member.parent_id = report.partner_id
                           AND member.created_at <= report.finished_at))
                  AND coalesce((SELECT max(day) + 1 FROM billing_dayclose WHERE partner_id = member.id),
                               member.billing_start_on) <= report.end_on))
           OR (report.status = 'FAILED' AND report.error_code = '')
           OR (report.status = 'IN_PROGRESS' AND report.created_at < now() - interval '1 hour')
        """,
    ),
    (
        "I14b",
        "completed reports of the same usage and period come to the same, whatever their type",
        """
        SELECT partner_id, sub_partner_id, start_on, end_on, array_agg(DISTINCT total_seconds), array_agg(DISTINCT total_units)
        FROM billing_billingreport
        WHERE status = 'COMPLETED' AND category = 'RECONCILIATION' AND NOT with_sub_partners
        GROUP BY partner_id, sub_partner_id, start_on, end_on
        HAVING count(DISTINCT (total_seconds, adjustment_seconds, total_units)) > 1
        """,
    ),
]
