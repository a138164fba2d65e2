"""From a deed to a receiver: written with the deed, sent after it, at least once, to whoever may read it today."""

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from api import delivering, tasks
from api.delivering import BACKOFF, backoff_seconds, claim, deliver, deliver_due
from api.signing import signature_headers
from billing.services.making import make_report
from billing.services.reports import create_report
from controlhub.services.lifecycle import suspend_subscriber
from provisioning.queue import retry_job
from tenancy import audit
from tenancy.actors import SYSTEM
from tenancy.egress import Answer, Caller
from tenancy.models import AuditEvent, Customer, Event, Resource, RoleAssignment, Webhook, WebhookDelivery
from tenancy.opaque_ids import opaque_id
from tenancy.policy import Role
from tenancy.webhooks import NewWebhook, WebhookOff, change_webhook, create_webhook, replay, send_test
from tests.cast import Cast, make_cast
from tests.factories import assign_customer, make_assignment, make_location, make_package, make_subscriber
from tests.provisioning.helpers import make_ordered_customer, order, run_to_end
from tests.receiving import Receiver, receiving

SECRET = "a secret of many characters"
State = WebhookDelivery.State
Hook = Callable[..., Webhook]


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_LOCAL = True
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hook(cast: Cast, receiver: Receiver) -> Hook:
    def make(who: str = "partner_full", partner: Any = None, **fields: Any) -> Webhook:
        values = {"resource": Resource.ALL, "event": Event.ALL, "secret": SECRET, "target_url": receiver.url} | fields
        new = NewWebhook(name=values.pop("name", "order desk"), **values)
        return create_webhook(partner=partner or cast.north, new=new, by=cast.actor(who))

    return make


def deed(customer: Customer, action: str = "customer.renamed") -> None:
    with transaction.atomic():
        audit.record(action=action, text="a deed", target=customer, customer=customer, by=SYSTEM)


def events(webhook: Webhook | None = None) -> list[str]:
    rows = webhook.deliveries.all() if webhook else WebhookDelivery.objects.all()
    return [f"{row.resource}.{row.event}" for row in rows.order_by("pk")]


def all_due() -> None:
    WebhookDelivery.objects.filter(state=State.WAITING).update(due_at=Now() - timedelta(seconds=1))
    Webhook.objects.update(paused_until=None)


class TestTheOutbox:
    """A row if and only if the deed, and only for those who listen."""

    def test_a_deed_that_is_taken_back_tells_nobody(self, cast: Cast, hook: Hook) -> None:
        webhook = hook()
        with transaction.atomic():
            deed(cast.acme)
            assert events(webhook) == ["wholesaleCustomers.updated"]
            transaction.set_rollback(True)
        assert events(webhook) == []

    @pytest.mark.parametrize(
        ("fields", "heard"),
        [
            ({}, True),
            ({"resource": Resource.CUSTOMERS, "event": Event.UPDATED}, True),
            ({"resource": Resource.SUBSCRIBERS}, False),
            ({"event": Event.CREATED}, False),
        ],
    )
    def test_resource_and_event_choose(self, cast: Cast, hook: Hook, fields: dict[str, Any], heard: bool) -> None:
        webhook = hook(**fields)
        deed(cast.acme)
        assert events(webhook) == (["wholesaleCustomers.updated"] if heard else [])

    def test_a_filter_keeps_to_one_customer(self, cast: Cast, hook: Hook) -> None:
        webhook = hook(customer=cast.acme)
        deed(cast.open_acme)
        deed(cast.acme)
        assert [row.customer_id for row in webhook.deliveries.all()] == [cast.acme.pk]

    def test_partners_and_their_sub_partners_are_strangers_to_each_other(self, cast: Cast, hook: Hook) -> None:
        own = hook()
        branch = hook(who="subpartner_full", partner=cast.branch)
        parent_at_branch = hook(partner=cast.branch)
        south = hook(who="other_partner_full", partner=cast.south)
        deed(cast.branch_customer)
        assert [len(events(webhook)) for webhook in (own, branch, parent_at_branch, south)] == [0, 1, 1, 0]

    def test_what_nobody_listens_to_costs_no_statement_more(self, cast: Cast, hook: Hook) -> None:
        def statements() -> int:
            with connection.execute_wrapper(counter := Counter()):
                deed(cast.acme)
            return counter.count

        silent = statements()
        webhook = hook(who="other_partner_full", partner=cast.south)
        assert statements() == silent
        hook()
        assert (statements(), events(webhook)) == (silent + 1, [])

    def test_actions_that_are_nobodys_business_are_not_heard(self, cast: Cast, hook: Hook) -> None:
        webhook = hook()
        for action in ("helpdesk.code_sent", "screening.match", "people.claimed", "launch.started", "mail.stopped"):
            deed(cast.acme, action)
        assert events(webhook) == []

    @pytest.mark.slow
    def test_the_life_of_a_customer_is_heard_from_beginning_to_end(self, cast: Cast, hook: Hook) -> None:
        webhook = hook()
        job = order(make_ordered_customer(cast.north, packages=("webex_calling",)), packages=("webex_calling",))
        run_to_end(job)
        assert events(webhook) == [
            "wholesaleCustomers.created",
            "jobs.created",
            "jobs.created",  # the settings of the new organization
            "wholesaleCustomers.updated",
            "jobs.updated",
        ]
        deliver_due()
        assert {row.state for row in webhook.deliveries.all()} == {State.DELIVERED}

    def test_a_user_that_changes_is_heard_and_his_job_too(self, cast: Cast, hook: Hook) -> None:
        make_package(cast.acme, "webex_calling", used=1)
        subscriber = make_subscriber(cast.acme, location=make_location(cast.acme, "Headquarters"))
        make_assignment(subscriber)
        webhook = hook()
        suspend_subscriber(subscriber=subscriber, by=cast.actor("partner_full"))
        assert sorted(events(webhook)) == ["jobs.created", "wholesaleSubscribers.updated"]

    def test_a_report_is_heard_when_ordered_and_when_it_ended(
        self, cast: Cast, hook: Hook, receiver: Receiver, settings: Any, tmp_path: Path
    ) -> None:
        settings.REPORTS_DIR = tmp_path
        webhook = hook()
        report = create_report(
            partner=cast.north,
            kind="PARTNER",
            category="POINT_IN_TIME",
            start_on=None,
            end_on=None,
            by=cast.actor("partner_full"),
        )
        make_report(report_id=report.public_id, until=timezone.now().date())
        assert events(webhook) == ["wholesaleBillingReports.created", "wholesaleBillingReports.updated"]
        deliver_due()
        said = [(got.json["data"]["status"], "tempDownloadURL" in got.json["data"]) for got in receiver.received]
        assert said == [("COMPLETED", False)] * 2

    def test_a_retried_job_is_heard(self, cast: Cast, hook: Hook) -> None:
        job = order(make_ordered_customer(cast.north, packages=("webex_calling",)), packages=("webex_calling",))
        job.steps.update(state="failed")
        type(job).objects.filter(pk=job.pk).update(state="failed", finished_at=Now())
        webhook = hook(resource=Resource.JOBS)
        retry_job(job=job, by=cast.actor("partner_full"))
        assert events(webhook) == ["jobs.updated"]


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, *args: Any) -> Any:
        self.count += 1
        return execute(*args)


class TestWhatIsSent:
    """The body, its signatures, and who may read it."""

    def test_the_whole_request(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        webhook = hook(resource=Resource.CUSTOMERS, event=Event.UPDATED, customer=cast.acme)
        deed(cast.acme)
        row = webhook.deliveries.get()
        assert deliver_due() == 1
        [got] = receiver.received
        body = got.json
        data = body.pop("data")
        customer_id = opaque_id("ENTERPRISE", cast.acme.public_id)
        assert body == {
            "id": opaque_id("WEBHOOK", webhook.public_id),
            "name": "order desk",
            "targetUrl": receiver.url,
            "resource": "wholesaleCustomers",
            "event": "updated",
            "filter": f"customerId={customer_id}",
            "orgId": opaque_id("ORGANIZATION", cast.north.public_id),
            "createdBy": opaque_id("PEOPLE", cast.admins["partner_full"].public_id),
            "ownedBy": "org",
            "status": "active",
            "created": body["created"],
            "deliveryId": str(row.public_id),
            "occurred": body["occurred"],
        }
        assert (data["id"], data["externalId"], data["status"]) == (customer_id, cast.acme.external_id, "provisioned")
        named = {name: got.headers[name] for name in ("Content-Type", "X-Portal-Delivery", "X-Portal-Event")}
        assert named == {
            "Content-Type": "application/json; charset=utf-8",
            "X-Portal-Delivery": str(row.public_id),
            "X-Portal-Event": "wholesaleCustomers.updated",
        }
        row.refresh_from_db()
        assert (row.state, row.answer, row.attempts, row.error, len(row.tries)) == ("delivered", 200, 1, "", 1)

    def test_signatures_are_those_that_a_receiver_computes(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        hook()
        deed(cast.acme)
        deliver_due()
        [got] = receiver.received
        old = hmac.new(SECRET.encode(), got.body, hashlib.sha1).hexdigest()
        at = got.headers["X-Portal-Signature"].removeprefix("t=").partition(",")[0]
        new = hmac.new(SECRET.encode(), at.encode() + b"." + got.body, hashlib.sha256).hexdigest()
        assert got.headers["X-Spark-Signature"] == old
        assert got.headers["X-Portal-Signature"] == f"t={at},v1={new}"
        assert abs(int(at) - timezone.now().timestamp()) < 60

    def test_signature_vectors(self) -> None:
        """Computed with `openssl dgst -sha1 -hmac key` and `-sha256`: receivers in any language get the same."""
        body = b"The quick brown fox jumps over the lazy dog"
        assert signature_headers(body, secret="key", at=1700000000) == {
            "X-Spark-Signature": "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9",
            "X-Portal-Signature": "t=1700000000,v1=2f658d6aef4f246e91cd741bbcded7479e9605f9d41c9e248122a117e0e1765b",
        }
        assert signature_headers(body, secret="", at=1) == {}

    def test_what_the_guide_tells_receivers_to_do_works(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        guide = (django_settings.BASE_DIR / "docs" / "webhooks.md").read_text()
        names: dict[str, Any] = {}
        exec(guide.partition("```python\n")[2].partition("```")[0], names)  # noqa: S102 - our own documentation
        hook()
        deed(cast.acme)
        deliver_due()
        [got] = receiver.received
        header = got.headers["X-Portal-Signature"]
        genuine = names["is_genuine"]
        assert genuine(SECRET, got.body, header)
        assert not genuine("another", got.body, header)
        assert not genuine(SECRET, got.body + b" ", header)
        old = signature_headers(got.body, secret=SECRET, at=int(timezone.now().timestamp()) - 400)
        assert not genuine(SECRET, got.body, old["X-Portal-Signature"])

    def test_a_webhook_without_a_secret_is_not_signed(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        hook(secret="")
        deed(cast.acme)
        deliver_due()
        assert not {"X-Spark-Signature", "X-Portal-Signature"} & set(receiver.received[0].headers)

    def test_the_database_does_not_hold_the_secret(self, hook: Hook) -> None:
        webhook = hook()
        assert SECRET not in Webhook.objects.values_list("secret", flat=True).get()
        assert SECRET not in str(list(AuditEvent.objects.values()))
        assert webhook.secret != hook().secret

    def test_without_the_key_nothing_unsigned_is_sent(
        self, cast: Cast, hook: Hook, receiver: Receiver, settings: Any
    ) -> None:
        webhook = hook()
        settings.SECRET_KEY, old = "another", settings.SECRET_KEY
        deed(cast.acme)
        deliver_due()
        assert (receiver.connections, webhook.deliveries.get().state) == (0, "failed")
        settings.SECRET_KEY_FALLBACKS = [old]
        deed(cast.acme)
        deliver_due()
        assert receiver.connections == 1

    def test_it_tells_what_holds_when_it_is_sent(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        hook()
        deed(cast.acme)
        Customer.objects.filter(pk=cast.acme.pk).update(external_id="LATER")
        deliver_due()
        assert receiver.received[0].json["data"]["externalId"] == "LATER"

    def test_what_is_gone_is_its_id(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        hook()
        deed(cast.acme, "customer.deleted")
        Customer.objects.filter(pk=cast.acme.pk).update(deleted_at=Now())
        deliver_due()
        assert receiver.received[0].json["event"] == "deleted"
        assert receiver.received[0].json["data"] == {
            "id": opaque_id("ENTERPRISE", cast.acme.public_id),
            "orgId": opaque_id("ORGANIZATION", cast.acme.org_id),
            "externalId": cast.acme.external_id,
        }


class TestRights:
    """A webhook tells what its owner may read today: never more, and nothing once he may not."""

    def _told(self, hook: Webhook, customer: Customer, receiver: Receiver) -> tuple[int, str]:
        deed(customer)
        deliver_due()
        return len(receiver.received), hook.deliveries.latest("pk").state

    def test_who_may_is_told(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        assert self._told(hook(), cast.acme, receiver) == (1, "delivered")

    def test_a_role_withdrawn_is_no_delivery(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        webhook = hook()
        RoleAssignment.objects.filter(admin=webhook.owner).delete()
        assert self._told(webhook, cast.acme, receiver) == (0, "withheld")

    def test_a_closed_account_is_no_delivery(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        webhook = hook()
        type(webhook.owner).objects.filter(pk=webhook.owner.pk).update(is_active=False)
        assert self._told(webhook, cast.acme, receiver) == (0, "withheld")

    @pytest.mark.parametrize("role", [Role.PARTNER_READONLY, Role.PARTNER_ADMIN, Role.HELPDESK_BASIC])
    def test_a_lesser_role_is_no_delivery(self, cast: Cast, hook: Hook, receiver: Receiver, role: Role) -> None:
        webhook = hook()
        RoleAssignment.objects.filter(admin=webhook.owner).update(role=role)
        assign_customer(webhook.owner, cast.acme)
        assert self._told(webhook, cast.acme, receiver) == (0, "withheld")

    def test_a_right_lost_between_two_tries_counts(self, cast: Cast, hook: Hook, receiver: Receiver) -> None:
        webhook = hook()
        receiver.answer_with(500)
        assert self._told(webhook, cast.acme, receiver) == (1, "waiting")
        RoleAssignment.objects.filter(admin=webhook.owner).delete()
        all_due()
        deliver_due()
        assert (len(receiver.received), webhook.deliveries.get().state) == (1, "withheld")

    def test_who_gives_a_new_target_owns_it(self, cast: Cast, hook: Hook) -> None:
        webhook = hook()
        by = cast.actor("partner_plain")
        change_webhook(webhook=webhook, name="another name", by=by)
        webhook.refresh_from_db()
        assert webhook.owner == cast.admins["partner_full"]
        change_webhook(webhook=webhook, target_url="https://hooks.example.com/", by=by)
        webhook.refresh_from_db()
        assert webhook.owner == cast.admins["partner_plain"]


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
