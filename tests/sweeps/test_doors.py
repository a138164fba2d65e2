"""Door parity: whatever is restricted gives the same verdict at every door.

The doors are found, not typed (tests/sweeps/doors.py). A verdict is asked of the real door: a page, a part, a download, a
service call, a queued step that runs, a step that is tried again, an operation of the API. It is compared with the policy
table for a restricted administrator, an unrestricted one, and partner staff inside a launch. The last tests take a guard
away and see that the sweep finds it.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client

from api.operation import OPERATIONS, SAFE
from controlhub.models import CallQueue, Location, PhoneNumber, Subscriber, Workspace
from controlhub.services import account
from controlhub.services.pstn import PstnConnection
from controlhub.views.numbers import NumberAdd
from provisioning import runner
from provisioning.models import ProvisioningJob
from provisioning.queue import NewStep, enqueue, retry_job
from provisioning.registry import registered_kinds
from tenancy.access import level
from tenancy.actors import SYSTEM, Actor
from tenancy.errors import Forbidden
from tenancy.models import AuditEvent, CrossLaunch, Customer
from tenancy.policy import RESTRICTIONS, Control, Level
from tenancy.tokens import SCOPES, create_token
from tests.cast import Cast
from tests.launching import launch
from tests.provisioning.helpers import effects, run_to_end
from tests.sweeps.counting import CASES
from tests.sweeps.doors import (
    Function,
    control_for,
    controls_asked,
    deeds_behind_steps,
    guard_of,
    service_doors,
    services,
    step_doors,
    url_doors,
)
from tests.sweeps.test_urls import answers, needed, send
from tests.sweeps.world import Tenant, World, make_world

ACTORS = ("customer_restricted", "customer_full", "partner_full")
OWNERS = ("subscriber", "workspace", "queue")
WHOLESALE = ("/wholesale/", "/subscribers/", "/partner/", "/webhooks")
MODELS = {
    "subscriber": Subscriber,
    "workspace": Workspace,
    "queue": CallQueue,
    "location": Location,
    "number": PhoneNumber,
}
# Services that ask nothing at first, and why that is right. "Low level" ones and those that queue say so themselves.
ASK_LATER = {
    "change_calling_data": "calls the service of each part, which asks",
    "give": "calling data of a package that assign_package and change_package have asked for",
    "accept": "the owner of the account holds the link; nobody is signed in",
    "answer": "the administrator of the organisation holds the link; nobody is signed in",
    "end_everything": "part of delete_customer, which has asked",
    "find_or_add": "finding a number needs no right; adding one asks",
    "problems_with": "says what is wrong with rows and changes nothing",
    "ask_for_rights": "a rule of its own: advanced help desk inside a launch (tests/controlhub/test_support.py)",
    "end_rights": "whoever borrowed may give back; anybody else is asked",
    "may_ask": "a question",
    "plan_move": "a question: each refusal is a part of the plan",
    "check_move": "a question; the page that asks it has a control",
    "check_moves": "a question; the page that asks it has a control",
    "report_undeliverable": "what the mail provider says; nobody is signed in",
}


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


def is_forbidden(deed: Callable[[], object]) -> bool:
    """Does the guard refuse? Whatever happens behind it is undone and does not count."""
    try:
        with transaction.atomic():
            deed()
            transaction.set_rollback(True)
    except Forbidden:
        return True
    except Exception:  # noqa: BLE001  # passed the guard, then missed the arguments that were left out
        return False
    return False


# -- Pages, parts, downloads, bulk actions --------------------------------------------------------------------------------
def sweep_urls(world: World) -> None:
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
                    CASES["doors: pages"] += 1


@pytest.mark.slow
def test_every_url_gives_the_tables_verdict(world: World) -> None:
    sweep_urls(world)


# -- Services ------------------------------------------------------------------------------------------------------------
def arguments(function: Function, tenant: Tenant, by: Actor) -> Iterator[dict[str, Any]]:
    """Rows of the tenant for what is called like a row, nothing for the rest: the guard comes before they matter.

    What is for a user, a workspace or a call queue is asked for each of them.
    """
    rows: dict[str, Any] = {"customer": tenant.customer, "by": by, "connection": PstnConnection("CISCO_PSTN")}
    rows |= {name: model.objects.get(public_id=tenant.ids[name]) for name, model in MODELS.items()}
    wanted = inspect.signature(function).parameters
    owners = [name for name in OWNERS if name in wanted] or [""]
    for owner in owners:
        given = rows | {name: None for name in owners if name != owner}
        yield {
            name: given.get(name)
            for name, parameter in wanted.items()
            if name in given or parameter.default is inspect.Parameter.empty
        }


def sweep_services(world: World) -> None:
    for function, guard in service_doors():
        for who, tenant in at_home(world):
            by = actor_at(world, who, tenant.customer)
            for given in arguments(function, tenant, by):
                number = given.get("number")
                owner = next(filter(None, map(given.get, OWNERS)), number.owner if number else None)
                control = control_for(guard, given | {"owner": owner})
                refused = level(by, control, customer=tenant.customer) < Level.EDIT
                assert is_forbidden(lambda: function(**given)) is refused, (function.__name__, who, control)  # noqa: B023
                CASES["doors: services"] += 1


def test_every_service_gives_the_tables_verdict(world: World) -> None:
    events = AuditEvent.objects.count()
    sweep_services(world)
    assert AuditEvent.objects.count() == events


def test_every_service_asks_before_it_does_anything() -> None:
    silent = {
        function.__name__
        for function in services()
        if guard_of(function) is None
        and not function.__name__.startswith("push_")
        and not (function.__doc__ or "").startswith("Low level")
    }
    assert silent == set(ASK_LATER)


# -- Queued steps ----------------------------------------------------------------------------------------------------------
def queued(world: World, who: str, tenant: Tenant, kind: str, name: str) -> ProvisioningJob:
    """A job with that step, as if `who` had ordered it."""
    by = replace(world.cast.actor(who), launch=None)
    payload = {"batches": [[]], "target": str(tenant.ids["location"]), "package": "", "packages": []}
    item = "0" if "numbers" in name else str(tenant.ids["subscriber"])
    with transaction.atomic():
        return enqueue(
            kind=kind, customer=tenant.customer, steps=[NewStep(name, "A step", item)], payload=payload, by=by
        )


def sweep_steps(world: World) -> None:
    for kind, name, handler in step_doors():
        for who, tenant in at_home(world):
            refused = (
                level(actor_at(world, who, tenant.customer), handler.control, customer=tenant.customer) < Level.EDIT
            )
            job = run_to_end(queued(world, who, tenant, kind, name), claims=1)
            stopped = job.error_code == runner.NOT_ALLOWED.code
            assert stopped is refused, (kind, name, who, job.error_code)
            assert not (refused and effects(job)), (kind, name, who)
            CASES["doors: queued steps"] += 1


def test_every_queued_step_gives_the_tables_verdict(world: World) -> None:
    sweep_steps(world)


def test_trying_a_step_again_gives_the_same_verdict(world: World) -> None:
    for kind, name, handler in step_doors():
        for who, tenant in at_home(world):
            by = actor_at(world, who, tenant.customer)
            job = queued(world, "partner_full", tenant, kind, name)
            job.steps.update(state="failed")
            ProvisioningJob.objects.filter(pk=job.pk).update(state="failed", finished_at=Now())
            refused = level(by, handler.control, customer=tenant.customer) < Level.EDIT
            assert is_forbidden(lambda: retry_job(job=job, by=by)) is refused, (kind, name, who)  # noqa: B023
            CASES["doors: retries"] += 1


def test_a_step_that_only_restricted_deeds_order_carries_one_of_their_controls() -> None:
    """Else Retry would be a way around them."""
    controls = {name: handler.control for kind in registered_kinds().values() for name, handler in kind.steps.items()}
    wrong = {
        name: deeds
        for name, deeds in deeds_behind_steps().items()
        if deeds and deeds <= RESTRICTIONS.keys() and controls[name] not in deeds
    }
    assert wrong == {}


# -- API -------------------------------------------------------------------------------------------------------------------
def test_every_operation_asks_for_the_control_that_it_declares() -> None:
    assert OPERATIONS
    wrong = [op.path for op in OPERATIONS if op.control not in controls_asked(op.function)]
    assert wrong == []


@pytest.mark.parametrize("who", ["customer_restricted", "customer_full"])
def test_a_customers_administrator_does_nothing_by_the_api(world: World, who: str) -> None:
    """The wholesale API is the service provider's door: nothing is reached through it from inside a customer.

    The admin API is a customer's too: tests/api/test_admin_rights.py has its matrix.
    """
    token = create_token(admin=world.cast.admins[who], scopes=SCOPES, by=SYSTEM)
    events = AuditEvent.objects.count()
    for op in OPERATIONS:
        if not op.path.startswith(WHOLESALE):
            continue
        response = Client().generic(
            op.method,
            "/v1" + op.path.replace("{", "").replace("}", ""),
            "" if op.method in SAFE else "{}",
            content_type="" if op.method in SAFE else "application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert response.status_code in (400, 403, 404), (op.method, op.path, response.status_code)
        CASES["doors: API"] += 1
    assert AuditEvent.objects.count() == events


# -- Does the search search? -------------------------------------------------------------------------------------------------
def test_the_doors_are_found() -> None:
    """A search that finds nothing proves nothing."""
    guards = {(function.__name__, guard[0]) for function, guard in service_doors()}
    assert guards >= {
        ("create_subscribers", "Control.USERS_ADD"),
        ("set_up_customer", "Control.USERS_ADD"),
        ("change_package", "Control.USER_PACKAGE"),
        ("assign_package", "Control.WORKSPACE_PACKAGE if workspace else Control.USER_PACKAGE"),
        ("assign_number", "_control_of(owner)"),
        ("add_numbers", "Control.NUMBERS_MANAGE"),
        ("rename_company", "Control.ACCOUNT_COMPANY_NAME"),
    }
    assert {url.name for url in url_doors()} >= {
        "controlhub:user-add",
        "controlhub:user-package",
        "controlhub:number-add",
        "controlhub:number-remove",
        "controlhub:account-name",
    }
    assert {name for _kind, name, _handler in step_doors()} >= {"create_person", "change_package", "put_numbers"}


def careless(*, customer: Customer, by: Actor) -> None:
    """A service whose author asked only sometimes."""
    if by.admin:
        account.authorize(by, Control.ACCOUNT, customer=customer)
    customer.save()


def test_a_service_that_asks_only_sometimes_counts_as_one_that_does_not() -> None:
    assert guard_of(careless) is None


def test_a_service_without_its_guard_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "authorize", lambda *args, **kwargs: None)
    with pytest.raises(AssertionError, match="rename_company"):
        sweep_services(world)


@pytest.mark.slow
def test_a_page_without_its_guard_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NumberAdd, "check_level", lambda self: None)
    with pytest.raises(AssertionError, match="/numbers/add/"):
        sweep_urls(world)


def test_a_queue_that_does_not_ask_again_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "still_allowed", lambda job, control: True)
    with pytest.raises(AssertionError, match="create_person"):
        sweep_steps(world)


def test_one_table_answers_for_all_three(world: World) -> None:
    """A restricted control is never more than its restriction for the customer's own administrators, and never less
    than the role for partner staff."""
    for control, (while_, left) in RESTRICTIONS.items():
        levels = {
            (who, tenant.customer.restricted): level(
                actor_at(world, who, tenant.customer), control, customer=tenant.customer
            )
            for who, tenant in at_home(world)
        }
        assert levels == {
            ("customer_restricted", True): left,
            ("customer_full", False): left if while_ == "always" else Level.EDIT,
            ("partner_full", True): Level.EDIT,
            ("partner_full", False): Level.EDIT,
        }, control
