"""What the application's database role is refused, and that it can run the portal all the same; and what the owner is."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from billing.models import DayClose, PartnerUsageDay, UsageAdjustment, UsageDay
from billing.queries.corrections import Span
from billing.queries.usage import use_by_package
from billing.services.adjusting import correct_usage
from billing.services.closing import close_missing_days
from billing.services.invoicing import issue_missing_invoices
from tenancy.actors import SYSTEM
from tests.billing.history import DAY, Interval, World, at, day, make_world, store
from tests.billing.invoicing import MARCH
from tests.factories import make_price

pytestmark = pytest.mark.django_db
ROLE = "portal_test_app"
CLOSED = [
    "billing_usageday",
    "billing_partnerusageday",
    "billing_dayclose",
    "billing_usagecorrection",
    "billing_usageadjustment",
    "billing_invoice",
    "billing_invoiceline",
    "controlhub_packageassignment",
]


@pytest.fixture
def closed() -> World:
    """Six closed days with some use, and a correction made on the fifth."""
    world = make_world()
    store(world, [Interval(0, "webex_suite", 0, 0, 0, 3 * DAY), Interval(1, "webex_suite", 0, 0, 60, None)])
    night(world)
    invoice(world)
    return world


def night(world: World) -> None:
    assignment = world.subscribers[0].assignments.earliest("pk")
    correct_usage(assignment=assignment, truth=Span(at(0), at(2 * DAY)), reason="Late", by=SYSTEM, at=at(5 * DAY))
    assert [closing.parked for closing in close_missing_days(until=day(5))] == ["", ""]


def invoice(world: World) -> None:
    """The first days' month."""
    make_price(world.partners[0])
    assert [len(done.invoices) for done in issue_missing_invoices(until=MARCH)] == [1, 0]


@pytest.fixture
def app_role(db: None) -> Iterator[None]:
    """From here on the session has no more rights than the application's role. Undone with the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
        cursor.execute(f"GRANT {ROLE} TO CURRENT_USER")
        call_command("app_role", ROLE)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
        yield
        cursor.execute("RESET ROLE")


def refusal(statement: str) -> str:
    """What the database says to it; nothing has changed."""
    before = UsageDay.objects.count(), DayClose.objects.count(), UsageAdjustment.objects.count()
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert (UsageDay.objects.count(), DayClose.objects.count(), UsageAdjustment.objects.count()) == before
    return str(refused.value)


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE {} SET partner_id = partner_id + 1",
        "DELETE FROM {}",
        "TRUNCATE {} CASCADE",
        "ALTER TABLE {} DISABLE TRIGGER USER",
        "DROP TABLE {} CASCADE",
    ],
)
def test_the_application_is_refused(closed: World, app_role: None, deed: str) -> None:
    for table in CLOSED:
        assert re.search("permission denied|must be owner", refusal(deed.format(table)))


@pytest.mark.parametrize(
    ("deed", "answer"),
    [
        ("SET session_replication_role = replica", "permission denied"),
        ("CREATE OR REPLACE FUNCTION billing_is_insert_only() RETURNS trigger LANGUAGE sql AS ''", "permission denied"),
        ("DROP FUNCTION billing_no_late_start() CASCADE", "must be owner"),
        ("INSERT INTO billing_dayclose (partner_id, day, changes, checksum) "
         "SELECT partner_id, max(day), 0, '' FROM billing_dayclose GROUP BY 1", "is not the next"),
        ("INSERT INTO billing_partnerusageday (partner_id, package, day, open_count, shift) "
         "SELECT partner_id, package, day + 1, 1, 0 FROM billing_partnerusageday ORDER BY day LIMIT 1", "closed day"),
        ("INSERT INTO controlhub_packageassignment (partner_id, customer_id, subscriber_id, package, is_base, started_at) "
         "SELECT partner_id, customer_id, subscriber_id, package, true, ended_at "
         "FROM controlhub_packageassignment WHERE ended_at IS NOT NULL", "cannot start in a closed day"),
        ("UPDATE controlhub_packageassignment SET ended_at = started_at WHERE ended_at IS NULL", "cannot end in a closed"),
        ("UPDATE controlhub_packageassignment SET ended_at = NULL WHERE ended_at IS NOT NULL", "only be ended, once"),
        ("UPDATE controlhub_packageassignment SET started_at = started_at", "permission denied"),
        ("UPDATE django_migrations SET name = name", "permission denied"),
    ],
)  # fmt: skip
def test_nor_does_it_find_another_door(closed: World, app_role: None, deed: str, answer: str) -> None:
    assert answer in refusal(deed)


def test_the_application_can_do_its_work(app_role: None) -> None:
    """Assign, close six nights, correct, close, report: with no right to change what it wrote."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        world = make_world()
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
    store(world, [Interval(0, "webex_suite", 0, 0, 0, 3 * DAY), Interval(1, "webex_suite", 0, 0, 60, None)])
    night(world)
    invoice(world)
    (use,) = use_by_package(world.partners[0], first=day(0), last=day(3))
    assert use.seconds == 3 * DAY + 4 * DAY - 60
    ending = world.subscribers[1].assignments.get()
    ending.ended_at = at(6 * DAY)
    ending.save(update_fields=["ended_at"])


@pytest.mark.parametrize("deed", ["UPDATE {} SET partner_id = partner_id + 1", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_owner_is_refused_too(closed: World, deed: str) -> None:
    """By triggers. He could switch them off; the checksums and the second count would tell (test_commands)."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in CLOSED:  # the suite itself empties tables by TRUNCATE
            cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")
    for name in CLOSED:
        answer = refusal(deed.format(name))
        assert re.search("is closed|never changed|never removed|never deleted|only be ended", answer)


def test_the_command_refuses_roles_that_nothing_can_be_kept_from() -> None:
    with pytest.raises(CommandError, match="There is no role nobody_there"):
        call_command("app_role", "nobody_there")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (owner,) = cursor.fetchone()
    with pytest.raises(CommandError, match="owner's rights"):
        call_command("app_role", owner)


@pytest.fixture
def own_session(transactional_db: None) -> Iterator[psycopg.Connection]:
    """A session of its own that begins as the application's role. (To sign in as it, peer authentication is in the way.)"""
    role = f"{ROLE}_apart"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role}; GRANT {role} TO CURRENT_USER")
        try:
            call_command("app_role", role)
            parameters = connection.get_connection_params() | {"options": f"-c role={role}", "autocommit": True}
            with psycopg.connect(**parameters) as session:
                yield session
        finally:
            cursor.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.slow
def test_in_a_session_of_the_application_closed_days_stay(own_session: psycopg.Connection) -> None:
    """After everything has been committed, as in life."""
    world = make_world()
    store(world, [Interval(0, "webex_suite", 0, 0, 0, 3 * DAY)])
    night(world)
    before = standing()
    own_session.execute("RESET ROLE")  # back to what the session began as
    for table in CLOSED:
        for deed in ("UPDATE {} SET partner_id = 0", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own_session.execute(deed.format(table))
    with pytest.raises(psycopg.errors.RestrictViolation, match="closed day"):
        own_session.execute(
            "INSERT INTO billing_usageday (partner_id, customer_id, package, location_id, day, open_count, shift) "
            "SELECT partner_id, customer_id, package, location_id, day + 1, 9, 0 FROM billing_usageday"
        )
    assert standing() == before


def standing() -> list[list[dict[str, object]]]:
    return [
        list(model.objects.order_by("pk").values()) for model in (UsageDay, PartnerUsageDay, DayClose, UsageAdjustment)
    ]
