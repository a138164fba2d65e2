"""Addresses of the two servers, in the forms their clients want.

REDIS_URL has one canonical form, redis-py's own:

    redis://[user:password@]host:port/0      a server on the network (rediss:// with TLS)
    unix:///folder/valkey.sock?db=0          a server on a unix socket: what the embedded stack exports

Celery spells the second one differently, so settings never hand REDIS_URL to it directly: `broker_url` and `cache_url`
translate. Celery's `redis+socket://` is understood too. One server holds the broker's queues (the database REDIS_URL
names, usually 0) and the cache (the next one).

DATABASE_URL is libpq's form; a unix socket goes in the query, because that is what django-environ and libpq both read:
`postgres://portal@/portal?host=/folder`.
"""

from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

SOCKET_SCHEMES = ("unix", "redis+socket")
NETWORK_SCHEMES = ("redis", "rediss")


class BadServerAddress(ValueError):
    """The address is not one the portal understands; the message shows the accepted forms."""


def broker_url(redis_url: str) -> str:
    """`redis_url` as Celery's broker address."""
    return _with_database(redis_url, _database(redis_url), socket_scheme="redis+socket", parameter="virtual_host")


def cache_url(redis_url: str) -> str:
    """`redis_url` as redis-py's address of the cache: the database after the broker's."""
    return _with_database(redis_url, _database(redis_url) + 1, socket_scheme="unix", parameter="db")


def server_url(redis_url: str, *, further: int = 0) -> str:
    """`redis_url` as redis-py's address of the broker's own database, or of one so many `further` on."""
    return _with_database(redis_url, _database(redis_url) + further, socket_scheme="unix", parameter="db")


def embedded_database_url(socket_folder: Path, *, role: str, database: str) -> str:
    return f"postgres://{role}@/{database}?host={socket_folder}"


def embedded_redis_url(socket: Path) -> str:
    return f"unix://{socket}?db=0"


def _database(redis_url: str) -> int:
    parts = urlsplit(redis_url)
    query = parse_qs(parts.query)
    named = query.get("db") or query.get("virtual_host")
    if named is None and parts.scheme in NETWORK_SCHEMES:
        named = [parts.path]
    text = named[0].strip("/") if named else ""
    if text and not text.isdecimal():
        raise BadServerAddress(f"REDIS_URL names the database {text!r}; it must be a number, for example .../0")
    return int(text or 0)


def _with_database(redis_url: str, database: int, *, socket_scheme: str, parameter: str) -> str:
    parts = urlsplit(redis_url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items() if name not in ("db", "virtual_host")}
    if parts.scheme in SOCKET_SCHEMES and parts.path:
        query[parameter] = str(database)
        return f"{socket_scheme}://{parts.netloc}{parts.path}?{urlencode(query)}"
    if parts.scheme in NETWORK_SCHEMES and parts.hostname:
        return urlunsplit((parts.scheme, parts.netloc, f"/{database}", urlencode(query), ""))
    raise BadServerAddress("REDIS_URL must look like redis://host:6379/0 or unix:///folder/valkey.sock?db=0")
