"""The audit page of both hubs: what it shows, to whom, how it narrows, exports and verifies."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from tenancy.actors import SYSTEM, Actor
from tenancy.audit import record, verify_chain
from tenancy.audit_log import EXPORT_HEADER, Narrowing, Verified, events_of, verify_part
from tenancy.launch import start_launch
from tenancy.models import AuditEvent, Customer
from tests.cast import Cast

SignIn = Callable[[str], Client]


def deed(customer: Customer, text: str, *, action: str = "customer.renamed", by: Actor = SYSTEM) -> AuditEvent:
    return record(action=action, text=text, target=customer, customer=customer, by=by)


def page(customer: Customer, name: str = "audit", *args: object) -> str:
    return reverse(f"controlhub:{name}", args=[customer.public_id, *args])


def partner_page(cast: Cast, name: str = "audit", *args: object) -> str:
    return reverse(f"partnerhub:{name}", args=[cast.north.public_id, *args])


@pytest.fixture
def events(cast: Cast) -> list[AuditEvent]:
    """Deeds in two customers, at the partner, at its sub-partner and at a stranger."""
    paula = cast.actor("partner_full")
    launched = replace(paula, launch=start_launch(customer=cast.open_acme, by=paula))
    return [
        deed(cast.open_acme, "Carla renamed Open Acme", by=cast.actor("customer_full")),
        deed(cast.open_acme, "Paula moved a number", action="number.assigned", by=launched),
        deed(cast.acme, "Something in Acme Dental"),
        record(action="template.created", text="A template", target=cast.north, partner=cast.north, by=paula),
        deed(cast.branch_customer, "A branch deed"),
        deed(cast.south_customer, "A stranger's deed"),
    ]


def shown(client: Client, url: str, **query: str) -> set[str]:
    """Texts of the events on a page."""
    content = client.get(url, query).content.decode()
    texts = AuditEvent.objects.values_list("text", flat=True)
    return {text for text in texts if text.replace("'", "&#x27;") in content}


def test_a_customer_sees_what_happened_in_it_whoever_did_it(
    cast: Cast, sign_in: SignIn, events: list[AuditEvent]
) -> None:
    assert shown(sign_in("customer_full"), page(cast.open_acme)) == {
        "Paula Full of Northwind Voice opened Control Hub of Open Acme",
        "Carla renamed Open Acme",
        "Paula moved a number",
    }


def test_a_partner_sees_its_own_and_its_customers_deeds_only(
    cast: Cast, sign_in: SignIn, events: list[AuditEvent]
) -> None:
    assert shown(sign_in("partner_full"), partner_page(cast)) == {
        "Paula Full of Northwind Voice opened Control Hub of Open Acme",
        "Carla renamed Open Acme",
        "Paula moved a number",
        "Something in Acme Dental",
        "A template",
    }


@pytest.mark.parametrize("who", ["partner_admin", "helpdesk"])
def test_roles_without_the_audit_are_refused(cast: Cast, sign_in: SignIn, who: str) -> None:
    client = sign_in(who)
    assert client.get(partner_page(cast)).status_code == 403
    assert client.get(partner_page(cast, "audit-export")).status_code == 403
    assert client.get(partner_page(cast, "audit-verify")).status_code == 403


def test_another_tenants_event_is_not_found(cast: Cast, sign_in: SignIn, events: list[AuditEvent]) -> None:
    foreign = events[-1].public_id
    assert sign_in("customer_full").get(page(cast.open_acme, "audit-event", foreign)).status_code == 404
    assert sign_in("partner_full").get(partner_page(cast, "audit-event", foreign)).status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"category": "number"}, {"Paula moved a number"}),
        ({"actor": "carla"}, {"Carla renamed Open Acme"}),
        ({"q": "MOVED"}, {"Paula moved a number"}),
        ({"visitors": "on"}, {"Paula Full of Northwind Voice opened Control Hub of Open Acme"}),
        ({"target": "no such thing"}, set()),
        ({"until": "2020-01-01"}, set()),
        ({"since": "2999-01-01"}, set()),
    ],
)
def test_filters(
    cast: Cast, sign_in: SignIn, events: list[AuditEvent], query: dict[str, str], expected: set[str]
) -> None:
    assert shown(sign_in("customer_full"), page(cast.open_acme), **query) == expected


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"category": "nonsense"}, {"q": "x" * 101}, {"after": "%%%"}]
)
def test_a_wrong_filter_narrows_nothing_and_is_kept(
    cast: Cast, sign_in: SignIn, events: list[AuditEvent], query: dict[str, str]
) -> None:
    response = sign_in("customer_full").get(page(cast.open_acme), query)
    assert response.status_code == 200
    assert b"Carla renamed Open Acme" in response.content


def test_a_day_is_a_day_of_the_viewers_time_zone(cast: Cast, sign_in: SignIn) -> None:
    """23:30 in New York is already tomorrow in UTC."""
    event = deed(cast.open_acme, "Late in the evening")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE tenancy_auditevent DISABLE TRIGGER USER")
        moment = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
        cursor.execute("UPDATE tenancy_auditevent SET created_at = %s WHERE id = %s", [moment, event.pk])
        cursor.execute("ALTER TABLE tenancy_auditevent ENABLE TRIGGER USER")
    carla = cast.admins["customer_full"]
    carla.time_zone = "America/New_York"
    carla.save(update_fields=["time_zone"])
    client = sign_in("customer_full")
    day = {"since": "2026-03-01", "until": "2026-03-01"}
    assert shown(client, page(cast.open_acme), **day) == {"Late in the evening"}
    assert shown(client, page(cast.open_acme), since="2026-03-02") == set()


def test_the_detail_pane_tells_everything_and_marks_visitors(
    cast: Cast, sign_in: SignIn, events: list[AuditEvent]
) -> None:
    content = sign_in("customer_full").get(page(cast.open_acme, "audit-event", events[1].public_id)).content.decode()
    for words in (
        "From another organization",
        "Northwind Voice",
        "Partner full administrator with Webex for Wholesale",
        events[1].hash,
        "cross-launched",
    ):
        assert words in content


def test_the_export_has_every_event_of_the_filter(cast: Cast, sign_in: SignIn, events: list[AuditEvent]) -> None:
    response = sign_in("customer_full").get(page(cast.open_acme, "audit-export"), {"category": "number"})
    lines = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert lines[0] == list(EXPORT_HEADER)
    assert [(line[3], line[6], line[14]) for line in lines[1:]] == [
        ("Paula moved a number", "Northwind Voice", "Open Acme")
    ]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_at_any_length(
    cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for number in range(rows):
        deed(cast.open_acme, f"Deed {number}")
    client = sign_in("customer_full")
    client.get(page(cast.open_acme))
    with django_assert_num_queries(6):
        client.get(page(cast.open_acme))


def test_a_chain_is_verified_part_by_part(cast: Cast) -> None:
    for number in range(5):
        deed(cast.acme, f"Deed {number}")
    tenant = f"customer:{cast.acme.pk}"
    assert verify_part(tenant, size=2) == Verified(2, 5)
    assert verify_part(tenant, after=2, size=2) == Verified(4, 5)
    assert verify_part(tenant, after=4, size=2) == Verified(5, 5)
    assert verify_part(tenant, after=4, size=2).done
    assert verify_chain(tenant) == ""
    assert verify_part("customer:0") == Verified(0, 0)


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("UPDATE tenancy_auditevent SET text = 'x' WHERE number = 4", "Event 4 was changed, removed or reordered."),
        ("DELETE FROM tenancy_auditevent WHERE number = 3", "Event 3 was changed, removed or reordered."),
        ("DELETE FROM tenancy_auditevent WHERE number = 5", "The log ends at event 4, but 5 were written."),
        ("DELETE FROM tenancy_auditevent", "The log ends at event 0, but 5 were written."),
    ],
)
@pytest.mark.parametrize("size", [2, 3, 100])
def test_tampering_is_found_in_whichever_part(cast: Cast, sql: str, problem: str, size: int) -> None:
    for number in range(5):
        deed(cast.acme, f"Deed {number}")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE tenancy_auditevent DISABLE TRIGGER USER")
        cursor.execute(sql)
        cursor.execute("ALTER TABLE tenancy_auditevent ENABLE TRIGGER USER")
    result = Verified(0, 5)
    while not result.done:
        result = verify_part(f"customer:{cast.acme.pk}", after=result.checked, size=size)
    assert result.problem == problem


def test_the_page_says_whether_the_log_is_whole(cast: Cast, sign_in: SignIn, events: list[AuditEvent]) -> None:
    client = sign_in("customer_full")
    url = page(cast.open_acme, "audit-verify")
    assert b"The log is whole." in client.get(url).content
    assert b"All 3 events are as they were written" in client.get(url, headers={"HX-Request": "true"}).content
    assert client.get(url, {"after": "²"}).status_code == 200


def test_events_of_a_span_are_those_of_the_span(cast: Cast, events: list[AuditEvent]) -> None:
    now = timezone.now()
    hour = timedelta(hours=1)
    inside = events_of(customer=cast.acme, narrow=Narrowing(since=now - hour, until=now + hour))
    assert [event.text for event in inside] == ["Something in Acme Dental"]
    assert not events_of(customer=cast.acme, narrow=Narrowing(until=now - hour)).exists()
