"""Door parity: whatever is restricted gives the same verdict at every door.

The doors are found, not typed: URLs from the URLconf, services by reading which functions authorise which control.
A verdict is asked of the real door, as a page, as an HTMX part, as a download and as a service call, and compared with
the policy table for a restricted administrator, an unrestricted one, and cross-launched partner staff.
"""

import ast
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

import controlhub.services
from controlhub.models import Location, PhoneNumber, Subscriber, Workspace
from tenancy.access import CustomerView, level
from tenancy.actors import Actor
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, CrossLaunch, Customer
from tenancy.policy import RESTRICTIONS, Control, Level
from tests.cast import Cast
from tests.launching import launch
from tests.sweeps.counting import CASES
from tests.sweeps.test_urls import SCOPED, Url, answers, needed, send
from tests.sweeps.world import Tenant, World, make_world

ACTORS = ("customer_restricted", "customer_full", "partner_full")


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


def tenants_of(world: World, who: str) -> list[Tenant]:
    own = {"customer_restricted": [world.acme], "customer_full": [world.open_acme]}
    return own.get(who, [world.acme, world.open_acme])


def at_home(world: World) -> Iterator[tuple[str, Tenant]]:
    """Everybody at every customer that he runs."""
    for who in ACTORS:
        for tenant in tenants_of(world, who):
            yield who, tenant


def actor_at(world: World, who: str, customer: Customer) -> Actor:
    actor = world.cast.actor(who)
    if who != "partner_full":
        return actor.inside(customer)
    return replace(actor, launch=CrossLaunch(customer=customer))


def browser_at(world: World, who: str, customer: Customer) -> Client:
    """Signed in, and for partner staff inside Control Hub of the customer."""
    client = Client(raise_request_exception=True)
    client.force_login(world.cast.admins[who])
    if who == "partner_full":
        launch(client, customer=customer, by=world.cast.actor(who))
    return client


def url_doors() -> list[Url]:
    """URLs of Control Hub whose control is restricted."""
    inside = [url for url in SCOPED if url.view and issubclass(url.view, CustomerView)]
    return [url for url in inside if url.control in RESTRICTIONS]


def test_every_url_of_a_restricted_control_gives_the_tables_verdict(world: World) -> None:
    for who, tenant in at_home(world):
        client, actor = browser_at(world, who, tenant.customer), actor_at(world, who, tenant.customer)
        for url in url_doors():
            verdict = level(actor, url.control, customer=tenant.customer)
            for method in ("get", "post"):
                for htmx in (False, True):
                    if not answers(url, method):
                        continue
                    status = send(client, url.path(tenant), method, htmx).status_code
                    refused = verdict < needed(url, method)
                    assert (status == 403) is refused, (who, url.route, method, htmx, status, verdict)
                    CASES["doors"] += 1


# -- Services ------------------------------------------------------------------------------------------------------------
def service_doors() -> Iterator[tuple[Callable[..., Any], Control]]:
    """Services whose first guard is a restricted control, found by reading their source."""
    for info in pkgutil.iter_modules(controlhub.services.__path__):
        module = import_module(f"controlhub.services.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            control = guard_of(function) if function.__module__ == module.__name__ else None
            if control in RESTRICTIONS and not name.startswith("_"):
                yield function, control


def guard_of(function: Callable[..., Any]) -> Control | None:
    """The control of the first unconditional `authorize(by, Control.X, ...)` of a function, or None."""
    body = ast.parse(inspect.getsource(inspect.unwrap(function))).body[0].body  # type: ignore[attr-defined]
    for statement in body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "authorize":
            control = call.args[1]
            return Control[control.attr] if isinstance(control, ast.Attribute) else None
    return None


def arguments(function: Callable[..., Any], tenant: Tenant, by: Actor) -> dict[str, Any]:
    """Rows of the tenant for what is called like a row, nothing for the rest: the guard comes before they matter."""
    rows: dict[str, Any] = {"customer": tenant.customer, "by": by}
    models = {"subscriber": Subscriber, "location": Location, "number": PhoneNumber, "workspace": Workspace}
    for name, model in models.items():
        rows[name] = model.objects.get(public_id=tenant.ids[name])
    wanted = inspect.signature(function).parameters
    if "subscriber" in wanted:
        rows["workspace"] = None
    return {
        name: rows.get(name)
        for name, parameter in wanted.items()
        if name in rows or parameter.default is inspect.Parameter.empty
    }


def is_refused(function: Callable[..., Any], keywords: dict[str, Any]) -> bool:
    """Does the guard refuse? Whatever happens behind it is undone and does not count."""
    try:
        with transaction.atomic():
            function(**keywords)
            transaction.set_rollback(True)
    except Forbidden:
        return True
    except Exception:  # noqa: BLE001  # passed the guard, then missed the arguments that were left out
        return False
    return False


def test_every_service_of_a_restricted_control_gives_the_tables_verdict(world: World) -> None:
    events = AuditEvent.objects.count()
    for function, control in service_doors():
        for who in ACTORS:
            for tenant in tenants_of(world, who):
                by = actor_at(world, who, tenant.customer)
                refused = level(by, control, customer=tenant.customer) < Level.EDIT
                assert is_refused(function, arguments(function, tenant, by)) is refused, (function.__name__, who)
                CASES["doors"] += 1
    assert AuditEvent.objects.count() == events


def test_the_doors_are_found() -> None:
    """A search that finds nothing proves nothing."""
    services = {(function.__name__, control) for function, control in service_doors()}
    assert services >= {
        ("create_subscribers", Control.USERS_ADD),
        ("change_package", Control.USER_PACKAGE),
        ("add_numbers", Control.NUMBERS_MANAGE),
        ("rename_company", Control.ACCOUNT_COMPANY_NAME),
    }
    assert {url.name for url in url_doors()} >= {
        "controlhub:user-add",
        "controlhub:user-package",
        "controlhub:number-add",
        "controlhub:account-name",
    }


@pytest.mark.parametrize("control", list(RESTRICTIONS))
def test_one_table_answers_for_all_three(world: World, control: Control) -> None:
    """A restricted control is never more than its restriction for the customer's own administrators, and never less
    than the role for partner staff."""
    while_, left = RESTRICTIONS[control]
    levels = {
        (who, tenant.customer.restricted): level(
            actor_at(world, who, tenant.customer), control, customer=tenant.customer
        )
        for who in ACTORS
        for tenant in tenants_of(world, who)
    }
    assert levels == {
        ("customer_restricted", True): left,
        ("customer_full", False): left if while_ == "always" else Level.EDIT,
        ("partner_full", True): Level.EDIT,
        ("partner_full", False): Level.EDIT,
    }
