"""Two issuers at once, a kill between any two steps, a price changed meanwhile."""

import threading
from datetime import date
from typing import Any

import pytest
from django.db import connections, transaction

from billing.errors import PriceInvoiced
from billing.models import BillingAccount, Invoice, InvoiceLine, PriceBookEntry
from billing.services import invoicing
from billing.services.invoicing import Issuing, issue_missing_invoices
from billing.services.prices import end_price
from tenancy.actors import SYSTEM
from tenancy.models import AuditEvent
from tests.billing.invoicing import APRIL, MARCH, SUITE, Family, at, close_until, figures, make_family
from tests.billing.test_at_once import WAIT, in_threads
from tests.factories import make_price

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def family() -> Family:
    family = make_family()
    make_price(family.partner, SUITE, "29")
    make_price(family.sub, SUITE, "31")
    family.use(SUITE, at(2, 1), None)
    family.use(SUITE, at(2, 20), None, of="sub")
    close_until(date(2024, 3, 31))
    return family


def everything() -> tuple[list[Any], ...]:
    return (
        list(Invoice.objects.order_by("pk").values_list("number", "month", "total", "line_count")),
        [figures(invoice) for invoice in Invoice.objects.order_by("pk")],
        list(BillingAccount.objects.order_by("pk").values_list("partner", "billed_until", "last_number")),
        list(AuditEvent.objects.filter(action="invoice.issue").values_list("target_name", flat=True)),
    )


def test_four_issuers_at_once_issue_each_month_once(family: Family) -> None:
    gate = threading.Barrier(4)
    done: list[Issuing] = []

    def beat() -> None:
        gate.wait(WAIT)
        done.extend(issue_missing_invoices(until=APRIL))

    for thread in in_threads(beat, beat, beat, beat):
        thread.join(WAIT)

    assert [issuing.parked for issuing in done] == [""] * 4
    assert sum(len(issuing.invoices) for issuing in done) == Invoice.objects.count() == 2
    assert list(Invoice.objects.order_by("number").values_list("number", "month")) == [
        (1, date(2024, 2, 1)),
        (2, MARCH),
    ]


STEPS = [
    ("before", "content_hash"),
    ("before", "InvoiceLine.objects.bulk_create"),
    ("before", "audit.record"),
    ("before", "_advance"),
    ("after", "_advance"),
]


@pytest.mark.parametrize(("when", "step"), STEPS)
def test_a_kill_between_two_steps_loses_and_doubles_nothing(
    family: Family, when: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner: Any = invoicing
    *path, name = step.split(".")
    for part in path:
        owner = getattr(owner, part)
    real = getattr(owner, name)

    def killed(*args: Any, **kwargs: Any) -> None:
        if when == "after":
            real(*args, **kwargs)
        raise SystemExit

    monkeypatch.setattr(owner, name, killed)
    with pytest.raises(SystemExit):
        list(issue_missing_invoices(until=APRIL))
    assert everything() == ([], [], [], [])
    assert not InvoiceLine.objects.exists()

    monkeypatch.undo()
    list(issue_missing_invoices(until=APRIL))
    heads, lines, accounts, events = everything()
    assert [row[0] for row in heads] == [1, 2]
    assert [[row[-1] for row in invoice] for invoice in lines] == [["29.00", "10.69"], ["29.00", "31.00"]]
    assert [row[1:] for row in accounts] == [(APRIL, 2), (APRIL, 0)]
    assert events == ["Invoice 2024-000001", "Invoice 2024-000002"]


def test_a_price_changed_while_an_invoice_is_issued_meets_the_guard(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = PriceBookEntry.objects.get(partner=family.partner)
    refused: list[Exception] = []
    drafted, changing = threading.Event(), threading.Event()
    real = invoicing._advance

    def pause(draft: Any) -> None:
        drafted.set()
        changing.wait(WAIT)
        threading.Event().wait(0.2)  # the change is waiting for us, or would be through by now
        real(draft)

    def change() -> None:
        drafted.wait(WAIT)
        changing.set()
        try:
            with transaction.atomic():
                end_price(entry=entry, valid_until=date(2024, 2, 10), by=SYSTEM)
        except PriceInvoiced as error:
            refused.append(error)

    monkeypatch.setattr(invoicing, "_advance", pause)
    for thread in in_threads(lambda: list(issue_missing_invoices(until=MARCH)), change):
        thread.join(WAIT)
    connections.close_all()
    assert [error.code for error in refused if isinstance(error, PriceInvoiced)] == ["price_invoiced"]
    entry.refresh_from_db()
    assert (entry.valid_until, Invoice.objects.count()) == (None, 1)
