"""The audit log: one event per deed, in the same transaction, in a hash chain per tenant.

A tenant is a customer, or a partner for what happens outside any customer. Events are insert-only (database trigger);
changing, removing or reordering one breaks the chain, and `verify_chain` names the first bad event.
"""

import hashlib
import json
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, models, transaction

from tenancy.actors import Actor
from tenancy.announcing import IS_HEARD, announce, heard
from tenancy.errors import Forbidden
from tenancy.models import AuditChain, AuditEvent, Customer, Partner, Resource
from tenancy.narrowing import NarrowedManager

HASHED = [
    "tenant",
    "number",
    "previous_hash",
    "action",
    "category",
    "text",
    "partner_id",
    "customer_id",
    "actor_id",
    "actor_name",
    "actor_email",
    "actor_org_name",
    "actor_roles",
    "actor_ip",
    "actor_user_agent",
    "door",
    "launch_id",
    "target_type",
    "target_id",
    "target_name",
    "changes",
    "tracking_id",
]


def record(
    *,
    action: str,
    text: str,
    target: models.Model,
    by: Actor,
    partner: Partner | None = None,
    customer: Customer | None = None,
    changes: dict[str, Any] | None = None,
) -> AuditEvent:
    """Write one event about `target`. Must run inside the transaction of the deed itself.

    `action` is "noun.verb" (its noun is the category); `changes` maps a field to [before, after] and never holds secrets.
    """
    partner = partner or (customer.partner if customer else None)
    if not transaction.get_connection().in_atomic_block or partner is None:
        raise RuntimeError("An audit event needs the deed's transaction and its partner.")
    if customer is not None:
        _refuse_unseen(target, customer, by)
    tenant = f"customer:{customer.pk}" if customer else f"partner:{partner.pk}"
    chain = _lock_chain(tenant, partner)
    event = AuditEvent(
        tenant=tenant,
        number=chain.length + 1,
        previous_hash=chain.head,
        created_at=chain.now,
        action=action,
        category=action.partition(".")[0],
        text=text[:400],
        partner=partner,
        customer=customer,
        target_type=target._meta.model_name or "",
        target_id=str(getattr(target, "public_id", target.pk)),
        target_name=str(target)[:200],
        changes=changes or {},
        **_actor_columns(by),
    )
    event.hash = event_hash(event)
    event.save(force_insert=True)
    AuditChain.objects.filter(pk=tenant).update(length=event.number, head=event.hash)
    if chain.anybody_listens:
        _announce(event, partner, customer)
    return event


def _announce(event: AuditEvent, partner: Partner, customer: Customer | None) -> None:
    found = heard(event.action, event.target_type)
    if found:
        resource, what = found
        # A package of an organization is no thing of its own outside: its customer has changed.
        target_id = customer.public_id if resource is Resource.CUSTOMERS and customer else event.target_id
        announce(resource=resource, event=what, target_id=target_id, partner=partner, customer=customer)


def _refuse_unseen(target: models.Model, customer: Customer, by: Actor) -> None:
    """Nobody does a deed to what he may not see: the last guard of every service, because every deed is audited."""
    manager = target._meta.default_manager  # the target may be lazy, such as request.user
    if not by.is_location_bound(customer) or not isinstance(manager, NarrowedManager):
        return
    rows = type(target)._base_manager.filter(pk=target.pk)
    if not manager.seen_by(rows, by, customer).exists():
        raise Forbidden("This belongs to a location that you do not administer.")


class _Chain(NamedTuple):
    """A locked chain's end, the database's clock after that (servers may disagree, the log must not), and who hears it."""

    length: int
    head: str
    now: datetime
    anybody_listens: bool


# The clock is read of the locked row: whoever waited for the lock has the later time. IS_HEARD is a constant; values are bound.
_LOCK = f"""
WITH chain AS MATERIALIZED (SELECT length, head FROM tenancy_auditchain WHERE tenant = %s FOR UPDATE)
SELECT length, head, clock_timestamp(), {IS_HEARD} FROM chain
"""  # noqa: S608


def _lock_chain(tenant: str, partner: Partner) -> _Chain:
    """The end of the tenant's chain, locked until the transaction ends; its first event starts it."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [tenant, partner.pk])
        row = cursor.fetchone()
        if row is None:
            AuditChain.objects.bulk_create([AuditChain(tenant=tenant)], ignore_conflicts=True)
            cursor.execute(_LOCK, [tenant, partner.pk])
            row = cursor.fetchone()
    return _Chain(*row)


def _actor_columns(by: Actor) -> dict[str, Any]:
    return {
        "actor": by.admin,
        "actor_name": by.name,
        "actor_email": by.email,
        "actor_org_name": by.org_name,
        "actor_roles": sorted({grant.role.value for grant in by.grants}),
        "actor_ip": by.ip,
        "actor_user_agent": by.user_agent,
        "door": by.door,
        "launch": by.launch,
        "tracking_id": by.tracking_id,
    }


def event_hash(event: AuditEvent) -> str:
    """SHA-256 over the previous hash and everything the event says."""
    values = {name: getattr(event, name) for name in HASHED} | {"created_at": event.created_at.isoformat()}
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def verify_chain(tenant: str) -> str:
    """An empty string when the tenant's chain is whole, else a sentence naming the first event that is not."""
    previous, count = "0" * 64, 0
    for event in AuditEvent.objects.filter(tenant=tenant).order_by("number").iterator():
        count += 1
        if event.number != count or event.previous_hash != previous or event.hash != event_hash(event):
            return f"{tenant}: event {count} was changed, removed or reordered"
        previous = event.hash
    chain = AuditChain.objects.filter(pk=tenant).first()
    if (chain.length if chain else 0) != count or (chain and chain.head != previous):
        return f"{tenant}: the chain ends at event {count}, its head says {chain.length if chain else 0}"
    return ""
