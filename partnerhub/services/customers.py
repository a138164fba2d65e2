"""Create a customer, and decide whether its own administrators are restricted (domain.md 2.1-2.3, 8.1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from controlhub.models import CustomerPackage, Location, OrganizationSettings
from controlhub.services.organization_pushes import Section, push_organization
from partnerhub.models import CustomerOrigin, OnboardingTemplate, TemplateVersion
from partnerhub.queries.customers import email_is_taken, external_id_is_taken
from partnerhub.services.notices import tell_customer_admins
from partnerhub.services.onboarding import ONBOARD_CUSTOMER, onboarding_steps
from partnerhub.services.suspension import PartnerSuspended, require_active
from provisioning.queue import NewStep, enqueue
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer, CustomerAssignment, Partner
from tenancy.packages import PACKAGES, missing_dependencies, needs_calling
from tenancy.places import clean_address, resolve_locale, time_zones
from tenancy.policy import Control, Role

REASON_MAX = 200


class TemplateNotAvailable(DomainError):
    code = "template_not_available"
    message = "This onboarding template was retired or deleted. Choose another one."


class InvalidCustomer(DomainError):
    """One field is wrong; `field` names it."""

    code = "invalid_customer"


class LocationNotSupported(DomainError):
    code = "supported_location_not_declared"
    message = "Confirm that the customer is in a supported location."


class ExternalIdInUse(DomainError):
    code = "external_id_in_use"
    message = "Another customer already has this external customer ID."


class EmailBelongsToUser(DomainError):
    """The public API's number for it (domain.md 5.6)."""

    code = "10022"
    message = "This email address already belongs to an existing user (code 10022). Use another one."


class NoPackage(DomainError):
    code = "no_package"
    message = "Choose at least one package."


class MissingDependency(DomainError):
    code = "missing_dependency"

    def __init__(self, package: str, needs: frozenset[str]) -> None:
        names = ", ".join(PACKAGES[code].name for code in PACKAGES if code in needs)
        super().__init__(f"{PACKAGES[package].name} needs at least one of: {names}.", field="packages")


class InvalidLimit(DomainError):
    code = "invalid_limit"
    message = "A quantity limit is a whole number from 1."


class LocationNeeded(DomainError):
    code = "location_needed"
    message = "Packages with calling need a headquarters location."


class ReasonMissing(DomainError):
    code = "reason_missing"
    message = "Say why, so that the change can be understood later."


@dataclass(frozen=True)
class Address:
    """A postal address. Its names are the columns of Customer and Location."""

    address_line1: str
    city: str
    country: str
    address_line2: str = ""
    state: str = ""
    postal_code: str = ""


@dataclass(frozen=True)
class CustomerInfo:
    """Who the customer is. An empty language means the template's; an empty time zone the headquarters' or the partner's."""

    name: str
    admin_email: str
    external_id: str
    address: Address
    supported_location: bool
    language: str = ""
    time_zone: str = ""


@dataclass(frozen=True)
class Headquarters:
    """The first location, asked for with calling packages only."""

    name: str
    address: Address
    time_zone: str
    language: str
    emergency_location_identifier: str = ""


@transaction.atomic
def create_customer(
    *,
    partner: Partner,
    template: OnboardingTemplate,
    info: CustomerInfo,
    packages: Mapping[str, int | None],
    location: Headquarters | None,
    by: Actor,
) -> Customer:
    """A new customer of `partner` with its first job; `packages` maps a code to its limit (None: unlimited).

    Nothing exists in Webex yet: the job makes it, step by step. Raises a DomainError naming the field that is wrong.
    """
    authorize(by, Control.PARTNER_CUSTOMER_CREATE, partner=partner)
    customer = begin_customer(
        partner=partner, template=template, info=info, packages=packages, location=location, by=by
    )
    _inherit_settings(customer)
    finish_order(
        customer=customer,
        steps=onboarding_steps(packages, **parts_of(packages)),
        text=f"{by.name} created customer {customer.name}",
        changes=ordered_changes(customer, packages, template),
        by=by,
    )
    return customer


def begin_customer(
    *,
    partner: Partner,
    template: OnboardingTemplate,
    info: CustomerInfo,
    packages: Mapping[str, int | None],
    location: Headquarters | None,
    attached: bool = False,
    by: Actor,
) -> Customer:
    """Low level: the rows of a customer that is ordered, all checked; the caller has authorised and calls `finish_order`.

    `attached`: an organisation that exists already, so that its administrator may be somebody whom the portal knows.
    """
    version = _lock_template(template, partner)
    check_packages(packages)
    if needs_calling(set(packages)) != (location is not None):
        raise LocationNeeded(field="location")
    customer = _save_customer(partner, version, info, location, attached=attached)
    CustomerOrigin.objects.create(
        customer=customer,
        template_version=version,
        supported_location_declared_at=timezone.now(),
        created_by=by.admin,
    )
    CustomerPackage.objects.bulk_create(
        CustomerPackage(customer=customer, package=code, limit=packages[code]) for code in PACKAGES if code in packages
    )
    if location:
        save_headquarters(customer, location)
    _assign_service_provider_admin(customer, version)
    return customer


def parts_of(packages: Iterable[str]) -> dict[str, bool]:
    """Which parts of an organisation these packages need, as the steps of the job take it."""
    codes = set(packages)
    return {"has_location": needs_calling(codes), "has_meetings": any(PACKAGES[code].meetings for code in codes)}


def ordered_changes(
    customer: Customer, packages: Mapping[str, int | None], template: OnboardingTemplate
) -> dict[str, Any]:
    """What the audit log says that was ordered."""
    return {
        "external_id": [None, customer.external_id],
        "packages": [None, dict(packages)],
        "template": [None, f"{template.name}, version {customer.origin.template_version.number}"],
    }


def finish_order(
    *, customer: Customer, steps: Sequence[NewStep], text: str, changes: dict[str, Any], by: Actor
) -> None:
    """Low level: the job of a customer that `begin_customer` has made, its audit event, and the partner's count."""
    enqueue(kind=ONBOARD_CUSTOMER, customer=customer, steps=steps, payload={}, by=by)
    audit.record(action="customer.created", text=text, target=customer, customer=customer, changes=changes, by=by)
    _count_customer(customer.partner)


def _lock_template(template: OnboardingTemplate, partner: Partner) -> TemplateVersion:
    """The version of right now. The lock keeps it from being retired or deleted until this customer is committed."""
    fresh = (
        OnboardingTemplate.objects.select_for_update(of=("self",), no_key=True)
        .select_related("current_version")
        .filter(pk=template.pk, partner=partner, state=OnboardingTemplate.State.ACTIVE)
        .first()
    )
    if fresh is None or fresh.current_version is None:
        raise TemplateNotAvailable(field="template")
    return fresh.current_version


def check_packages(packages: Mapping[str, int | None]) -> None:
    """Raises NoPackage, MissingDependency or InvalidLimit unless these packages (code to limit) can be sold together."""
    if not packages or not packages.keys() <= PACKAGES.keys():
        raise NoPackage(field="packages")
    for code, needs in missing_dependencies(set(packages)).items():
        raise MissingDependency(code, needs)
    for code, limit in packages.items():
        if limit is None:
            continue
        if not PACKAGES[code].limitable:
            raise InvalidLimit(f"{PACKAGES[code].name} has no quantity limit.", field="packages")
        if limit < 1:
            raise InvalidLimit(field="packages")


def _save_customer(
    partner: Partner, version: TemplateVersion, info: CustomerInfo, location: Headquarters | None, *, attached: bool
) -> Customer:
    customer = Customer(
        partner=partner,
        name=info.name.strip(),
        external_id=info.external_id.strip(),
        primary_email=info.admin_email.strip().lower(),
        status=Customer.Status.PROVISIONING,
        restricted=not attached,
        attached=attached,
        language=resolve_locale(info.language or version.email_language, version.country),
        time_zone=info.time_zone or (location.time_zone if location else partner.time_zone),
        **asdict(info.address),
    )
    _check_customer(customer, info)
    try:
        with transaction.atomic():
            customer.save(force_insert=True)
    except IntegrityError as error:  # somebody else took the id since we looked
        raise ExternalIdInUse(field="external_id") from error
    return customer


def _check_customer(customer: Customer, info: CustomerInfo) -> None:
    if not info.supported_location:
        raise LocationNotSupported(field="supported_location")
    check_columns(customer, info.address, exclude={"partner", "org_id"})
    if "%" in customer.name:
        raise InvalidCustomer("A company name has no % sign.", field="name")
    if external_id_is_taken(customer.partner, customer.external_id):
        raise ExternalIdInUse(field="external_id")
    if not customer.attached:
        _check_email(customer.primary_email)


def _check_email(email: str) -> None:
    _hold_email(email)
    if email_is_taken(email):
        raise EmailBelongsToUser(field="admin_email")


def _hold_email(email: str) -> None:
    """Two customers being created at once must not both find the address free. Ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"customer e-mail {email}"])


def check_columns(row: Customer | Location, address: Address, *, exclude: set[str]) -> None:
    """Lengths, choices and addresses: the same rules for the wizard and for the API."""
    try:
        row.clean_fields(exclude=exclude)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidCustomer(messages[0], field="admin_email" if field == "primary_email" else field) from error
    for column in row._meta.concrete_fields:
        text = getattr(row, column.attname)
        if isinstance(text, str) and not text.isprintable():
            raise InvalidCustomer("There are characters here that cannot be shown. Type it again.", field=column.name)
    for field, message in clean_address(asdict(address)).items():
        raise InvalidCustomer(message, field=field)
    if row.time_zone not in time_zones():
        raise InvalidCustomer("Choose a time zone from the list.", field="time_zone")


def _inherit_settings(customer: Customer) -> None:
    """A new organisation starts with the template's sign-in and mails (domain.md 1.3, 1.4)."""
    version = customer.origin.template_version
    OrganizationSettings.objects.create(
        customer=customer,
        authentication=version.authentication,
        idp_entity_id=version.idp_entity_id,
        suppress_admin_invite_email=version.suppress_admin_invite_email,
        email_locale=customer.language,
    )


def save_headquarters(customer: Customer, headquarters: Headquarters) -> Location:
    """Low level: the first location, checked. Raises InvalidCustomer."""
    # Calling spells locales in lower case (domain.md 13.7).
    location = Location(
        customer=customer,
        name=headquarters.name.strip(),
        is_headquarters=True,
        time_zone=headquarters.time_zone,
        language=resolve_locale(headquarters.language, headquarters.address.country).lower(),
        emergency_location_identifier=headquarters.emergency_location_identifier,
        **asdict(headquarters.address),
    )
    try:
        check_columns(location, headquarters.address, exclude={"customer"})
    except InvalidCustomer as error:
        raise InvalidCustomer(f"Headquarters location: {error}", field="location") from error
    location.save(force_insert=True)
    return location


def _assign_service_provider_admin(customer: Customer, version: TemplateVersion) -> None:
    """The template's administrator manages each customer made from it (domain.md 1.3); most roles see all of them anyway."""
    admin = version.service_provider_admin
    if admin.role_assignments.filter(partner=customer.partner, role=Role.PARTNER_ADMIN).exists():
        CustomerAssignment.objects.get_or_create(admin=admin, customer=customer)


def _count_customer(partner: Partner) -> None:
    """Last, because it locks the partner's row: customers of one partner are created one after the other."""
    active = Partner.objects.filter(pk=partner.pk, state=Partner.State.ACTIVE)
    if not active.update(customer_count=F("customer_count") + 1):
        raise PartnerSuspended()


@transaction.atomic
def set_restricted_mode(*, customer: Customer, on: bool, reason: str, by: Actor) -> bool:
    """Switch Restricted by Partner Mode and tell the customer's administrators. False when it already was so."""
    authorize(by, Control.PARTNER_RESTRICTED_MODE, customer=customer)
    require_active(customer.partner)
    reason = reason.strip()
    if not reason or len(reason) > REASON_MAX:
        raise ReasonMissing(field="reason")
    changed = Customer.objects.filter(pk=customer.pk, restricted=not on).update(restricted=on)
    customer.restricted = on
    if not changed:
        return False
    audit.record(
        action="customer.restricted_mode_changed",
        text=f"{by.name} turned Restricted by Partner Mode {'on' if on else 'off'} for {customer.name}: {reason}",
        target=customer,
        customer=customer,
        changes=_restricted_changes(on=on, reason=reason),
        by=by,
    )
    push_organization(customer=customer, section=Section.RESTRICTED_MODE, by=by)
    tell_customer_admins(customer)
    return True


def _restricted_changes(*, on: bool, reason: str) -> dict[str, Any]:
    return {"restricted": [not on, on], "reason": [None, reason]}
