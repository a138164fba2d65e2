"""Schemathesis, with all its checks: what the description promises holds whatever is sent, and nothing is ever a 500.

Each call is undone, so that every call meets the same rows. Half of the calls name things that exist.
"""

import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as profile
from hypothesis import strategies as st
from schemathesis.checks import CHECKS as KNOWN_CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from api.operation import OPERATIONS, WITH_BODY
from tenancy.actors import SYSTEM
from tenancy.tokens import SCOPES, create_token
from tests.api.things import known_in
from tests.api.undone import undone
from tests.cast import Cast
from tests.sweeps.counting import CASES
from tests.sweeps.world import World, make_world

pytestmark = pytest.mark.slow
# A little over the five thousand: some operations have fewer different calls than their share.
CALLS = 5_600
EACH = -(-CALLS // (2 * len(OPERATIONS)))
# A body that fits the description may still be at odds with a rule (400), or with a state (412, 423).
FITS = ["2xx", "400", "401", "403", "404", "409", "412", "423", "429"]
REFUSED = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "423", "429"]
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": FITS},
    "negative_data_rejection": {"expected-statuses": REFUSED},
}


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of refusals: not a line in the log for each."""
    caplog.set_level(logging.CRITICAL)


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The server in this process keeps the test's connection, as Django's own test client sees to."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def schema(world: World, one_connection: None, settings: Any) -> Any:
    settings.API_REQUESTS_PER_MINUTE = 10**9
    config = SchemathesisConfig.from_dict({"checks": CHECKS})
    return schemathesis.openapi.from_wsgi("/v1/openapi.json", get_wsgi_application(), config=config)


@pytest.fixture
def token(world: World) -> str:
    return create_token(admin=world.cast.admins["partner_full"], scopes=SCOPES, by=SYSTEM)


def calls(operation: Any, world: World) -> st.SearchStrategy[Any]:
    """Calls of an operation, good and bad; when it names a thing in its path, half of them name one that exists."""
    known = known_in(operation.path, world.acme)
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    ways = [operation.as_strategy(generation_mode=mode) for mode in modes]
    if known:
        ways.append(operation.as_strategy(generation_mode=GenerationMode.POSITIVE, path_parameters=known))
    return st.one_of(ways)


@pytest.mark.parametrize("number", range(len(OPERATIONS)), ids=[f"{o.method} {o.path}" for o in OPERATIONS])
def test_no_call_breaks_the_description(schema: Any, world: World, token: str, number: int) -> None:
    declared = OPERATIONS[number]
    operation = schema[declared.path][declared.method]
    # What it means to be wrong in a query may vanish when it is written down (an empty list), and is then rightly taken.
    without = [] if declared.method in WITH_BODY else [KNOWN_CHECKS.get_one("negative_data_rejection")]

    @seed(20261127)
    @profile(max_examples=2 * EACH, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(call=calls(operation, world))
    def every(call: Any) -> None:
        with undone(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            CASES["schemathesis"] += 1
            call.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=without)

    every()
