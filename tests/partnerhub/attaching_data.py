"""Organisations to attach, and how to order and answer."""

import re
from typing import Any
from uuid import UUID

from django.core import mail
from django.db import connection

import partnerhub.invariants
import provisioning.invariants
from partnerhub.models import OrganizationAttachment
from partnerhub.services.attaching import AttachPlan, Licences, Organisation, attach_customer, plan_attach
from partnerhub.services.customers import Headquarters
from provisioning.models import ProvisioningJob
from tenancy.models import Customer
from tests.cast import Cast
from tests.factories import make_template
from tests.partnerhub.customer_data import ADDRESS, info
from tests.provisioning.helpers import run_to_end

OFFICE = Headquarters(name="Headquarters", address=ADDRESS, time_zone="America/Chicago", language="en_us")


def organisation(**facts: Any) -> Organisation:
    """A small one without licences, with `facts` of its own."""
    values: dict[str, Any] = {
        "org_id": UUID(int=7),
        "name": "Pine Street Florist",
        "administrators": ("fern@pinestreet.example.com",),
        "users": 12,
        "verified_domain": False,
        "claimed_domain": False,
        "licences": Licences.NONE,
        "trial": False,
    }
    return Organisation(**values | facts)


def planned(cast: Cast, org_id: UUID, *, who: str = "partner_full") -> AttachPlan:
    """The plan of a member of the cast for his own partner."""
    by = cast.actor(who)
    plan = plan_attach(partner=by.partners[0], org_id=org_id, by=by)
    assert plan is not None
    return plan


def attach(cast: Cast, org_id: UUID, *, who: str = "partner_full", **changes: Any) -> Customer:
    """Order it for the partner of a member of the cast, with a calling package."""
    by = cast.actor(who)
    partner = by.partners[0]
    values: dict[str, Any] = {
        "partner": partner,
        "template": changes.get("template") or make_template(partner, admin=cast.admins[who]),
        "plan": changes.get("plan") or planned(cast, org_id, who=who),
        "info": info(external_id=f"ATT-{partner.customer_count}"),
        "packages": {"webex_calling": None},
        "location": OFFICE,
        "by": by,
    }
    return attach_customer(**values | changes)


def job_of(customer: Customer) -> ProvisioningJob:
    return customer.jobs.get(kind="onboard_customer")


def run(customer: Customer, *, claims: int = 60) -> Customer:
    """Run the customer's job until it is finished, or has been claimed so often."""
    run_to_end(job_of(customer), claims=claims)
    return Customer.objects.get(pk=customer.pk)


def ask(customer: Customer) -> OrganizationAttachment:
    """Run the job until it waits for an answer: one turn makes the links valid, the next one sends the mails."""
    run(customer, claims=2)
    return attachment_of(customer)


def attachment_of(customer: Customer) -> OrganizationAttachment:
    return OrganizationAttachment.objects.get(customer=customer)


def links() -> dict[str, str]:
    """Who got which link: the newest mail of each address."""
    found = {}
    for message in mail.outbox:
        link = re.search(r"http://testserver(/attach/\S+)", message.body)
        if link:
            found[message.to[0]] = link[1]
    return found


def broken_invariants() -> list[str]:
    """The invariants of Partner Hub and of provisioning that do not hold."""
    found = []
    for name, _, sql in [*partnerhub.invariants.INVARIANTS, *provisioning.invariants.INVARIANTS]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            found += [name] if cursor.fetchall() else []
    return found
