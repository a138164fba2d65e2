"""How the lines of a report are printed: the columns of domain.md 6.3 for each level, and the server's COPY that writes them.

The lines and their names are in the temporary tables of `billing.services.counting`.
"""

# ruff: noqa: S608 - every piece put together here is a constant of this file.

from billing.models import BillingReport
from billing.report_names import NAMES
from billing.report_sql import LINES, LineKind

PARTNER, CUSTOMER, USER = BillingReport.Type

# The rounding rule, the only one: each line's quantity by itself, six decimals, half away from zero. A second of use is
# 0.0000116 days, so `round(QUANTITY * 86400)` gives every line's seconds back.
DECIMALS = 6
QUANTITY = f"round(coalesce(units, seconds / 86400.0), {DECIMALS})"


def _public_id(kind: str, column: str) -> str:
    """`tenancy.opaque_ids.opaque_id` in SQL; null, an empty cell, for null."""
    encoded = f"encode(convert_to('ciscospark://us/{kind}/' || {column}, 'UTF8'), 'base64')"
    return f"rtrim(translate({encoded}, E'\\n', ''), '=')"


def _text(column: str) -> str:
    """What somebody typed, so that no spreadsheet takes it for a formula (the rule of tenancy.csv_export)."""
    formula = rf"{column} ~ '^[=+@\t\r\n-]' AND {column} !~ '^\+[0-9]{{7,15}}$'"
    return f"CASE WHEN {formula} THEN '''' || {column} ELSE {column} END"


_PARTNER_COLUMNS = {
    "PARTNER_NAME": _text("partner_name"),
    "PARTNER_ORG_ID": _public_id("ORGANIZATION", "partner_org"),
    "SUBSCRIPTION_ID": _text("subscription_id"),
    "SERVICE_NAME": "service_name",
    "SKU": _text("sku"),
    "DESCRIPTION": f"CASE WHEN kind = {LineKind.ADJUSTMENT} THEN 'Adjustment: ' || description ELSE {_text('description')} END",
    "CONSUMPTION_START_DATE": "to_char(starts_on, 'YYYY-MM-DD')",
    "CONSUMPTION_END_DATE": "to_char(ends_on, 'YYYY-MM-DD')",
    "QUANTITY": QUANTITY,
}
_CUSTOMER_COLUMNS = {
    "CUSTOMER_ORG_ID": _public_id("ORGANIZATION", "org_id"),
    "CUSTOMER_EXTERNAL_ID": _text("external_id"),
    "LOCATION_ID": _public_id("LOCATION", "location_public_id"),
}
_USER_COLUMNS = {
    "SUBSCRIBER_ID": _public_id("SUBSCRIBER", "subscriber_public_id"),
    "USER_ID": _public_id("PEOPLE", "person_id"),
    "WORKSPACE_ID": _public_id("PLACES", "workspace_public_id"),
}
_LICENSE = {"LICENSE_ID": _public_id("LICENSE", "org_id || ':' || nullif(license_id, '')")}
COLUMNS: dict[str, dict[str, str]] = {
    PARTNER: _PARTNER_COLUMNS,
    CUSTOMER: _PARTNER_COLUMNS | _CUSTOMER_COLUMNS | _LICENSE,
    USER: _PARTNER_COLUMNS | _CUSTOMER_COLUMNS | _USER_COLUMNS | _LICENSE,
}

# What each level fetches beside the line itself: columns and joins. Each line has exactly one name; LIMIT 1 says so to the
# planner, which takes a join on two comparisons for a sieve and would look for the other facts line by line.
_FACTS = {
    PARTNER: (
        "partner.name AS partner_name, partner.public_id AS partner_org, partner.subscription_id,"
        " named.service_name, named.sku, named.description",
        f"""
        JOIN tenancy_partner partner ON partner.id = line.partner_id
        CROSS JOIN LATERAL (
            SELECT service_name, sku, description FROM {NAMES} names
            WHERE names.partner_id = line.partner_id AND names.item = line.item
              AND line.starts_on >= names.first_on AND line.starts_on < names.after
            LIMIT 1
        ) named""",
    ),
    CUSTOMER: (
        "customer.org_id, customer.external_id, location.public_id AS location_public_id, bought.license_id",
        """
        JOIN tenancy_customer customer ON customer.id = line.customer_id
        LEFT JOIN controlhub_location location ON location.id = line.location_id
        LEFT JOIN controlhub_customerpackage bought
            ON bought.customer_id = line.customer_id AND bought.package = line.item""",
    ),
    USER: (
        "subscriber.public_id AS subscriber_public_id, subscriber.person_id, workspace.public_id AS workspace_public_id",
        """
        LEFT JOIN controlhub_subscriber subscriber ON subscriber.id = line.subscriber_id
        LEFT JOIN controlhub_workspace workspace ON workspace.id = line.workspace_id""",
    ),
}
_LEVELS = {PARTNER: (PARTNER,), CUSTOMER: (PARTNER, CUSTOMER), USER: (PARTNER, CUSTOMER, USER)}
# A stable order, complete for each level: keys that a level does not have are null in all its lines.
_PLACES = "place, customer_id, kind, line.item, location_id, starts_on"
_ORDER = {
    PARTNER: _PLACES,
    CUSTOMER: _PLACES,
    USER: "place, customer_id, subscriber_id, workspace_id, kind, starts_on, line.item, location_id",
}


def copy_sql(report_type: str) -> str:
    """The whole file, made by the server: nothing but bytes passes through Python.

    What is sorted is narrow; the long ids are spelled afterwards.
    """
    kind = BillingReport.Type(report_type)
    facts = ", ".join(_FACTS[level][0] for level in _LEVELS[kind])
    joins = "".join(_FACTS[level][1] for level in _LEVELS[kind])
    columns = ",\n    ".join(f'{expression} AS "{name}"' for name, expression in COLUMNS[kind].items())
    return f"""
    COPY (
        SELECT {columns}
        FROM (SELECT line.*, {facts} FROM {LINES} line {joins} ORDER BY {_ORDER[kind]}) lines
    ) TO STDOUT WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')
    """
