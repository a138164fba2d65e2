"""What the portal needs from its servers, asked of whichever it runs on."""

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from config.embedded.urls import server_url


@pytest.mark.django_db
def test_the_database_is_recent_enough_and_has_the_extensions() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extname FROM pg_extension WHERE extname IN ('btree_gin', 'btree_gist', 'pg_trgm') ORDER BY 1"
        )
        installed = [name for (name,) in cursor.fetchall()]
        cursor.execute("SHOW timezone")
        (timezone,) = cursor.fetchone()

    assert connection.pg_version >= 150000
    assert timezone == "UTC"
    assert installed == ["btree_gin", "btree_gist", "pg_trgm"]


def test_the_cache_keeps_what_it_is_given() -> None:
    cache.set("servers", {"name": "Zoë", "seconds": 86400}, 10)

    assert cache.get("servers") == {"name": "Zoë", "seconds": 86400}


def test_broker_and_cache_do_not_share_a_database() -> None:
    cache.set("mine", 1, 10)

    with redis.Redis.from_url(server_url(settings.REDIS_URL)) as broker:
        assert broker.keys("*mine*") == []
