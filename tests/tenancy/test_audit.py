"""The audit log: one chain per tenant, insert-only, and tampering is named."""

import pytest
from django.db import DatabaseError, connection, transaction

from tenancy import audit
from tenancy.actors import SYSTEM
from tenancy.models import AuditChain, AuditEvent
from tests.cast import Cast


def three_events(cast: Cast) -> str:
    for number in range(3):
        audit.record(
            action="customer.renamed", text=f"Rename {number}", target=cast.acme, customer=cast.acme, by=SYSTEM
        )
    return f"customer:{cast.acme.pk}"


def tamper(sql: str) -> None:
    """What a superuser could do: triggers off for one statement."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE tenancy_auditevent DISABLE TRIGGER USER")
        cursor.execute(sql)
        cursor.execute("ALTER TABLE tenancy_auditevent ENABLE TRIGGER USER")


def test_an_event_says_who_did_what_to_whom(cast: Cast) -> None:
    event = audit.record(
        action="customer.renamed",
        text="Renamed Acme",
        target=cast.acme,
        customer=cast.acme,
        changes={"name": ["Acme", "Acme Dental"]},
        by=cast.actor("partner_full"),
    )
    assert {
        name: getattr(event, name) for name in ("category", "actor_email", "actor_org_name", "actor_roles", "door")
    } == {
        "category": "customer",
        "actor_email": cast.admins["partner_full"].email,
        "actor_org_name": "Northwind Voice",
        "actor_roles": ["partner_wholesale"],
        "door": "ui",
    }
    assert (event.target_type, event.target_id, event.target_name) == (
        "customer",
        str(cast.acme.public_id),
        "Acme Dental",
    )


def test_each_tenant_has_a_chain_of_its_own(cast: Cast) -> None:
    tenant = three_events(cast)
    audit.record(action="template.created", text="x", target=cast.north, partner=cast.north, by=SYSTEM)
    assert dict(AuditChain.objects.values_list("tenant", "length")) == {tenant: 3, f"partner:{cast.north.pk}": 1}
    assert audit.verify_chain(tenant) == ""


@pytest.mark.parametrize("sql", ["UPDATE tenancy_auditevent SET text = 'x'", "DELETE FROM tenancy_auditevent"])
def test_the_database_refuses_to_change_an_event(cast: Cast, sql: str) -> None:
    three_events(cast)
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert AuditEvent.objects.count() == 3


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        ("UPDATE tenancy_auditevent SET text = 'nothing happened' WHERE number = 2", "event 2 was changed"),
        ("DELETE FROM tenancy_auditevent WHERE number = 2", "event 2 was changed, removed"),
        ("DELETE FROM tenancy_auditevent WHERE number = 3", "ends at event 2, its head says 3"),
        ("UPDATE tenancy_auditevent SET actor_ip = '10.0.0.1' WHERE number = 1", "event 1 was changed"),
    ],
)
def test_verify_names_the_first_bad_event(cast: Cast, sql: str, finding: str) -> None:
    tenant = three_events(cast)
    tamper(sql)
    assert finding in audit.verify_chain(tenant)


def test_the_database_refuses_to_empty_the_log(cast: Cast) -> None:
    three_events(cast)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE tenancy_auditevent ENABLE TRIGGER audit_is_not_truncated")
        with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
            cursor.execute("TRUNCATE tenancy_auditevent CASCADE")
    assert AuditEvent.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused(cast: Cast) -> None:
    with pytest.raises(RuntimeError, match="deed's transaction"):
        audit.record(action="customer.renamed", text="x", target=cast.acme, customer=cast.acme, by=SYSTEM)
    assert not AuditEvent.objects.exists()
