"""The onboarding template wizard as data: create a template, or edit one into its next version."""

from dataclasses import fields
from typing import Any

from partnerhub.forms.templates import (
    AuthenticationForm,
    CallingForm,
    EmailCallForm,
    PrimaryForm,
    ProductForm,
)
from partnerhub.models import OnboardingTemplate, TemplateVersion
from partnerhub.services.templates import TemplateSettings
from tenancy.wizards import Answers, Page, Typed, Wizard

FOLDER = "partnerhub/templates/"
SETTINGS_PAGES = (
    Page("primary", "Primary settings", PrimaryForm, f"{FOLDER}page_primary.html"),
    Page("calling", "Wholesale calling", CallingForm, f"{FOLDER}page_calling.html"),
    Page("authentication", "Authentication method", AuthenticationForm, f"{FOLDER}page_authentication.html"),
    Page("email_call", "Email and Call settings", EmailCallForm, f"{FOLDER}page_email_call.html"),
)
CREATE_TEMPLATE = Wizard(
    "create_template", (Page("product", "Product", ProductForm, f"{FOLDER}page_product.html"), *SETTINGS_PAGES)
)
# The product of a template cannot be changed afterwards, so editing does not ask for it.
EDIT_TEMPLATE = Wizard("edit_template", SETTINGS_PAGES)
BASE_VERSION = "base_version"


def settings_from(answers: Answers) -> TemplateSettings:
    """The settings that complete answers amount to."""
    merged: dict[str, Any] = {}
    for page in SETTINGS_PAGES:
        merged |= answers[page.key]
    return TemplateSettings(**{field.name: merged[field.name] for field in fields(TemplateSettings)})


def name_from(answers: Answers) -> str:
    return str(answers["primary"]["name"])


def version_from(answers: Answers) -> TemplateVersion:
    """The version that would be made, not saved: for the summary and for comparing."""
    settings = settings_from(answers)
    return TemplateVersion(**{field.name: getattr(settings, field.name) for field in fields(settings)})


def seeds_of(template: OnboardingTemplate, version: TemplateVersion) -> Typed:
    """The pages as if somebody had typed the version, and which version that was."""
    idp_field = AuthenticationForm.IDP_FIELDS.get(version.authentication)
    switches = ("admin_invite_emails_on_attach", "suppress_admin_invite_email", "disable_free_calling")
    return {
        BASE_VERSION: {"number": [str(version.number)]},
        "primary": {
            "name": [template.name],
            "country": [version.country],
            "service_provider_admin": [str(version.service_provider_admin.public_id)],
            "email_language": [version.email_language],
            "subscription_id": [version.subscription_id],
        },
        "calling": {"pstn_provider": [version.pstn_provider]},
        "authentication": {"authentication": [version.authentication]}
        | ({idp_field: [version.idp_entity_id]} if idp_field else {}),
        "email_call": {name: ["on"] for name in switches if getattr(version, name)}
        | {"meeting_dial_in": [version.meeting_dial_in]},
    }
