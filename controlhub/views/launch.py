"""Into and out of a customer that is opened from Partner Hub (ADR 0008)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from tenancy.access import PortalView
from tenancy.launch import end_launch, enter_launch
from tenancy.launch_session import (
    CODE_COOKIE,
    forget_code_cookie,
    launch_id,
    open_session,
    set_session_cookie,
)
from tenancy.models import Customer
from tenancy.policy import Control

DESTINATIONS = {
    "overview": "controlhub:overview",
    "setup": "controlhub:setup",
    "users": "controlhub:user-list",
    "numbers": "controlhub:number-list",
}


class LaunchDoor(PortalView):
    """What the way in and the way out share: no right in the customer is needed, and nothing of it is read."""

    control = Control.SIGNED_IN

    def customer_or_404(self) -> Customer:
        customers = Customer.objects.visible_to(self.actor).select_related("partner")
        return get_object_or_404(customers, public_id=self.kwargs["customer"])


class EnterLaunch(LaunchDoor):
    """Takes the single-use code from its cookie and opens the launch's own session."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseRedirect:
        customer = self.customer_or_404()
        launch = enter_launch(
            customer=customer,
            code=request.COOKIES.get(CODE_COOKIE, ""),
            opener=request.session.session_key or "",
            by=self.actor,
        )
        page = DESTINATIONS.get(request.GET.get("next", ""), DESTINATIONS["overview"])
        response = HttpResponseRedirect(reverse(page, args=[customer.public_id]))
        set_session_cookie(response, customer, open_session(launch, launch.admin))
        forget_code_cookie(response, customer)
        return response


class EndLaunch(LaunchDoor):
    """Ends the actor's cross-launch, also one that has run out meanwhile, and goes back to the customer's panel."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseRedirect:
        customer = self.customer_or_404()
        end_launch(customer=customer, by=self.actor)
        if launch_id(request) is not None:
            request.session.flush()
        elif customer.pk in self.actor.customer_ids:
            return HttpResponseRedirect(reverse("controlhub:overview", args=[customer.public_id]))
        messages.success(request, f"You have left Control Hub of {customer.name}.")
        return HttpResponseRedirect(
            reverse("partnerhub:customer-panel", args=[customer.partner.public_id, customer.public_id])
        )
