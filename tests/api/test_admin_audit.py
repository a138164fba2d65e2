"""/adminAudit: what happened at a customer, or at the service provider itself."""

from collections.abc import Callable

import pytest
from django.db import transaction

from api.schemas.common import stamp
from tenancy.audit import record
from tenancy.audit_log import CATEGORIES
from tenancy.models import AuditEvent, Customer
from tenancy.opaque_ids import opaque_id
from tests.api.conftest import ApiClient
from tests.api.test_organizations import org_id
from tests.cast import Cast

Api = Callable[..., ApiClient]
ALWAYS = "from=2020-01-01T00:00:00Z&to=2020-12-31T00:00:00Z"


@pytest.fixture
def deed(cast: Cast) -> AuditEvent:
    return do(cast, cast.acme, "customer.renamed")


def do(cast: Cast, customer: Customer, action: str, who: str = "partner_full") -> AuditEvent:
    with transaction.atomic():
        return record(action=action, text="Something done", target=customer, customer=customer, by=cast.actor(who))


def year_around(event: AuditEvent) -> str:
    year = event.created_at.year
    return f"from={year}-01-01T00:00:00Z&to={year + 1}-01-01T00:00:00Z"


def test_an_event_says_who_did_what_to_whom(api: Api, cast: Cast, deed: AuditEvent) -> None:
    found = api("partner_full").get(f"/adminAudit/events?orgId={org_id(cast.acme)}&{year_around(deed)}").json()
    [event] = found["items"]
    data = event.pop("data")
    assert event == {
        "id": event["id"],
        "created": stamp(deed.created_at),
        "actorId": opaque_id("PEOPLE", cast.admins["partner_full"].public_id),
        "actorOrgId": org_id(cast.north),
    }
    assert data == {
        "actorOrgName": "Northwind Voice",
        "targetName": "Acme Dental",
        "eventDescription": "Customers",
        "actorName": "Paula Full",
        "actorEmail": cast.admins["partner_full"].email,
        "adminRoles": ["partner_wholesale"],
        "trackingId": "",
        "targetType": "CUSTOMER",
        "targetId": data["targetId"],
        "eventCategory": "CUSTOMER",
        "actorUserAgent": "",
        "actorIp": "",
        "targetOrgId": org_id(cast.acme),
        "actionText": "Something done",
        "targetOrgName": "Acme Dental",
    }


def test_filters(api: Api, cast: Cast, deed: AuditEvent) -> None:
    other = do(cast, cast.acme, "location.changed", "customer_restricted")
    client, path = api("partner_full"), f"/adminAudit/events?orgId={org_id(cast.acme)}"
    year, carl = year_around(deed), opaque_id("PEOPLE", cast.admins["customer_restricted"].public_id)
    for query, found in {
        year: [other, deed],
        f"{year}&eventCategories=location": [other],
        f"{year}&eventCategories=LOCATION,CUSTOMER": [other, deed],
        f"{year}&eventCategories=DEVICE": [],
        f"{year}&actorId={carl}": [other],
        f"{year}&actorId=nonsense": [],
        f"{year}&max=1&offset=1": [deed],
        ALWAYS: [],
    }.items():
        items = client.get(f"{path}&{query}").json()["items"]
        assert [item["created"] for item in items] == [stamp(event.created_at) for event in found], query


@pytest.mark.parametrize(
    "query",
    [
        "",
        "from=2020-01-01T00:00:00Z",
        "from=2020-01-01T00:00:00Z&to=2022-01-01T00:00:00Z",
        "from=2020-02-01T00:00:00Z&to=2020-01-01T00:00:00Z",
        f"{ALWAYS}&max=201",
        "from=0001-01-01T00:00:00%2B20:14&to=0001-01-02T00:00:00Z",
        "from=yesterday&to=today",
    ],
)
def test_a_year_at_most(api: Api, cast: Cast, query: str) -> None:
    assert api("partner_full").get(f"/adminAudit/events?orgId={org_id(cast.acme)}&{query}").status_code == 400


def test_an_offset_that_no_place_has_is_still_a_time(api: Api, cast: Cast) -> None:
    moment = "4999-12-13T19:41:22.804%2B20:14"
    path = f"/adminAudit/events?orgId={org_id(cast.acme)}&from={moment}&to={moment}"
    assert api("partner_full").get(path).json() == {"items": []}


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("customer_restricted", 200),
        ("customer_compliance", 200),
        ("customer_device", 403),
        ("customer_full", 404),
        ("other_partner_full", 404),
        ("partner_readonly", 200),
    ],
)
def test_who_may_read_a_customers_log(api: Api, cast: Cast, who: str, status: int) -> None:
    assert api(who).get(f"/adminAudit/events?orgId={org_id(cast.acme)}&{ALWAYS}").status_code == status


@pytest.mark.parametrize(
    ("who", "status"), [("partner_full", 200), ("partner_admin", 403), ("helpdesk", 403), ("customer_full", 404)]
)
def test_the_service_provider_has_a_log_too(api: Api, cast: Cast, deed: AuditEvent, who: str, status: int) -> None:
    response = api(who).get(f"/adminAudit/events?orgId={org_id(cast.north)}&{year_around(deed)}")
    assert response.status_code == status
    if status == 200:
        assert {item["data"]["targetOrgName"] for item in response.json()["items"]} == {
            "Acme Dental",
            "Northwind Voice",
        }


def test_categories(api: Api) -> None:
    said = api("partner_full").get("/adminAudit/eventCategories").json()
    assert said == {"eventCategories": sorted(category.upper() for category in CATEGORIES)}
