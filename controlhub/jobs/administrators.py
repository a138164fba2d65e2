"""Invitations of administrators: Webex learns of them, and a mail brings the way in."""

from controlhub.jobs.mail import send_invitation
from provisioning.gateway import gateway
from provisioning.registry import JobType, Result, StepContext, StepHandler
from tenancy.models import RoleAssignment
from tenancy.policy import Role

WITHDRAWN = "The role was withdrawn."


def _roles(context: StepContext) -> list[RoleAssignment]:
    """What the person may do now. Nothing: the role was withdrawn before the invitation went out."""
    rows = context.customer.role_assignments.filter(admin__public_id=context.item).select_related("admin")
    return list(rows.order_by("role"))


def _tell_webex(context: StepContext) -> Result:
    roles = _roles(context)
    if not roles:
        return {"skipped": WITHDRAWN}
    org_id = str(context.customer.org_id)
    return gateway().invite_administrator(key=context.key, org_id=org_id, email=roles[0].admin.email)


def _send_mail(context: StepContext) -> Result:
    roles = _roles(context)
    if not roles:
        return {"sent": False, "why": WITHDRAWN}
    named = [Role(row.role) for row in roles]
    return send_invitation(customer=context.customer, admin=roles[0].admin, roles=named)


JOB_TYPES = {
    "invite_administrators": JobType(
        "Invite administrators",
        {"invite_administrator": StepHandler(_tell_webex), "invitation_mail": StepHandler(_send_mail)},
    ),
}
