"""A cross-launched Control Hub has a session of its own, beside the one of Partner Hub (ADR 0008).

Its cookie is sent only below the customer's own address, so several customers can be open at once, and ending or signing
out of one side leaves the other alone. The session names its launch, and the launch is read on every request.
"""

import re
from importlib import import_module
from typing import cast

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from tenancy.models import AdminUser, CrossLaunch, Customer

LAUNCH = "launch"
LAUNCHED_CUSTOMER = "launched_customer"
CODE_COOKIE = "launch-code"
# The way in still belongs to Partner Hub's session: it is what the code is bound to.
_INSIDE = re.compile(r"^/org/(?P<customer>[0-9a-f-]{36})/(?!enter/)")


def new_store(key: str | None = None) -> SessionBase:
    """A session store of the configured engine."""
    return cast(SessionBase, import_module(settings.SESSION_ENGINE).SessionStore(key))


def launch_id(request: HttpRequest) -> str | None:
    """The public id of the launch that this request's session is bound to."""
    return request.session.get(LAUNCH)


def open_session(launch: CrossLaunch, admin: AdminUser) -> str:
    """A new session for this launch only; returns its key. Ends with the password, like any other session."""
    store = new_store()
    store[SESSION_KEY] = str(admin.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = admin.get_session_auth_hash()
    store[LAUNCH] = str(launch.public_id)
    store[LAUNCHED_CUSTOMER] = str(launch.customer.public_id)
    store.set_expiry(settings.CROSS_LAUNCH_SECONDS)
    store.create()
    return cast(str, store.session_key)


def set_session_cookie(response: HttpResponseBase, customer: Customer, key: str) -> None:
    """Hand the launch's session to the browser, for the customer's own address only."""
    _set_cookie(response, settings.LAUNCH_COOKIE_NAME, key, path=org_path(customer), age=settings.CROSS_LAUNCH_SECONDS)


def set_code_cookie(response: HttpResponseBase, customer: Customer, code: str, *, seconds: int) -> None:
    """Carry the code to the way in. A cookie, because an address would stand in logs and in the history."""
    _set_cookie(response, CODE_COOKIE, code, path=org_path(customer) + "enter/", age=seconds)


def forget_code_cookie(response: HttpResponseBase, customer: Customer) -> None:
    """The code is used or refused: no need to keep it."""
    response.delete_cookie(CODE_COOKIE, path=org_path(customer) + "enter/", samesite="Strict")


def org_path(customer: Customer) -> str:
    """The address below which everything of one customer's Control Hub stands."""
    return f"/org/{customer.public_id}/"


def _set_cookie(response: HttpResponseBase, name: str, value: str, *, path: str, age: int) -> None:
    response.set_cookie(name, value, max_age=age, path=path, secure=settings.HTTPS, httponly=True, samesite="Strict")


class PortalSessions(SessionMiddleware):
    """Django's sessions, and inside a launched customer the launch's own one."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        launched = self._launched(request)
        if launched is not None and _of_the_same_person(launched, request.session):
            request.session = launched
            request.launched_path = request.path[: len("/org/") + 37]  # type: ignore[attr-defined]

    def _launched(self, request: HttpRequest) -> SessionBase | None:
        inside, key = _INSIDE.match(request.path), request.COOKIES.get(settings.LAUNCH_COOKIE_NAME)
        if inside is None or not key:
            return None
        session = new_store(key)
        return session if session.get(LAUNCHED_CUSTOMER) == inside["customer"] else None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        path = getattr(request, "launched_path", None)
        if path is None:
            return super().process_response(request, response)
        if request.session.is_empty():
            response.delete_cookie(settings.LAUNCH_COOKIE_NAME, path=path, samesite="Strict")
        elif request.session.modified and response.status_code < 500:
            request.session.save()
        return response


def _of_the_same_person(launched: SessionBase, portal: SessionBase) -> bool:
    """Somebody else who signs in in this browser must not find himself in the launch of the one before."""
    return portal.get(SESSION_KEY, launched.get(SESSION_KEY)) == launched.get(SESSION_KEY)
