"""The organisation's name, through the service."""

import pytest

from controlhub.services.account import NameNotAllowed, rename_company
from tests.cast import Cast


def test_a_new_name_is_audited_once(cast: Cast) -> None:
    for _ in range(2):
        rename_company(customer=cast.open_acme, name=" Open Dental ", by=cast.actor("customer_full"))
    cast.open_acme.refresh_from_db()
    assert cast.open_acme.name == "Open Dental"
    assert [event.changes for event in cast.open_acme.audit_events.all()] == [{"name": ["Open Acme", "Open Dental"]}]


@pytest.mark.parametrize("name", ["", "  ", "100 %", "x" * 121, "Open\nBcc: all@example.com", "Open\x1b[0m"])
def test_a_name_that_breaks_mails_or_columns_is_refused(cast: Cast, name: str) -> None:
    with pytest.raises(NameNotAllowed):
        rename_company(customer=cast.open_acme, name=name, by=cast.actor("customer_full"))
    cast.open_acme.refresh_from_db()
    assert (cast.open_acme.name, cast.open_acme.audit_events.count()) == ("Open Acme", 0)
