"""Lists of the admin API cost the same number of queries at one row and at three."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.conftest import ApiClient
from tests.api.test_admin_audit import do, year_around
from tests.api.test_organizations import org_id
from tests.cast import Cast
from tests.factories import (
    make_assignment,
    make_customer,
    make_device,
    make_location,
    make_number,
    make_package,
    make_subscriber,
)

Api = Callable[..., ApiClient]
# The token, its owner with roles and assigned customers, and the organization are four of each.
BUDGET = {
    "/organizations": 5,
    "/locations": 5,
    "/telephony/config/locations": 5,
    "/telephony/config/numbers": 5,
    "/devices": 5,
    "/people": 9,
    "/licenses": 5,
    "/adminAudit/events": 6,
}


def add_one(cast: Cast, number: int) -> str:
    """One more of everything; returns the dates of the audit log."""
    make_customer(cast.north)
    location = make_location(cast.acme, f"Location {number}")
    person = make_subscriber(cast.acme, location=location, extension=f"20{number}", admin=cast.admins["customer_full"])
    make_assignment(person)
    make_number(location, subscriber=person)
    make_device(person)
    make_package(cast.acme, ("webex_calling", "webex_suite", "webex_meetings")[number], license_id=f"license-{number}")
    return year_around(do(cast, cast.acme, "customer.renamed"))


@pytest.mark.parametrize("path", BUDGET)
def test_the_number_of_queries_does_not_grow(api: Api, cast: Cast, path: str) -> None:
    client, counts = api("partner_full"), []
    client.get("/roles")  # the first use of a token is written down
    for number in range(3):
        dates = add_one(cast, number)
        with CaptureQueriesContext(connection) as queries:
            response = client.get(f"{path}?orgId={org_id(cast.acme)}&{dates}")
        assert response.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[2] <= BUDGET[path], (counts, [query["sql"][:90] for query in queries.captured_queries])
