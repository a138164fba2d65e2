"""What a change of workspaces, devices or call queues means for Webex: one job each, in the transaction of the change.

A step's `item` is the row's public id, and the handler reads the row; what is deleted travels in the payload.
"""

from controlhub.models import CallQueue, Device, Workspace
from provisioning.models import ProvisioningJob
from provisioning.queue import NewStep, enqueue
from tenancy.actors import Actor

CHANGE_WORKSPACE = "change_workspace"
CHANGE_DEVICE = "change_device"
REMOVE_DEVICE = "remove_device"
CHANGE_QUEUE = "change_queue"


def push_workspace(*, workspace: Workspace, by: Actor) -> ProvisioningJob:
    """Tell Webex what the workspace is now; a deleted one goes there too."""
    step = NewStep("put_workspace", f"Workspace {workspace}", str(workspace.public_id))
    return enqueue(kind=CHANGE_WORKSPACE, customer=workspace.customer, steps=[step], payload={}, by=by)


def push_device(*, device: Device, by: Actor) -> ProvisioningJob:
    """Tell Webex about the device, and see it come online."""
    item = str(device.public_id)
    steps = [NewStep("put_device", f"{device}", item), NewStep("await_device", f"Activation of {device}", item)]
    return enqueue(kind=CHANGE_DEVICE, customer=device.customer, steps=steps, payload={}, by=by)


def push_device_removal(*, device: Device, by: Actor) -> ProvisioningJob:
    """Let Webex forget the device and reset it."""
    step = NewStep("remove_device", f"{device}", str(device.public_id))
    return enqueue(kind=REMOVE_DEVICE, customer=device.customer, steps=[step], payload={}, by=by)


def push_queue(*, queue: CallQueue, by: Actor) -> ProvisioningJob:
    """Tell Webex what the call queue is now, and who works in it."""
    step = NewStep("put_queue", f"Call queue {queue}", str(queue.public_id))
    return enqueue(kind=CHANGE_QUEUE, customer=queue.customer, steps=[step], payload={}, by=by)


def push_queue_removal(*, queue: CallQueue, by: Actor) -> ProvisioningJob:
    """Let Webex forget the call queue."""
    step = NewStep("remove_queue", f"Call queue {queue}", str(queue.public_id))
    return enqueue(kind=CHANGE_QUEUE, customer=queue.customer, steps=[step], payload={}, by=by)
