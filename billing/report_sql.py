"""The SQL of the three reports. Parameters: partner (id), first and after (dates: from `first` up to, not including, `after`).

Each level is a core (keys, first and last day of use, exact integer seconds; only keys that were used) and the columns of
domain.md 6.3 made of it. PARTNER and CUSTOMER read the ledger, USER clamps the assignments: the three must come to the same
total, and `billing.services.making` compares them before a report is completed.
"""

# ruff: noqa: S608 - every piece put together here is a constant of this file; values are bound parameters.

from billing.ledger_sql import MIDNIGHT
from billing.models import BillingReport
from billing.skus import SKUS

# Quantity in days, six decimals, half away from zero. A second is 0.0000116 days, so no second is ever lost in print.
DECIMALS = 6


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
            FROM {table} WHERE partner_id = %(partner)s AND day < %(after)s
            WINDOW key AS (PARTITION BY {keys} ORDER BY day)
        ) steps
    ) used
    GROUP BY {keys}
    HAVING sum(on_day + plateau) > 0
    """


_USER_KEYS = "customer_id, location_id, package, subscriber_id, workspace_id"
_OPENS, _CLOSES = "(%(first)s::timestamp AT TIME ZONE 'UTC')", "(%(after)s::timestamp AT TIME ZONE 'UTC')"
CORE = {
    BillingReport.Type.PARTNER: _ledger_core("billing_partnerusageday", "package"),
    BillingReport.Type.CUSTOMER: _ledger_core("billing_usageday", "customer_id, location_id, package"),
    # An interval ends before `ended_at`, so its last day is that of the second before.
    BillingReport.Type.USER: f"""
    SELECT {_USER_KEYS}, min((clamped_start AT TIME ZONE 'UTC')::date) AS starts_on,
           max(((clamped_end - interval '1 second') AT TIME ZONE 'UTC')::date) AS ends_on,
           sum(extract(epoch FROM clamped_end - clamped_start))::bigint AS seconds
    FROM (
        SELECT {_USER_KEYS}, greatest(started_at, {_OPENS}) AS clamped_start, least(ended_at, {_CLOSES}) AS clamped_end
        FROM controlhub_packageassignment
        WHERE partner_id = %(partner)s AND started_at < {_CLOSES} AND (ended_at IS NULL OR ended_at > {_OPENS})
    ) clamped
    WHERE clamped_end > clamped_start
    GROUP BY {_USER_KEYS}
    """,
}


def total_sql(report_type: str) -> str:
    """One number: the seconds of the whole report."""
    return f"SELECT coalesce(sum(seconds), 0)::bigint FROM ({CORE[BillingReport.Type(report_type)]}) core"


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


def _public_id(kind: str, column: str) -> str:
    """`tenancy.opaque_ids.opaque_id` in SQL; null, an empty cell, for null."""
    encoded = f"encode(convert_to('ciscospark://us/{kind}/' || {column}, 'UTF8'), 'base64')"
    return f"rtrim(translate({encoded}, E'\\n', ''), '=')"


def _text(column: str) -> str:
    """What somebody typed, so that no spreadsheet takes it for a formula (the rule of tenancy.csv_export)."""
    formula = rf"{column} ~ '^[=+@\t\r\n-]' AND {column} !~ '^\+[0-9]{{7,15}}$'"
    return f"CASE WHEN {formula} THEN '''' || {column} ELSE {column} END"


_SKU_ROWS = ", ".join(
    f"('{package}', '{sku.service_name}', '{sku.code}', '{sku.description}')" for package, sku in SKUS.items()
)
_PARTNER_COLUMNS = [
    ("PARTNER_NAME", _text("partner.name")),
    ("PARTNER_ORG_ID", _public_id("ORGANIZATION", "partner.public_id")),
    ("SUBSCRIPTION_ID", _text("partner.subscription_id")),
    ("SERVICE_NAME", "sku.service_name"),
    ("SKU", "sku.code"),
    ("DESCRIPTION", "sku.description"),
    ("CONSUMPTION_START_DATE", "to_char(core.starts_on, 'YYYY-MM-DD')"),
    ("CONSUMPTION_END_DATE", "to_char(core.ends_on, 'YYYY-MM-DD')"),
    ("QUANTITY", f"round(core.seconds / 86400.0, {DECIMALS})"),
]
_CUSTOMER_COLUMNS = [
    ("CUSTOMER_ORG_ID", _public_id("ORGANIZATION", "customer.org_id")),
    ("CUSTOMER_EXTERNAL_ID", _text("customer.external_id")),
    ("LOCATION_ID", _public_id("LOCATION", "location.public_id")),
]
_USER_COLUMNS = [
    ("SUBSCRIBER_ID", _public_id("SUBSCRIBER", "subscriber.public_id")),
    ("USER_ID", _public_id("PEOPLE", "subscriber.person_id")),
    ("WORKSPACE_ID", _public_id("PLACES", "workspace.public_id")),
]
_CUSTOMER_JOINS = """
    JOIN tenancy_customer customer ON customer.id = core.customer_id
    LEFT JOIN controlhub_location location ON location.id = core.location_id"""
_USER_JOINS = f"""{_CUSTOMER_JOINS}
    LEFT JOIN controlhub_subscriber subscriber ON subscriber.id = core.subscriber_id
    LEFT JOIN controlhub_workspace workspace ON workspace.id = core.workspace_id"""

COLUMNS = {
    BillingReport.Type.PARTNER: _PARTNER_COLUMNS,
    BillingReport.Type.CUSTOMER: _PARTNER_COLUMNS + _CUSTOMER_COLUMNS,
    BillingReport.Type.USER: _PARTNER_COLUMNS + _CUSTOMER_COLUMNS + _USER_COLUMNS,
}
_JOINS = {
    BillingReport.Type.PARTNER: "",
    BillingReport.Type.CUSTOMER: _CUSTOMER_JOINS,
    BillingReport.Type.USER: _USER_JOINS,
}
_ORDER = {
    BillingReport.Type.PARTNER: "core.package",
    BillingReport.Type.CUSTOMER: "core.customer_id, core.package, core.location_id",
    BillingReport.Type.USER: "core.customer_id, core.subscriber_id, core.workspace_id, core.starts_on, core.package, core.location_id",
}


def rows_sql(report_type: str) -> str:
    """The lines of a report, columns named and ordered as in the file, in a stable order."""
    kind = BillingReport.Type(report_type)
    columns = ",\n    ".join(f'{expression} AS "{name}"' for name, expression in COLUMNS[kind])
    return f"""
    SELECT {columns}
    FROM ({CORE[kind]}) core
    JOIN tenancy_partner partner ON partner.id = %(partner)s
    JOIN (VALUES {_SKU_ROWS}) AS sku(package, service_name, code, description) ON sku.package = core.package
    {_JOINS[kind]}
    ORDER BY {_ORDER[kind]}
    """


def copy_sql(report_type: str) -> str:
    """The whole file, made by the server: nothing but bytes passes through Python."""
    return f"COPY ({rows_sql(report_type)}) TO STDOUT WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')"
