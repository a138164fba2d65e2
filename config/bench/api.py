"""The API over HTTP, from eight clients at once, beside the cheapest authenticated request that there is.

A portal of its own is started in a folder of its own (`manage.py up`: web, worker, PostgreSQL, Valkey) and thrown away. Clients
take turns: one call that is measured, one that is the floor, so that both meet the same machine at the same moment. The floor is
`GET /v1/roles`: a token, a scope, the limit, a constant answer.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

from config.embedded.binaries import server_account
from config.embedded.folder import PROJECT, make_run_folder, remove_run_folder

CLIENTS = 8
FLOOR = ("GET", "/v1/roles", None)
OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "BASE_URL", "DJANGO_SETTINGS_MODULE")
ADDRESS = {"addressLine1": "1 Main Street", "city": "Springfield", "stateOrProvince": "IL", "zipOrPostalCode": "62701"}
ADDRESS |= {"country": "US"}
Call = tuple[str, str, Any]


class BenchFailed(Exception):
    """The portal did not do what was asked."""


@dataclass(frozen=True)
class Case:
    """One kind of call beside the floor that took turns with it; times in milliseconds, rates for all clients together."""

    name: str
    calls: int
    per_second: float
    p95_ms: float
    floor_per_second: float
    floor_p95_ms: float
    limit: float | None

    @property
    def ratio(self) -> float:
        """How many floor requests go into the time of one."""
        return self.floor_per_second / self.per_second

    @property
    def p95_ratio(self) -> float:
        return self.p95_ms / self.floor_p95_ms

    @property
    def kept(self) -> bool:
        return self.limit is None or self.ratio <= self.limit


@dataclass
class Client:
    """A connection that stays open, and a token."""

    port: int
    token: str

    def __post_init__(self) -> None:
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=60)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; BenchFailed for any that is no success."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Host": "localhost"}
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise BenchFailed(f"{method} {path}: {response.status} {text[:300]!r}")
        return json.loads(text or b"null")


def measure(*, customers: int, subscribers: int) -> tuple[list[Case], float]:
    """Start a portal, provision everything over HTTP, read it back. Also the seconds until all customers were provisioned."""
    with _portal() as (port, token, provisioning_id):
        clients = [Client(port, token) for _ in range(CLIENTS)]
        started = time.monotonic()
        orders = [("POST", "/v1/wholesale/customers", _order(provisioning_id, n)) for n in range(customers)]
        cases = [_case("create a customer", clients, orders, limit=None)]
        ids = _provisioned(clients[0], customers)
        ready = time.monotonic() - started
        people = [("POST", "/v1/wholesale/subscribers", _person(ids[n % len(ids)], n)) for n in range(subscribers)]
        cases.append(_case("create a subscriber", clients, people, limit=4.0))
        return cases + _reads(clients, ids), ready


def _reads(clients: list[Client], ids: list[str]) -> list[Case]:
    page = clients[0].send("GET", "/v1/wholesale/subscribers?max=100")["items"]
    one = [("GET", f"/v1/wholesale/subscribers/{row['id']}", None) for row in page] * 10
    lists: list[Call] = [("GET", f"/v1/wholesale/subscribers?max=100&offset={n}", None) for n in range(200)]
    of_customer: list[Call] = [("GET", f"/v1/wholesale/customers/{public_id}", None) for public_id in ids[:1000]]
    return [
        _case("get a subscriber", clients, one, limit=1.5),
        _case("get a customer", clients, of_customer, limit=1.5),
        _case("list 100 subscribers", clients, lists, limit=3.0),
    ]


def _case(name: str, clients: list[Client], calls: list[Call], *, limit: float | None) -> Case:
    """Deal the calls out to the clients; each takes turns with the floor."""
    for client in clients:
        client.connection.close()  # the server hangs up on whoever is silent for half a minute; it opens again by itself
    with ThreadPoolExecutor(len(clients)) as pool:
        parts = list(pool.map(_take_turns, clients, (calls[n :: len(clients)] for n in range(len(clients)))))
    own = [seconds for part in parts for seconds, _ in part]
    floor = [seconds for part in parts for _, seconds in part]
    rates = [len(clients) / mean(times) for times in (own, floor)]
    return Case(name, len(own), rates[0], _p95(own), rates[1], _p95(floor), limit)


def _take_turns(client: Client, calls: list[Call]) -> list[tuple[float, float]]:
    return [(_timed(client, call), _timed(client, FLOOR)) for call in calls]


def _timed(client: Client, call: Call) -> float:
    started = time.perf_counter()
    client.send(*call)
    return time.perf_counter() - started


def _p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1] * 1000


def _order(provisioning_id: str, n: int) -> dict[str, Any]:
    location = {"name": "Headquarters", "address": ADDRESS, "timezone": "America/Chicago", "language": "en_us"}
    return {
        "provisioningId": provisioning_id,
        "packages": ["webex_calling"],
        "externalId": f"BENCH-{n}",
        "address": ADDRESS,
        "customerInfo": {"name": f"Bench Company {n}", "primaryEmail": f"owner@bench{n}.example.com"},
        "provisioningParameters": {"calling": {"location": location}},
    }


def _person(customer_id: str, n: int) -> dict[str, Any]:
    line = {"firstName": "Bench", "lastName": f"Person {n}", "extension": str(10_000 + n)}
    person = {"customerId": customer_id, "email": f"person{n}@bench.example.com", "package": "webex_calling"}
    return person | {"provisioningParameters": line}


def _provisioned(client: Client, wanted: int) -> list[str]:
    """Ids of the customers once all are provisioned; asks every second, for an hour at most."""
    for _ in range(3600):
        rows = client.send("GET", "/v1/wholesale/customers?max=1000&status=provisioned")["items"]
        found = [row["id"] for row in rows if row["externalId"].startswith("BENCH-")]
        if len(found) == wanted:
            return found
        time.sleep(1)
    raise BenchFailed("The customers were not provisioned within an hour.")


@contextmanager
def _portal() -> Iterator[tuple[int, str, str]]:
    """A portal as `up` starts it: its port, a token with all scopes, and a Provisioning ID."""
    folder = make_run_folder(server_account())
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    environment |= {"PORTAL_DATA_DIR": str(folder / "data"), "SIMULATED_WEBEX_DELAY_MS": "0", "LOG_LEVEL": "WARNING"}
    environment |= {"API_REQUESTS_PER_MINUTE": str(10**9)}
    manage = _manager(environment)
    try:
        port = _free_port()
        manage("up", "--detach", "--port", str(port))
        info = json.loads(manage("demo_info", "--json"))
        owner = next(login["email"] for login in info["logins"] if login["role"] == "partner_full")
        yield port, manage("api_token", owner), info["provisioningId"]
    finally:
        manage("down")
        remove_run_folder(folder)


def _manager(environment: dict[str, str]) -> Callable[..., str]:
    def manage(*words: str) -> str:
        """Run a command against the portal; its last line."""
        command = [sys.executable, str(Path(PROJECT) / "manage.py"), *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise BenchFailed(done.stdout + done.stderr)
        return (done.stdout.strip().splitlines() or [""])[-1]

    return manage


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
