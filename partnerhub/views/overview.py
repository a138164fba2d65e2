"""The first page of Partner Hub."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from partnerhub.queries.overview import figures_of, needing_action, recent_activity
from partnerhub.queries.webhooks import webhooks_given_up
from tenancy.access import PartnerView
from tenancy.policy import Control, Level

# Audit events of these categories are about items that some roles must not even know of.
CATEGORY_CONTROLS = {
    "template": Control.PARTNER_TEMPLATES,
    "report": Control.PARTNER_BILLING,
    "billing_report": Control.PARTNER_BILLING,
    "token": Control.PARTNER_API_TOKENS,
    "webhook": Control.PARTNER_WEBHOOKS,
}


class Overview(PartnerView):
    """Figures, what needs somebody, billing so far, and what happened lately."""

    control = Control.PARTNER_OVERVIEW

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        hidden = [name for name, control in CATEGORY_CONTROLS.items() if self.level(control) is Level.HIDDEN]
        context = {
            "figures": figures_of(self.partner, self.actor),
            "needing_action": needing_action(self.partner, self.actor),
            "activity": recent_activity(self.partner, self.actor, hidden_categories=hidden),
            "given_up": webhooks_given_up(self.partner) if self.level(Control.PARTNER_WEBHOOKS) is Level.EDIT else [],
            "sees_billing": self.level(Control.PARTNER_BILLING) >= Level.READ_ONLY,
        }
        return render(request, "partnerhub/overview.html", context)
