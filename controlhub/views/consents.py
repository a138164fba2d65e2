"""Who is waited for, and the public page on which he agrees."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from controlhub.forms.users import ConsentFilter
from controlhub.queries.users import consents_of
from controlhub.services.consents import LINK_DAYS, REMIND_AFTER, LinkExpired, LinkInvalid, accept, invitee
from controlhub.views.users import user_tabs
from tenancy.access import CustomerView
from tenancy.actors import visitor_from
from tenancy.errors import DomainError
from tenancy.paging import cursors, page_of
from tenancy.policy import Control


class ConsentList(CustomerView):
    """Everybody who was asked and has not answered, the longest wait first."""

    control = Control.USERS

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        now, narrow = timezone.now(), ConsentFilter(request.GET)
        waiting = consents_of(self.customer, now=now, **narrow.narrowed())
        context = {
            "page": page_of(waiting, order=("created_at", "id"), **cursors(request.GET)),
            "narrow": narrow,
            "tabs": user_tabs(self.customer, "consent-list"),
            "now": now,
            "remind_days": REMIND_AFTER.days,
            "link_days": LINK_DAYS,
        }
        template = "controlhub/users/consents.html" + ("#table" if request.htmx else "")  # type: ignore[attr-defined]
        return render(request, template, context)


@method_decorator(never_cache, name="dispatch")
class Consent(View):
    """Where the link of the mail leads: what agreeing means, and the button. Needs no account here.

    Looking changes nothing: mail scanners follow links.
    """

    control: ClassVar[Control] = Control.PUBLIC

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            return self._page(request, {"who": invitee(token)})
        except (LinkInvalid, LinkExpired) as error:
            return self._page(request, {"problem": str(error)}, status=410)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        by = visitor_from(request, door="consent", org_name="Owner of the account")
        try:
            return self._page(request, {"who": accept(token=token, by=by), "done": True})
        except (LinkInvalid, LinkExpired) as error:
            return self._page(request, {"problem": str(error)}, status=410)
        except DomainError as error:
            return self._page(request, {"problem": str(error)}, status=409)

    def _page(self, request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        # The referrer policy stays same-origin: without any, browsers send "Origin: null" and the answer is refused (CSRF).
        return render(request, "controlhub/consent.html", context, status=status)
