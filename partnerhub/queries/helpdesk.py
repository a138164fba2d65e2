"""Help desk: find a person, an organisation, a number or a device across the partner's own customers (domain.md 7.6)."""

import re
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from controlhub.models import Device, PackageAssignment, PhoneNumber, Subscriber
from controlhub.queries.mail import MailState, mail_state
from controlhub.queries.users import Services, services_of
from partnerhub.models import CustomerOrigin, IdentityCheck
from tenancy.actors import Actor
from tenancy.launch import may_launch
from tenancy.models import AdminUser, Customer, Partner, RoleAssignment
from tenancy.opaque_ids import parse_opaque_id
from tenancy.policy import CUSTOMER_ROLES

MOST = 10
LEAST_CHARACTERS = 3
OWNERS = ("customer__partner", "subscriber", "workspace")
_PHONE = re.compile(r"[+()0-9 ./-]{7,25}\Z")


@dataclass(frozen=True)
class Found:
    """What a search found, at most `MOST` of each kind; `more` says of which kinds there are more."""

    people: list[Subscriber]
    organisations: list[Customer]
    numbers: list[PhoneNumber]
    devices: list[Device]
    more: bool

    def __bool__(self) -> bool:
        return bool(self.people or self.organisations or self.numbers or self.devices)

    @property
    def customers(self) -> set[Customer]:
        """Every organisation that a row is of."""
        owners = [row.customer for row in self.people]
        owners += [row.customer for row in self.numbers]
        owners += [row.customer for row in self.devices]
        return {*self.organisations, *owners}


def customers_to_help(partner: Partner, *, actor: Actor) -> QuerySet[Customer]:
    """The partner's own customers that the actor may see; never those of its indirect providers."""
    return Customer.objects.visible_to(actor).filter(partner=partner).select_related("partner")


def people_to_help(partner: Partner, *, actor: Actor) -> QuerySet[Subscriber]:
    """The users of those customers."""
    customers = customers_to_help(partner, actor=actor)
    return Subscriber.objects.filter(deleted_at=None, customer__in=customers.values("pk")).select_related(
        "customer__partner"
    )


def search(partner: Partner, text: str, *, actor: Actor) -> Found:
    """Everything that `text` names: a name, an e-mail, an id, a meeting site, a MAC, a serial, a SIP user name, a number
    however written. Four queries."""
    customers = customers_to_help(partner, actor=actor)
    people = list(people_to_help(partner, actor=actor).filter(_person(text)).order_by("last_name", "id")[: MOST + 1])
    organisations = list(customers.filter(_organisation(text)).order_by("name", "id")[: MOST + 1])
    numbers: list[PhoneNumber] = []
    if wanted := e164_prefix(text):
        mine = PhoneNumber.objects.filter(customer__in=customers.values("pk"), e164__startswith=wanted)
        numbers = list(mine.select_related(*OWNERS, "queue").order_by("e164")[: MOST + 1])
    hardware = Device.objects.filter(_device(text), customer__in=customers.values("pk"))
    devices = list(hardware.select_related(*OWNERS).order_by("pk")[: MOST + 1])
    more = any(len(rows) > MOST for rows in (people, organisations, numbers, devices))
    return Found(people[:MOST], organisations[:MOST], numbers[:MOST], devices[:MOST], more)


def e164_prefix(text: str) -> str:
    """A number as somebody writes it, as the start of E.164: "00" is "+", spaces and brackets mean nothing."""
    if not _PHONE.match(text):
        return ""
    digits = re.sub(r"[^0-9]", "", text)
    return "+" + (digits.removeprefix("00") if not text.startswith("+") else digits)


def _person(text: str) -> Q:
    uuid = _uuid("PEOPLE", text)
    if uuid:
        return Q(person_id=uuid) | Q(public_id=uuid)
    found = Q()
    for word in text.split():
        found &= Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word)
    return found


def _organisation(text: str) -> Q:
    uuid = _uuid("ORGANIZATION", text)
    if uuid:
        return Q(org_id=uuid) | Q(public_id=uuid)
    words = Q(name__icontains=text) | Q(external_id__icontains=text) | Q(primary_email__icontains=text)
    return words | Q(meeting_site__icontains=text)


def _device(text: str) -> Q:
    """A whole MAC, with or without separators, a whole serial number, or the user name of a SIP address."""
    sip = text.lower().removeprefix("sip:").partition("@")[0]
    return Q(mac=re.sub(r"[:.-]", "", text).upper()) | Q(serial__iexact=text) | Q(sip_username=sip)


def _uuid(kind: str, text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return parse_opaque_id(kind, text)


@dataclass(frozen=True)
class UserFacts:
    """What the user card shows."""

    packages: list[PackageAssignment]
    services: Services
    roles: list[RoleAssignment]
    devices: list[Device]
    mail: MailState
    check: IdentityCheck | None
    launchable: bool


def user_facts(subscriber: Subscriber, *, actor: Actor) -> UserFacts:
    """Packages, services, roles, devices, the last mail and the last identity check of a user. Five queries."""
    packages = list(subscriber.assignments.filter(ended_at=None).order_by("-is_base", "package"))
    return UserFacts(
        packages=packages,
        services=services_of(subscriber, packages),
        roles=list(subscriber.customer.role_assignments.filter(admin__subscribers=subscriber).order_by("role")),
        devices=list(subscriber.devices.order_by("pk")),
        mail=mail_state(subscriber.customer, subscriber.email),
        check=newest_check(subscriber),
        launchable=launchable(subscriber.customer, actor),
    )


def newest_check(subscriber: Subscriber) -> IdentityCheck | None:
    """The identity check that counts."""
    return subscriber.identity_checks.order_by("-sent_at", "-pk").first()


def launchable(customer: Customer, actor: Actor) -> bool:
    """May the actor open this customer's Control Hub right now?"""
    return customer.org_id is not None and may_launch(actor, customer)


def administrators_to_call(customer: Customer) -> QuerySet[AdminUser]:
    """Who administers the customer from the inside, with their roles there."""
    here = customer.role_assignments.filter(role__in=sorted(CUSTOMER_ROLES)).order_by("role")
    admins = AdminUser.objects.filter(is_active=True, role_assignments__in=here.order_by()).distinct()
    return admins.order_by("email").prefetch_related(
        Prefetch("role_assignments", queryset=here, to_attr="customer_roles")
    )[:50]


def subscription_of(customer: Customer) -> str:
    """The subscription that the customer's packages are billed to: its template's, or its provider's only one."""
    origin = CustomerOrigin.objects.filter(customer=customer).select_related("template_version").first()
    return origin.template_version.subscription_id if origin else customer.partner.subscription_id
