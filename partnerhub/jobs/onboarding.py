"""The job that makes a customer: screening, organisation, packages, location, meeting site, administrator (domain.md 2.2).

The organisation is created, or one that exists is attached (partnerhub.jobs.attaching).
Without an organisation the customer has failed; anything later that fails leaves it usable, with errors to mend.
"""

from collections.abc import Sequence
from uuid import UUID

from django.utils.text import slugify

from controlhub.jobs.locations import create_in_cloud, mark_created
from controlhub.jobs.mail import send_invitation
from controlhub.jobs.packages import ENABLE_PACKAGE, PACKAGE_STEP, fail_skipped_packages, restart_packages
from controlhub.jobs.status import settle_customer
from controlhub.models import Location
from controlhub.services.administrators import appoint
from controlhub.services.organization_pushes import push_new_organization
from partnerhub.jobs.attaching import ADMINISTRATORS_STEP, ATTACH_STEP, CONSENT_STEP
from partnerhub.models import TemplateVersion
from partnerhub.services.attaching import reopen_attachment
from provisioning.customer_status import set_customer_status
from provisioning.gateway import gateway
from provisioning.models import ProvisioningJob, ProvisioningStep
from provisioning.registry import JobType, Result, StepContext, StepHandler
from provisioning.screening import SCREENING_STEP, refuse_rejected
from tenancy.actors import SYSTEM, Actor
from tenancy.models import AdminUser, Customer
from tenancy.places import dial_in_for, meeting_site_locale

PARTNER_NUMBERS = "partner"


def _create_organisation(context: StepContext) -> Result:
    customer = context.customer
    return gateway().create_organisation(
        key=context.key,
        name=customer.name,
        external_id=customer.external_id,
        email=customer.primary_email,
        country=customer.country,
        language=customer.language,
    )


def _organisation_created(context: StepContext, result: Result) -> None:
    org_id = UUID(result["org_id"])
    Customer.objects.filter(pk=context.customer.pk).update(org_id=org_id, sip_domain=result["sip_domain"])
    context.customer.org_id = org_id
    context.customer.sip_domain = result["sip_domain"]
    push_new_organization(customer=context.customer, by=SYSTEM)


def _template(customer: Customer) -> TemplateVersion:
    return TemplateVersion.objects.get(customers__customer=customer)


def _headquarters(customer: Customer) -> Location:
    return customer.locations.get(is_headquarters=True)


def _pstn_provider(location: Location) -> str:
    """The template's provider, until somebody has chosen a connection on the location itself."""
    return location.pstn_provider if location.pstn else _template(location.customer).pstn_provider


def _create_location(context: StepContext) -> Result:
    location = _headquarters(context.customer)
    return create_in_cloud(context, location, pstn_provider=_pstn_provider(location))


def _location_created(context: StepContext, result: Result) -> None:
    location = _headquarters(context.customer)
    mark_created(location, pstn_provider=_pstn_provider(location))


def _configure_meeting_site(context: StepContext) -> Result:
    customer = context.customer
    partner_numbers = _template(customer).meeting_dial_in == TemplateVersion.DialIn.PARTNER
    return gateway().configure_meeting_site(
        key=context.key,
        org_id=str(customer.org_id),
        name=f"{slugify(customer.name)[:30] or 'site'}-{customer.public_id.hex[:6]}",
        language=meeting_site_locale(customer.language),
        dial_in=PARTNER_NUMBERS if partner_numbers else dial_in_for(customer.country),
    )


def _meeting_site_configured(context: StepContext, result: Result) -> None:
    Customer.objects.filter(pk=context.customer.pk).update(meeting_site=result["site"])


def _invite_administrator(context: StepContext) -> Result:
    customer = context.customer
    return gateway().invite_administrator(
        key=context.key, org_id=str(customer.org_id), email=customer.primary_email.lower()
    )


def _administrator_invited(context: StepContext, result: Result) -> None:
    """Give the primary e-mail address full administration; whoever has an account already keeps it."""
    customer = context.customer
    text = f"became full administrator of {customer.name}"
    appoint(customer=customer, email=customer.primary_email, action="administrator.invited", text=text, by=SYSTEM)


def _send_invitation(context: StepContext) -> Result:
    customer = context.customer
    return send_invitation(customer=customer, admin=AdminUser.objects.get(email=customer.primary_email.lower()))


def _finished(job: ProvisioningJob, steps: Sequence[ProvisioningStep]) -> None:
    fail_skipped_packages(job.customer, steps)
    settle_customer(job.customer)


def _restarted(job: ProvisioningJob, steps: Sequence[ProvisioningStep], by: Actor) -> None:
    customer = job.customer
    refuse_rejected(customer)
    reopen_attachment(customer=customer, by=by)
    # The customer's row before its packages', as in every service.
    status = Customer.Status.UPDATING if customer.org_id else Customer.Status.PROVISIONING
    set_customer_status(customer=customer, status=status, by=by)
    restart_packages(customer, steps)


ONBOARDING = JobType(
    title="Provision customer",
    steps={
        "screening": SCREENING_STEP,
        "organisation": StepHandler(_create_organisation, _organisation_created, critical=True),
        "consent": CONSENT_STEP,
        "attach": ATTACH_STEP,
        PACKAGE_STEP: ENABLE_PACKAGE,
        "location": StepHandler(_create_location, _location_created),
        "meeting_site": StepHandler(_configure_meeting_site, _meeting_site_configured),
        "invite_administrator": StepHandler(_invite_administrator, _administrator_invited),
        "invitation_mail": StepHandler(_send_invitation),
        "administrators": ADMINISTRATORS_STEP,
    },
    finished=_finished,
    restarted=_restarted,
)
