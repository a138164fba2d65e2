"""Reading the audit log: who did what, narrowed by category, actor, target and date, and whether a chain is whole.

A customer's page shows what happened in it, whoever did it. A partner's page shows its own deeds and its customers',
never those of its parent or its sub-partners (each of them has a page of its own).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from tenancy.audit import event_hash
from tenancy.models import AuditChain, AuditEvent, Customer, Partner

ORDER = ("-created_at", "-id")
NOWHERE = "0" * 64
CHUNK = 20_000

# The noun of an action, as people read it. An unknown one is shown as it is.
CATEGORIES = {
    "account": "Account",
    "admin_role": "Administrator roles",
    "administrator": "Administrators",
    "billing_report": "Billing reports",
    "consent": "Consents",
    "customer": "Customers",
    "customer_price": "Customer prices",
    "device": "Devices",
    "helpdesk": "Help desk",
    "integration": "Integrations",
    "invoice": "Invoices",
    "launch": "Cross-launch",
    "location": "Locations",
    "mail": "Mails",
    "number": "Numbers",
    "package": "Packages",
    "people": "Automatic licenses and directory",
    "partner": "Partner",
    "price": "Price book",
    "job": "Provisioning",
    "queue": "Call queues",
    "role": "Roles",
    "screening": "Compliance screening",
    "settings": "Settings",
    "setup_assist": "Setup Assist",
    "sign_in": "Sign-ins",
    "subscriber": "Users",
    "support": "Support access",
    "template": "Onboarding templates",
    "token": "API tokens",
    "usage": "Usage corrections",
    "webhook": "Webhooks",
    "workspace": "Workspaces",
}

# They change nothing: pages that tell what was changed leave them out.
NO_CHANGES = ("sign_in",)


@dataclass(frozen=True)
class Narrowing:
    """What a reader asks for. Empty means everything; `since` is inclusive, `until` exclusive, both UTC instants."""

    category: str = ""
    actor: str = ""
    target: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    only_visitors: bool = False


def tenant_of(*, customer: Customer | None = None, partner: Partner | None = None) -> str:
    """The name of the chain that a page may verify."""
    return f"customer:{customer.pk}" if customer else f"partner:{partner.pk}"  # type: ignore[union-attr]


def events_of(
    *, customer: Customer | None = None, partner: Partner | None = None, narrow: Narrowing | None = None
) -> QuerySet[AuditEvent]:
    """The events a page shows, without order."""
    narrow = narrow or Narrowing()
    events = customer.audit_events.all() if customer else partner.audit_events.all()  # type: ignore[union-attr]
    if narrow.category:
        events = events.filter(category=narrow.category)
    if narrow.only_visitors:
        events = events.filter(category="launch")
    if narrow.actor:
        events = events.filter(Q(actor_name__icontains=narrow.actor) | Q(actor_email__icontains=narrow.actor))
    if narrow.target:
        events = events.filter(Q(target_name__icontains=narrow.target) | Q(target_id=narrow.target))
    if narrow.text:
        events = events.filter(text__icontains=narrow.text)
    if narrow.since:
        events = events.filter(created_at__gte=narrow.since)
    if narrow.until:
        events = events.filter(created_at__lt=narrow.until)
    return events.annotate(customer_name=F("customer__name"))


def category_label(category: str) -> str:
    """A category as people read it."""
    return CATEGORIES.get(category, category.replace("_", " ").capitalize())


EXPORT_HEADER = (
    "Time (UTC)",
    "Category",
    "Action",
    "Text",
    "Actor",
    "Actor email",
    "Actor organization",
    "Actor roles",
    "IP address",
    "User agent",
    "Door",
    "Target type",
    "Target",
    "Target ID",
    "Customer",
    "Tracking ID",
    "Number",
    "Hash",
)


def export_rows(events: QuerySet[Any]) -> Iterator[tuple[Any, ...]]:
    """Every event as a row, newest first. Streamed from the server: no cap, and memory does not grow."""
    for event in events.order_by(*ORDER).iterator(chunk_size=2000):
        yield (
            f"{event.created_at:%Y-%m-%dT%H:%M:%S.%fZ}",
            category_label(event.category),
            event.action,
            event.text,
            event.actor_name,
            event.actor_email,
            event.actor_org_name,
            " ".join(event.actor_roles),
            event.actor_ip or "",
            event.actor_user_agent,
            event.door,
            event.target_type,
            event.target_name,
            event.target_id,
            event.customer_name or "",
            event.tracking_id,
            event.number,
            event.hash,
        )


@dataclass(frozen=True)
class Verified:
    """How far a chain was checked. `problem` names the first bad event; without one and `done`, the chain is whole."""

    checked: int
    length: int
    problem: str = ""

    @property
    def done(self) -> bool:
        return bool(self.problem) or self.checked >= self.length


def verify_part(tenant: str, *, after: int = 0, size: int = CHUNK) -> Verified:
    """Check the next `size` events after number `after`: their numbers, their links, and what they say.

    Each part starts from the stored hash of the event before it, which the part before has checked.
    """
    chain = AuditChain.objects.filter(pk=tenant).first()
    length, head = (chain.length, chain.head) if chain else (0, NOWHERE)
    previous = _hash_of(tenant, after)
    number = after
    for event in AuditEvent.objects.filter(tenant=tenant, number__gt=after).order_by("number")[:size].iterator():
        number += 1
        if event.number != number or event.previous_hash != previous or event.hash != event_hash(event):
            return Verified(number - 1, length, f"Event {number} was changed, removed or reordered.")
        previous = event.hash
    if number - after < size and (number != length or previous != head):
        return Verified(number, length, f"The log ends at event {number}, but {length} were written.")
    return Verified(number, length)


def _hash_of(tenant: str, number: int) -> str:
    if number == 0:
        return NOWHERE
    row = AuditEvent.objects.filter(tenant=tenant, number=number).values_list("hash", flat=True).first()
    return row or ""
