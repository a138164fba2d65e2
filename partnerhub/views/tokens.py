"""API tokens: who has which, make one (shown once), revoke one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from partnerhub.forms.tokens import TokenForm
from tenancy.access import PartnerView
from tenancy.errors import DomainError
from tenancy.paging import cursors, page_of
from tenancy.policy import Control, Level
from tenancy.tokens import create_token, revoke_token, tokens_of

ORDER = ("-created_at", "-id")


class TokenPage(PartnerView):
    """What the pages about tokens share."""

    control = Control.PARTNER_API_TOKENS

    def list_url(self) -> str:
        return reverse("partnerhub:token-list", args=[self.partner.public_id])


class TokenList(TokenPage):
    """Tokens of everybody who works for the partner; none is shown, only what it is for."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        page = page_of(tokens_of(self.partner), order=ORDER, **cursors(request.GET))
        context = {
            "page": page,
            "now": timezone.now(),
            "next_url": f"{request.path}?after={page.next}" if page.next else "",
            "previous_url": f"{request.path}?before={page.previous}" if page.previous else "",
        }
        partial = "#table" if request.htmx.target == "tokens" else ""  # type: ignore[attr-defined]
        return render(request, "partnerhub/tokens/list.html" + partial, context)


class TokenCreate(TokenPage):
    """Make a token of one's own. The answer to POST is the only page that ever shows it."""

    def needed_level(self) -> Level:
        return Level.EDIT

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self._show(TokenForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = TokenForm(request.POST)
        if form.is_valid() and self.actor.admin:
            data = form.cleaned_data
            try:
                token = create_token(
                    admin=self.actor.admin, scopes=data["scope"], name=data["name"], days=data["days"], by=self.actor
                )
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                context = {"token": token, "name": data["name"], "list_url": self.list_url()}
                return render(request, "partnerhub/tokens/secret.html", context)
        return self._show(form, status=422)

    def _show(self, form: TokenForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "list_url": self.list_url()}
        return render(self.request, "partnerhub/tokens/create.html", context, status=status)


class TokenRevoke(TokenPage):
    """POST only: the token is nobody from the next request on."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        token = get_object_or_404(tokens_of(self.partner), public_id=kwargs["api_token"])
        if revoke_token(token=token, by=self.actor, partner=self.partner):
            messages.success(request, f"The token {token.name or token.public_id} is revoked.")
        return HttpResponseRedirect(self.list_url())
