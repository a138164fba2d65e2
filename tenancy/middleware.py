"""Sessions that end by themselves, and times in the viewer's zone."""

import time
import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tenancy.actors import actor_from
from tenancy.sign_in import record_sign_out

GetResponse = Callable[[HttpRequest], HttpResponse]
TOUCH_EVERY_SECONDS = 60


class SessionLifetime:
    """Ends a session after a while without use, and after a working day in any case. Seconds, by setting."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            started = request.session.setdefault("started", now)
            seen = request.session.setdefault("seen", now)
            if now - started > settings.SESSION_ABSOLUTE_SECONDS or now - seen > settings.SESSION_IDLE_SECONDS:
                too_long = now - started > settings.SESSION_ABSOLUTE_SECONDS
                record_sign_out(by=actor_from(request), why="after a working day" if too_long else "unused")
                logout(request)
            elif now - seen > TOUCH_EVERY_SECONDS:
                # Not on every request: writing the session row each time would double the cost of a page.
                request.session["seen"] = now
        return self.get_response(request)


class ViewerTimeZone:
    """Everything is stored in UTC; pages show the time zone that the signed-in person chose."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", "UTC") or "UTC"
        with timezone.override(zoneinfo.ZoneInfo(name)):
            return self.get_response(request)
