"""A browser inside a customer's Control Hub, launched from Partner Hub, without clicking through the way in."""

from django.conf import settings
from django.test import Client

from tenancy.actors import Actor
from tenancy.launch import start_launch
from tenancy.launch_session import open_session
from tenancy.models import CrossLaunch, Customer


def launch(client: Client, *, customer: Customer, by: Actor) -> CrossLaunch:
    """Start a launch of `customer` and give `client` the launch's own session (Django's client ignores cookie paths)."""
    started = start_launch(customer=customer, by=by)
    assert by.admin is not None
    client.cookies[settings.LAUNCH_COOKIE_NAME] = open_session(started, by.admin)
    return started
