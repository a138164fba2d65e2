"""The audit page, written once for both hubs: mix in before PartnerView or CustomerView."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from tenancy.access import PortalView
from tenancy.audit_forms import AuditFilter
from tenancy.audit_log import EXPORT_HEADER, ORDER, category_label, events_of, export_rows, tenant_of, verify_part
from tenancy.csv_export import csv_response
from tenancy.models import AuditEvent
from tenancy.paging import cursors, page_of
from tenancy.policy import ROLE_LABELS

TEMPLATE = "audit/list.html"


class AuditScope(PortalView):
    """Where the page stands: `namespace` names the hub's URLs, the scope is its customer or partner."""

    namespace: ClassVar[str]

    def whose(self) -> dict[str, Any]:
        """The customer of the page, or its partner."""
        return {"customer": self.customer} if self.customer else {"partner": self.partner}

    def url(self, name: str, *args: Any) -> str:
        organisation = self.customer or self.partner
        return reverse(f"{self.namespace}:{name}", args=[organisation.public_id, *args])  # type: ignore[union-attr]


class AuditList(AuditScope):
    """Events, newest first; with htmx only the table."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        narrowed = request.htmx and request.htmx.target == "events"  # type: ignore[attr-defined]
        return render(request, TEMPLATE + ("#table" if narrowed else ""), self.list_context())

    def list_context(self) -> dict[str, Any]:
        narrow = AuditFilter(self.request.GET)
        events = events_of(**self.whose(), narrow=narrow.narrowing())
        page = page_of(events, order=ORDER, **cursors(self.request.GET))
        for event in page.items:
            event.category_name = category_label(event.category)
            event.panel_url = self.url("audit-event", event.public_id)
        return {
            "page": page,
            "narrow": narrow,
            "list_url": self.url("audit"),
            "export_url": self.url("audit-export"),
            "verify_url": self.url("audit-verify"),
        }


class AuditEventPanel(AuditList):
    """The list with one event open at the right; with htmx only the panel."""

    def get(self, request: HttpRequest, event: Any = None, **kwargs: Any) -> HttpResponse:
        selected = get_object_or_404(
            events_of(**self.whose()).select_related("actor", "partner", "customer"), public_id=event
        )
        query = request.GET.urlencode()
        back = self.url("audit") + (f"?{query}" if query else "")
        context = {
            "selected": selected,
            "category": category_label(selected.category),
            "roles": [ROLE_LABELS.get(role, role) for role in selected.actor_roles],
            "visited": _from_outside(selected),
            "close_url": back,
        }
        if request.htmx and request.htmx.target == "panel":  # type: ignore[attr-defined]
            return render(request, TEMPLATE + "#panel", context)
        return render(request, TEMPLATE, self.list_context() | context)


def _from_outside(event: AuditEvent) -> bool:
    """Did somebody of another organisation do this in the customer's?"""
    return bool(event.customer and event.actor_org_name != event.customer.name)


class AuditExport(AuditScope):
    """What the list shows, all of it, as CSV. No cap."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        events = events_of(**self.whose(), narrow=AuditFilter(request.GET).narrowing())
        return csv_response("audit.csv", EXPORT_HEADER, export_rows(events))


class AuditVerify(AuditScope):
    """Checks the chain part by part; each answer asks for the next one, the last says whether the chain is whole."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        after = request.GET.get("after", "")
        # A number of at most 12 digits: anything else starts from the beginning.
        start = int(after) if after.isascii() and after.isdecimal() and len(after) <= 12 else 0
        result = verify_part(tenant_of(**self.whose()), after=start)
        context = {"result": result, "verify_url": self.url("audit-verify"), "list_url": self.url("audit")}
        part = "#result" if request.htmx else ""  # type: ignore[attr-defined]
        return render(request, "audit/verify.html" + part, context)
