"""Workspaces in the Webex cloud: what the row says now, whichever job comes last."""

from controlhub.jobs.telling import NOTHING_TO_TELL, Facts, tell
from controlhub.models import Workspace
from provisioning.gateway import gateway
from provisioning.registry import JobType, Result, StepContext, StepHandler
from tenancy.policy import Control


def _put_workspace(context: StepContext) -> Result:
    result = tell(context, lambda: _facts(context), gateway().put_workspace)
    if result is NOTHING_TO_TELL:
        return gateway().remove_workspace(key=context.key, workspace=context.item)
    return result


def _facts(context: StepContext) -> Facts | None:
    workspaces = Workspace.objects.select_related("location", "number")
    workspace = workspaces.get(customer=context.customer, public_id=context.item)
    if workspace.deleted_at:
        return None
    base = workspace.assignments.filter(is_base=True, ended_at=None).first()
    number = getattr(workspace, "number", None)
    return {
        "org_id": str(context.customer.org_id),
        "workspace": context.item,
        "name": workspace.name,
        "location": str(workspace.location.public_id),
        "supported_devices": workspace.supported_devices,
        "package": base.package if base else "",
        "number": number.e164 if number else "",
        "extension": workspace.extension,
    }


JOB_TYPES = {
    "change_workspace": JobType(
        "Change workspace", {"put_workspace": StepHandler(_put_workspace, control=Control.WORKSPACES)}
    )
}
