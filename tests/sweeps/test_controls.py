"""A URL without a declared control keeps the process from starting."""

from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.test import override_settings
from django.urls import get_resolver, path
from django.views.generic import View

from config.checks import control_of, every_url_declares_its_control, walk
from tenancy.access import declare
from tenancy.policy import Control


def forgotten(request: object) -> HttpResponse:
    """A view whose author forgot."""
    return HttpResponse()


def declared_as_text(request: object) -> HttpResponse:
    """A view whose author meant well."""
    return HttpResponse()


declared_as_text.control = "users"  # type: ignore[attr-defined]


class Declared(View):
    control = Control.SIGNED_IN


urlpatterns = [
    path("forgotten/", forgotten),
    path("text/", declared_as_text),
    path("declared/", Declared.as_view()),
    path("wrapped/", declare(Control.PUBLIC, lambda request: HttpResponse())),
]


@pytest.fixture
def _these_urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def test_every_url_of_the_portal_declares_its_control() -> None:
    assert every_url_declares_its_control(None) == []


@pytest.mark.usefixtures("_these_urls")
def test_a_forgotten_one_is_an_error() -> None:
    assert [error.msg for error in every_url_declares_its_control(None)] == [
        "The URL '/forgotten/' declares no control.",
        "The URL '/text/' declares no control.",
    ]


def test_public_urls_are_few_and_known() -> None:
    public = {route for route, pattern in walk(get_resolver().url_patterns) if control_of(pattern) is Control.PUBLIC}
    assert public == {
        "/healthz",
        "/readyz",
        "/login/",
        "/logout/",
        "/signup/",
        "/account/inactive/",
        "/password/reset/",
        "/password/reset/done/",
        "/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        "/password/reset/key/done/",
        "/consent/<str:token>/",
        "/attach/<str:token>/",
        "/v1/openapi.json",
        "/v1/reference/",
        "/v1/access_token",
        "/v1/files/<str:signature>",
        "/v1/^.*$",
        "/dev/components/",
    }
