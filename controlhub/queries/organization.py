"""What the pages about the organisation's settings and services show."""

from dataclasses import dataclass

from django.db.models import QuerySet

from controlhub.models import CustomerPackage, OrganizationDomain, OrganizationSettings
from tenancy.mail_texts import language_of
from tenancy.models import AuditEvent, Customer

ASSISTANT_PACKAGES = frozenset({"webex_meetings", "webex_suite"})  # domain.md 13.2
# Which packages bring a service (domain.md 2.4).
CALLING = frozenset(
    {"webex_calling", "webex_calling_standard", "webex_suite", "webex_voice", "cx_essentials", "common_area_calling"}
)
MEETINGS = frozenset({"webex_calling", "webex_suite", "webex_meetings", "cx_essentials"})
MESSAGING = MEETINGS
SETTING_ACTIONS = "settings."
STATES = {
    CustomerPackage.Status.PROVISIONED: ("success", "Active"),
    CustomerPackage.Status.ERROR: ("error", "Failed"),
    CustomerPackage.Status.PROVISIONING: ("info", "In progress"),
    CustomerPackage.Status.DELETING: ("info", "Deleting"),
}


@dataclass(frozen=True)
class ServiceStatus:
    """One service, how it is, and the packages it comes from."""

    name: str
    level: str
    state: str
    packages: list[str]


def organization_settings(customer: Customer) -> OrganizationSettings:
    """The customer's settings; unsaved defaults when nobody has chosen anything."""
    row = OrganizationSettings.objects.filter(customer=customer).first()
    return row or OrganizationSettings(customer=customer)


def mail_language(customer: Customer) -> str:
    """The language of mails to the customer's people: as its settings say, or that of the organisation (domain.md 13.7)."""
    return language_of(organization_settings(customer).email_locale or customer.language, customer.country)


def assistant_is_available(customer: Customer) -> bool:
    """Webex Assistant comes with Meetings and Suite, once one of them is active."""
    active = CustomerPackage.objects.filter(customer=customer, status=CustomerPackage.Status.PROVISIONED)
    return active.filter(package__in=ASSISTANT_PACKAGES).exists()


def domains_of(customer: Customer) -> QuerySet[OrganizationDomain]:
    """The customer's domains by name; their number is limited, so there are no pages."""
    return customer.domains.order_by("name")


def setting_events(customer: Customer, *, size: int = 10) -> QuerySet[AuditEvent]:
    """Who changed which setting, newest first."""
    events = customer.audit_events.filter(action__startswith=SETTING_ACTIONS)
    return events.order_by("-created_at", "-id")[:size]


def service_statuses(customer: Customer) -> list[ServiceStatus]:
    """Calling, Meetings and Messaging, each as good as the best of the packages that bring it."""
    packages = list(customer.packages.order_by("package"))
    named = (("Calling", CALLING), ("Meetings", MEETINGS), ("Messaging", MESSAGING))
    return [_service(name, [row for row in packages if row.package in codes]) for name, codes in named]


def _service(name: str, rows: list[CustomerPackage]) -> ServiceStatus:
    have = {row.status for row in rows}
    level, state = next((shown for status, shown in STATES.items() if status in have), ("neutral", "Not included"))
    return ServiceStatus(name, level, state, [str(row) for row in rows])
