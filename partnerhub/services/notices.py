"""Mails to a customer's administrators about what their service provider decided."""

from django.conf import settings

from controlhub.queries.organization import mail_language
from tenancy.mail import Letter, send_after_commit
from tenancy.models import AdminUser, Customer
from tenancy.policy import CUSTOMER_ROLES


def tell_customer_admins(customer: Customer) -> None:
    """Mail the state of Restricted by Partner Mode to every administrator of the customer, once this is committed.

    A mail server that is away does not undo the decision: the banner in Control Hub says the same (domain.md 8.1).
    """
    admins = AdminUser.objects.filter(
        is_active=True, role_assignments__customer=customer, role_assignments__role__in=sorted(CUSTOMER_ROLES)
    )
    addresses = admins.order_by("email").values_list("email", flat=True).distinct()
    kind, language = "restricted_on" if customer.restricted else "restricted_off", mail_language(customer)
    words = {"customer": customer.name, "partner": customer.partner.name, "url": settings.BASE_URL}
    send_after_commit([Letter(kind, address, language, words, customer) for address in addresses])
