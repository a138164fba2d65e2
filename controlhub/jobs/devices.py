"""Devices in the Webex cloud: made known, seen coming online, reset when they go."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from controlhub.jobs.telling import NOTHING_TO_TELL, Facts, tell
from controlhub.models import Device
from controlhub.services.constraints import named_errors
from controlhub.services.devices import MacInUse
from provisioning.errors import PermanentError
from provisioning.gateway import gateway
from provisioning.models import ProvisioningJob, ProvisioningStep
from provisioning.registry import JobType, Result, StepContext, StepHandler
from tenancy.actors import Actor
from tenancy.policy import Control

# Removals have no control of their own: a device also goes with a package or a user, by whoever may take those.


def _rows(context: StepContext) -> QuerySet[Device]:
    return Device.objects.filter(customer=context.customer, public_id=context.item)


def _put_device(context: StepContext) -> Result:
    return tell(context, lambda: _facts(context), gateway().put_device)


def _facts(context: StepContext) -> Facts | None:
    device = _rows(context).select_related("subscriber", "workspace").first()
    if device is None:
        return None
    return {
        "org_id": str(context.customer.org_id),
        "device": context.item,
        "model": device.model,
        "owner": str((device.subscriber or device.workspace).public_id),  # type: ignore[union-attr]
        "mac": device.mac or "",
        "username": device.sip_username,
        "verifier": device.sip_secret_hash or device.code_hash,
    }


def _await_device(context: StepContext) -> Result:
    """The phone calls home. An activation code that was not used in time is refused."""
    device = _rows(context).first()
    if device is None:
        return NOTHING_TO_TELL
    if device.code_hash and not _rows(context).filter(code_expires_at__gt=Now()).exists():
        raise PermanentError("code_expired", "The activation code has expired. Make a new one on the device's page.")
    return gateway().device_state(key=context.key, device=context.item)


def _device_seen(context: StepContext, result: Result) -> None:
    if "status" not in result:
        return
    with named_errors({"controlhub_device_mac_key": MacInUse}):
        _rows(context).filter(mac=None, management=Device.Management.CISCO).update(mac=result["mac"])
    used = {"code_hash": "", "code_expires_at": None}
    _rows(context).update(status=result["status"], serial=result["serial"], error="", **used)


def _device_failed(context: StepContext, error: PermanentError) -> None:
    _rows(context).update(status=Device.Status.FAILED, error=str(error))


def _remove_device(context: StepContext) -> Result:
    return gateway().remove_device(key=context.key, device=context.item)


def _restart(job: ProvisioningJob, steps: list[ProvisioningStep], by: Actor) -> None:
    keys = [step.item for step in steps]
    Device.objects.filter(customer=job.customer, public_id__in=keys).update(status=Device.Status.ACTIVATING, error="")


JOB_TYPES = {
    "change_device": JobType(
        "Add device",
        {
            "put_device": StepHandler(_put_device, failed=_device_failed, critical=True, control=Control.DEVICES),
            "await_device": StepHandler(_await_device, _device_seen, _device_failed),
        },
        restarted=_restart,  # type: ignore[arg-type]
    ),
    "remove_device": JobType("Delete device", {"remove_device": StepHandler(_remove_device)}),
}
