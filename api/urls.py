"""/v1: every operation behind the one door, the description of it all, and JSON for what does not exist."""

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver, path, re_path

from api import operations  # noqa: F401 - importing registers the operations
from api.application import application
from api.door import through
from api.oauth.views import AccessToken, Authorize
from api.views import Nowhere, OpenApi, Reference, ReportFile

app_name = "api"


def _behind_the_door(patterns: Sequence[URLPattern | URLResolver]) -> list[URLPattern]:
    # Ninja adds a root page that only names the API: nothing that a client asks for.
    views = [pattern for pattern in patterns if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    for pattern in views:
        pattern.callback = through(pattern.callback)
    # A word before a parameter: /people/me is not the person called "me".
    return sorted(views, key=lambda pattern: str(pattern.pattern).count("<"))


urlpatterns = [
    path("openapi.json", OpenApi.as_view(), name="openapi"),
    path("reference/", Reference.as_view(), name="reference"),
    path("files/<str:signature>", ReportFile.as_view(), name="report-file"),
    path("authorize", Authorize.as_view(), name="authorize"),
    path("access_token", AccessToken.as_view(), name="access-token"),
    *_behind_the_door(application.urls[0]),
    re_path(r"^.*$", Nowhere.as_view(), name="nowhere"),
]
