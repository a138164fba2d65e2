"""Integrations: programs that get tokens by OAuth2. The secret is shown on the answer that made it, and never again."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from partnerhub.forms.integrations import IntegrationForm, initial_of
from tenancy.access import PartnerView
from tenancy.errors import DomainError
from tenancy.integrations import (
    BY_ITSELF,
    CODE,
    change_integration,
    integrations_of,
    register_integration,
    revoke_integration,
    rotate_secret,
)
from tenancy.models import Integration
from tenancy.paging import cursors, page_of
from tenancy.policy import Control, Level
from tenancy.scope_words import WORDS

ORDER = ("-created_at", "-id")


class IntegrationPage(PartnerView):
    """What the pages about integrations share."""

    control = Control.PARTNER_API_TOKENS

    def list_url(self) -> str:
        return reverse("partnerhub:integration-list", args=[self.partner.public_id])

    def found(self, *, live: bool = False) -> Integration:
        """The integration of the address; `live`: one that was not revoked, or 404."""
        rows = integrations_of(self.partner)
        rows = rows.filter(revoked_at=None) if live else rows
        integration: Integration = get_object_or_404(rows, public_id=self.kwargs["integration"])
        return integration

    def url_of(self, integration: Integration) -> str:
        return reverse("partnerhub:integration-detail", args=[self.partner.public_id, integration.public_id])

    def show_secret(self, integration: Integration, secret: str) -> HttpResponse:
        context = {"integration": integration, "secret": secret, "url": self.url_of(integration)}
        return render(self.request, "partnerhub/integrations/secret.html", context | {"list_url": self.list_url()})

    def show_form(self, form: IntegrationForm, *, integration: Integration | None = None, status: int = 200) -> Any:
        back = self.url_of(integration) if integration else self.list_url()
        context = {"form": form, "integration": integration, "list_url": self.list_url(), "back_url": back}
        return render(self.request, "partnerhub/integrations/form.html", context, status=status)


class IntegrationList(IntegrationPage):
    """The partner's integrations, the revoked ones among them."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        page = page_of(integrations_of(self.partner), order=ORDER, **cursors(request.GET))
        context = {
            "page": page,
            "next_url": f"{request.path}?after={page.next}" if page.next else "",
            "previous_url": f"{request.path}?before={page.previous}" if page.previous else "",
        }
        partial = "#table" if request.htmx.target == "integrations" else ""  # type: ignore[attr-defined]
        return render(request, "partnerhub/integrations/list.html" + partial, context)


class IntegrationDetail(IntegrationPage):
    """What its programmers need, the secret aside."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        integration = self.found()
        kinds = integration.get_grant_types()
        context = {
            "integration": integration,
            "for_others": CODE in kinds,
            "by_itself": BY_ITSELF in kinds,
            "scopes": [(scope, WORDS[scope]) for scope in WORDS if scope in integration.get_scopes()],
            "authorize_url": request.build_absolute_uri(reverse("api:authorize")),
            "token_url": request.build_absolute_uri(reverse("api:access-token")),
            "list_url": self.list_url(),
        }
        return render(request, "partnerhub/integrations/detail.html", context)


class IntegrationCreate(IntegrationPage):
    """Register one. The answer to POST is the only page that shows the secret."""

    def needed_level(self) -> Level:
        return Level.EDIT

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.show_form(IntegrationForm(initial={"acts": ["for_others"]}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = IntegrationForm(request.POST)
        if form.is_valid():
            try:
                made = register_integration(partner=self.partner, wish=form.wish(), by=self.actor)
            except DomainError as error:
                _tell(form, error)
            else:
                return self.show_secret(*made)
        return self.show_form(form, status=422)


class IntegrationEdit(IntegrationPage):
    """Change name, addresses, scopes and in whose name it acts."""

    def needed_level(self) -> Level:
        return Level.EDIT

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        integration = self.found(live=True)
        return self.show_form(IntegrationForm(initial=initial_of(integration)), integration=integration)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        integration = self.found(live=True)
        form = IntegrationForm(request.POST)
        if form.is_valid():
            try:
                change_integration(integration=integration, wish=form.wish(), by=self.actor)
            except DomainError as error:
                _tell(form, error)
            else:
                messages.success(request, "The integration is changed.")
                return HttpResponseRedirect(self.url_of(integration))
        return self.show_form(form, integration=integration, status=422)


class IntegrationSecret(IntegrationPage):
    """POST only: a new secret, shown once; the old one is worth nothing from now on."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        integration = self.found(live=True)
        return self.show_secret(integration, rotate_secret(integration=integration, by=self.actor))


class IntegrationRevoke(IntegrationPage):
    """POST only: the integration and its tokens are nobody from the next request on."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        integration = self.found()
        if revoke_integration(integration=integration, by=self.actor):
            messages.success(request, f"The integration {integration.name} is revoked, with all its tokens.")
        return HttpResponseRedirect(self.url_of(integration))


def _tell(form: IntegrationForm, error: DomainError) -> None:
    field = "acts" if error.field == "for_others" else error.field
    form.add_error(field if field in form.fields else None, str(error))
