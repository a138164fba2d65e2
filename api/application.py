"""The REST API under /v1: django-ninja with our parser, our errors and nothing else of its own.

How an operation is added: a function in `api/operations`, under `@operation(...)` (api.operation), and its router here.
"""

import math
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.security import HttpBearer

from api.errors import ApiError, answer, from_domain, from_validation, not_found
from api.parsing import StrictParser
from provisioning.errors import RetryableError
from tenancy.errors import DomainError


class BearerToken(HttpBearer):
    """For the reference only: api.door has already looked at the token when an operation runs."""

    def __call__(self, request: HttpRequest) -> Any:
        return getattr(request, "bearer", None)

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return getattr(request, "bearer", None)


application = NinjaAPI(
    title="Wholesale Portal API",
    version=settings.PORTAL_VERSION,
    description=(
        "The public Webex Wholesale operations, and the part of the admin API that an onboarding needs, served by the portal. "
        "Paths, words and shapes follow the public specifications (webex/webex-openapi-specs, Cisco, CC BY 4.0)."
    ),
    openapi_url=None,
    docs_url=None,
    auth=BearerToken(),
    parser=StrictParser(),
    servers=[{"url": "/v1"}],
    urls_namespace="api",
)


@application.exception_handler(ApiError)
def _api_error(request: HttpRequest, error: ApiError) -> HttpResponse:
    return answer(request, error)


@application.exception_handler(DomainError)
def _domain_error(request: HttpRequest, error: DomainError) -> HttpResponse:
    return answer(request, from_domain(error))


@application.exception_handler(RetryableError)
def _webex_away(request: HttpRequest, error: RetryableError) -> HttpResponse:
    """Webex was asked something and did not answer."""
    return answer(request, ApiError(503, str(error), headers={"Retry-After": str(math.ceil(error.after) or 5)}))


@application.exception_handler(ValidationError)
def _validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return answer(request, from_validation(error))


@application.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return answer(request, ApiError(error.status_code, error.message))


@application.exception_handler(Http404)
def _http_404(request: HttpRequest, error: Http404) -> HttpResponse:
    return answer(request, not_found())
