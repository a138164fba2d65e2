"""/identity/v1: the one part of the public API that lies beside /v1. The same operations, behind the same door."""

from django.urls import path

from api.urls import urlpatterns as versioned

_PATH = "identity/organizations/<orgId>"
_view = next(pattern.callback for pattern in versioned if str(pattern.pattern) == _PATH)

urlpatterns = [path("organizations/<str:orgId>", _view, name="identity-organization")]
