"""Everything a user has, said as one list: a base package and its add-ons (public API: `packages` of a subscriber)."""

from collections.abc import Collection
from dataclasses import replace

from django.db import transaction

from controlhub.models import Location, Subscriber
from controlhub.services.new_subscribers import NewSubscriber
from controlhub.services.packages import assign_package, change_package, remove_package
from controlhub.services.pushes import push_new
from controlhub.services.seats import catalogue_entry, open_assignments
from controlhub.services.subscribers import add_subscribers
from provisioning.models import ProvisioningJob
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.packages import Kind
from tenancy.policy import Control


class OneBasePackage(DomainError):
    """Rule of domain.md 4.2: exactly one base package per user."""

    code = "one_base_package"
    message = "A user has exactly one base package; add-ons come on top of it."


def split(packages: Collection[str]) -> tuple[str, list[str]]:
    """The base package of a list, and the add-ons. Raises UnknownPackage or OneBasePackage."""
    bases = [code for code in packages if catalogue_entry(code).kind is Kind.BASE]
    if len(bases) != 1:
        raise OneBasePackage(field="packages")
    return bases[0], sorted(set(packages) - set(bases))


@transaction.atomic
def create_subscriber(
    *, customer: Customer, user: NewSubscriber, packages: Collection[str], by: Actor
) -> tuple[Subscriber, ProvisioningJob]:
    """One new user with everything in `packages`. Raises what `create_subscribers` and `assign_package` raise."""
    authorize(by, Control.USERS_ADD, customer=customer)
    base, add_ons = split(packages)
    [person] = add_subscribers(customer=customer, users=[replace(user, package=base)], by=by)
    job = push_new(customer=customer, subscribers=[person], by=by)
    for code in add_ons:
        assign_package(subscriber=person, package=code, by=by)
    return person, job


@transaction.atomic
def replace_packages(
    *,
    subscriber: Subscriber,
    packages: Collection[str],
    number: str | None = None,
    extension: str | None = None,
    location: Location | None = None,
    by: Actor,
) -> None:
    """Let the user have exactly `packages`. Number, extension and location count only for somebody who starts calling.

    The same list again changes nothing. Raises what `change_package`, `assign_package` and `remove_package` raise.
    """
    authorize(by, Control.USER_PACKAGE, customer=subscriber.customer)
    base, add_ons = split(packages)
    held = open_assignments(subscriber)
    before = next((row.package for row in held if row.is_base), None)
    if before is None:
        assign_package(
            subscriber=subscriber, package=base, number=number, extension=extension, location=location, by=by
        )
    elif before != base:
        change_package(
            subscriber=subscriber, package=base, number=number, extension=extension, location=location, by=by
        )
    _replace_add_ons(subscriber, add_ons, by)


def _replace_add_ons(subscriber: Subscriber, wanted: Collection[str], by: Actor) -> None:
    held = [row.package for row in open_assignments(subscriber) if not row.is_base]
    for code in held:
        if code not in wanted:
            remove_package(subscriber=subscriber, package=code, by=by)
    for code in wanted:
        if code not in held:
            assign_package(subscriber=subscriber, package=code, by=by)
