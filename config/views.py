"""Pages that belong to no hub: where to land after sign-in, health, and the component gallery."""

import time
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import View

from billing.queries.parked import parked_partners
from config.gallery import gallery_context
from tenancy.access import PortalView
from tenancy.authorizations import authorizations_of, withdraw
from tenancy.policy import Control
from tenancy.profile import ProfileForm, change_profile, own_profile
from tenancy.queries import first_customer, first_partner
from tenancy.scope_words import in_words


class Home(PortalView):
    """To the hub the signed-in person belongs to: Partner Hub before Control Hub."""

    control = Control.SIGNED_IN

    def get(self, request: HttpRequest) -> HttpResponseBase:
        if partner := first_partner(self.actor):
            return HttpResponseRedirect(reverse("partnerhub:overview", args=[partner.public_id]))
        if customer := first_customer(self.actor):
            return HttpResponseRedirect(reverse("controlhub:overview", args=[customer.public_id]))
        return render(request, "no_role.html", {"org_name": ""}, status=403)


class Profile(PortalView):
    """One's own name and time zone."""

    control = Control.SIGNED_IN

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, ProfileForm(initial=own_profile(self.actor)))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        form = ProfileForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        change_profile(by=self.actor, **form.cleaned_data)
        messages.success(request, "Your profile is saved.")
        return HttpResponseRedirect(reverse("profile"))

    def _page(self, request: HttpRequest, form: ProfileForm, *, status: int = 200) -> HttpResponse:
        return render(request, "account/profile.html", {"form": form}, status=status)


class Authorizations(PortalView):
    """The integrations that act in one's own name."""

    control = Control.SIGNED_IN
    MOST = 100

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = [(row, in_words(row.scopes)) for row in authorizations_of(self.actor)[: self.MOST]]
        return render(request, "account/authorizations.html", {"rows": rows})


class AuthorizationWithdraw(PortalView):
    """POST only: the integration acts no longer in one's name, from the next request on."""

    control = Control.SIGNED_IN

    def post(self, request: HttpRequest, authorization: UUID) -> HttpResponseBase:
        row = get_object_or_404(authorizations_of(self.actor), public_id=authorization)
        if withdraw(authorization=row, by=self.actor):
            messages.success(request, f"{row.integration.name} no longer acts in your name.")
        return HttpResponseRedirect(reverse("authorizations"))


class Healthz(View):
    """200 while the process answers. Asks nobody else."""

    control: ClassVar[Control] = Control.PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok\n", content_type="text/plain")


class Readyz(View):
    """200 when PostgreSQL and Redis answer (else the middleware's 503), with the age of the worker's canary in seconds and
    how many partners' days do not close. Who they are is not for everybody: `status` and `rollup` name them."""

    control: ClassVar[Control] = Control.PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        parked = parked_partners().count()
        canary = cache.get("canary")
        age = None if canary is None else max(0, int(time.time()) - canary)
        return JsonResponse({"status": "ready", "canary_age_seconds": age, "parked_partners": parked})


class Gallery(View):
    """Every component in every state, for building and checking pages. Holds no data."""

    control: ClassVar[Control] = Control.PUBLIC

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return render(request, "dev/gallery.html", gallery_context())
