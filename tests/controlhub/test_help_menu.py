"""Whom the help menu sends people to."""

from collections.abc import Callable

from django.test import Client

from tenancy.models import Partner
from tests.cast import Cast
from tests.controlhub.pages import page


def test_it_names_the_service_provider(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    Partner.objects.filter(pk=cast.north.pk).update(support_email="support@north.example.com")
    content = sign_in("customer_restricted").get(page("overview", cast.acme)).content.decode()
    assert 'service provider, Northwind Voice: <a href="mailto:support@north.example.com">' in content
