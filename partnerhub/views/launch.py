"""From Partner Hub into a customer's Control Hub, under one's own identity (domain.md 7.5)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from partnerhub.queries.customers import customer_of
from tenancy.access import PartnerView
from tenancy.launch import CustomerNotReady, LaunchNotAllowed, start_launch
from tenancy.models import Customer
from tenancy.policy import Control

DESTINATIONS = {
    "overview": "controlhub:overview",
    "setup": "controlhub:setup",
    "users": "controlhub:user-list",
    "numbers": "controlhub:number-list",
}


class CustomerLaunch(PartnerView):
    """POST opens Control Hub. GET asks first: a session that ended sends people here to open it again."""

    control = Control.PARTNER_LAUNCH

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        customer = self.customer_or_404()
        return render(request, "partnerhub/customers/launch.html", {"selected": customer, "next": self.destination()})

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        customer = self.customer_or_404()
        try:
            start_launch(customer=customer, by=self.actor)
        except LaunchNotAllowed as error:
            raise PermissionDenied(str(error)) from error
        except CustomerNotReady as error:
            messages.error(request, str(error))
            url = reverse("partnerhub:customer-panel", args=[self.partner.public_id, customer.public_id])
            return HttpResponseRedirect(url)
        return HttpResponseRedirect(reverse(DESTINATIONS[self.destination()], args=[customer.public_id]))

    def customer_or_404(self) -> Customer:
        return get_object_or_404(customer_of(self.partner, actor=self.actor), public_id=self.kwargs["customer"])

    def destination(self) -> str:
        wanted = self.request.POST.get("next") or self.request.GET.get("next") or ""
        return wanted if wanted in DESTINATIONS else "overview"
