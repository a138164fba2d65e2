"""Users: list, CSV export, one user's page, and what can be changed there."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.forms.users import ColumnsForm, UserFilter
from controlhub.models import Subscriber
from controlhub.queries.columns import columns_of, list_view
from controlhub.queries.devices import devices_of
from controlhub.queries.jobs import jobs_about
from controlhub.queries.locations import location_choices
from controlhub.queries.mail import mail_state
from controlhub.queries.users import (
    events_about,
    included_services,
    package_history,
    page_order,
    services_of,
    users_of,
    with_facts,
)
from controlhub.services.consents import pending_request
from controlhub.services.directory import synchronized_with
from controlhub.services.list_columns import choose_columns
from tenancy.access import CustomerView
from tenancy.csv_export import csv_response
from tenancy.models import Customer
from tenancy.paging import cursors, page_of
from tenancy.policy import Control, Level

EXPORTED = {
    "email": ("Email",),
    "package": ("Package", "Add-ons"),
    "location": ("Location",),
    "number": ("Phone number", "Extension"),
    "role": ("Admin roles",),
    "status": ("Status",),
    "added": ("Added (UTC)",),
}


class UserList(CustomerView):
    """Search, filters, pages, columns."""

    control = Control.USERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        locations = location_choices(self.customer)
        narrow = UserFilter(request.GET, locations=locations)
        narrowed = narrow.narrowed()
        look = list_view(self.actor, self.customer, narrowed["search"])
        sorting, order = page_order(narrow.order, sort=look.sort)
        users = users_of(self.customer, **narrowed).annotate(**sorting)
        context = {
            "page": page_of(users, order=order, **cursors(request.GET)),
            "narrow": narrow,
            "columns": look.columns,
            "movable": len(locations) > 1 and self.level(Control.USER_LOCATION) is Level.EDIT,
            "chooser": ColumnsForm(initial={"columns": look.columns}),
            "tabs": user_tabs(self.customer, "user-list"),
        }
        template = "controlhub/users/list.html" + ("#table" if request.htmx else "")  # type: ignore[attr-defined]
        return render(request, template, context)


class UserColumns(CustomerView):
    """Remembers the columns, for whoever may read the list."""

    control = Control.USERS
    reads_with_post = True

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = ColumnsForm(request.POST)
        if not form.is_valid():
            messages.error(request, "One of these columns does not exist. Choose again.")
        else:
            choose_columns(customer=self.customer, columns=form.cleaned_data["columns"], by=self.actor)
        return HttpResponseRedirect(reverse("controlhub:user-list", args=[self.customer.public_id]))


class UserExport(CustomerView):
    """What the list shows, narrowed and with the columns chosen there, as CSV."""

    control = Control.USERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        narrow = UserFilter(request.GET, locations=location_choices(self.customer))
        users = users_of(self.customer, **narrow.narrowed()).order_by(*narrow.order)
        columns = columns_of(self.actor)
        header = ["First name", "Last name", *(name for column in columns for name in EXPORTED[column])]
        return csv_response("users.csv", header, _export_rows(users.iterator(chunk_size=500), columns))


def user_tabs(customer: Customer, current: str) -> list[dict[str, Any]]:
    """Users, those who are waited for, and those who are gone."""
    names = {"user-list": "Users", "consent-list": "Pending consents", "user-deleted-list": "Deleted users"}
    return [
        {"url": reverse(f"controlhub:{name}", args=[customer.public_id]), "label": label, "current": name == current}
        for name, label in names.items()
    ]


class SubscriberView(CustomerView):
    """A page about one subscriber of the customer: `self.subscriber`, with the facts of the users list."""

    subscriber: Subscriber

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        living = self.customer.subscribers.filter(deleted_at=None).select_related("first_place")
        users = with_facts(living, self.customer)
        self.subscriber = get_object_or_404(users, public_id=kwargs["subscriber"])

    def done(self, message: str) -> HttpResponseRedirect:
        """Back to the user's page with a toast."""
        messages.success(self.request, message)
        return HttpResponseRedirect(self.user_url())

    def user_url(self) -> str:
        return reverse("controlhub:user-detail", args=[self.customer.public_id, self.subscriber.public_id])


class UserDetail(SubscriberView):
    """Profile, package, services, numbers, caller ID, admin role, package history, audit."""

    control = Control.USERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        held = self.subscriber.open_assignments  # type: ignore[attr-defined]
        context = {
            "subscriber": self.subscriber,
            "devices": devices_of(self.customer, subscriber=self.subscriber.public_id),
            "jobs": jobs_about(self.customer, item=self.subscriber.public_id),
            "history": package_history(self.subscriber),
            "events": events_about(self.subscriber),
            "services": services_of(self.subscriber, held),
            "included": included_services(held),
            "directory": synchronized_with(self.customer),
            "consent": pending_request(self.subscriber),
            "mail": mail_state(self.customer, self.subscriber.email),
        }
        return render(request, "controlhub/users/detail.html", context)


def _export_rows(users: Iterator[Subscriber], columns: list[str]) -> Iterator[tuple[str, ...]]:
    for user in users:
        cells = (cell for column in columns for cell in _cells(user, column))
        yield (user.first_name, user.last_name, *cells)


def _cells(user: Subscriber, column: str) -> tuple[str, ...]:
    """What a user has in the columns of one entry of EXPORTED."""
    if column == "package":
        held = user.open_assignments  # type: ignore[attr-defined]
        base = " ".join(a.get_package_display() for a in held if a.is_base)
        return base, ", ".join(a.get_package_display() for a in held if not a.is_base)
    if column == "number":
        number = getattr(user, "number", None)
        return number.e164 if number else "", user.extension
    if column == "role":
        return (", ".join(role.get_role_display() for role in getattr(user.admin, "customer_roles", [])),)
    values = {
        "email": user.email,
        "location": user.location.name if user.location else "",
        "status": user.get_status_display(),
        "added": f"{user.created_at:%Y-%m-%d %H:%M:%S}",
    }
    return (values[column],)
