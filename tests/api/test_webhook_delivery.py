"""From the outbox to a receiver: at least once, again later and later, past crashes, and by hand."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from api import delivering, tasks
from api.delivering import BACKOFF, backoff_seconds, claim, deliver, deliver_due
from tenancy.egress import Answer, Caller
from tenancy.models import Event, Resource, Webhook, WebhookDelivery
from tenancy.webhooks import NewWebhook, WebhookOff, change_webhook, create_webhook, replay, send_test
from tests.api.hooking import Hook, all_due, deed, events
from tests.cast import Cast, make_cast
from tests.receiving import Receiver

State = WebhookDelivery.State


class TestRetries:
    """What is not answered with 2xx comes again, later and later, and ends."""

    @pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
    def test_a_bad_answer_is_tried_again(self, cast: Cast, hook: Hook, receiver: Receiver, status: int) -> None:
        webhook = hook()
        receiver.answer_with(status)
        deed(cast.acme)
        deliver_due()
        row = webhook.deliveries.get()
        assert (row.state, row.attempts, row.answer) == ("waiting", 1, status)
        assert 0 < (row.due_at - timezone.now()).total_seconds() < 13
        all_due()
        deliver_due()
        row.refresh_from_db()
        assert (row.state, row.attempts, [one["answer"] for one in row.tries]) == ("delivered", 2, [status, 200])
        first, second = receiver.received
        assert first.headers["X-Portal-Delivery"] == second.headers["X-Portal-Delivery"]
        assert [one.headers["X-Portal-Attempt"] for one in receiver.received] == ["1", "2"]

    def test_back_off_grows_and_retry_after_counts(self) -> None:
        for attempt, seconds in enumerate(BACKOFF, start=1):
            assert 0.8 * seconds <= backoff_seconds(attempt) <= 1.2 * seconds
        assert backoff_seconds(1, after=600) == 600
        assert backoff_seconds(1, after=999_999) == BACKOFF[-1]
        assert sum(BACKOFF) > 20 * 3600

    def test_after_the_last_try_it_has_failed(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        webhook = hook()
        receiver.answer_with(*[500] * (len(BACKOFF) + 1))
        deed(cast.acme)
        for _ in range(len(BACKOFF) + 3):
            all_due()
            deliver_due()
        row = webhook.deliveries.get()
        assert (row.state, row.attempts, len(row.tries), receiver.connections) == ("failed", 9, 9, 9)

    def test_gone_is_gone(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        webhook = hook()
        receiver.answer_with(410)
        deed(cast.acme)
        deliver_due()
        assert webhook.deliveries.get().state == "failed"

    def test_a_dead_receiver_costs_one_try_and_holds_up_nobody(
        self, cast: Cast, hook: Hook, receiver: Receiver
    ) -> None:
        dead, living = hook(target_url="http://127.0.0.1:9/"), hook(name="living")
        for _ in range(5):
            deed(cast.acme)
        deliver_due()
        attempts = [row.attempts for row in dead.deliveries.order_by("pk")]
        assert (sorted(attempts), {row.state for row in living.deliveries.all()}) == ([0, 0, 0, 0, 1], {"delivered"})
        assert deliver_due() == 0  # paused

    def test_days_without_an_answer_switch_it_off_and_its_owner_is_told(
        self, cast: Cast, hook: Hook, receiver: Receiver, django_capture_on_commit_callbacks: Any
    ) -> None:
        webhook = hook()
        receiver.answer_with(500, 500)
        deed(cast.acme)
        deliver_due()
        webhook.refresh_from_db()
        assert webhook.is_active
        Webhook.objects.update(failing_since=Now() - timedelta(hours=73))
        all_due()
        with django_capture_on_commit_callbacks(execute=True):
            deliver_due()
        webhook.refresh_from_db()
        assert (webhook.status, webhook.off_for, events()) == ("inactive", "failing", ["wholesaleCustomers.updated"])
        assert [row.state for row in webhook.deliveries.all()] == ["failed"]
        [letter] = mail.outbox
        assert (letter.to, letter.subject) == ([webhook.owner.email], "The webhook order desk was switched off")
        deed(cast.acme)
        assert len(events(webhook)) == 1
        change_webhook(webhook=webhook, active=True, by=cast.actor("partner_full"))
        replay(delivery=webhook.deliveries.get(), by=cast.actor("partner_full"))
        deliver_due()
        assert webhook.deliveries.latest("pk").state == "delivered"

    def test_one_good_answer_ends_the_count(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        webhook = hook()
        Webhook.objects.update(failing_since=Now() - timedelta(hours=99))
        deed(cast.acme)
        deliver_due()
        webhook.refresh_from_db()
        assert (webhook.is_active, webhook.failing_since) == (True, None)


class TestCrashes:
    """The worker dies; the row is due again, under the same id, and says so."""

    def test_between_claim_and_send_nothing_is_lost(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        webhook = hook()
        deed(cast.acme)
        assert len(claim()) == 1  # and then it dies
        assert deliver_due() == 0  # not before the lease is over
        all_due()
        deliver_due()
        assert (webhook.deliveries.get().state, len(receiver.received)) == ("delivered", 1)

    def test_between_send_and_mark_it_comes_again_under_its_id(
        self, cast: Cast, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException):
            pass

        def die(outcome: object) -> None:
            raise Killed

        webhook = hook()
        deed(cast.acme)
        monkeypatch.setattr(delivering, "_keep", die)
        with pytest.raises(Killed):
            deliver(claim(), Caller())
        monkeypatch.undo()
        assert (webhook.deliveries.get().state, len(receiver.received)) == ("waiting", 1)
        all_due()
        deliver_due()
        row = webhook.deliveries.get()
        assert (row.state, row.attempts) == ("delivered", 2)
        assert {got.headers["X-Portal-Delivery"] for got in receiver.received} == {str(row.public_id)}
        assert len(receiver.received) == 2

    def test_who_comes_back_late_changes_nothing(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        """A worker that overslept its lease: the other one's outcome holds."""
        webhook = hook()
        deed(cast.acme)
        late = next(delivering._parcels(claim()))
        all_due()
        deliver_due()
        delivering._keep(delivering.Outcome(late, answer=Answer(500)))
        row = webhook.deliveries.get()
        assert (row.state, row.answer, row.attempts) == ("delivered", 200, 2)

    def test_a_row_that_cannot_be_made_ready_holds_up_nobody(
        self, cast: Cast, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        poisoned, good = hook(resource=Resource.CUSTOMERS), hook(resource=Resource.JOBS)
        deed(cast.acme)
        send_test(webhook=good, by=cast.actor("partner_full"))
        told = delivering.body_of

        def body_of(delivery: WebhookDelivery, **rest: Any) -> Any:
            return 1 // 0 if delivery.webhook == poisoned else told(delivery, **rest)

        monkeypatch.setattr(delivering, "body_of", body_of)
        for _ in range(2 * len(BACKOFF) + 2):
            all_due()
            deliver_due()
        assert [webhook.deliveries.get().state for webhook in (poisoned, good)] == ["failed", "delivered"]


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_at_once_get_different_rows(receiver: Receiver, django_db_serialized_rollback: None) -> None:
    cast = make_cast()
    new = NewWebhook("desk", receiver.url, Resource.ALL, Event.ALL)
    create_webhook(partner=cast.north, new=new, by=cast.actor("partner_full"))
    for _ in range(6):
        deed(cast.acme)
    found: list[list[int]] = []
    with transaction.atomic():
        first = claim(per_receiver=3)  # not committed yet

        def other() -> None:
            try:
                found.append(claim())
            finally:
                connection.close()

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(10)
    assert (len(first), len(found[0]), set(first) & set(found[0])) == (3, 3, set())


def test_only_one_worker_delivers_at_a_time(cast: Cast, hook: Hook, receiver: Receiver) -> None:
    """The lock is the connection's: while somebody else holds it, there is nothing to do."""
    hook()
    deed(cast.acme)
    key = int.from_bytes(delivering.DELIVERING.bytes[:8], "big", signed=True)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
            assert deliver_due() == 0
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
    finally:
        other.close()
    assert deliver_due() == 1


class TestByHand:
    """A test delivery, a replay, and what is forgotten."""

    def test_a_test_is_about_nothing(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        webhook = hook()
        send_test(webhook=webhook, by=cast.actor("partner_full"))
        deliver_due()
        body = receiver.received[0].json
        assert (body["event"], body["data"], receiver.received[0].headers["X-Portal-Event"]) == ("test", {}, "all.test")

    def test_a_replay_is_a_delivery_of_its_own(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        webhook = hook()
        deed(cast.acme)
        deliver_due()
        first = webhook.deliveries.get()
        again = replay(delivery=first, by=cast.actor("partner_plain"))
        deliver_due()
        again.refresh_from_db()
        assert (again.state, again.replay_of, again.public_id == first.public_id) == (
            "delivered",
            first.public_id,
            False,
        )
        bodies = [got.json for got in receiver.received]
        assert bodies[0]["data"] == bodies[1]["data"]
        assert bodies[0]["occurred"] == bodies[1]["occurred"]

    def test_nothing_is_sent_by_hand_while_it_is_off(self, cast: Cast, hook: Hook) -> None:
        webhook = hook()
        deed(cast.acme)
        change_webhook(webhook=webhook, active=False, by=cast.actor("partner_full"))
        assert [row.state for row in webhook.deliveries.all()] == ["failed"]
        for try_it in (
            lambda: send_test(webhook=webhook, by=cast.actor("partner_full")),
            lambda: replay(delivery=webhook.deliveries.get(), by=cast.actor("partner_full")),
        ):
            with pytest.raises(WebhookOff):
                try_it()

    def test_after_thirty_days_the_log_is_forgotten(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        webhook = hook()
        for days in (29, 31):
            deed(cast.acme)
            deliver_due()
            webhook.deliveries.filter(pk=webhook.deliveries.latest("pk").pk).update(
                finished_at=Now() - timedelta(days=days)
            )
        deed(cast.acme)
        webhook.deliveries.filter(finished_at=None).update(happened_at=Now() - timedelta(days=99))
        tasks.purge()
        assert sorted(webhook.deliveries.values_list("state", flat=True)) == ["delivered", "waiting"]

    def test_what_slipped_in_while_it_was_switched_off_does_not_wait_for_ever(self, cast: Cast, hook: Hook) -> None:
        webhook = hook()
        deed(cast.acme)
        Webhook.objects.filter(pk=webhook.pk).update(status="inactive", off_for="person")
        tasks.purge()
        row = webhook.deliveries.get()
        assert (row.state, row.error) == ("failed", "The webhook was switched off.")
