"""How people get into a customer, for the pages that show it."""

from django.db.models.functions import Lower

from controlhub.models import PeopleSettings, Subscriber
from controlhub.queries.setup import package_offers
from tenancy.models import Customer


def people_settings(customer: Customer) -> PeopleSettings:
    """The customer's settings; an unsaved row with both off when nobody has changed anything yet."""
    rows = PeopleSettings.objects.select_related("auto_changed_by", "directory_changed_by")
    return rows.filter(customer=customer).first() or PeopleSettings(customer=customer)


def automatic_choices(customer: Customer) -> list[tuple[str, str]]:
    """Packages that new users could get by themselves, and the current one even if it is full or not ready now."""
    current = people_settings(customer).auto_package
    offers = package_offers(customer)
    return [(o.package.code, o.label) for o in offers if not o.reason or o.package.code == current]


def email_in_use(email: str) -> bool:
    """Does a living user, of whomever, have this (lower-case) address?"""
    return Subscriber.objects.filter(deleted_at=None).alias(lower=Lower("email")).filter(lower=email).exists()
