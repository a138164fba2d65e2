"""Mail domains of the organisation: add, verify by a DNS TXT record, claim, delete."""

import re

from django.db import transaction
from django.db.models.functions import Now

from controlhub.dns import resolver
from controlhub.models import OrganizationDomain
from controlhub.services.constraints import named_errors
from controlhub.services.organization_pushes import Section, push_organization
from controlhub.services.readiness import lock_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.policy import Control

MOST_DOMAINS = 50  # per organisation: the page shows them all at once
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])")


class NotADomain(DomainError):
    code = "not_a_domain"
    message = "Enter a domain such as example.com, without @ or https."


class DomainExists(DomainError):
    code = "domain_exists"
    message = "This domain is in the list already."


class TooManyDomains(DomainError):
    code = "too_many_domains"
    message = f"An organization has at most {MOST_DOMAINS} domains. Delete one first."


class DomainGone(DomainError):
    code = "domain_gone"
    message = "This domain was deleted meanwhile."


class RecordNotFound(DomainError):
    code = "txt_record_not_found"

    def __init__(self, domain: OrganizationDomain) -> None:
        super().__init__(
            f"{domain.name} has no TXT record with the verification text yet. DNS changes can take some hours."
        )


class NotVerified(DomainError):
    code = "domain_not_verified"
    message = "Verify the domain before you claim it."


class ClaimedElsewhere(DomainError):
    code = "domain_claimed_elsewhere"
    message = "Another organization has claimed this domain. Ask your service provider if it should be yours."


@transaction.atomic
def add_domain(*, customer: Customer, name: str, by: Actor) -> OrganizationDomain:
    """Put a domain on the list. Raises Forbidden, CustomerNotReady, NotADomain, DomainExists, TooManyDomains."""
    authorize(by, Control.ORG_DOMAIN, customer=customer)
    lock_ready(customer)
    name = name.strip().lower().rstrip(".")
    if len(name) > 253 or not _DOMAIN.fullmatch(name):
        raise NotADomain(field="name")
    if customer.domains.count() >= MOST_DOMAINS:
        raise TooManyDomains(field="name")
    with named_errors({"domain_once_per_customer": lambda: DomainExists(field="name")}):
        domain = OrganizationDomain.objects.create(customer=customer, name=name)
    _record("added", domain, by)
    push_organization(customer=customer, section=Section.DOMAINS, by=by)
    return domain


def verify_domain(*, customer: Customer, domain: OrganizationDomain, by: Actor) -> None:
    """Look for the TXT record, outside any transaction, and remember that it was there.

    Raises Forbidden, CustomerNotReady, RecordNotFound, DomainGone. A verified domain stays verified.
    """
    authorize(by, Control.ORG_DOMAIN, customer=customer)
    if domain.verified_at is None and domain.txt_record not in resolver().txt(domain.name):
        raise RecordNotFound(domain)
    with transaction.atomic():
        row = _locked(customer, domain)
        if row.verified_at is None:
            customer.domains.filter(pk=row.pk).update(verified_at=Now())
            _record("verified", row, by)
            push_organization(customer=customer, section=Section.DOMAINS, by=by)


@transaction.atomic
def claim_domain(*, customer: Customer, domain: OrganizationDomain, by: Actor) -> None:
    """Claim a verified domain: nobody else in the portal can. Raises Forbidden, CustomerNotReady, NotVerified,
    ClaimedElsewhere, DomainGone.
    """
    authorize(by, Control.ORG_DOMAIN, customer=customer)
    row = _locked(customer, domain)
    if row.verified_at is None:
        raise NotVerified
    if row.claimed_at is None:
        with named_errors({"domain_claimed_once": ClaimedElsewhere}):
            customer.domains.filter(pk=row.pk).update(claimed_at=Now())
        _record("claimed", row, by)
        push_organization(customer=customer, section=Section.DOMAINS, by=by)


@transaction.atomic
def delete_domain(*, customer: Customer, domain: OrganizationDomain, by: Actor) -> None:
    """Take a domain off the list, with its claim. Raises Forbidden, CustomerNotReady, DomainGone."""
    authorize(by, Control.ORG_DOMAIN, customer=customer)
    row = _locked(customer, domain)
    _record("deleted", row, by)
    row.delete()
    push_organization(customer=customer, section=Section.DOMAINS, by=by)


def _locked(customer: Customer, domain: OrganizationDomain) -> OrganizationDomain:
    lock_ready(customer)
    row = customer.domains.select_for_update().filter(pk=domain.pk).first()
    if row is None:
        raise DomainGone
    return row


def _record(verb: str, domain: OrganizationDomain, by: Actor) -> None:
    audit.record(
        action=f"settings.domain_{verb}",
        text=f"{by.name}: domain {domain.name} {verb}",
        target=domain,
        customer=domain.customer,
        by=by,
        changes={"domain": [domain.name, None] if verb == "deleted" else [None, domain.name]},
    )
