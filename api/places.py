"""`Location`: where the thing that an answer is about can be asked for again."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse

from tenancy.opaque_ids import opaque_id


def place(response: HttpResponse, operation: str, kind: Any, public_id: UUID) -> str:
    """Put the URL of `operation` (its function's name) for this thing onto the answer, and return it."""
    url = str(settings.BASE_URL + reverse(f"api:{operation}", args=[opaque_id(kind, public_id)]))
    response.headers["Location"] = url
    return url
