"""The end of a customer's wholesale services: everything that is billed ends in the same second (domain.md 2.8).

Low level: for the service that deletes the customer, which authorises and audits. The people stay in Webex with their
organisation; what ends here is what the partner pays for.
"""

from datetime import datetime

from django.db.models.functions import Now

from controlhub.models import (
    CallQueue,
    ConsentRequest,
    CustomerPackage,
    Device,
    PackageAssignment,
    PhoneNumber,
    QueueAgent,
    Subscriber,
    Workspace,
)
from controlhub.services.clock import database_now
from controlhub.services.constraints import named_errors
from controlhub.services.devices import remove_devices
from controlhub.services.numbers import NOBODY
from controlhub.services.seats import DayClosed, IntervalTooEarly, lock_seats
from tenancy.actors import Actor
from tenancy.models import Customer


def end_everything(*, customer: Customer, by: Actor) -> dict[str, int]:
    """End all usage of a customer that is locked; returns how much of what has ended, for the audit log."""
    lock_seats(customer, customer.packages.values_list("package", flat=True))
    moment = database_now()
    devices = Device.objects.filter(customer=customer).select_related("customer", "subscriber", "workspace")
    counts = {
        "packages": _end_intervals(customer, moment),
        "consents": _cancel_consents(customer),
        "devices": remove_devices(devices, by=by),
        "queues": _delete_queues(customer, moment),
        "users": _delete_people(customer, moment),
        "workspaces": Workspace.objects.filter(customer=customer, deleted_at=None).update(
            deleted_at=moment, extension=""
        ),
        "numbers": _remove_numbers(customer),
    }
    CustomerPackage.objects.filter(customer=customer).update(used=0)
    return {name: count for name, count in counts.items() if count}


def _end_intervals(customer: Customer, moment: datetime) -> int:
    with named_errors({"assignment_ends_later": IntervalTooEarly, "closed_day_stays": DayClosed}):
        return PackageAssignment.objects.filter(customer=customer, ended_at=None).update(ended_at=moment)


def _cancel_consents(customer: Customer) -> int:
    pending = ConsentRequest.objects.filter(customer=customer, state=ConsentRequest.State.PENDING)
    return pending.update(state=ConsentRequest.State.CANCELLED, decided_at=Now())


def _delete_people(customer: Customer, moment: datetime) -> int:
    people = Subscriber.objects.filter(customer=customer, deleted_at=None)
    return people.update(deleted_at=moment, extension="", caller_id_number=None, admin=None)


def _delete_queues(customer: Customer, moment: datetime) -> int:
    QueueAgent.objects.filter(queue__customer=customer).delete()
    return CallQueue.objects.filter(customer=customer, deleted_at=None).update(deleted_at=moment)


def _remove_numbers(customer: Customer) -> int:
    """The numbers are free for others; who had them is in the number history."""
    customer.locations.update(main_number=None, emergency_callback_number=None)
    numbers = PhoneNumber.objects.filter(customer=customer)
    numbers.update(**NOBODY)
    return numbers.delete()[1].get("controlhub.PhoneNumber", 0)
