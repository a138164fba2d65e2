"""Nothing that lies in Redis can run code here."""

import pickle

import pytest
import redis
from django.conf import settings
from django.core.cache import cache

from config.cache import JSONSerializer
from config.embedded.urls import cache_url


class Bomb:
    """What an attacker would pickle."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("boom",))


def test_a_pickle_in_redis_is_an_error_not_code(capsys: pytest.CaptureFixture[str]) -> None:
    server = redis.Redis.from_url(cache_url(settings.REDIS_URL))
    server.set(cache.make_key("bomb"), pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="codec"):
        cache.get("bomb")
    assert "boom" not in capsys.readouterr().out
    # The positive control: the same bytes do run when they are unpickled.
    pickle.loads(server.get(cache.make_key("bomb")))  # noqa: S301
    assert "boom" in capsys.readouterr().out


def test_values_come_back_as_they_went_in() -> None:
    cache.set("value", {"a": [1, "two", None]})
    assert cache.get("value") == {"a": [1, "two", None]}
    cache.set("count", 1)
    assert cache.incr("count") == 2
    assert JSONSerializer().loads(b"2") == 2
