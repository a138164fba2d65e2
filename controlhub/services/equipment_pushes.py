"""What a change of workspaces, devices or call queues means for Webex: one job each, in the transaction of the change.

A step's `item` is the row's public id, and the handler reads the row; what is deleted travels in the payload.
"""

from controlhub.models import Workspace
from provisioning.models import ProvisioningJob
from provisioning.queue import NewStep, enqueue
from tenancy.actors import Actor

CHANGE_WORKSPACE = "change_workspace"


def push_workspace(*, workspace: Workspace, by: Actor) -> ProvisioningJob:
    """Tell Webex what the workspace is now; a deleted one goes there too."""
    step = NewStep("put_workspace", f"Workspace {workspace}", str(workspace.public_id))
    return enqueue(kind=CHANGE_WORKSPACE, customer=workspace.customer, steps=[step], payload={}, by=by)
