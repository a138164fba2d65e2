"""What `status` says besides processes: things that wait for a person."""

import psycopg

PARKED = """
SELECT partner.name, parked.day, parked.reason
FROM billing_parkedpartner parked JOIN tenancy_partner partner ON partner.id = parked.partner_id
ORDER BY parked.parked_at
"""


def parked_partners(database_url: str | None) -> list[str]:
    """One line for each partner whose days do not close; none when the database cannot be asked."""
    if not database_url:
        return []
    try:
        with psycopg.connect(database_url, connect_timeout=2) as connection:
            rows = connection.execute(PARKED).fetchall()
    except psycopg.Error:
        return []
    return [f"Usage of {name} is parked since {day:%F}: {reason}" for name, day, reason in rows]
