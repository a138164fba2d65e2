"""Deciding about the organisation itself."""

from django.db import transaction

from controlhub.services.organization_pushes import Section, push_organization
from controlhub.services.readiness import require_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.policy import Control

NAME_LENGTH = 120


class NameNotAllowed(DomainError):
    """The name is empty, too long, or has a character that Webex refuses (domain.md 2.3) or that starts a mail header."""

    code = "name_not_allowed"
    message = f"A company name is needed: at most {NAME_LENGTH} characters in one line, without %."


@transaction.atomic
def rename_company(*, customer: Customer, name: str, by: Actor) -> Customer:
    """Give the organisation another name. The same name again changes nothing and leaves no event."""
    authorize(by, Control.ACCOUNT_COMPANY_NAME, customer=customer)
    require_ready(customer)
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or "%" in name or not name.isprintable():
        raise NameNotAllowed(field="name")
    row = Customer.objects.select_for_update().get(pk=customer.pk)
    if row.name == name:
        return row
    before, row.name = row.name, name
    row.save(update_fields=["name"])
    text = f"{by.name} renamed {before} to {name}"
    audit.record(
        action="customer.renamed", text=text, target=row, customer=row, by=by, changes={"name": [before, name]}
    )
    push_organization(customer=row, section=Section.NAME, by=by)
    return row
