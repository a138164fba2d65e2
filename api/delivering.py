"""Delivers what webhooks are owed: claim rows, send, write down what came of it. The rows are the truth (ADR 0016).

A claim counts the try and moves the row's time past the lease, in a transaction of its own; then it is sent, outside any
transaction; then the outcome is written, if the row is still at that try. A worker that dies anywhere leaves a row that is
due again: a delivery comes at least once, under the same id. Nothing here waits for a receiver longer than the limits of
`tenancy.egress`, and one receiver at a time gets a thread: a dead one delays its own deliveries only.
"""

import json
import random
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Func, JSONField, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from api.signing import signature_headers
from api.telling import Told, body_of
from billing.services.alone import alone
from tenancy.actors import Actor, actor_for
from tenancy.egress import Answer, Caller, Unreachable
from tenancy.models import AdminUser, Webhook, WebhookDelivery
from tenancy.sealing import opened
from tenancy.webhooks import give_up

# Seconds until the second try, the third, ...: nine tries in about a day.
BACKOFF = (10, 60, 300, 900, 3600, 10_800, 21_600, 43_200)
LONGEST_PAUSE = 300
LEASE_SECONDS = 240
RECEIVERS_AT_ONCE = 16
PER_RECEIVER = 20
RECEIVER_SECONDS = 60.0
TURN_SECONDS = 120.0
GONE = 410
DELIVERING = uuid.UUID("5b1d7a52-8f0e-4c3f-9d55-77656268f00c")
State = WebhookDelivery.State
logger = structlog.get_logger(__name__)

# Of each active webhook that is not paused, the oldest rows that are due. Two workers get different rows (SKIP LOCKED).
_CLAIM = """
UPDATE tenancy_webhookdelivery SET attempts = attempts + 1, due_at = statement_timestamp() + make_interval(secs => %s)
WHERE id IN (
    SELECT due.id FROM (
        SELECT id FROM tenancy_webhook webhook
        WHERE status = 'active' AND (paused_until IS NULL OR paused_until <= statement_timestamp()) AND EXISTS (
            SELECT 1 FROM tenancy_webhookdelivery
            WHERE webhook_id = webhook.id AND state = 'waiting' AND due_at <= statement_timestamp())
        ORDER BY random() LIMIT %s
    ) listening, LATERAL (
        SELECT id FROM tenancy_webhookdelivery
        WHERE webhook_id = listening.id AND state = 'waiting' AND due_at <= statement_timestamp()
        ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
    ) due
) RETURNING id
"""


@dataclass(frozen=True)
class Parcel:
    """A claimed delivery, ready to be sent by a thread that knows no database."""

    delivery_id: int
    webhook_id: int
    attempt: int
    url: str
    body: bytes
    headers: dict[str, str]
    secret: str
    was_failing: bool


@dataclass(frozen=True)
class Outcome:
    """What came of one parcel. `sent` is False for one that was not tried, because one before it failed."""

    parcel: Parcel
    sent: bool = True
    answer: Answer | None = None
    error: str = ""
    milliseconds: int = 0

    @property
    def is_good(self) -> bool:
        return self.answer is not None and 200 <= self.answer.status < 300


def deliver_due(caller: Caller | None = None) -> int:
    """Deliver what is due, for a while; returns how many rows were tried. Nothing when another worker is at it.

    One worker of the portal does this at a time, so that receivers that hang never take the place of provisioning.
    """
    caller = caller or Caller()
    tried, stop_at = 0, time.monotonic() + TURN_SECONDS
    with alone(DELIVERING) as mine:
        while mine and time.monotonic() < stop_at:
            ids = claim()
            if not ids:
                break
            tried += deliver(ids, caller)
    return tried


@transaction.atomic
def claim(receivers: int = RECEIVERS_AT_ONCE, per_receiver: int = PER_RECEIVER) -> list[int]:
    """Take due rows, oldest first; nobody else gets them before the lease is over."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [LEASE_SECONDS, receivers, per_receiver])
        return sorted(row[0] for row in cursor.fetchall())


def deliver(ids: Sequence[int], caller: Caller) -> int:
    """Send claimed rows and write down what came of each."""
    groups: dict[int, list[Parcel]] = {}
    for parcel in _parcels(ids):
        groups.setdefault(parcel.webhook_id, []).append(parcel)
    if groups:
        with ThreadPoolExecutor(max_workers=min(len(groups), RECEIVERS_AT_ONCE)) as pool:
            for done in as_completed([pool.submit(_send_all, group, caller) for group in groups.values()]):
                for outcome in done.result():
                    _keep(outcome)
    return len(ids)


def _parcels(ids: Sequence[int]) -> Iterator[Parcel]:
    rows = WebhookDelivery.objects.filter(pk__in=ids, state=State.WAITING)
    rows = rows.select_related("webhook__partner__parent", "webhook__owner", "webhook__customer").order_by(
        "due_at", "pk"
    )
    owners: dict[int, Actor | None] = {}
    told: Told = {}
    for delivery in rows:
        owner = delivery.webhook.owner
        if owner.pk not in owners:
            owners[owner.pk] = _actor(owner)
        parcel = _ready(delivery, owners[owner.pk], told)
        if parcel is not None:
            yield parcel


def _actor(owner: AdminUser) -> Actor | None:
    return actor_for(owner, door="webhook") if owner.is_active else None


def _ready(delivery: WebhookDelivery, owner: Actor | None, told: Told) -> Parcel | None:
    """As `_parcel`; a row that cannot be made ready waits like one that was not taken, and holds up nobody else's."""
    if delivery.attempts > 2 * len(BACKOFF):
        _end(delivery.pk, delivery.attempts, State.FAILED, error="It stopped its worker several times.")
        return None
    try:
        return _parcel(delivery, owner, told)
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # whatever is wrong with one row must not hold up the others; it is logged and tried again
        logger.exception("webhook_body_failed", delivery=str(delivery.public_id))
        WebhookDelivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts).update(
            due_at=Now() + timedelta(seconds=backoff_seconds(delivery.attempts)),
            error="Something unexpected went wrong.",
        )
        return None


def _parcel(delivery: WebhookDelivery, owner: Actor | None, told: Told) -> Parcel | None:
    """The row made ready, or None when it must not be sent: its owner may not read it, or nobody can sign it any more."""
    webhook = delivery.webhook
    data = body_of(delivery, owner=owner, told=told) if owner else None
    if data is None:
        _end(delivery.pk, delivery.attempts, State.WITHHELD, error="The webhook's owner may not read this any more.")
        return None
    secret = opened(webhook.secret)
    if secret is None:
        _end(delivery.pk, delivery.attempts, State.FAILED, error="Its secret cannot be read any more: make a new one.")
        return None
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"Wholesale-Portal-Webhooks/{settings.PORTAL_VERSION}",
        "X-Portal-Delivery": str(delivery.public_id),
        "X-Portal-Event": f"{data['resource']}.{data['event']}",
        "X-Portal-Attempt": str(delivery.attempts),
    }
    was_failing = bool(webhook.failing_since or webhook.paused_until)
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Parcel(delivery.pk, webhook.pk, delivery.attempts, webhook.target_url, body, headers, secret, was_failing)


def _send_all(parcels: Sequence[Parcel], caller: Caller) -> list[Outcome]:
    """One receiver's parcels, one after the other; after a bad answer the rest is not tried. No database here."""
    stop_at = time.monotonic() + RECEIVER_SECONDS
    found: list[Outcome] = []
    for parcel in parcels:
        if time.monotonic() > stop_at or (found and not found[-1].is_good):
            found.append(Outcome(parcel, sent=False))
        else:
            found.append(_send(parcel, caller))
    return found


def _send(parcel: Parcel, caller: Caller) -> Outcome:
    began = time.monotonic()
    headers = parcel.headers | signature_headers(parcel.body, secret=parcel.secret, at=int(time.time()))
    answer, error = None, ""
    try:
        answer = caller.post(parcel.url, parcel.body, headers)
    except Unreachable as failure:
        error = str(failure)[:200]
    return Outcome(parcel, answer=answer, error=error, milliseconds=int((time.monotonic() - began) * 1000))


def _keep(outcome: Outcome) -> None:
    parcel = outcome.parcel
    rows = WebhookDelivery.objects.filter(pk=parcel.delivery_id, attempts=parcel.attempt, state=State.WAITING)
    if not outcome.sent:
        rows.update(attempts=F("attempts") - 1, due_at=Now())
        return
    answer, error = (outcome.answer.status, "") if outcome.answer else (None, outcome.error)
    if outcome.answer and 300 <= outcome.answer.status < 400:
        error = "Redirects are not followed: give the address itself."
    when = timezone.now().isoformat(timespec="seconds")
    this_try = [{"at": when, "answer": answer, "error": error, "ms": outcome.milliseconds}]
    facts = {"answer": answer, "error": error, "tries": _and("tries", this_try)}
    if outcome.is_good:
        rows.update(state=State.DELIVERED, finished_at=Now(), **facts)
        if parcel.was_failing:
            Webhook.objects.filter(pk=parcel.webhook_id).update(failing_since=None, paused_until=None)
        return
    seconds: float = LONGEST_PAUSE
    if answer == GONE or parcel.attempt > len(BACKOFF):
        mine = rows.update(state=State.FAILED, finished_at=Now(), **facts)
    else:
        seconds = backoff_seconds(parcel.attempt, after=outcome.answer.retry_after if outcome.answer else 0)
        mine = rows.update(due_at=Now() + timedelta(seconds=seconds), **facts)
    if mine:
        _pause(parcel.webhook_id, seconds)


def _and(column: str, more: list[dict[str, Any]]) -> Func:
    """A JSON list in the database, and more at its end."""
    return Func(
        F(column), Value(more, JSONField()), template="%(expressions)s", arg_joiner=" || ", output_field=JSONField()
    )


def _pause(webhook_id: int, seconds: float) -> None:
    """Leave a receiver alone for a moment; after days without one good answer, for good."""
    pause = timedelta(seconds=min(seconds, LONGEST_PAUSE))
    Webhook.objects.filter(pk=webhook_id).update(
        failing_since=Coalesce(F("failing_since"), Now()), paused_until=Now() + pause
    )
    webhook = Webhook.objects.filter(pk=webhook_id).first()
    limit = timezone.now() - timedelta(hours=settings.WEBHOOK_GIVE_UP_HOURS)
    if webhook and webhook.failing_since and webhook.failing_since < limit:
        logger.warning("webhook_given_up", webhook=str(webhook.public_id))
        give_up(webhook=webhook, since=webhook.failing_since)


def _end(delivery_id: int, attempt: int, state: WebhookDelivery.State, *, error: str) -> None:
    rows = WebhookDelivery.objects.filter(pk=delivery_id, attempts=attempt, state=State.WAITING)
    rows.update(state=state, finished_at=Now(), error=error, attempts=F("attempts") - 1)


def backoff_seconds(attempt: int, *, after: int = 0) -> float:
    """How long to wait after the `attempt`-th try: longer each time, with jitter, never sooner than Retry-After said."""
    base = BACKOFF[min(attempt, len(BACKOFF)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311
    return max(base, min(after, BACKOFF[-1]))
