"""What must always hold for invoices, as SQL that returns the rows that break it: I8 of reliability-security.md 3.1.

None of it shares code with what issues them: amounts, hashes and use are worked out again by PostgreSQL.
"""

# ruff: noqa: S608 - every piece put together here is a constant of this file.

from billing.ledger_sql import MIDNIGHT

_DAY = "to_char({}, 'YYYY-MM-DD')"
_HEAD = f"""json_build_array(invoice.public_id::text, invoice.partner_id, invoice.number, {_DAY.format("invoice.month")},
    invoice.currency, invoice.partner_name, invoice.subscription_id, invoice.total::text, invoice.line_count)::text"""
_USAGE_LINE = f"""json_build_array(line.position, line.kind, line.partner_id, line.partner_name, line.item, line.sku,
    line.description, line.about, {_DAY.format("line.first_on")}, {_DAY.format("line.last_on")}, line.seconds,
    line.price::text, line.amount::text, line.entry_id, line.adjustment_id{{more}})::text"""
_LINE = f"""CASE WHEN line.units > 0 THEN {_USAGE_LINE.format(more=", line.units, line.setup_order_id")}
    ELSE {_USAGE_LINE.format(more="")} END"""
_MONTH_SECONDS = (
    "(86400 * extract(day FROM date_trunc('month', line.first_on) + interval '1 month' - interval '1 day'))"
)


def _used_before(day: str, partner: str, package: str) -> str:
    """All seconds of a partner's package before a day."""
    return f"""coalesce((
        SELECT open_count * {MIDNIGHT.format(day)} + shift FROM billing_partnerusageday usage
        WHERE usage.partner_id = {partner} AND usage.package = {package} AND usage.day < {day}
        ORDER BY usage.day DESC LIMIT 1
    ), 0)"""


INVOICE_INVARIANTS = [
    (
        "I8e",
        "each invoice is the sum of its lines and has the hash of what it says",
        f"""
        SELECT invoice.partner_id, invoice.number, invoice.total, sum(line.amount) FROM billing_invoice invoice
        LEFT JOIN billing_invoiceline line ON line.invoice_id = invoice.id
        GROUP BY invoice.id
        HAVING invoice.total IS DISTINCT FROM sum(line.amount) OR invoice.line_count <> count(line.id)
            OR invoice.sha256 IS DISTINCT FROM encode(sha256(convert_to(
                {_HEAD} || E'\\n' || string_agg({_LINE}, E'\\n' ORDER BY line.position), 'UTF8')), 'hex')
        """,
    ),
    (
        "I8f",
        "each amount is seconds x price / seconds of the month, or units x price, to the cent, at the price of those days",
        f"""
        SELECT line.id, line.seconds, line.price, line.amount FROM billing_invoiceline line
        JOIN billing_pricebookentry entry ON entry.id = line.entry_id
        WHERE line.amount <> CASE line.kind WHEN 'setup_assist' THEN round(line.units * line.price, 2)
                             ELSE round((line.seconds * line.price)::numeric(50, 20) / {_MONTH_SECONDS}, 2) END
           OR (line.partner_id, line.item, line.price, line.sku, line.description)
              <> (entry.partner_id, entry.item, entry.price, entry.sku, entry.description)
           OR NOT daterange(line.first_on, line.last_on, '[]') <@ daterange(entry.valid_from, entry.valid_until)
           OR date_trunc('month', line.first_on) <> date_trunc('month', line.last_on)
        """,
    ),
    (
        "I8g",
        "each usage line has the seconds that the closed ledger has for its days",
        f"""
        SELECT line.id, line.seconds FROM billing_invoiceline line
        WHERE line.kind = 'usage' AND line.seconds
              <> {_used_before("(line.last_on + 1)", "line.partner_id", "line.item")}
               - {_used_before("line.first_on", "line.partner_id", "line.item")}
        """,
    ),
    (
        "I8h",
        "clearing is 0: closed use until the last month billed, less what was invoiced",
        f"""
        SELECT account.partner_id, used.package, used.seconds, coalesce(billed.seconds, 0) AS billed
        FROM billing_billingaccount account
        CROSS JOIN LATERAL (
            SELECT package, {_used_before("account.billed_until", "account.partner_id", "packages.package")}
                   - {_used_before("account.starts_on", "account.partner_id", "packages.package")} AS seconds
            FROM (SELECT DISTINCT package FROM billing_partnerusageday WHERE partner_id = account.partner_id) packages
        ) used
        LEFT JOIN (
            SELECT partner_id, item, sum(seconds) AS seconds FROM billing_invoiceline WHERE kind = 'usage' GROUP BY 1, 2
        ) billed ON billed.partner_id = account.partner_id AND billed.item = used.package
        WHERE used.seconds <> coalesce(billed.seconds, 0)
        """,
    ),
    (
        "I8i",
        "each adjustment made in a billed month is on one invoice, as it was made",
        """
        SELECT adjustment.id, adjustment.made_on, line.id FROM billing_usageadjustment adjustment
        JOIN billing_billingaccount account USING (partner_id)
        LEFT JOIN billing_invoiceline line ON line.adjustment_id = adjustment.id
        WHERE (line.id IS NULL AND adjustment.made_on < account.billed_until AND adjustment.about_on >= account.starts_on)
           OR (line.partner_id, line.item, line.seconds, line.first_on, line.last_on)
              <> (adjustment.partner_id, adjustment.package, adjustment.seconds, adjustment.about_on, adjustment.about_on)
        """,
    ),
    (
        "I8j",
        "invoice numbers have no gap and follow the months; the next one is known",
        """
        SELECT partner_id, number, month FROM (
            SELECT partner_id, number, month, row_number() OVER run AS place, lag(month) OVER run AS before,
                   max(number) OVER (PARTITION BY partner_id) AS last
            FROM billing_invoice WINDOW run AS (PARTITION BY partner_id ORDER BY number)
        ) numbered
        LEFT JOIN billing_billingaccount account USING (partner_id)
        WHERE number <> place OR month <= before OR account.last_number IS DISTINCT FROM last
           OR month >= account.billed_until
        """,
    ),
    (
        "I8k",
        "a completed report of whole billed months has the seconds of their invoice lines",
        """
        SELECT report.id, report.total_seconds, billed.seconds, report.total_units, billed.units
        FROM billing_billingreport report
        JOIN billing_billingaccount account ON account.partner_id = coalesce(report.sub_partner_id, report.partner_id)
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(line.seconds), 0) AS seconds, coalesce(sum(line.units), 0) AS units
            FROM billing_invoiceline line
            LEFT JOIN billing_usageadjustment adjustment ON adjustment.id = line.adjustment_id
            WHERE line.partner_id = account.partner_id
              AND coalesce(adjustment.made_on, line.first_on) BETWEEN report.start_on AND report.end_on
        ) billed
        WHERE report.status = 'COMPLETED' AND report.category = 'RECONCILIATION' AND NOT report.with_sub_partners
          AND extract(day FROM report.start_on) = 1 AND extract(day FROM report.end_on + 1) = 1
          AND report.end_on < account.billed_until
          AND (report.total_seconds, report.total_units) <> (billed.seconds, billed.units)
        """,
    ),
    (
        "I8l",
        "each Setup Assist order of a billed day is on one invoice, as it was ordered",
        """
        SELECT ordered.id, ordered.ordered_at, line.id FROM controlhub_setupassistorder ordered
        JOIN billing_billingaccount account USING (partner_id)
        LEFT JOIN billing_invoiceline line ON line.setup_order_id = ordered.id,
        LATERAL (
            SELECT (ordered.ordered_at AT TIME ZONE 'UTC')::date AS day,
                   CASE ordered.kind WHEN 'express' THEN 1 ELSE ordered.seats END AS units
        ) due
        WHERE (line.id IS NULL AND ordered.status <> 'cancelled'
               AND due.day < account.billed_until AND due.day >= account.starts_on)
           OR (line.id IS NOT NULL AND ordered.status = 'cancelled')
           OR (line.partner_id, line.item, line.units, line.first_on)
              <> (ordered.partner_id, 'setup_assist_' || ordered.kind, due.units, due.day)
        """,
    ),
]
