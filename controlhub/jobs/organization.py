"""Settings of the organisation in the Webex cloud: each section as it is now, whichever job comes last."""

from collections.abc import Callable

from controlhub.jobs.telling import Facts, tell
from controlhub.models import OrganizationSettings, PeopleSettings
from controlhub.queries.organization import organization_settings
from controlhub.services.devices import third_party_enabled
from controlhub.services.organization_pushes import CHANGE_ORGANIZATION, Section
from provisioning.errors import PermanentError, WaitUntil
from provisioning.gateway import gateway
from provisioning.registry import JobType, Result, StepContext, StepHandler
from tenancy.models import Customer
from tenancy.policy import Control

WAIT_FOR_ORGANISATION_SECONDS = 60
BEING_MADE = (Customer.Status.PROVISIONING, Customer.Status.PENDING_RPL_REVIEW)
Read = Callable[[Customer], Facts]


def _settings(*names: str) -> Read:
    """Some columns of the organisation's settings."""

    def read(customer: Customer) -> Facts:
        row: OrganizationSettings = organization_settings(customer)
        return {name: getattr(row, name) for name in names}

    return read


def _people(name: str) -> Read:
    """A column of the settings about people; no row means off."""

    def read(customer: Customer) -> Facts:
        row = PeopleSettings.objects.filter(customer=customer).first()
        return {name: getattr(row, name) if row else ""}

    return read


def _name(customer: Customer) -> Facts:
    return {"name": customer.name}


def _domains(customer: Customer) -> Facts:
    rows = customer.domains.order_by("name")
    return {
        "domains": [
            {"name": row.name, "verified": row.verified_at is not None, "claimed": row.claimed_at is not None}
            for row in rows
        ]
    }


def _support_access(customer: Customer) -> Facts:
    return {"helpdesk_allowed": customer.helpdesk_allowed}


def _third_party_devices(customer: Customer) -> Facts:
    return {"enabled": third_party_enabled(customer)}


def _restricted_mode(customer: Customer) -> Facts:
    return {"restricted": customer.restricted}


# What each section says, and whose right it is to change it.
SECTIONS: dict[Section, tuple[Read, Control]] = {
    Section.NAME: (_name, Control.ACCOUNT_COMPANY_NAME),
    Section.EMAIL: (_settings("suppress_admin_invite_email", "email_locale"), Control.ORG_EMAIL_SETTINGS),
    Section.AUTHENTICATION: (_settings("authentication", "idp_entity_id"), Control.ORG_AUTHENTICATION),
    Section.ASSISTANT: (_settings("assistant"), Control.ORG_ASSISTANT),
    Section.CALL_PRIORITY: (_settings("call_priority"), Control.CALLING_APP_PRIORITY),
    Section.CALLING_BEHAVIOR: (_settings("calling_behavior"), Control.CALLING_BEHAVIOR),
    Section.CALL_RECORDING: (_settings("call_recording"), Control.CALLING_RECORDINGS),
    Section.DOMAINS: (_domains, Control.ORG_DOMAIN),
    Section.SUPPORT_ACCESS: (_support_access, Control.ORG_SUPPORT_ACCESS),
    Section.THIRD_PARTY_DEVICES: (_third_party_devices, Control.DEVICE_THIRD_PARTY),
    Section.AUTOMATIC_LICENCES: (_people("auto_package"), Control.USERS_AUTO_LICENCE),
    Section.DIRECTORY: (_people("directory"), Control.USERS_DIRECTORY_SYNC),
    Section.RESTRICTED_MODE: (_restricted_mode, Control.PARTNER_RESTRICTED_MODE),
}


def _step(section: Section, read: Read, control: Control) -> StepHandler:
    def put(context: StepContext) -> Result:
        def facts() -> Facts:
            customer = Customer.objects.get(pk=context.customer.pk)
            return {"org_id": _org_id(customer), "section": section.value, "facts": read(customer)}

        return tell(context, facts, gateway().update_organisation)

    return StepHandler(put, control=control)


def _org_id(customer: Customer) -> str:
    if customer.org_id:
        return str(customer.org_id)
    if customer.status in BEING_MADE:
        raise WaitUntil(seconds=WAIT_FOR_ORGANISATION_SECONDS, reason="The organization is still being created.")
    raise PermanentError("organization_missing", "The organization could not be created. Retry its provisioning first.")


JOB_TYPES = {
    CHANGE_ORGANIZATION: JobType(
        "Change organization settings",
        {section.value: _step(section, read, control) for section, (read, control) in SECTIONS.items()},
    ),
}
