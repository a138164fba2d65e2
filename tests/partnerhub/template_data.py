"""What tests of onboarding templates type, and where they type it."""

from typing import Any

from django.test import Client
from django.urls import reverse

from partnerhub.models import OnboardingTemplate, TemplateVersion
from tenancy.models import AdminUser, Partner

PAGES = ("product", "primary", "calling", "authentication", "email_call")


def answers_of(admin: AdminUser, partner: Partner, **changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Valid input for every page of the wizard, with `page={field: value}` replaced."""
    answers: dict[str, dict[str, Any]] = {
        "product": {"product": "wholesale"},
        "primary": {
            "name": "Small business",
            "country": "DE",
            "service_provider_admin": str(admin.public_id),
            "email_language": "de_DE",
            "subscription_id": partner.subscription_id,
        },
        "calling": {"pstn_provider": ""},
        "authentication": {"authentication": "webex", "saml_entity_id": "", "oidc_idp_name": ""},
        "email_call": {"admin_invite_emails_on_attach": "on", "meeting_dial_in": "cisco"},
    }
    return {page: values | changes.get(page, {}) for page, values in answers.items()}


def start(client: Client, partner: Partner) -> str:
    """Open the wizard; returns the URL of its draft, to which a page's key is added."""
    response = client.get(reverse("partnerhub:template-create", args=[partner.public_id]))
    return response["Location"].removesuffix("product/")


def start_edit(client: Client, template: OnboardingTemplate) -> str:
    """Open the wizard on a template; returns the URL of the draft."""
    response = client.get(reverse("partnerhub:template-edit", args=[template.partner.public_id, template.public_id]))
    return response["Location"].removesuffix("primary/")


def fill(client: Client, draft: str, answers: dict[str, dict[str, Any]], *pages: str) -> None:
    """Type pages and press Next on each (all of them, unless named)."""
    for page in pages or PAGES:
        response = client.post(f"{draft}{page}/", answers[page])
        assert response.status_code == 302, (page, response.context["form"].errors)


def said(version: TemplateVersion) -> dict[str, Any]:
    """What a version says, as plain values."""
    return {
        "number": version.number,
        "country": version.country,
        "service_provider_admin": version.service_provider_admin.email,
        "email_language": version.email_language,
        "subscription_id": version.subscription_id,
        "pstn_provider": version.pstn_provider,
        "authentication": version.authentication,
        "idp_entity_id": version.idp_entity_id,
        "admin_invite_emails_on_attach": version.admin_invite_emails_on_attach,
        "suppress_admin_invite_email": version.suppress_admin_invite_email,
        "disable_free_calling": version.disable_free_calling,
        "meeting_dial_in": version.meeting_dial_in,
    }
