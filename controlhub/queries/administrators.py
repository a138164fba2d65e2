"""Who administers a customer, for the administrators page."""

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from controlhub.models import FirstAdministrator
from tenancy.models import AdminUser, Customer, RoleAssignment
from tenancy.policy import EXTERNAL_ROLES

ORDER = ("email", "id")


def administrators_of(customer: Customer, *, search: str = "", role: str = "") -> QuerySet[AdminUser]:
    """Everybody with a role inside the customer, each with `customer_roles` (and their `location_scopes`) and `is_first`.

    `search`: every word must occur in name or e-mail. `role`: a stored role, or nothing for all. Three queries.
    """
    here = RoleAssignment.objects.filter(customer=customer)
    narrowed = here.filter(role=role) if role else here
    admins = AdminUser.objects.filter(Exists(narrowed.filter(admin=OuterRef("pk"))))
    for word in search.replace("\x00", "").split():
        admins = admins.filter(Q(full_name__icontains=word) | Q(email__icontains=word))
    first = FirstAdministrator.objects.filter(customer=customer, subscriber__admin=OuterRef("pk"))
    roles = here.order_by("role").prefetch_related("location_scopes__location")
    return admins.annotate(is_first=Exists(first)).prefetch_related(
        Prefetch("role_assignments", queryset=roles, to_attr="customer_roles")
    )


def is_external(admin: AdminUser) -> bool:
    """Does this row of `administrators_of` belong to somebody of another organisation?"""
    return any(held.role in EXTERNAL_ROLES for held in admin.customer_roles)  # type: ignore[attr-defined]
