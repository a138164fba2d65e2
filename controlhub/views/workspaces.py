"""Workspaces: rooms and hall phones, to look at."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from controlhub.forms.numbers import SearchForm
from controlhub.queries.numbers import WORKSPACE_ORDER, workspaces_of
from tenancy.access import CustomerView
from tenancy.paging import cursors, page_of
from tenancy.policy import Control


class WorkspaceList(CustomerView):
    """Rooms of the customer with location, package and number."""

    control = Control.WORKSPACES

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        search = SearchForm(request.GET)
        workspaces = workspaces_of(self.customer, search=search.words())
        page = page_of(workspaces, order=WORKSPACE_ORDER, **cursors(request.GET))
        template = "controlhub/workspaces/list.html" + ("#table" if request.htmx else "")  # type: ignore[attr-defined]
        return render(request, template, {"page": page, "search": search.words()})
