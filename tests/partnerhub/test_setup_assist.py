"""Setup Assist: what decides Express or Standard, how soon, who may, taking it back, and the team's phases."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from billing.models import DayClose
from billing.services.closing import close_missing_days
from controlhub.models import Location, SetupAssistOrder
from controlhub.services.readiness import CustomerNotReady
from partnerhub.business_days import HOLIDAYS, business_day_after, is_business_day
from partnerhub.services import setup_assist
from partnerhub.services.setup_assist import (
    GoLiveInvalid,
    NobodyAtLocation,
    SetupAssistEnded,
    SetupAssistOrdered,
    SetupAssistStarted,
    SetupRequest,
    advance_setup_assist,
    cancel_setup_assist,
    order_setup_assist,
)
from partnerhub.services.suspension import PartnerSuspended
from tenancy.actors import SYSTEM
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, Partner
from tests.cast import Cast
from tests.factories import make_location, make_setup_order, make_subscriber

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    """A Monday without holidays near, for the service, whose clock is the database's, and for the pages."""
    monkeypatch.setattr(setup_assist, "database_now", lambda: MONDAY)
    with time_machine.travel(MONDAY, tick=False):
        yield MONDAY


@pytest.fixture
def site(cast: Cast) -> Location:
    location = make_location(cast.acme)
    make_subscriber(cast.acme, location=location)
    return location


@pytest.fixture
def order(cast: Cast) -> Callable[..., SetupAssistOrder]:
    """`order(location, go_live_on=...)`: as partner_full would order it."""

    def do(location: Location, *, who: str = "partner_full", **fields: Any) -> SetupAssistOrder:
        facts = {
            "go_live_on": date(2026, 3, 10),
            "contact_name": "Kim Contact",
            "contact_email": "kim@acme.example.com",
            "contact_phone": "+1 217 555 0100",
        }
        request = SetupRequest(location=location, **facts | fields)
        return order_setup_assist(customer=location.customer, request=request, by=cast.actor(who))

    return do


Order = Callable[..., SetupAssistOrder]


class TestOrdering:
    """Whatever door it comes through."""

    @pytest.mark.parametrize(("users", "kind"), [(1, "express"), (5, "express"), (6, "standard"), (40, "standard")])
    def test_the_number_of_users_decides(self, now: datetime, cast: Cast, order: Order, users: int, kind: str) -> None:
        location = make_location(cast.acme)
        for _ in range(users):
            make_subscriber(cast.acme, location=location)
        make_subscriber(cast.acme, location=location, deleted_at=now)
        make_subscriber(cast.acme, location=make_location(cast.acme, "Branch"))
        placed = order(location)
        facts = (placed.kind, placed.seats, placed.status, placed.phase, placed.ordered_at, placed.partner)
        assert facts == (kind, users, "requested", 0, now, cast.north)
        event = AuditEvent.objects.get(action="setup_assist.ordered")
        users_said = f"Ordered Setup Assist {kind.title()} for Headquarters ({users} users), to go live on 2026-03-10"
        assert (event.text, event.customer, event.actor_email) == (
            users_said,
            cast.acme,
            cast.admins["partner_full"].email,
        )

    # Monday 2 March: Tuesday 3 is the first business day after it, Tuesday 10 the sixth.
    @pytest.mark.parametrize("day", [date(2026, 3, 10), date(2026, 3, 11), date(2026, 3, 16), date(2027, 3, 10)])
    def test_six_business_days_ahead_are_enough(self, now: datetime, site: Location, order: Order, day: date) -> None:
        assert order(site, go_live_on=day).go_live_on == day

    @pytest.mark.parametrize(
        ("day", "message"),
        [
            (date(2026, 3, 9), "The team needs 6 business days: 10 Mar 2026 at the earliest."),
            (date(2026, 3, 1), "The team needs 6 business days: 10 Mar 2026 at the earliest."),
            (date(2026, 3, 14), "The team does not work on that day. Choose another one."),
            (date(2026, 5, 25), "The team does not work on that day. Choose another one."),
            (date(2027, 3, 11), "Order at most a year ahead."),
        ],
    )
    def test_other_days_are_refused(self, now: datetime, site: Location, order: Order, day: date, message: str) -> None:
        with pytest.raises(GoLiveInvalid) as refused:
            order(site, go_live_on=day)
        assert (str(refused.value), refused.value.field) == (message, "go_live_on")
        assert not SetupAssistOrder.objects.exists()

    def test_today_is_the_locations(self, now: datetime, site: Location, order: Order) -> None:
        """At 15:00 UTC on Monday it is Tuesday in Auckland: one day later at the earliest."""
        site.time_zone = "Pacific/Auckland"
        site.save(update_fields=["time_zone"])
        with pytest.raises(GoLiveInvalid):
            order(site, go_live_on=date(2026, 3, 10))
        assert order(site, go_live_on=date(2026, 3, 11)).pk

    def test_a_location_without_users_is_refused(self, now: datetime, cast: Cast, order: Order) -> None:
        with pytest.raises(NobodyAtLocation):
            order(make_location(cast.acme))

    def test_one_at_a_time_for_a_location(self, now: datetime, cast: Cast, site: Location, order: Order) -> None:
        first = order(site)
        with pytest.raises(SetupAssistOrdered):
            order(site)
        cancel_setup_assist(order=first, by=cast.actor("partner_full"))
        assert order(site).pk != first.pk

    @pytest.mark.parametrize(
        "who", ["partner_plain", "partner_admin", "partner_readonly", "helpdesk", "other_partner_full", "customer_full"]
    )
    def test_only_a_wholesale_administrator_orders(self, now: datetime, site: Location, order: Order, who: str) -> None:
        with pytest.raises(Forbidden):
            order(site, who=who)
        assert not SetupAssistOrder.objects.exists()

    def test_not_for_a_customer_on_hold_nor_by_a_suspended_partner(
        self, now: datetime, cast: Cast, site: Location, order: Order
    ) -> None:
        type(cast.acme).objects.filter(pk=cast.acme.pk).update(status="pending_rpl_review")
        with pytest.raises(CustomerNotReady):
            order(site)
        Partner.objects.filter(pk=cast.north.pk).update(state="suspended")
        with pytest.raises(PartnerSuspended):
            order(site)

    def test_a_copy_goes_to_who_ordered(
        self, now: datetime, cast: Cast, site: Location, order: Order, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            order(site, copy_to_me=True, notes="Ring twice")
        [letter] = mail.outbox
        assert (letter.to, letter.subject) == ([cast.admins["partner_full"].email], "Setup Assist for Acme Dental")
        assert "Contact: Kim Contact, kim@acme.example.com, +1 217 555 0100\n" in letter.body
        assert letter.body.endswith("Notes: Ring twice")


class TestCancelling:
    """On its own day, before the team begins."""

    def test_it_is_free_again_on_the_same_day(self, now: datetime, cast: Cast, site: Location, order: Order) -> None:
        placed = order(site)
        cancel_setup_assist(order=placed, by=cast.actor("partner_full"))
        placed.refresh_from_db()
        assert (placed.status, placed.cancelled_at is not None) == ("cancelled", True)
        assert AuditEvent.objects.filter(action="setup_assist.cancelled").count() == 1

    def test_not_a_day_later_nor_once_the_team_has_begun(
        self, now: datetime, cast: Cast, site: Location, order: Order, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        placed = order(site)
        monkeypatch.setattr(setup_assist, "database_now", lambda: MONDAY + timedelta(hours=9))
        with pytest.raises(SetupAssistStarted):
            cancel_setup_assist(order=placed, by=cast.actor("partner_full"))
        monkeypatch.setattr(setup_assist, "database_now", lambda: MONDAY)
        begun = advance_setup_assist(order=placed, by=SYSTEM)
        for row in (placed, begun):  # one of them was read before the team began
            with pytest.raises(SetupAssistStarted):
                cancel_setup_assist(order=row, by=cast.actor("partner_full"))

    @pytest.mark.parametrize("who", ["partner_plain", "partner_readonly", "other_partner_full"])
    def test_only_by_who_may_order(self, now: datetime, cast: Cast, site: Location, order: Order, who: str) -> None:
        placed = order(site)
        with pytest.raises(Forbidden):
            cancel_setup_assist(order=placed, by=cast.actor(who))


class TestPhases:
    """The team begins, finishes phase by phase, and is done."""

    @pytest.mark.parametrize(("seats", "phases"), [(3, 2), (6, 8)])
    def test_each_step_counts(self, site: Location, seats: int, phases: int) -> None:
        row, seen = make_setup_order(site, seats=seats), []
        while row.is_open:
            row = advance_setup_assist(order=row, by=SYSTEM)
            seen.append((row.status, row.phase))
        assert seen == [*(("in_progress", phase) for phase in range(phases)), ("completed", phases)]
        assert row.completed_at
        with pytest.raises(SetupAssistEnded):
            advance_setup_assist(order=row, by=SYSTEM)

    def test_operations_do_it_by_command(self, site: Location) -> None:
        def say(*arguments: str) -> str:
            out = StringIO()
            call_command("setup_assist", *arguments, stdout=out)
            return out.getvalue()

        assert say() == "Nothing is ordered.\n"
        row = make_setup_order(site)
        assert say() == (
            f"{row.public_id}  2030-01-02  requested    0/2  Acme Dental: Setup Assist Express for Headquarters\n"
        )
        advanced = "Setup Assist Express for Headquarters: In progress, 0 of 2 phases done.\n"
        assert say(str(row.public_id), "--advance") == advanced
        with pytest.raises(CommandError, match="Say --advance"):
            say(str(row.public_id))
        with pytest.raises(CommandError, match="There is no order"):
            say("00000000-0000-0000-0000-000000000000", "--advance")


class TestDatabase:
    """What the rows themselves refuse."""

    @pytest.fixture
    def closed(self, cast: Cast, site: Location) -> SetupAssistOrder:
        """An order on a day that is closed."""
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        cast.north.billing_start_on = today.date() - timedelta(days=3)
        cast.north.save(update_fields=["billing_start_on"])
        row = make_setup_order(site, ordered_at=today - timedelta(days=1))
        for _ in close_missing_days(until=today.date() - timedelta(days=1)):
            pass
        assert DayClose.objects.filter(partner=cast.north, day=today.date() - timedelta(days=1)).exists()
        return row

    @pytest.mark.parametrize(
        "change",
        [{"status": "cancelled", "cancelled_at": MONDAY}, {"seats": 4}, {"kind": "standard", "seats": 9}, {"ordered_at": MONDAY}],
    )  # fmt: skip
    def test_a_closed_days_order_stays(self, closed: SetupAssistOrder, change: dict[str, Any]) -> None:
        with pytest.raises(IntegrityError, match="Setup Assist"), transaction.atomic():
            SetupAssistOrder.objects.filter(pk=closed.pk).update(**change)
        with pytest.raises(IntegrityError, match="Setup Assist"), transaction.atomic():
            SetupAssistOrder.objects.filter(pk=closed.pk).delete()

    def test_its_progress_may_go_on(self, closed: SetupAssistOrder) -> None:
        assert advance_setup_assist(order=closed, by=SYSTEM).status == "in_progress"

    def test_none_is_added_to_a_closed_day(self, cast: Cast, closed: SetupAssistOrder) -> None:
        with pytest.raises(IntegrityError, match="closed day"), transaction.atomic():
            make_setup_order(make_location(cast.acme, "Late"), ordered_at=closed.ordered_at)

    def test_a_cancelled_one_never_comes_back(self, site: Location) -> None:
        row = make_setup_order(site, status="cancelled", cancelled_at=MONDAY)
        with pytest.raises(IntegrityError, match="billed as it was ordered"), transaction.atomic():
            SetupAssistOrder.objects.filter(pk=row.pk).update(status="requested", cancelled_at=None)

    @pytest.mark.parametrize(
        "facts",
        [{"kind": "express", "seats": 6}, {"kind": "standard", "seats": 5}, {"seats": 0}, {"status": "completed"},
         {"status": "cancelled"}, {"completed_at": MONDAY}, {"phase": 3}],
    )  # fmt: skip
    def test_what_cannot_be_is_no_row(self, site: Location, facts: dict[str, Any]) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            make_setup_order(site, **facts)


class TestPages:
    """Order, list, look, cancel."""

    FORM = {
        "go_live_on": "2026-03-10",
        "contact_name": "Kim Contact",
        "contact_email": "kim@acme.example.com",
        "contact_phone": "+1 217 555 0100",
        "porting": "on",
        "notes": "Ring twice",
    }

    def form_url(self, cast: Cast) -> str:
        return reverse("partnerhub:setup-assist", args=[cast.north.public_id, cast.acme.public_id])

    def test_from_the_customer_to_the_order(self, now: datetime, sign_in: SignIn, cast: Cast, site: Location) -> None:
        client = sign_in("partner_full")
        panel = client.get(reverse("partnerhub:customer-panel", args=[cast.north.public_id, cast.acme.public_id]))
        assert self.form_url(cast) in panel.content.decode()
        form = client.get(self.form_url(cast)).content.decode()
        assert "1 user: Setup Assist Express, billed once" in form
        assert "10 March 2026 at the earliest" in form
        done = client.post(self.form_url(cast), self.FORM | {"location": str(site.public_id)}, follow=True)
        page = done.content.decode()
        assert "is ordered. It is on today" in page
        placed = SetupAssistOrder.objects.get()
        assert (placed.location, placed.porting, placed.notes, placed.ordered_by) == (
            site,
            True,
            "Ring twice",
            cast.admins["partner_full"],
        )
        url = reverse("partnerhub:setup-assist-cancel", args=[cast.north.public_id, placed.public_id])
        assert url in page
        assert "is cancelled and not billed" in client.post(url, follow=True).content.decode()

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("location", "", "Choose a location."),
            ("go_live_on", "2026-03-09", "The team needs 6 business days"),
            ("contact_email", "kim", "Enter a valid email address."),
            ("contact_phone", "ring me", "Enter a phone number such as +1 217 555 0100."),
            ("contact_name", "", "Name somebody whom the team can talk to."),
        ],
    )
    def test_an_error_is_beside_its_field(
        self, now: datetime, sign_in: SignIn, cast: Cast, site: Location, field: str, value: str, message: str
    ) -> None:
        data = self.FORM | {"location": str(site.public_id)} | {field: value}
        response = sign_in("partner_full").post(self.form_url(cast), data)
        assert (response.status_code, list(response.context["form"].errors)) == (422, [field])
        assert message in response.context["form"].errors[field][0]
        assert not SetupAssistOrder.objects.exists()

    def test_without_users_there_is_nothing_to_order(self, sign_in: SignIn, cast: Cast) -> None:
        make_location(cast.acme)
        page = sign_in("partner_full").get(self.form_url(cast)).content.decode()
        assert "There is no location to order for." in page
        assert "No users yet" in page

    def test_who_may_not_order_may_look(self, sign_in: SignIn, cast: Cast, site: Location) -> None:
        client, row = sign_in("partner_readonly"), make_setup_order(site)
        assert client.get(self.form_url(cast)).status_code == 403
        page = client.get(reverse("partnerhub:setup-assist-order", args=[cast.north.public_id, row.public_id]))
        assert (page.status_code, "Cancel order" in page.content.decode()) == (200, False)

    def test_the_list_narrows_by_status_and_exports_the_same(self, sign_in: SignIn, cast: Cast, site: Location) -> None:
        client = sign_in("partner_full")
        url = reverse("partnerhub:setup-assist-list", args=[cast.north.public_id])
        assert "No orders yet" in client.get(url).content.decode()
        make_setup_order(site, status="completed", completed_at=MONDAY, phase=2)
        make_setup_order(site, notes="=1+1")
        make_setup_order(make_location(cast.branch_customer))
        assert len(client.get(url).context["page"].items) == 2
        assert "No orders found" in client.get(url, {"status": "cancelled"}).content.decode()
        export = client.get(
            reverse("partnerhub:setup-assist-export", args=[cast.north.public_id]), {"status": "requested"}
        )
        lines = b"".join(export.streaming_content).decode().splitlines()
        assert len(lines) == 2
        assert "Acme Dental" in lines[1]
        assert "'=1+1" in lines[1]

    def test_assigned_customers_only(self, sign_in: SignIn, cast: Cast, site: Location) -> None:
        mine, other = make_setup_order(site), make_setup_order(make_location(cast.open_acme))
        client = sign_in("partner_admin")
        page = client.get(reverse("partnerhub:setup-assist-list", args=[cast.north.public_id]))
        assert page.context["page"].items == [mine]
        url = reverse("partnerhub:setup-assist-order", args=[cast.north.public_id, other.public_id])
        assert client.get(url).status_code == 404


def test_the_calendar_knows_weekends_and_holidays() -> None:
    assert [is_business_day(date(2026, 12, day)) for day in (24, 25, 26, 27, 28)] == [True, False, False, False, True]
    assert business_day_after(date(2026, 12, 23), 3) == date(2026, 12, 29)
    assert [day for day in sorted(HOLIDAYS) if day.weekday() > 4] == []  # one on a weekend would say nothing
