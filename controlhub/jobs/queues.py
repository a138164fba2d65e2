"""Call queues in the Webex cloud: what the row says now, whichever job comes last."""

from controlhub.jobs.telling import Facts, tell
from controlhub.models import CallQueue
from provisioning.gateway import gateway
from provisioning.registry import JobType, Result, StepContext, StepHandler


def _put_queue(context: StepContext) -> Result:
    return tell(context, lambda: _facts(context), gateway().put_queue)


def _facts(context: StepContext) -> Facts | None:
    queues = CallQueue.objects.filter(customer=context.customer, public_id=context.item, deleted_at=None)
    queue = queues.select_related("location", "number").first()
    if queue is None:
        return None
    number = getattr(queue, "number", None)
    facts = {name: getattr(queue, name) for name in ("name", "extension", "routing", "assist")}
    places = queue.agents.select_related("subscriber", "workspace").order_by("position", "pk")
    return {
        "org_id": str(context.customer.org_id),
        "queue": context.item,
        "location": str(queue.location.public_id),
        "facts": facts | {"number": number.e164 if number else ""},
        "agents": [str((place.subscriber or place.workspace).public_id) for place in places],  # type: ignore[union-attr]
    }


def _remove_queue(context: StepContext) -> Result:
    return gateway().remove_queue(key=context.key, queue=context.item)


JOB_TYPES = {
    "change_queue": JobType(
        "Change call queue",
        {"put_queue": StepHandler(_put_queue), "remove_queue": StepHandler(_remove_queue)},
    )
}
