"""Every list of both hubs: how many queries, the same at 10 and at 10,000 rows, and by keyset only.

The lists are found: a page is a list when it asks for a keyset page (tenancy/paging.py). What each may cost stands in one
table here, for a page alone, further down, and searched.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import Difference, Reconciliation, UsageCorrection
from tenancy import paging
from tenancy.access import CustomerView
from tenancy.policy import Role
from tests.cast import Cast
from tests.factories import (
    assign_locations,
    invoice_line,
    make_adjustment,
    make_correction,
    make_customer_admin,
    make_invoice,
)
from tests.launching import launch
from tests.sweeps.counting import CASES
from tests.sweeps.crowd import crowd
from tests.sweeps.test_urls import SCOPED, Url
from tests.sweeps.world import Tenant, make_tenant

MOST = 12
# Queries of each list as its own hub's full administrator, the session's and the actor's among them; then of its searches.
BUDGET = {
    "billing:report-list": [8],
    "billing:reconciliation": [9],
    "billing:why": [12],
    "billing:correction-list": [7],
    "billing:correction-detail": [7],
    "billing:customer-choice": [6],
    "billing:interval-list": [7],
    "billing:invoice-list": [12, 12, 7],
    "billing:invoice-detail": [9, 9],
    "billing:margin": [12],
    "billing:customer-price-list": [7, 7],
    "partnerhub:audit": [6],
    "partnerhub:audit-event": [7],
    "partnerhub:customer-list": [7, 7, 7, 7],
    "partnerhub:customer-panel": [11],
    "partnerhub:helpdesk": [5, 8],
    "partnerhub:indirect-providers": [6],
    "partnerhub:setup-assist-list": [6, 6],
    "partnerhub:integration-list": [6],
    "partnerhub:template-list": [6],
    "partnerhub:template-panel": [8],
    "partnerhub:token-list": [6],
    "partnerhub:webhook-list": [6],
    "partnerhub:webhook-detail": [7],
    "partnerhub:webhook-delivery": [9],
    "controlhub:audit": [6],
    "controlhub:audit-event": [7],
    "controlhub:user-list": [9, 9, 8, 9],
    "controlhub:consent-list": [6],
    "controlhub:user-deleted-list": [6],
    "controlhub:location-list": [6],
    "controlhub:number-list": [7],
    "controlhub:workspace-list": [7],
    "controlhub:queue-list": [6],
    "controlhub:device-list": [7],
    "controlhub:admin-list": [8],
}
# Searches that show at most ten of a kind, so they have no pages.
WITHOUT_PAGES = {"partnerhub:helpdesk"}
# Rows of these need closed days of use: pages in tests of their own (tests/billing).
PAGED_ELSEWHERE = {"billing:margin"}
QUERIES = {
    "billing:invoice-list": ("month=2020-02", "status=issued"),
    "billing:invoice-detail": ("kind=usage",),
    "billing:customer-price-list": ("q=open",),
    "controlhub:user-list": ("q=crowd", "role=any", "q=sam&package=webex_calling&sort=-name"),
    "partnerhub:customer-list": ("q=crowd", "restricted=off", "q=crowd&indirect=on"),
    "partnerhub:helpdesk": ("q=crowd",),
    "partnerhub:setup-assist-list": ("status=completed",),
}


@pytest.fixture
def tenant(cast: Cast) -> Tenant:
    """The unrestricted customer, with one of everything; its invoice, corrections and comparison have many lines."""
    tenant = make_tenant(cast.north, cast.open_acme, "CanaryOpen")
    lines = [invoice_line(cast.north, "1.00") for _ in range(120)]
    tenant.ids["invoice"] = make_invoice(cast.north, *lines).public_id
    correction = UsageCorrection.objects.get(public_id=tenant.ids["correction"])
    for n in range(120):
        make_correction(correction.assignment, reason=f"Reason {n}")
        make_adjustment(correction.assignment, date(2026, 1, 1) + timedelta(days=n), 60, correction=correction)
    reconciliation = Reconciliation.objects.get(public_id=tenant.ids["reconciliation"])
    Difference.objects.bulk_create(
        Difference(reconciliation=reconciliation, position=n, cause="quantity", our_quantity=n) for n in range(120)
    )
    return tenant


@pytest.fixture
def clients(cast: Cast) -> dict[bool, Client]:
    """Who looks: a customer's full administrator in Control Hub, the partner's in Partner Hub."""
    made = {}
    for inside, who in ((True, "customer_full"), (False, "partner_full")):
        made[inside] = Client()
        made[inside].force_login(cast.admins[who])
    return made


def in_control_hub(url: Url) -> bool:
    return bool(url.view and issubclass(url.view, CustomerView))


@contextmanager
def slices(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[paging.Slice]]:
    """Every keyset page that is asked for meanwhile."""
    asked: list[paging.Slice] = []
    page = paging._page

    def noted(*args: object) -> paging.Slice:
        asked.append(page(*args))  # type: ignore[arg-type]
        return asked[-1]

    with monkeypatch.context() as patch:
        patch.setattr(paging, "_page", noted)
        yield asked


def lists(tenant: Tenant, clients: dict[bool, Client], monkeypatch: pytest.MonkeyPatch) -> dict[str, Url]:
    """Every URL whose page asks for a keyset page, and the few that need none."""
    found = {}
    for url in SCOPED:
        if url.view is None or not hasattr(url.view, "get"):
            continue
        with slices(monkeypatch) as asked:
            clients[in_control_hub(url)].get(url.path(tenant))
        if asked or url.name in WITHOUT_PAGES:
            found[url.name] = url
    return found


def cost(client: Client, path: str) -> list[str]:
    """The queries of a page, in a session that exists, and without its writing down now and then that it is used."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200, path
    statements = [query["sql"] for query in captured.captured_queries]
    return [sql for sql in statements if not sql.startswith(('UPDATE "django_session"', "SAVEPOINT", "RELEASE"))]


def queries_of(name: str) -> tuple[str, ...]:
    return ("", *QUERIES.get(name, ()))


def costs(found: dict[str, Url], tenant: Tenant, clients: dict[bool, Client]) -> dict[str, list[int]]:
    """How many queries each list takes: alone, and for each of its searches. Nothing counts or skips rows."""
    result = {}
    for name, url in found.items():
        client, path = clients[in_control_hub(url)], url.path(tenant)
        asked = [cost(client, f"{path}?{query}") for query in queries_of(name)]
        assert not [sql for page in asked for sql in page if counts_or_skips(sql)], name
        result[name] = [len(page) for page in asked]
        CASES["lists"] += len(asked)
    return result


def counts_or_skips(sql: str) -> bool:
    """Does the statement count a list or skip rows? Looking whether there are more than so many skips, but stops there."""
    return bool(re.match(r"SELECT COUNT\(", sql) or re.search(r"OFFSET", sql.replace("LIMIT 1 OFFSET 10000", "")))


@pytest.mark.slow
def test_every_list_costs_the_same_at_10_and_at_10_000(
    cast: Cast, tenant: Tenant, clients: dict[bool, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = lists(tenant, clients, monkeypatch)
    crowd(tenant, first=1, last=10)
    few = costs(found, tenant, clients)
    crowd(tenant, first=11, last=10_000)
    assert (few, costs(found, tenant, clients)) == (BUDGET, BUDGET)
    assert max(number for numbers in BUDGET.values() for number in numbers) <= MOST
    for name, url in found.items():
        further_down(name, url.path(tenant), clients[in_control_hub(url)], monkeypatch)
    others_pay_no_more(found, tenant, cast)


def further_down(name: str, path: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second page has other rows than the first one and costs no more: drafts of invoices are on the first one only."""
    if name in WITHOUT_PAGES | PAGED_ELSEWHERE:
        return
    with slices(monkeypatch) as asked:
        client.get(path)
        client.get(f"{path}?after={asked[0].next}")
    first, second = ([row.pk for row in page.items] for page in asked)
    assert (len(first), len(second), set(first) & set(second)) == (50, 50, set()), name
    assert len(cost(client, f"{path}?after={asked[0].next}")) <= BUDGET[name][0], name


def others_pay_no_more(found: dict[str, Url], tenant: Tenant, cast: Cast) -> None:
    """Inside a launch, and for a location administrator with five locations, no list of a customer costs more than MOST."""
    lou = make_customer_admin(tenant.customer, Role.CUSTOMER_LOCATION)
    assign_locations(lou, *tenant.customer.locations.order_by("pk")[:5])
    bound, launched = Client(), Client()
    bound.force_login(lou)
    launched.force_login(cast.admins["helpdesk"])
    launch(launched, customer=tenant.customer, by=cast.actor("helpdesk"))
    shown = 0
    for name, url in found.items():
        for client in (bound, launched) if in_control_hub(url) else ():
            if client.get(url.path(tenant)).status_code == 200:
                assert len(cost(client, url.path(tenant))) <= MOST, name
                shown += 1
    assert shown > len(BUDGET) // 2
