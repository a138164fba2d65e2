"""What of /v1 is no operation: the description, the reference page, and 404 as JSON."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from api.description import description
from api.errors import ApiError, answer, not_found
from api.reference import entries, numbers
from api.report_links import report_behind
from billing.downloads import file_response
from tenancy.policy import Control


class OpenApi(View):
    """GET /v1/openapi.json. Public, as the API it describes is: it says nothing about anybody."""

    control = Control.PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse(description(), headers={"Cache-Control": "public, max-age=300"})


class Reference(View):
    """The description as a page that people can read."""

    control = Control.PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(
            request, "api/reference.html", {"document": description(), "tags": entries(), "numbers": numbers()}
        )


@method_decorator(csrf_exempt, name="dispatch")
class ReportFile(View):
    """The file behind a `tempDownloadURL`. Public like every signed link: the signature is looked at instead of a token."""

    control = Control.PUBLIC

    def get(self, request: HttpRequest, signature: str) -> HttpResponseBase:
        try:
            return file_response(report_behind(signature))
        except FileNotFoundError:
            return answer(request, ApiError(404, "The file is missing. Delete this report and create it again."))
        except ApiError as error:
            return answer(request, error)


@method_decorator(csrf_exempt, name="dispatch")
class Nowhere(View):
    """404 for every other path, in the API's own words."""

    control = Control.PUBLIC

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return answer(request, not_found())
