"""The public page on which an administrator of an organisation lets a partner manage it, or does not."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from controlhub.services.consents import LinkExpired, LinkInvalid
from partnerhub.services.attach_consents import answer, asked
from tenancy.actors import visitor_from
from tenancy.policy import Control

ANSWERS = {"approve": True, "refuse": False}


@method_decorator(never_cache, name="dispatch")
class AttachConsent(View):
    """Where the link of the mail leads: what approving means, and two buttons. Needs no account here.

    Looking changes nothing: mail scanners follow links.
    """

    control: ClassVar[Control] = Control.PUBLIC

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            return self._page(request, {"asked": asked(token)})
        except (LinkInvalid, LinkExpired) as error:
            return self._page(request, {"problem": str(error)}, status=410)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        approve = ANSWERS.get(request.POST.get("answer", ""))
        if approve is None:
            return self.get(request, token)
        by = visitor_from(request, door="consent", org_name="Administrator of the organization")
        try:
            return self._page(
                request, {"asked": answer(token=token, approve=approve, by=by), "approved": approve, "done": True}
            )
        except (LinkInvalid, LinkExpired) as error:
            return self._page(request, {"problem": str(error)}, status=410)

    def _page(self, request: HttpRequest, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        # The referrer policy stays same-origin: without any, browsers send "Origin: null" and the answer is refused (CSRF).
        return render(request, "partnerhub/attach_consent.html", context, status=status)
