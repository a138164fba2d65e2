"""What a webhook hears of: written with the deed, told to whoever may read it today, in a body that can be checked."""

import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from api.delivering import deliver_due
from api.signing import signature_headers
from billing.services.making import make_report
from billing.services.reports import create_report
from controlhub.services.lifecycle import suspend_subscriber
from provisioning.queue import retry_job
from tenancy.models import AuditEvent, Customer, Event, Resource, RoleAssignment, Webhook, WebhookDelivery
from tenancy.opaque_ids import opaque_id
from tenancy.policy import Role
from tenancy.webhooks import change_webhook
from tests.api.hooking import SECRET, Hook, all_due, deed, events
from tests.cast import Cast
from tests.factories import assign_customer, make_assignment, make_location, make_package, make_subscriber
from tests.provisioning.helpers import make_ordered_customer, order, run_to_end
from tests.receiving import Receiver

State = WebhookDelivery.State


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

        deed(cast.acme)  # a customer's first one begins its audit chain
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
