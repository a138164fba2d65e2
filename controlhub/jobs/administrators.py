"""Invitations of administrators: Webex learns of them, and a mail brings the way in."""

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from controlhub.jobs.mail import way_in
from controlhub.queries.organization import organization_settings
from provisioning.errors import RetryableError
from provisioning.gateway import gateway
from provisioning.registry import JobType, Result, StepContext, StepHandler
from tenancy.models import RoleAssignment


def _roles(context: StepContext) -> list[RoleAssignment]:
    """What the person may do now. Nothing: the role was withdrawn before the invitation went out."""
    rows = context.customer.role_assignments.filter(admin__public_id=context.item).select_related("admin")
    return list(rows.order_by("role"))


def _tell_webex(context: StepContext) -> Result:
    roles = _roles(context)
    if not roles:
        return {"skipped": "The role was withdrawn."}
    org_id = str(context.customer.org_id)
    return gateway().invite_administrator(key=context.key, org_id=org_id, email=roles[0].admin.email)


def _send_mail(context: StepContext) -> Result:
    """Mail cannot be sent exactly once; a crash at the wrong moment sends it twice, never not at all."""
    roles = _roles(context)
    if not roles or organization_settings(context.customer).suppress_admin_invite_email:
        return {"sent": False}
    customer, admin = context.customer, roles[0].admin
    words = {
        "customer": customer,
        "partner": customer.partner,
        "roles": [role.get_role_display() for role in roles],
        "url": way_in(admin),
        "sets_password": not admin.has_usable_password(),
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
    }
    # A line break in a name must not start a header of its own.
    subject = " ".join(f"You administer {customer.name} in Control Hub".split())
    try:
        send_mail(subject, render_to_string("controlhub/mail/administrator.txt", words), None, [admin.email])
    except (SMTPException, OSError) as error:
        raise RetryableError("The mail server does not take the invitation.", code="mail_unavailable") from error
    return {"sent": True}


JOB_TYPES = {
    "invite_administrators": JobType(
        "Invite administrators",
        {"invite_administrator": StepHandler(_tell_webex), "invitation_mail": StepHandler(_send_mail)},
    ),
}
