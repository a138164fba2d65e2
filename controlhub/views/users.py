"""Users: list, CSV export, one user's page, and what can be changed there."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.forms.users import UserFilter
from controlhub.models import Subscriber
from controlhub.queries.locations import location_choices
from controlhub.queries.users import ORDER, events_about, package_history, users_of, with_facts
from tenancy.access import CustomerView
from tenancy.csv_export import csv_response
from tenancy.paging import cursors, page_of
from tenancy.policy import Control

EXPORT_HEADER = (
    "First name", "Last name", "Email", "Package", "Add-ons", "Location", "Phone number", "Extension", "Admin roles", "Status",
)  # fmt: skip


class UserList(CustomerView):
    """Search, filters, pages."""

    control = Control.USERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        narrow = UserFilter(request.GET, locations=location_choices(self.customer))
        page = page_of(users_of(self.customer, **narrow.narrowed()), order=ORDER, **cursors(request.GET))
        template = "controlhub/users/list.html" + ("#table" if request.htmx else "")  # type: ignore[attr-defined]
        return render(request, template, {"page": page, "narrow": narrow})


class UserExport(CustomerView):
    """What the list shows, narrowed the same way, as CSV."""

    control = Control.USERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        narrow = UserFilter(request.GET, locations=location_choices(self.customer))
        users = users_of(self.customer, **narrow.narrowed()).order_by(*ORDER)
        return csv_response("users.csv", EXPORT_HEADER, _export_rows(users.iterator(chunk_size=500)))


class SubscriberView(CustomerView):
    """A page about one subscriber of the customer: `self.subscriber`, with the facts of the users list."""

    subscriber: Subscriber

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        users = with_facts(self.customer.subscribers.filter(deleted_at=None), self.customer)
        self.subscriber = get_object_or_404(users, public_id=kwargs["subscriber"])

    def done(self, message: str) -> HttpResponseRedirect:
        """Back to the user's page with a toast."""
        messages.success(self.request, message)
        return HttpResponseRedirect(self.user_url())

    def user_url(self) -> str:
        return reverse("controlhub:user-detail", args=[self.customer.public_id, self.subscriber.public_id])


class UserDetail(SubscriberView):
    """Profile, package, numbers, admin role, package history, audit."""

    control = Control.USERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        context = {
            "subscriber": self.subscriber,
            "history": package_history(self.subscriber),
            "events": events_about(self.subscriber),
        }
        return render(request, "controlhub/users/detail.html", context)


def _export_rows(users: Iterator[Subscriber]) -> Iterator[tuple[str, ...]]:
    for user in users:
        packages = user.open_assignments  # type: ignore[attr-defined]
        number = getattr(user, "number", None)
        yield (
            user.first_name,
            user.last_name,
            user.email,
            " ".join(a.get_package_display() for a in packages if a.is_base),
            ", ".join(a.get_package_display() for a in packages if not a.is_base),
            user.location.name if user.location else "",
            number.e164 if number else "",
            user.extension,
            ", ".join(role.get_role_display() for role in getattr(user.admin, "customer_roles", [])),
            user.get_status_display(),
        )
