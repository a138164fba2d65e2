"""Workspaces in the Webex cloud: what the row says now, whichever job comes last."""

from controlhub.models import Workspace
from provisioning.gateway import gateway
from provisioning.registry import JobType, Result, StepContext, StepHandler
from tenancy.policy import Control


def _put_workspace(context: StepContext) -> Result:
    workspaces = Workspace.objects.select_related("location", "number")
    workspace = workspaces.get(customer=context.customer, public_id=context.item)
    if workspace.deleted_at:
        return gateway().remove_workspace(key=context.key, workspace=str(workspace.public_id))
    base = workspace.assignments.filter(is_base=True, ended_at=None).first()
    number = getattr(workspace, "number", None)
    return gateway().put_workspace(
        key=context.key,
        org_id=str(context.customer.org_id),
        workspace=str(workspace.public_id),
        name=workspace.name,
        location=str(workspace.location.public_id),
        package=base.package if base else "",
        number=number.e164 if number else "",
        extension=workspace.extension,
    )


JOB_TYPES = {
    "change_workspace": JobType(
        "Change workspace", {"put_workspace": StepHandler(_put_workspace, control=Control.WORKSPACES)}
    )
}
