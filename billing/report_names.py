"""Which service, SKU and description a line of a report has, as SQL.

A partner's price book says so (domain.md 6.5): from the day a price begins until the next one does, whether or not it still
holds. Before the first one, the catalogue's names do.
"""

# ruff: noqa: S608 - every piece put together here is a constant of this file; values are bound parameters.

from billing.items import ITEMS

NAMES = "report_name"
CREATE_NAMES = f"""
CREATE TEMPORARY TABLE {NAMES} (
    partner_id bigint, item text, first_on date, after date, service_name text, sku text, description text
)
"""
_CATALOGUE = ", ".join(
    f"('{item.code}', '{item.service_name}', '{item.sku}', '{item.description}')" for item in ITEMS.values()
)
# Every day that there is has one name for each item. A price that changes only the price begins no new one.
ADD_NAMES = f"""
WITH catalogue(item, service_name, sku, description) AS (VALUES {_CATALOGUE}),
said AS (
    SELECT item, '-infinity'::date AS first_on, sku, description FROM catalogue
    UNION ALL
    SELECT item, valid_from, sku, description FROM billing_pricebookentry WHERE partner_id = %(partner)s
),
followed AS (
    SELECT *, lag(sku) OVER dated AS sku_before, lag(description) OVER dated AS description_before
    FROM said WINDOW dated AS (PARTITION BY item ORDER BY first_on)
)
INSERT INTO {NAMES}
SELECT %(partner)s, item, first_on, lead(first_on, 1, 'infinity') OVER (PARTITION BY item ORDER BY first_on),
       service_name, followed.sku, followed.description
FROM followed JOIN catalogue USING (item)
WHERE (followed.sku, followed.description) IS DISTINCT FROM (sku_before, description_before)
"""
# The period, cut where a package gets another name: most often it is one stretch of all packages.
NAMED_STRETCHES = f"""
SELECT greatest(first_on, %(first)s::date) AS opens, least(after, %(after)s::date) AS closes, array_agg(item)
FROM {NAMES}
WHERE partner_id = %(partner)s AND first_on < %(after)s AND after > %(first)s
GROUP BY opens, closes
ORDER BY opens, closes
"""
