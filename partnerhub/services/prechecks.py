"""Would a customer be provisioned? The early sales check, before everything is known (domain.md 5.7)."""

from dataclasses import asdict

from controlhub.services.new_subscribers import is_email
from partnerhub.queries.customers import email_is_taken
from partnerhub.services.customers import Address, EmailBelongsToUser, InvalidCustomer
from partnerhub.services.suspension import require_active
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.models import Partner
from tenancy.places import clean_address
from tenancy.policy import Control


def check_prospect(*, partner: Partner, address: Address, email: str, by: Actor) -> None:
    """Raise what would keep a company at this address, with this administrator, from becoming a customer of `partner`.

    Raises Forbidden, PartnerSuspended, InvalidCustomer, EmailBelongsToUser.
    """
    authorize(by, Control.PARTNER_CUSTOMER_CREATE, partner=partner)
    require_active(partner)
    for field, message in clean_address(asdict(address)).items():
        raise InvalidCustomer(message, field=field)
    if not email:
        return
    if not is_email(email.strip().lower()):
        raise InvalidCustomer("Enter an email address such as name@example.com.", field="admin_email")
    if email_is_taken(email):
        raise EmailBelongsToUser(field="admin_email")
