"""The intervals and adjustments behind a quantity: who had what from when to when, and how many seconds of it count."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Extract, Greatest, Least

from billing.models import UsageAdjustment, UsageCorrection
from billing.queries.usage import billed_period
from controlhub.models import PackageAssignment
from controlhub.queries.users import matching
from tenancy.models import Customer, Partner

LIST_ORDER = ("-started_at", "-id")
CUSTOMER_ORDER = ("name", "id")
SUBJECT = ("customer", "location", "subscriber", "workspace")


def customers_billed_to(partner: Partner, *, search: str = "") -> QuerySet[Customer]:
    """The customers of a partner, by name, external ID or administrator's e-mail."""
    customers = Customer.objects.filter(partner=partner)
    text = search.replace("\x00", "").strip()
    if not text:
        return customers
    return customers.filter(Q(name__icontains=text) | Q(external_id__icontains=text) | Q(primary_email__icontains=text))


def customer_billed_to(partner: Partner, public_id: UUID) -> Customer | None:
    """The customer, if it is the partner's or was when it used something."""
    used = PackageAssignment.objects.filter(customer=OuterRef("pk"), partner=partner)
    return Customer.objects.filter(Q(partner=partner) | Exists(used), public_id=public_id).first()


def intervals_of(partner: Partner, customer: Customer, *, search: str = "") -> QuerySet[PackageAssignment]:
    """Everything the customer ever had under this partner; `corrected` says whether it was found to be otherwise later.

    Search: every word in the name or e-mail of a user, or the text in the name of a workspace.
    """
    intervals = PackageAssignment.objects.filter(partner=partner, customer=customer)
    if text := search.replace("\x00", "").strip():
        people = matching(customer.subscribers.all(), text)
        intervals = intervals.filter(Q(subscriber__in=people) | Q(workspace__name__icontains=text))
    corrected = Exists(UsageCorrection.objects.filter(assignment=OuterRef("pk")))
    return intervals.select_related(*SUBJECT).annotate(corrected=corrected)


def intervals_behind(partner: Partner, *, first: date, last: date, **narrow: Any) -> QuerySet[PackageAssignment]:
    """The intervals that a report of the partner counts in these days, each with its `seconds` in them.

    `narrow` by customer, location, subscriber, workspace or package. With `adjustments_behind` they are the quantity.
    """
    bounds = billed_period(partner, first=first, last=last)
    opens, closes = (Value(_midnight(bounds[name])) for name in ("first", "after"))
    start, end = Greatest("started_at", opens), Least(Coalesce("ended_at", closes), closes)
    return (
        PackageAssignment.objects.filter(partner=partner, started_at__lt=closes, **narrow)
        .filter(Q(ended_at=None) | Q(ended_at__gt=opens))
        .annotate(seconds=Cast(Extract(end - start, "epoch"), BigIntegerField()))
        .filter(seconds__gt=0)
        .select_related(*SUBJECT)
    )


def adjustments_behind(partner: Partner, *, first: date, last: date, **narrow: Any) -> QuerySet[UsageAdjustment]:
    """The adjustments that a report of the partner counts in these days: those that were made in them."""
    return (
        UsageAdjustment.objects.filter(partner=partner, made_on__range=(first, last), **narrow)
        .select_related(*SUBJECT, "correction__made_by")
        .order_by("made_at", "id")
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
