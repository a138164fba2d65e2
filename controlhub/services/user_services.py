"""Messaging, meetings and calling of one user, switched off and on within what his packages bring (domain.md 8.3)."""

from django.db import transaction

from controlhub.models import Subscriber
from controlhub.queries.users import included_services
from controlhub.services import pushes
from controlhub.services.presence import lock_present
from controlhub.services.readiness import require_ready
from controlhub.services.seats import open_assignments
from tenancy import audit
from tenancy.access import authorize
from tenancy.actors import Actor
from tenancy.errors import DomainError
from tenancy.policy import Control


class ServiceNotIncluded(DomainError):
    code = "service_not_included"

    def __init__(self, service: str) -> None:
        super().__init__(f"No package of this user brings {service}.", field=service)


@transaction.atomic
def set_services(
    *,
    subscriber: Subscriber,
    messaging: bool | None = None,
    meetings: bool | None = None,
    calling: bool | None = None,
    by: Actor,
) -> Subscriber:
    """Switch services; None leaves one as it is. The package, its number and its price stay.

    Raises Forbidden, CustomerNotReady, ConsentPending, SubscriberDeleted, ServiceNotIncluded.
    """
    authorize(by, Control.USER_SERVICES, customer=subscriber.customer)
    require_ready(subscriber.customer)
    lock_present(subscriber)
    included = included_services(open_assignments(subscriber))
    wanted = {"messaging": messaging, "meetings": meetings, "calling": calling}
    changes = {}
    for service, on in wanted.items():
        was_on = not getattr(subscriber, f"{service}_off")
        if on is None or on == was_on:
            continue
        if not getattr(included, service):
            raise ServiceNotIncluded(service)
        setattr(subscriber, f"{service}_off", not on)
        changes[service] = ["on", "off"] if was_on else ["off", "on"]
    if changes:
        subscriber.save(update_fields=[f"{service}_off" for service in changes])
        _record(subscriber, changes, by)
        pushes.push_services(subscriber=subscriber, by=by)
    return subscriber


def bring_all(subscriber: Subscriber) -> None:
    """Low level: a new base package starts with everything that it brings, here as at Webex."""
    values = dict.fromkeys(("messaging_off", "meetings_off", "calling_off"), False)
    Subscriber.objects.filter(pk=subscriber.pk).update(**values)
    for name, value in values.items():
        setattr(subscriber, name, value)


def _record(subscriber: Subscriber, changes: dict[str, list[str]], by: Actor) -> None:
    said = ", ".join(f"{service} {after}" for service, (_before, after) in changes.items())
    audit.record(
        action="subscriber.services_changed",
        text=f"Services of {subscriber}: {said}",
        target=subscriber,
        customer=subscriber.customer,
        changes=changes,
        by=by,
    )
