"""One address in, each client's own spelling out."""

from pathlib import Path

import pytest

from config.embedded.urls import (
    BadServerAddress,
    broker_url,
    cache_url,
    embedded_database_url,
    embedded_redis_url,
    server_url,
)


@pytest.mark.parametrize(
    ("redis_url", "broker", "cache", "server"),
    [
        ("redis://host:6379/0", "redis://host:6379/0", "redis://host:6379/1", "redis://host:6379/0"),
        ("redis://host:6379", "redis://host:6379/0", "redis://host:6379/1", "redis://host:6379/0"),
        (
            "rediss://me:secret@host:6380/3?ssl_cert_reqs=none",
            "rediss://me:secret@host:6380/3?ssl_cert_reqs=none",
            "rediss://me:secret@host:6380/4?ssl_cert_reqs=none",
            "rediss://me:secret@host:6380/3?ssl_cert_reqs=none",
        ),
        (
            "unix:///run/x/valkey.sock?db=0",
            "redis+socket:///run/x/valkey.sock?virtual_host=0",
            "unix:///run/x/valkey.sock?db=1",
            "unix:///run/x/valkey.sock?db=0",
        ),
        (
            "redis+socket:///run/valkey.sock?virtual_host=2",
            "redis+socket:///run/valkey.sock?virtual_host=2",
            "unix:///run/valkey.sock?db=3",
            "unix:///run/valkey.sock?db=2",
        ),
    ],
)
def test_each_client_gets_its_own_form(redis_url: str, broker: str, cache: str, server: str) -> None:
    assert (broker_url(redis_url), cache_url(redis_url), server_url(redis_url)) == (broker, cache, server)


def test_workers_of_a_test_run_count_on_from_the_database_that_is_named() -> None:
    assert server_url("redis://host:6379/12", further=2) == "redis://host:6379/14"
    assert server_url("unix:///run/valkey.sock?db=0", further=2) == "unix:///run/valkey.sock?db=2"


@pytest.mark.parametrize("redis_url", ["", "host:6379", "http://host/0", "redis://", "unix://"])
def test_an_address_of_another_kind_is_refused_with_an_example(redis_url: str) -> None:
    with pytest.raises(BadServerAddress, match="must look like redis://host:6379/0 or unix:"):
        broker_url(redis_url)


def test_a_database_must_be_a_number() -> None:
    with pytest.raises(BadServerAddress, match="'main'"):
        cache_url("redis://host:6379/main")


def test_embedded_addresses_name_folders_in_the_query() -> None:
    assert (
        embedded_database_url(Path("/run/x/pg"), role="portal", database="p") == "postgres://portal@/p?host=/run/x/pg"
    )
    assert embedded_redis_url(Path("/run/x/valkey.sock")) == "unix:///run/x/valkey.sock?db=0"
