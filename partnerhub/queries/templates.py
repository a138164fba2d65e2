"""Reads about onboarding templates: the list, one template with its history, and what its pages may choose from."""

import itertools
import uuid
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Lower

from partnerhub.models import CustomerOrigin, OnboardingTemplate, TemplateVersion
from tenancy.models import AdminUser, Partner
from tenancy.places import CCP_PROVIDERS, COUNTRY_NAMES, LOCALES

LIST_ORDER = ("sort_name", "id")
STATES = [("active", "Active"), ("retired", "Retired"), ("all", "Active and retired")]
LOCALE_NAMES = dict(LOCALES)

# Field of TemplateVersion -> its label, in the order of the wizard (domain.md 1.3).
SETTING_LABELS = {
    "country": "Country or region",
    "service_provider_admin": "Service provider admin",
    "email_language": "Default email language",
    "subscription_id": "Wholesale subscription",
    "pstn_provider": "Cloud connected PSTN provider",
    "authentication": "Authentication method",
    "idp_entity_id": "IDP Entity ID",
    "admin_invite_emails_on_attach": "Admin-invite emails when attaching to existing organizations",
    "suppress_admin_invite_email": "Suppress the admin invite email",
    "disable_free_calling": "Disable Webex free calling",
    "meeting_dial_in": "Meeting-join dial-in numbers",
}


def templates_of(partner: Partner, *, search: str = "", state: str = "active") -> QuerySet[OnboardingTemplate]:
    """The partner's templates with `customer_count` (customers created from any version), for keyset pages.

    `state` is "active", "retired" or "all"; anything else means active.
    """
    templates = partner.templates.select_related("current_version__service_provider_admin").annotate(
        sort_name=Lower("name"), customer_count=_customers_of_template()
    )
    if state != "all":
        templates = templates.filter(state="retired" if state == "retired" else "active")
    return templates.filter(name__icontains=search) if search else templates


def template_of(partner: Partner, public_id: uuid.UUID | None) -> OnboardingTemplate | None:
    """The partner's template with this id (the uuid inside its Provisioning ID), or None."""
    return OnboardingTemplate.objects.filter(partner=partner, public_id=public_id).first() if public_id else None


def _customers_of_template() -> Coalesce:
    origins = CustomerOrigin.objects.filter(template_version__template=OuterRef("pk")).order_by()
    count = origins.values("template_version__template").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(count), 0)


def versions_of(template: OnboardingTemplate) -> QuerySet[TemplateVersion]:
    """Every version, newest first, with who made it and how many customers came from it (`customer_count`)."""
    return (
        template.versions.select_related("created_by", "service_provider_admin")
        .annotate(customer_count=Count("customers"))
        .order_by("-number")
    )


def customers_using(template: OnboardingTemplate) -> int:
    """How many customers were created from any version of the template."""
    return CustomerOrigin.objects.filter(template_version__template=template).count()


def name_taken(partner: Partner, name: str, *, but: OnboardingTemplate | None = None) -> bool:
    """True when another template of the partner has this name, ignoring case."""
    others = partner.templates.exclude(pk=but.pk) if but else partner.templates.all()
    # Lowered by PostgreSQL on both sides: Python folds some letters differently from the unique index.
    return others.annotate(lower_name=Lower("name")).filter(lower_name=Lower(Value(name))).exists()


def admins_of(partner: Partner) -> QuerySet[AdminUser]:
    """People of the partner who may be named as service provider admin."""
    holders = Q(role_assignments__partner=partner, is_active=True)
    return AdminUser.objects.filter(holders).distinct().order_by("full_name", "email")


def subscription_choices(partner: Partner) -> list[tuple[str, str]]:
    """The partner's wholesale subscription. A sub-partner gets the one its parent shares (domain.md 7.7)."""
    shared = " (shared by your service provider)" if partner.parent_id else ""
    return [(partner.subscription_id, f"{partner.subscription_id}{shared}")]


def uncovered(pstn_provider: str, country: str) -> bool:
    """True when the PSTN provider does not serve the country: the first location there would fail (domain.md 1.5)."""
    return bool(pstn_provider) and country not in CCP_PROVIDERS.get(pstn_provider, ())


@dataclass(frozen=True)
class Setting:
    """One setting as a person reads it."""

    name: str
    label: str
    text: str


def settings_of(version: TemplateVersion) -> list[Setting]:
    """Everything a version says, in the order of the wizard; without an IDP when Webex authenticates."""
    return [
        Setting(name, label, setting_text(name, getattr(version, name)))
        for name, label in SETTING_LABELS.items()
        if name != "idp_entity_id" or version.idp_entity_id
    ]


def setting_text(name: str, value: object) -> str:
    """The words for one value: names instead of codes, On and Off for switches."""
    if isinstance(value, bool):
        return "On" if value else "Off"
    words = {
        "country": COUNTRY_NAMES,
        "email_language": LOCALE_NAMES,
        "authentication": dict(TemplateVersion.Authentication.choices),
        "meeting_dial_in": dict(TemplateVersion.DialIn.choices),
    }.get(name, {})
    text = str(value)
    return words.get(text, text) or "None"


def differences(old: TemplateVersion, new: TemplateVersion) -> list[tuple[str, str, str]]:
    """(label, before, after) of every setting that differs."""
    return [
        (label, setting_text(name, getattr(old, name)), setting_text(name, getattr(new, name)))
        for name, label in SETTING_LABELS.items()
        if getattr(old, name) != getattr(new, name)
    ]


@dataclass(frozen=True)
class HistoryEntry:
    """A version, and what it made different from the one before."""

    version: TemplateVersion
    changes: list[tuple[str, str, str]]


def history_of(versions: list[TemplateVersion]) -> list[HistoryEntry]:
    """What each of `versions` (newest first, all of a template) changed; nothing for the first."""
    changes = [differences(older, newer) for newer, older in itertools.pairwise(versions)]
    return [HistoryEntry(version, change) for version, change in zip(versions, [*changes, []], strict=True)]
