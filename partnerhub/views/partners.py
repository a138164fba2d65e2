"""Indirect providers: the sub-partners of a partner (domain.md 7.7)."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from partnerhub.forms.partners import IndirectProviderFilterForm
from partnerhub.queries.partners import LIST_ORDER, indirect_providers_of
from tenancy.access import PartnerView
from tenancy.paging import page_of
from tenancy.policy import Control

PAGE = "partnerhub/indirect_providers.html"


class IndirectProviders(PartnerView):
    """The list. Opening a row leads into that provider's Partner Hub under one's own identity."""

    control = Control.PARTNER_INDIRECT_PROVIDERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = IndirectProviderFilterForm(request.GET)
        form.is_valid()
        search = form.cleaned_data.get("q", "")
        page = page_of(
            indirect_providers_of(self.partner, search=search),
            order=LIST_ORDER,
            after=request.GET.get("after"),
            before=request.GET.get("before"),
        )
        context = {
            "page": page,
            "q": search,
            "next_url": self._page_url(search, after=page.next),
            "previous_url": self._page_url(search, before=page.previous),
        }
        partial = "#table" if request.htmx.target == "providers" else ""  # type: ignore[attr-defined]
        return render(request, PAGE + partial, context)

    def _page_url(self, search: str, **cursor: str) -> str:
        if not any(cursor.values()):
            return ""
        parameters = cursor | ({"q": search} if search else {})
        return f"{reverse('partnerhub:indirect-providers', args=[self.partner.public_id])}?{urlencode(parameters)}"
