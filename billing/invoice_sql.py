"""The SQL of invoices: use of many pieces of time at once, and how far each partner of a family is closed and was used."""

# ruff: noqa: S608 - every piece put together here is a constant of this file; values are bound parameters.

from billing.ledger_sql import MIDNIGHT

# Of each partner of `partners`: its first open day, the first day on which anything was used or ordered, and its billing account.
STANDING_OF_PARTNERS = """
SELECT partner.id, coalesce(
    (SELECT max(day) + 1 FROM billing_dayclose WHERE partner_id = partner.id),
    least(
        billing_start_on,
        (SELECT (min(started_at) AT TIME ZONE 'UTC')::date FROM controlhub_packageassignment WHERE partner_id = partner.id)
    )
), least(
    (SELECT min(day) FROM billing_partnerusageday WHERE partner_id = partner.id),
    (SELECT (min(ordered_at) AT TIME ZONE 'UTC')::date FROM controlhub_setupassistorder
     WHERE partner_id = partner.id AND status <> 'cancelled')
), account.starts_on, account.billed_until
FROM tenancy_partner partner LEFT JOIN billing_billingaccount account ON account.partner_id = partner.id
WHERE id = ANY(%(partners)s)
"""

_STANDING = """
LEFT JOIN LATERAL (
    SELECT open_count, shift FROM billing_partnerusageday
    WHERE partner_id = piece.partner_id AND billing_partnerusageday.package = piece.package AND day < piece.{bound}
    ORDER BY day DESC LIMIT 1
) {name} ON true
"""
# Seconds of each piece: the difference of two cumulative rows of the partner's ledger, found by two index probes.
SECONDS_OF_PIECES = f"""
SELECT (
    coalesce(later.open_count * {MIDNIGHT.format("piece.after")} + later.shift, 0)
    - coalesce(earlier.open_count * {MIDNIGHT.format("piece.first")} + earlier.shift, 0)
)::bigint
FROM unnest(%(partners)s::bigint[], %(packages)s::text[], %(firsts)s::date[], %(afters)s::date[])
     WITH ORDINALITY AS piece(partner_id, package, first, after, position)
{_STANDING.format(bound="after", name="later")} {_STANDING.format(bound="first", name="earlier")}
ORDER BY piece.position
"""

_CUSTOMERS_STANDING = """
coalesce((
    SELECT sum(open_count * {instant} + shift) FROM (
        SELECT DISTINCT ON (coalesce(location_id, 0)) open_count, shift FROM billing_usageday
        WHERE partner_id = %(partner)s AND customer_id = piece.customer_id AND package = piece.package AND day < piece.{bound}
        ORDER BY coalesce(location_id, 0), day DESC
    ) standing
), 0)
"""
# The same of single customers of one partner, their locations together.
SECONDS_OF_CUSTOMERS = f"""
SELECT ({_CUSTOMERS_STANDING.format(instant=MIDNIGHT.format("piece.after"), bound="after")}
      - {_CUSTOMERS_STANDING.format(instant=MIDNIGHT.format("piece.first"), bound="first")})::bigint
FROM unnest(%(customers)s::bigint[], %(packages)s::text[], %(firsts)s::date[], %(afters)s::date[])
     WITH ORDINALITY AS piece(customer_id, package, first, after, position)
ORDER BY piece.position
"""
