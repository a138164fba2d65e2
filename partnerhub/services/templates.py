"""Onboarding templates: create, edit (makes the next version), retire, restore, delete (domain.md section 1)."""

import re
from dataclasses import dataclass, fields
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from partnerhub.models import OnboardingTemplate, TemplateVersion
from partnerhub.queries.templates import admins_of, customers_using, subscription_choices
from partnerhub.services.suspension import require_active
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import AdminUser, Partner
from tenancy.places import CCP_PROVIDERS, COUNTRY_NAMES, LOCALES
from tenancy.policy import Control

# domain.md 1.4: the name under which an OpenID Connect IdP was registered.
OIDC_NAME = re.compile(r"[A-Za-z0-9._~-]{1,128}")
SAML_ENTITY_ID = re.compile(r"\S{1,200}")
IDP_RULES = {
    TemplateVersion.Authentication.SAML.value: (
        SAML_ENTITY_ID,
        "Enter the EntityID as it stands in your identity provider's SAML metadata: up to 200 characters, no spaces.",
    ),
    TemplateVersion.Authentication.OIDC.value: (
        OIDC_NAME,
        "Enter the IDP name as it was registered: up to 128 letters, digits, '-', '_', '~' or '.'.",
    ),
}


class TemplateNameTaken(DomainError):
    """Names are unique per partner, ignoring case."""

    code = "template_name_taken"
    message = "Another onboarding template has this name. Choose a different one."


class TemplateSettingInvalid(DomainError):
    """A setting is not one of those that can be chosen."""

    code = "template_setting_invalid"


class TemplateChanged(DomainError):
    """Somebody else made a new version since the editor opened the template."""

    code = "template_changed"
    message = "This template was changed by somebody else while you were editing it."


class TemplateInUse(DomainError):
    """Customers refer to the template, so it can be retired but not deleted (domain.md 1.6)."""

    code = "template_in_use"

    def __init__(self, count: int) -> None:
        self.count = count
        were = "customer was" if count == 1 else "customers were"
        super().__init__(
            f"{count} {were} created from this template, so it cannot be deleted. Retire it instead: it is then no "
            "longer offered for new customers, and its Provisioning ID stays known."
        )


class TemplateRetired(DomainError):
    """A retired template is history."""

    code = "template_retired"
    message = "This template is retired. Restore it before editing it."


@dataclass(frozen=True, kw_only=True)
class TemplateSettings:
    """Everything one version says. Field meanings: domain.md 1.3."""

    country: str
    service_provider_admin: AdminUser
    email_language: str
    subscription_id: str
    pstn_provider: str = ""
    authentication: str = TemplateVersion.Authentication.WEBEX.value
    idp_entity_id: str = ""
    admin_invite_emails_on_attach: bool = True
    suppress_admin_invite_email: bool = False
    disable_free_calling: bool = False
    meeting_dial_in: str = TemplateVersion.DialIn.CISCO.value


@transaction.atomic
def create_template(*, partner: Partner, name: str, settings: TemplateSettings, by: Actor) -> OnboardingTemplate:
    """A new template with its first version. Raises PartnerSuspended, TemplateNameTaken, TemplateSettingInvalid."""
    authorize(by, Control.PARTNER_TEMPLATES, partner=partner)
    require_active(partner)
    _check(settings, partner)
    template = OnboardingTemplate(partner=partner, name=name.strip())
    _save_named(template)
    _add_version(template, settings, number=1, by=by)
    audit.record(
        action="template.created",
        text=f"{by.name} created onboarding template {template.name}",
        target=template,
        partner=partner,
        changes={"name": [None, template.name]} | _changes(None, settings),
        by=by,
    )
    return template


@transaction.atomic
def edit_template(
    *, template: OnboardingTemplate, name: str, settings: TemplateSettings, expected_version: int, by: Actor
) -> OnboardingTemplate:
    """Make the next version; customers keep the version they came from. Without a difference nothing is written.

    Raises TemplateChanged unless `expected_version` is still the current one.
    """
    authorize(by, Control.PARTNER_TEMPLATES, partner=template.partner)
    require_active(template.partner)
    template = _locked(template)
    current = _current(template)
    if template.state == OnboardingTemplate.State.RETIRED:
        raise TemplateRetired
    if current.number != expected_version:
        raise TemplateChanged
    _check(settings, template.partner)
    changes = _changes(current, settings) | _renamed(template, name.strip())
    if not changes:
        return template
    template.name = name.strip()
    _save_named(template)
    _add_version(template, settings, number=current.number + 1, by=by)
    audit.record(
        action="template.edited",
        text=f"{by.name} changed onboarding template {template.name} (version {current.number + 1})",
        target=template,
        partner=template.partner,
        changes=changes,
        by=by,
    )
    return template


def retire_template(*, template: OnboardingTemplate, by: Actor) -> OnboardingTemplate:
    """Hide the template from new customers. Doing it twice is harmless."""
    return _set_state(template, OnboardingTemplate.State.RETIRED, "retired", by)


def restore_template(*, template: OnboardingTemplate, by: Actor) -> OnboardingTemplate:
    """Offer a retired template again. Doing it twice is harmless."""
    return _set_state(template, OnboardingTemplate.State.ACTIVE, "restored", by)


@transaction.atomic
def delete_template(*, template: OnboardingTemplate, by: Actor) -> None:
    """Delete a template that no customer came from. Raises TemplateInUse with their number otherwise."""
    authorize(by, Control.PARTNER_TEMPLATES, partner=template.partner)
    template = _locked(template)
    if count := customers_using(template):
        raise TemplateInUse(count)
    audit.record(
        action="template.deleted",
        text=f"{by.name} deleted onboarding template {template.name}",
        target=template,
        partner=template.partner,
        changes={"name": [template.name, None]},
        by=by,
    )
    _delete(template)


def _delete(template: OnboardingTemplate) -> None:
    try:
        with transaction.atomic():
            template.current_version = None
            template.save(update_fields=["current_version"])
            template.delete()
            # Foreign keys are checked at the end of a transaction; a customer created meanwhile must be noticed here.
            connection.check_constraints()
    except (ProtectedError, IntegrityError) as error:
        raise TemplateInUse(max(1, customers_using(template))) from error


@transaction.atomic
def _set_state(
    template: OnboardingTemplate, state: OnboardingTemplate.State, verb: str, by: Actor
) -> OnboardingTemplate:
    authorize(by, Control.PARTNER_TEMPLATES, partner=template.partner)
    template = _locked(template)
    if template.state == state:
        return template
    before, template.state = template.state, state
    template.save(update_fields=["state"])
    audit.record(
        action=f"template.{verb}",
        text=f"{by.name} {verb} onboarding template {template.name}",
        target=template,
        partner=template.partner,
        changes={"state": [before, str(state)]},
        by=by,
    )
    return template


def _locked(template: OnboardingTemplate) -> OnboardingTemplate:
    """The row as it is now, held until the transaction ends: editors of one template take turns."""
    templates = template.partner.templates.select_for_update(of=("self",)).select_related("partner")
    return templates.get(pk=template.pk)


def _current(template: OnboardingTemplate) -> TemplateVersion:
    return template.versions.select_related("service_provider_admin").order_by("-number")[0]


def _save_named(template: OnboardingTemplate) -> None:
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        if "template_name_once_per_partner" not in str(error):
            raise
        raise TemplateNameTaken(field="name") from error


def _add_version(template: OnboardingTemplate, settings: TemplateSettings, *, number: int, by: Actor) -> None:
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    template.current_version = template.versions.create(number=number, created_by=by.admin, **values)
    template.save(update_fields=["current_version"])


def _check(settings: TemplateSettings, partner: Partner) -> None:
    """Every door ends here, so that the API cannot store what the wizard would refuse."""
    locales = {code for code, _ in LOCALES}
    offered = {
        "country": settings.country in COUNTRY_NAMES,
        "service_provider_admin": admins_of(partner).filter(pk=settings.service_provider_admin.pk).exists(),
        "email_language": settings.email_language in locales,
        "subscription_id": settings.subscription_id in dict(subscription_choices(partner)),
        "pstn_provider": settings.pstn_provider in CCP_PROVIDERS or not settings.pstn_provider,
        "authentication": settings.authentication in TemplateVersion.Authentication.values,
        "meeting_dial_in": settings.meeting_dial_in in TemplateVersion.DialIn.values,
    }
    for field, is_offered in offered.items():
        if not is_offered:
            raise TemplateSettingInvalid("This can no longer be chosen. Choose again.", field=field)
    if problem := idp_problem(settings.authentication, settings.idp_entity_id):
        raise TemplateSettingInvalid(problem, field="idp_entity_id")


def idp_problem(authentication: str, idp: str) -> str:
    """What is wrong with the identity provider's id for this method, or an empty string (domain.md 1.4)."""
    if authentication not in IDP_RULES:
        return "Webex authentication takes no IDP Entity ID." if idp else ""
    rule, advice = IDP_RULES[authentication]
    return "" if rule.fullmatch(idp) else advice


def _changes(before: TemplateVersion | None, after: TemplateSettings) -> dict[str, list[Any]]:
    changes = {}
    for field in fields(after):
        old, new = getattr(before, field.name, None), getattr(after, field.name)
        if old != new:
            changes[field.name] = [_plain(old), _plain(new)]
    return changes


def _plain(value: Any) -> Any:
    return value.email if isinstance(value, AdminUser) else value


def _renamed(template: OnboardingTemplate, name: str) -> dict[str, list[Any]]:
    return {"name": [template.name, name]} if template.name != name else {}
