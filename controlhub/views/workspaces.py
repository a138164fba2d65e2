"""Workspaces: rooms and hall phones. List, one workspace's page, adding, changing, deleting."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from controlhub.forms.numbers import SearchForm
from controlhub.forms.workspaces import WorkspaceForm
from controlhub.models import Workspace
from controlhub.queries.devices import devices_of
from controlhub.queries.jobs import jobs_about
from controlhub.queries.locations import only_location
from controlhub.queries.numbers import WORKSPACE_ORDER, free_numbers_of, workspaces_of
from controlhub.queries.packages import package_meters
from controlhub.queries.workspaces import workspace_events, workspace_history
from controlhub.services.workspaces import (
    PACKAGE,
    WorkspaceFacts,
    create_workspace,
    delete_workspace,
    edit_workspace,
)
from controlhub.views.form_errors import show_refusal
from tenancy.access import CustomerView, forbidden_reason
from tenancy.errors import DomainError, Forbidden
from tenancy.paging import cursors, page_of
from tenancy.policy import Control, Level


class WorkspaceList(CustomerView):
    """Rooms of the customer with location, package and number."""

    control = Control.WORKSPACES

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        search = SearchForm(request.GET)
        workspaces = workspaces_of(self.customer, search=search.words())
        page = page_of(workspaces, order=WORKSPACE_ORDER, **cursors(request.GET))
        template = "controlhub/workspaces/list.html" + ("#table" if request.htmx else "")  # type: ignore[attr-defined]
        return render(request, template, {"page": page, "search": search.words()})


class WorkspaceView(CustomerView):
    """A page about one workspace of the customer: `self.workspace`."""

    control = Control.WORKSPACES
    workspace: Workspace

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        self.workspace = get_object_or_404(workspaces_of(self.customer), public_id=kwargs["workspace"])
        self.workspace.customer = self.customer

    def workspace_url(self) -> str:
        return reverse("controlhub:workspace-detail", args=[self.customer.public_id, self.workspace.public_id])


class WorkspaceDetail(WorkspaceView):
    """Facts, calling, package history, audit."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        context = {
            "workspace": self.workspace,
            "devices": devices_of(self.customer, workspace=self.workspace.public_id),
            "jobs": jobs_about(self.customer, item=self.workspace.public_id),
            "history": workspace_history(self.workspace),
            "events": workspace_events(self.workspace),
        }
        return render(request, "controlhub/workspaces/detail.html", context)


class WorkspaceFormView(CustomerView):
    """What adding and editing share."""

    control = Control.WORKSPACES
    workspace: Workspace | None = None
    fixed: tuple[str, ...] = ()

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request, self._form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self._form(request.POST)
        if form.is_valid():
            try:
                workspace = self.save(WorkspaceFacts(**form.cleaned_data))
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, f"{workspace} is saved.")
                url = reverse("controlhub:workspace-detail", args=[self.customer.public_id, workspace.public_id])
                return HttpResponseRedirect(url)
        return self._page(request, form, status=422)

    def save(self, facts: WorkspaceFacts) -> Workspace:
        """The one service call. Raises DomainError."""
        raise NotImplementedError

    def initial(self) -> dict[str, Any]:
        """What the form starts with."""
        raise NotImplementedError

    def _form(self, data: Any = None) -> WorkspaceForm:
        control = Control.WORKSPACE_PACKAGE
        package_locked = self.level(control) < Level.EDIT
        meters = {meter.package.code: meter for meter in package_meters(self.customer)}
        locked = (*self.fixed, *(("package",) if package_locked else ()))
        if self.level(self.control) < Level.EDIT:
            locked = tuple(WorkspaceForm.base_fields)
        return WorkspaceForm(
            data,
            initial=self.initial(),
            locations=self.customer.locations.order_by("name"),
            meter=meters.get(PACKAGE),
            locked=locked,
            why_locked=forbidden_reason(control, customer=self.customer, by=self.actor) if package_locked else "",
        )

    def _page(self, request: HttpRequest, form: WorkspaceForm, *, status: int = 200) -> HttpResponse:
        place = self.workspace.location if self.workspace else None
        context = {"form": form, "workspace": self.workspace, "free": free_numbers_of(self.customer, location=place)}
        return render(request, "controlhub/workspaces/form.html", context, status=status)


class WorkspaceCreate(WorkspaceFormView):
    """Adds a workspace."""

    def save(self, facts: WorkspaceFacts) -> Workspace:
        return create_workspace(customer=self.customer, facts=facts, by=self.actor)

    def initial(self) -> dict[str, Any]:
        place = only_location(self.customer)
        return {
            "location": place.public_id if place else "",
            "kind": Workspace.Kind.NOT_SET,
            "supported_devices": Workspace.Supports.PHONES,
        }


class WorkspaceEdit(WorkspaceFormView, WorkspaceView):
    """Changes a workspace; its location stays."""

    fixed = ("location",)
    workspace: Workspace

    def save(self, facts: WorkspaceFacts) -> Workspace:
        return edit_workspace(workspace=self.workspace, facts=facts, by=self.actor)

    def initial(self) -> dict[str, Any]:
        room = self.workspace
        held = getattr(room, "number", None)
        names = ("name", "kind", "supported_devices", "capacity", "extension")
        return {name: getattr(room, name) for name in names} | {
            "location": room.location.public_id,
            "package": PACKAGE if room.open_base else "",  # type: ignore[attr-defined]
            "number": held.e164 if held else "",
        }


class WorkspaceDelete(WorkspaceView):
    """Deletes a workspace, after a page that says what goes with it."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._page(request)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            delete_workspace(workspace=self.workspace, by=self.actor)
        except DomainError as error:
            if isinstance(error, Forbidden):
                raise
            return self._page(request, refusal=str(error), status=422)
        messages.success(request, f"{self.workspace} is deleted.")
        return HttpResponseRedirect(reverse("controlhub:workspace-list", args=[self.customer.public_id]))

    def _page(self, request: HttpRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
        context = {
            "workspace": self.workspace,
            "refusal": refusal,
            "package_may_end": self._package_may_end(),
            "device_count": self.workspace.devices.count(),
        }
        return render(request, "controlhub/workspaces/delete.html", context, status=status)

    def _package_may_end(self) -> bool:
        """Deleting ends the package, so whoever may not touch packages deletes only what has none."""
        return not self.workspace.open_base or self.level(Control.WORKSPACE_PACKAGE) is Level.EDIT  # type: ignore[attr-defined]
