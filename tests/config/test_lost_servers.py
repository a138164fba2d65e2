"""A lost PostgreSQL or Redis is a 503 that says so, wherever in the request it is noticed; never a 500."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.cast import Cast


def lost(*args: Any, **kwargs: Any) -> Any:
    raise OperationalError("server closed the connection unexpectedly")


def lost_redis(*args: Any, **kwargs: Any) -> Any:
    raise RedisConnectionError("Connection refused")


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def says_come_back(response: Any) -> bool:
    return (response.status_code, response.headers.get("Retry-After")) == (503, "5")


def test_lost_while_asking_who_is_signed_in(cast: Cast, client: Client) -> None:
    client.force_login(cast.admins["partner_full"])
    with connection.execute_wrapper(lost):
        assert says_come_back(client.get("/"))
    assert client.get("/").status_code == 302


def test_lost_in_the_middle_of_a_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.admins["partner_full"])
    url = f"/partner/{cast.north.public_id}/customers/"

    def lose_customers(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        return lost() if "tenancy_customer" in sql else execute(sql, params, many, context)

    with connection.execute_wrapper(lose_customers):
        assert says_come_back(client.get(url))
    assert client.get(url).status_code == 200


def test_lost_before_anybody_is_known(db: None, client: Client) -> None:
    with connection.execute_wrapper(lost):
        assert says_come_back(client.get("/readyz"))
        assert client.get("/healthz").status_code == 200


def test_redis_lost_at_sign_in(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("get", "set", "add", "incr"):
        monkeypatch.setattr(cache, name, lost_redis, raising=False)
    response = client.post("/login/", {"login": cast.admins["partner_full"].email, "password": "x"})
    assert says_come_back(response)


def test_our_own_mistake_stays_a_500(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.views.first_partner", lambda actor: 1 / 0)
    client.force_login(cast.admins["partner_full"])
    response = client.get("/")
    assert response.status_code == 500
    assert response.headers["trackingId"].encode() in response.content
