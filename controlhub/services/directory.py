"""Automatic licences and directory synchronisation: who gets what by itself, and who owns names and addresses."""

from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from controlhub.models import CustomerPackage, PeopleSettings
from controlhub.services.new_subscribers import NewSubscriber
from controlhub.services.organization_pushes import Section, push_organization
from controlhub.services.seats import PackageNotEnabled, package_name
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.packages import USER_PACKAGES
from tenancy.policy import Control

DIRECTORIES = dict(PeopleSettings.Directory.choices)


class NotForUsers(DomainError):
    code = "package_not_for_users"
    message = "Choose a package that users can have."


class UnknownDirectory(DomainError):
    code = "unknown_directory"
    message = "Choose one of the directories."


class DirectoryManaged(DomainError):
    """While a directory is synchronised, its attributes are read here and changed there (domain.md 3.1, 4.4)."""

    code = "directory_managed"

    def __init__(self, directory: str, *, field: str | None = None) -> None:
        super().__init__(f"Names and addresses come from {DIRECTORIES[directory]}. Change them there.", field=field)


def synchronized_with(customer: Customer) -> str:
    """The directory that owns names and addresses of the customer's users, or an empty string."""
    return PeopleSettings.objects.filter(customer=customer).values_list("directory", flat=True).first() or ""


def require_not_synchronized(customer: Customer, *, field: str | None = None) -> None:
    """Raises DirectoryManaged while a directory is synchronised."""
    directory = synchronized_with(customer)
    if directory:
        raise DirectoryManaged(directory, field=field)


def automatic_package(customer: Customer) -> str:
    """The package that a new user gets when none is named, or an empty string."""
    return PeopleSettings.objects.filter(customer=customer).values_list("auto_package", flat=True).first() or ""


def with_automatic_package(customer: Customer, users: list[NewSubscriber]) -> list[NewSubscriber]:
    """The rows, those without a package with the automatic one."""
    if all(user.package for user in users):
        return users
    package = automatic_package(customer)
    return [user if user.package else replace(user, package=package) for user in users]


@transaction.atomic
def set_automatic_package(*, customer: Customer, package: str, by: Actor) -> None:
    """Give new users without a package this one; an empty text switches it off.

    Raises Forbidden, NotForUsers, PackageNotEnabled.
    """
    authorize(by, Control.USERS_AUTO_LICENCE, customer=customer)
    if package:
        _require_assignable(customer, package)
    settings = _locked_settings(customer)
    before = settings.auto_package
    if before == package:
        return
    PeopleSettings.objects.filter(pk=settings.pk).update(
        auto_package=package, auto_changed_at=Now(), auto_changed_by=by.admin
    )
    text = f"New users get {package_name(package)} automatically" if package else "Automatic licences switched off"
    _record("automatic_licence", text, customer, {"package": [before or None, package or None]}, by)
    push_organization(customer=customer, section=Section.AUTOMATIC_LICENCES, by=by)


def _require_assignable(customer: Customer, package: str) -> None:
    if package not in {entry.code for entry in USER_PACKAGES}:
        raise NotForUsers(field="package")
    row = CustomerPackage.objects.filter(customer=customer, package=package).first()
    if row is None or row.status != CustomerPackage.Status.PROVISIONED:
        raise PackageNotEnabled(package=package, status=row.status if row else None)


@transaction.atomic
def set_directory(*, customer: Customer, directory: str, by: Actor) -> None:
    """Let a directory own names and addresses; an empty text gives them back. Raises Forbidden, UnknownDirectory."""
    authorize(by, Control.USERS_DIRECTORY_SYNC, customer=customer)
    if directory and directory not in DIRECTORIES:
        raise UnknownDirectory(field="directory")
    settings = _locked_settings(customer)
    before = settings.directory
    if before == directory:
        return
    PeopleSettings.objects.filter(pk=settings.pk).update(
        directory=directory, directory_changed_at=Now(), directory_changed_by=by.admin
    )
    name = DIRECTORIES.get(directory, "")
    text = f"Directory synchronization with {name} switched on" if name else "Directory synchronization switched off"
    _record("directory", text, customer, {"directory": [before or None, directory or None]}, by)
    push_organization(customer=customer, section=Section.DIRECTORY, by=by)


def _locked_settings(customer: Customer) -> PeopleSettings:
    PeopleSettings.objects.bulk_create([PeopleSettings(customer=customer)], ignore_conflicts=True)
    return PeopleSettings.objects.select_for_update().get(customer=customer)


def _record(verb: str, text: str, customer: Customer, changes: dict[str, Any], by: Actor) -> None:
    audit.record(action=f"people.{verb}", text=text, target=customer, customer=customer, by=by, changes=changes)
