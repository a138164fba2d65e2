"""Rows that not every administrator of a customer may see: narrowed where they are reached, so that no page can forget it.

`CustomerView` notes the viewer on the customer (`customer.viewer`). Whoever then starts from that customer, as every view
and query must, gets rows through a related manager; a model whose manager is a `NarrowedManager` leaves out what the
viewer may not see. `audit.record` asks the same question about the target of a deed.
"""

from typing import TYPE_CHECKING, Any

from django.db import models

from tenancy.policy import Control, Level, level_for

if TYPE_CHECKING:
    from tenancy.actors import Actor
    from tenancy.models import Customer


class NarrowedManager(models.Manager):
    """`customer.rows` without what the customer's viewer may not see. Anything else (`Model.objects`) is not narrowed."""

    def get_queryset(self) -> models.QuerySet[Any]:
        rows = super().get_queryset()
        customer = getattr(self, "instance", None)
        viewer = getattr(customer, "viewer", None)
        return rows if customer is None or viewer is None else self.seen_by(rows, viewer, customer)

    def seen_by(self, rows: models.QuerySet[Any], viewer: "Actor", customer: "Customer") -> models.QuerySet[Any]:
        """`rows` without what `viewer` may not see at `customer`. Everything, unless his role is bound to locations."""
        return self.narrow(rows, viewer, customer) if viewer.is_location_bound(customer) else rows

    def narrow(self, rows: models.QuerySet[Any], viewer: "Actor", customer: "Customer") -> models.QuerySet[Any]:
        """The rows of a location administrator."""
        raise NotImplementedError


class OwnDeeds(NarrowedManager):
    """For the audit log: who may not read it sees only what he did himself, on whatever page events are shown."""

    def seen_by(self, rows: models.QuerySet[Any], viewer: "Actor", customer: "Customer") -> models.QuerySet[Any]:
        roles = viewer.working_roles(customer)
        levels = (level_for(role, Control.ORG_AUDIT, restricted=customer.restricted) for role in roles)
        return rows if any(level >= Level.READ_ONLY for level in levels) else rows.filter(actor=viewer.admin_id)


class OwnJobs(NarrowedManager):
    """For jobs: somebody bound to locations sees only those that he started, because steps name people of any location."""

    def narrow(self, rows: models.QuerySet[Any], viewer: "Actor", customer: "Customer") -> models.QuerySet[Any]:
        return rows.filter(requested_by=viewer.admin_id)
