"""Sign-ins in the audit log: whose, where, how failures are coalesced, and that a stranger learns nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tenancy.audit import verify_chain
from tenancy.models import AuditEvent, FailedSignIn, RoleAssignment
from tenancy.sign_in import count_failure, record_failures, record_sign_in
from tests.cast import Cast
from tests.factories import PASSWORD

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def enter(client: Client, email: str, password: str = PASSWORD) -> None:
    client.post(reverse("account_login"), {"login": email, "password": password})


def log_of(**where: object) -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(category="sign_in", **where).order_by("number")
    return list(rows.values_list("action", "text"))


def fail(email: str, *, at: datetime = NOW, times: int = 1) -> None:
    for n in range(times):
        count_failure(email=email, ip="192.0.2.7", user_agent="curl", now=at + timedelta(seconds=n))


def test_signing_in_and_out_is_in_the_log_of_his_organization(cast: Cast) -> None:
    client = Client()
    enter(client, cast.admins["customer_full"].email)
    client.post(reverse("account_logout"))
    expected = [("sign_in.succeeded", "Carla Full signed in"), ("sign_in.ended", "Carla Full signed out")]
    assert log_of(customer=cast.open_acme) == expected
    event = AuditEvent.objects.get(action="sign_in.succeeded")
    assert (event.actor, event.actor_ip, event.door) == (cast.admins["customer_full"], "127.0.0.1", "ui")
    assert (AuditEvent.objects.count(), verify_chain(event.tenant)) == (2, "")


def test_it_is_in_every_organization_where_he_has_a_role_and_in_no_other(cast: Cast) -> None:
    both = cast.admins["partner_full"]
    RoleAssignment.objects.create(admin=both, role="external_full", customer=cast.south_customer)
    enter(Client(), both.email)
    tenants = AuditEvent.objects.filter(category="sign_in").values_list("tenant", flat=True)
    assert set(tenants) == {f"partner:{cast.north.pk}", f"customer:{cast.south_customer.pk}"}


@pytest.mark.parametrize(("field", "why"), [("seen", "unused"), ("started", "after a working day")])
def test_a_session_that_ends_by_itself_says_so(cast: Cast, field: str, why: str) -> None:
    client = Client()
    client.force_login(cast.admins["customer_full"])
    client.get("/")
    session = client.session
    session[field] = session[field] - 9 * 60 * 60
    session.save()
    client.get("/")
    assert log_of() == [("sign_in.ended", f"The session of Carla Full ended {why}")]


def test_a_failure_waits_for_its_event_and_costs_a_stranger_the_same(cast: Cast) -> None:
    counts = []
    for email in (cast.admins["customer_full"].email, "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            enter(Client(), email, "wrong-password")
        counts.append(len(queries))
    assert (counts[0], log_of()) == (counts[1], [])
    rows = FailedSignIn.objects.order_by("email").values_list("email", "count")
    assert dict(rows) == {cast.admins["customer_full"].email: 1, "nobody@example.com": 1}


def test_many_failures_are_one_event_and_strangers_leave_none(cast: Cast) -> None:
    email = cast.admins["customer_full"].email
    fail(email.upper(), times=4)
    fail("nobody@example.com", times=3)
    assert record_failures(now=NOW + timedelta(seconds=30)) == 0  # not quiet yet
    assert record_failures(now=NOW + timedelta(seconds=70)) == 1
    text = f"Failed sign-in as {email}, 4 times from 12:00:00 to 12:00:03 UTC"
    assert log_of(customer=cast.open_acme) == [("sign_in.failed", text)]
    event = AuditEvent.objects.get()
    assert (event.actor, event.actor_name, event.actor_ip) == (None, "Unknown person", "192.0.2.7")
    assert not FailedSignIn.objects.exists()
    assert verify_chain(event.tenant) == ""


def test_an_attack_that_never_pauses_is_an_event_every_five_minutes(cast: Cast) -> None:
    email = cast.admins["customer_full"].email
    fail(email, times=301)
    assert record_failures(now=NOW + timedelta(seconds=299)) == 0
    assert record_failures(now=NOW + timedelta(seconds=301)) == 1
    assert log_of()[0][1].startswith(f"Failed sign-in as {email}, 301 times")


def test_signing_in_after_all_tells_what_failed_before(cast: Cast) -> None:
    email = cast.admins["customer_full"].email
    enter(Client(), email, "wrong-password")
    enter(Client(), email)
    assert log_of() == [
        ("sign_in.failed", f"Failed sign-in as {email}"),
        ("sign_in.succeeded", "Carla Full signed in"),
    ]
    assert record_failures(now=NOW + timedelta(days=900)) == 0


def test_guessing_beyond_the_limit_is_not_counted(cast: Cast) -> None:
    email = cast.admins["customer_full"].email
    for _ in range(9):
        enter(Client(), email, "wrong-password")
    assert FailedSignIn.objects.get().count == 5


def test_both_audit_pages_show_them_as_a_category_overviews_do_not(
    cast: Cast, sign_in: Callable[[str], Client]
) -> None:
    record_sign_in(by=cast.actor("customer_full"))
    record_sign_in(by=cast.actor("partner_full"))
    customer, partner = sign_in("customer_full"), sign_in("partner_full")
    org = reverse("controlhub:audit", args=[cast.open_acme.public_id])
    hub = reverse("partnerhub:audit", args=[cast.north.public_id])
    shown = customer.get(org, {"category": "sign_in"}).content.decode()
    assert ("Sign-ins" in shown, "Carla Full signed in" in shown, "Paula" in shown) == (True, True, False)
    assert "Paula Full signed in" in partner.get(hub, {"category": "sign_in"}).content.decode()
    assert "signed in" not in customer.get(org, {"category": "customer"}).content.decode()
    for client, page in (
        (customer, reverse("controlhub:overview", args=[cast.open_acme.public_id])),
        (partner, reverse("partnerhub:overview", args=[cast.north.public_id])),
    ):
        assert "signed in" not in client.get(page).content.decode()
