"""Leaving a customer that was opened from Partner Hub."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from tenancy.access import PortalView
from tenancy.launch import end_launch
from tenancy.models import Customer
from tenancy.policy import Control


class EndLaunch(PortalView):
    """Ends the actor's cross-launch, also one that has run out meanwhile, and goes back to the customer's panel."""

    # Leaving must work whatever the role: nothing of the customer is read or changed.
    control = Control.SIGNED_IN
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponseRedirect:
        customers = Customer.objects.visible_to(self.actor).select_related("partner")
        customer = get_object_or_404(customers, public_id=kwargs["customer"])
        end_launch(customer=customer, by=self.actor)
        if customer.pk in self.actor.customer_ids:
            return HttpResponseRedirect(reverse("controlhub:overview", args=[customer.public_id]))
        messages.success(request, f"You have left Control Hub of {customer.name}.")
        return HttpResponseRedirect(
            reverse("partnerhub:customer-panel", args=[customer.partner.public_id, customer.public_id])
        )
