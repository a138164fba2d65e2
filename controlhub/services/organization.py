"""Settings of the organisation: mails, sign-in, assistant, calls. One service per control, so that each asks its own."""

from typing import Any

from django.db import transaction

from controlhub.models import OrganizationSettings
from controlhub.queries.organization import assistant_is_available
from controlhub.services.organization_pushes import Section, push_organization
from controlhub.services.readiness import lock_ready
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.models import Customer
from tenancy.places import LOCALES
from tenancy.policy import Control

Choices = OrganizationSettings
IDP_ENTITY_ID_MAX = 200


class NotAChoice(DomainError):
    code = "not_a_choice"
    message = "Choose one of the listed values."


class IdentityProviderMissing(DomainError):
    """Single sign-on needs somebody who signs people on (domain.md 1.3)."""

    code = "identity_provider_missing"
    message = "Enter the entity ID (SAML) or the IdP name (OpenID Connect) of your identity provider."


class IdentityProviderTooLong(DomainError):
    code = "identity_provider_too_long"
    message = f"At most {IDP_ENTITY_ID_MAX} characters."


class AssistantNotIncluded(DomainError):
    """Rule of domain.md 13.2: it comes with Meetings and Suite."""

    code = "assistant_not_included"
    message = "Webex Assistant comes with Webex Meetings and Webex Suite. Neither is active here."


@transaction.atomic
def set_email_settings(*, customer: Customer, suppress_admin_invite_email: bool, email_locale: str, by: Actor) -> None:
    """Whether new administrators are invited by mail, and the language of mails; an empty locale is the organisation's.

    Raises Forbidden, CustomerNotReady, NotAChoice.
    """
    authorize(by, Control.ORG_EMAIL_SETTINGS, customer=customer)
    _require_choice(email_locale, ["", *(code for code, _ in LOCALES)], "email_locale")
    values = {"suppress_admin_invite_email": suppress_admin_invite_email, "email_locale": email_locale}
    _change(customer, values, Section.EMAIL, "the email settings", "settings.email_changed", by)


@transaction.atomic
def set_authentication(*, customer: Customer, authentication: str, idp_entity_id: str, by: Actor) -> None:
    """How people sign in. Webex authentication has no identity provider: what was entered for one is dropped.

    Raises Forbidden, CustomerNotReady, NotAChoice, IdentityProviderMissing, IdentityProviderTooLong.
    """
    authorize(by, Control.ORG_AUTHENTICATION, customer=customer)
    _require_choice(authentication, Choices.Authentication.values, "authentication")
    provider = "" if authentication == Choices.Authentication.WEBEX else idp_entity_id.strip()
    if authentication != Choices.Authentication.WEBEX and not provider:
        raise IdentityProviderMissing(field="idp_entity_id")
    if len(provider) > IDP_ENTITY_ID_MAX:
        raise IdentityProviderTooLong(field="idp_entity_id")
    values = {"authentication": authentication, "idp_entity_id": provider}
    _change(customer, values, Section.AUTHENTICATION, "authentication", "settings.authentication_changed", by)


@transaction.atomic
def switch_assistant(*, customer: Customer, on: bool, by: Actor) -> None:
    """Switch Webex Assistant. Raises Forbidden, CustomerNotReady, AssistantNotIncluded."""
    authorize(by, Control.ORG_ASSISTANT, customer=customer)
    if on and not assistant_is_available(customer):
        raise AssistantNotIncluded(field="on")
    _change(customer, {"assistant": on}, Section.ASSISTANT, "Webex Assistant", "settings.assistant_changed", by)


@transaction.atomic
def set_call_priority(*, customer: Customer, call_priority: str, by: Actor) -> None:
    """Which call option the app offers first. Raises Forbidden, CustomerNotReady, NotAChoice."""
    authorize(by, Control.CALLING_APP_PRIORITY, customer=customer)
    _require_choice(call_priority, Choices.CallPriority.values, "call_priority")
    values = {"call_priority": call_priority}
    _change(customer, values, Section.CALL_PRIORITY, "call priority", "settings.call_priority_changed", by)


@transaction.atomic
def set_calling_behavior(*, customer: Customer, calling_behavior: str, by: Actor) -> None:
    """With which app a call is made. Raises Forbidden, CustomerNotReady, NotAChoice."""
    authorize(by, Control.CALLING_BEHAVIOR, customer=customer)
    _require_choice(calling_behavior, Choices.CallingBehavior.values, "calling_behavior")
    values = {"calling_behavior": calling_behavior}
    _change(customer, values, Section.CALLING_BEHAVIOR, "calling behavior", "settings.behavior_changed", by)


@transaction.atomic
def set_call_recording(*, customer: Customer, call_recording: str, by: Actor) -> None:
    """Who records calls. Raises Forbidden, CustomerNotReady, NotAChoice."""
    authorize(by, Control.CALLING_RECORDINGS, customer=customer)
    _require_choice(call_recording, Choices.CallRecording.values, "call_recording")
    values = {"call_recording": call_recording}
    _change(customer, values, Section.CALL_RECORDING, "call recording", "settings.recording_changed", by)


def _require_choice(value: str, choices: list[str], field: str) -> None:
    if value not in choices:
        raise NotAChoice(field=field)


def _change(customer: Customer, values: dict[str, Any], section: Section, what: str, action: str, by: Actor) -> None:
    """Save, tell the audit log and Webex; the same values again change nothing and leave no event."""
    lock_ready(customer)
    row, _ = OrganizationSettings.objects.get_or_create(customer=customer)
    changes = {name: [getattr(row, name), value] for name, value in values.items() if getattr(row, name) != value}
    if not changes:
        return
    for name, (_before, value) in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    audit.record(
        action=action, text=f"{by.name} changed {what}", target=customer, customer=customer, by=by, changes=changes
    )
    push_organization(customer=customer, section=section, by=by)
