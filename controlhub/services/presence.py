"""Is a user there to be changed? Deleted ones keep their history; whoever has not agreed yet has nothing to change."""

from controlhub.models import Subscriber
from tenancy.errors import DomainError


class SubscriberDeleted(DomainError):
    code = "subscriber_deleted"

    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__(f"{subscriber} has been deleted. Nothing can be changed any more.")


class ConsentPending(DomainError):
    """Domain.md 5.8: until the owner of a free account agrees, nothing of it can be used."""

    code = "consent_pending"

    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__(f"{subscriber} has not agreed to the move yet. Wait for the consent, or delete the user.")


def lock_present(subscriber: Subscriber) -> None:
    """Lock the subscriber for a change of what he has. Raises SubscriberDeleted or ConsentPending."""
    lock_living(subscriber)
    require_present(subscriber)


def lock_living(subscriber: Subscriber) -> None:
    """As `lock_present`, also for somebody whose consent is awaited."""
    locked = Subscriber.objects.select_for_update(no_key=True)
    subscriber.refresh_from_db(from_queryset=locked)
    if subscriber.deleted_at:
        raise SubscriberDeleted(subscriber)


def require_present(subscriber: Subscriber) -> None:
    """Raises SubscriberDeleted or ConsentPending, by what was read last."""
    if subscriber.deleted_at:
        raise SubscriberDeleted(subscriber)
    if subscriber.status == Subscriber.Status.PENDING_USER_MIGRATION:
        raise ConsentPending(subscriber)
