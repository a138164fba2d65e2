"""Ordering Setup Assist for a location, taking the order back, and what the team reports of it (domain.md 11)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from controlhub.models import Location, SetupAssistOrder, Subscriber
from controlhub.models.setup_assist import kind_for
from controlhub.services.clock import database_now
from controlhub.services.constraints import named_errors
from controlhub.services.readiness import lock_ready
from controlhub.services.seats import DayClosed
from partnerhub.business_days import business_day_after, is_business_day
from partnerhub.services.suspension import require_active
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.mail import Letter, MailUnavailable, deliver
from tenancy.models import Customer
from tenancy.policy import Control

LEAD_BUSINESS_DAYS = 6
MOST_DAYS_AHEAD = 365
Status = SetupAssistOrder.Status
log = structlog.get_logger(__name__)


class GoLiveInvalid(DomainError):
    """The team cannot finish on that day."""

    code = "go_live_invalid"


class NobodyAtLocation(DomainError):
    code = "nobody_at_location"
    message = "This location has no users yet. Add them first: how many there are decides what Setup Assist costs."


class SetupAssistOrdered(DomainError):
    code = "setup_assist_ordered"
    message = "Setup Assist is ordered for this location already."


class SetupAssistStarted(DomainError):
    code = "setup_assist_started"
    message = "An order can be cancelled on the day it was placed (UTC), before the team begins. This one is billed."


class SetupAssistEnded(DomainError):
    code = "setup_assist_ended"
    message = "This order is completed or cancelled."


@dataclass(frozen=True)
class SetupRequest:
    """What the form asks. What the portal knows already is not asked again."""

    location: Location
    go_live_on: date
    contact_name: str
    contact_email: str
    contact_phone: str
    porting: bool = False
    devices: str = ""
    notes: str = ""
    copy_to_me: bool = False


def users_at(location: Location) -> QuerySet[Subscriber]:
    """Who counts: every living user of the location."""
    return Subscriber.objects.filter(location=location, deleted_at=None)


def earliest_go_live(location: Location, *, now: datetime) -> date:
    """Six business days after today, as the day is at the location."""
    today = now.astimezone(ZoneInfo(location.time_zone)).date()
    return business_day_after(today, LEAD_BUSINESS_DAYS)


def order_setup_assist(*, customer: Customer, request: SetupRequest, by: Actor) -> SetupAssistOrder:
    """Order it: it is billed today. Express or Standard follows from the number of users at the location now.

    Raises GoLiveInvalid, NobodyAtLocation, SetupAssistOrdered, CustomerNotReady, PartnerSuspended.
    """
    authorize(by, Control.PARTNER_SETUP_ASSIST, partner=customer.partner)
    require_active(customer.partner)
    now = database_now()
    _check_go_live(request, now)
    with transaction.atomic():
        lock_ready(customer)
        order = _placed(customer, request, now, by)
        audit.record(
            action="setup_assist.ordered",
            text=f"Ordered {order} ({order.seats} users), to go live on {order.go_live_on:%F}",
            target=order,
            customer=customer,
            changes={"kind": [None, order.kind], "seats": [None, order.seats]},
            by=by,
        )
        if request.copy_to_me and by.admin:
            _send_copy(order, by.admin.email)
    return order


def _check_go_live(request: SetupRequest, now: datetime) -> None:
    day, earliest = request.go_live_on, earliest_go_live(request.location, now=now)
    if day < earliest:
        raise GoLiveInvalid(
            f"The team needs {LEAD_BUSINESS_DAYS} business days: {earliest:%-d %b %Y} at the earliest.",
            field="go_live_on",
        )
    if not is_business_day(day):
        raise GoLiveInvalid("The team does not work on that day. Choose another one.", field="go_live_on")
    if (day - earliest).days > MOST_DAYS_AHEAD:
        raise GoLiveInvalid("Order at most a year ahead.", field="go_live_on")


def _placed(customer: Customer, request: SetupRequest, now: datetime, by: Actor) -> SetupAssistOrder:
    seats = users_at(request.location).count()
    if not seats:
        raise NobodyAtLocation(field="location")
    order = SetupAssistOrder(
        partner=customer.partner,
        customer=customer,
        location=request.location,
        kind=kind_for(seats),
        seats=seats,
        go_live_on=request.go_live_on,
        contact_name=request.contact_name,
        contact_email=request.contact_email,
        contact_phone=request.contact_phone,
        porting=request.porting,
        devices=request.devices,
        notes=request.notes,
        ordered_by=by.admin,
        ordered_at=now,
    )
    refusals: dict[str, Callable[[], DomainError]] = {
        "one_setup_assist_at_a_time": lambda: SetupAssistOrdered(field="location"),
        "closed_day_stays": DayClosed,
    }
    with named_errors(refusals):
        order.save(force_insert=True)
    return order


def may_cancel(order: SetupAssistOrder, *, now: datetime) -> bool:
    """Is it still the day on which it was ordered, and has the team not begun?"""
    return order.status == Status.REQUESTED and order.ordered_at.astimezone(UTC).date() == now.astimezone(UTC).date()


def cancel_setup_assist(*, order: SetupAssistOrder, by: Actor) -> None:
    """Take an order back on its own day: it was never billed. Raises SetupAssistStarted."""
    authorize(by, Control.PARTNER_SETUP_ASSIST, partner=order.partner)
    with transaction.atomic():
        if not may_cancel(order, now=database_now()):
            raise SetupAssistStarted()
        requested = SetupAssistOrder.objects.filter(pk=order.pk, status=Status.REQUESTED)
        with named_errors({"closed_day_stays": SetupAssistStarted}):
            if not requested.update(status=Status.CANCELLED, cancelled_at=Now()):
                raise SetupAssistStarted()
        _note(order, "cancelled", f"Cancelled {order}", by)


def advance_setup_assist(*, order: SetupAssistOrder, by: Actor) -> SetupAssistOrder:
    """The team begins, or has finished a phase; after the last one the order is completed. Raises SetupAssistEnded."""
    authorize(by, Control.PARTNER_SETUP_ASSIST, partner=order.partner)
    with transaction.atomic():
        row = SetupAssistOrder.objects.select_for_update(of=("self",)).select_related("location").get(pk=order.pk)
        if not row.is_open:
            raise SetupAssistEnded()
        row.phase += row.status == Status.IN_PROGRESS
        row.status = Status.COMPLETED if row.phase == len(row.phases) else Status.IN_PROGRESS
        row.completed_at = database_now() if row.status == Status.COMPLETED else None
        row.save(update_fields=["phase", "status", "completed_at"])
        _note(row, "advanced", f"{row}: {row.get_status_display()}, {row.phase} of {len(row.phases)} phases done", by)
    return row


def _note(order: SetupAssistOrder, verb: str, text: str, by: Actor) -> None:
    audit.record(action=f"setup_assist.{verb}", text=text, target=order, customer=order.customer, by=by)


def _send_copy(order: SetupAssistOrder, to: str) -> None:
    """What was ordered, by mail, to who ordered it. A mail server that is away undoes nothing: the order's page says the same."""
    said = {
        "Customer": f"{order.customer.name} ({order.customer.external_id})",
        "Location": order.location.name,
        "Service": f"Setup Assist {order.get_kind_display()}, {order.seats} users",
        "Go live": f"{order.go_live_on:%-d %B %Y}",
        "Contact": f"{order.contact_name}, {order.contact_email}, {order.contact_phone}",
        "Number porting": "yes" if order.porting else "no",
        "Devices": order.devices or "none named",
        "Notes": order.notes or "none",
    }
    body = "\n".join(f"{label}: {value}" for label, value in said.items())
    letter = Letter("setup_assist_copy", to, "en", {}, order.customer)

    def send() -> None:
        try:
            deliver(letter, f"Setup Assist for {order.customer.name}", body)
        except MailUnavailable as error:
            log.warning("mail_not_sent", kind=letter.kind, error=type(error.__cause__).__name__)

    transaction.on_commit(send, robust=True)
