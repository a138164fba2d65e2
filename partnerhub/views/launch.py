"""From Partner Hub into a customer's Control Hub, under one's own identity (domain.md 7.5)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from partnerhub.queries.customers import customer_of
from tenancy.access import PartnerView
from tenancy.launch import CODE_SECONDS, CustomerNotReady, LaunchNotAllowed, start_launch_with_code
from tenancy.launch_session import set_code_cookie
from tenancy.models import Customer
from tenancy.policy import Control

DESTINATIONS = frozenset({"overview", "setup", "users", "numbers"})  # names that controlhub:enter-launch knows


class CustomerLaunch(PartnerView):
    """POST opens Control Hub. GET asks first: a session that ended sends people here to open it again."""

    control = Control.PARTNER_LAUNCH

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        customer = self.customer_or_404()
        return render(request, "partnerhub/customers/launch.html", {"selected": customer, "next": self.destination()})

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        customer = self.customer_or_404()
        try:
            code = start_launch_with_code(customer=customer, opener=self.opener(), by=self.actor)
        except LaunchNotAllowed as error:
            raise PermissionDenied(str(error)) from error
        except CustomerNotReady as error:
            messages.error(request, str(error))
            url = reverse("partnerhub:customer-panel", args=[self.partner.public_id, customer.public_id])
            return HttpResponseRedirect(url)
        url = reverse("controlhub:enter-launch", args=[customer.public_id]) + "?next=" + self.destination()
        response = HttpResponseRedirect(url)
        set_code_cookie(response, customer, code, seconds=CODE_SECONDS)
        return response

    def opener(self) -> str:
        """The key of Partner Hub's session: the code works in no other."""
        return self.request.session.session_key or ""

    def customer_or_404(self) -> Customer:
        return get_object_or_404(customer_of(self.partner, actor=self.actor), public_id=self.kwargs["customer"])

    def destination(self) -> str:
        wanted = self.request.POST.get("next") or self.request.GET.get("next") or ""
        return wanted if wanted in DESTINATIONS else "overview"
