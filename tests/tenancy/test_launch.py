"""Cross-launch: who may, for how long, and that withdrawing the right ends it on the next request."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tenancy.launch import CustomerNotReady, LaunchNotAllowed, NoLaunch, end_launch, live_launch, start_launch
from tenancy.models import AuditEvent, CrossLaunch, Customer
from tests.cast import Cast, make_cast
from tests.controlhub.races import at_once

MAY_LAUNCH = {
    "partner_full": True,
    "partner_plain": True,
    "partner_admin": True,
    "partner_readonly": True,
    "helpdesk": True,
    "subpartner_full": False,
    "other_partner_full": False,
    "customer_restricted": False,
}


@pytest.mark.parametrize("who", MAY_LAUNCH)
def test_who_may_launch(cast: Cast, who: str) -> None:
    actor = cast.actor(who)
    if not MAY_LAUNCH[who]:
        with pytest.raises(LaunchNotAllowed):
            start_launch(customer=cast.acme, by=actor)
        assert not CrossLaunch.objects.exists()
        return
    launch = start_launch(customer=cast.acme, by=actor)
    assert live_launch(actor=actor, customer=cast.acme, public_id=str(launch.public_id)).launch == launch


def test_helpdesk_only_if_the_customer_allows_it(cast: Cast) -> None:
    actor = cast.actor("helpdesk")
    launch = start_launch(customer=cast.acme, by=actor)
    Customer.objects.filter(pk=cast.acme.pk).update(helpdesk_allowed=False)
    cast.acme.refresh_from_db()
    with pytest.raises(NoLaunch):
        live_launch(actor=actor, customer=cast.acme, public_id=str(launch.public_id))
    with pytest.raises(LaunchNotAllowed):
        start_launch(customer=cast.acme, by=actor)


def test_a_partner_admin_launches_only_what_is_assigned_to_him(cast: Cast) -> None:
    with pytest.raises(LaunchNotAllowed):
        start_launch(customer=cast.open_acme, by=cast.actor("partner_admin"))


def test_a_customer_without_organisation_cannot_be_launched(cast: Cast) -> None:
    Customer.objects.filter(pk=cast.acme.pk).update(org_id=None, status="provisioning")
    cast.acme.refresh_from_db()
    with pytest.raises(CustomerNotReady):
        start_launch(customer=cast.acme, by=cast.actor("partner_full"))


def test_a_launch_lives_an_hour_at_most(cast: Cast) -> None:
    actor = cast.actor("partner_full")
    launch = start_launch(customer=cast.acme, by=actor)
    assert launch.expires_at - launch.started_at == timedelta(hours=1)
    past = timezone.now() - timedelta(minutes=61)
    CrossLaunch.objects.filter(pk=launch.pk).update(started_at=past, expires_at=past + timedelta(hours=1))
    with pytest.raises(NoLaunch):
        live_launch(actor=actor, customer=cast.acme, public_id=str(launch.public_id))


def test_withdrawing_the_role_ends_it_at_once(cast: Cast) -> None:
    launch = start_launch(customer=cast.acme, by=cast.actor("partner_full"))
    cast.admins["partner_full"].role_assignments.all().delete()
    with pytest.raises(NoLaunch):
        live_launch(actor=cast.actor("partner_full"), customer=cast.acme, public_id=str(launch.public_id))


def test_a_second_launch_ends_the_first(cast: Cast) -> None:
    actor = cast.actor("partner_full")
    first = start_launch(customer=cast.acme, by=actor)
    second = start_launch(customer=cast.acme, by=actor)
    assert list(CrossLaunch.objects.filter(ended_at=None)) == [second]
    assert first != second


def test_the_audit_names_the_person_the_organisation_and_the_launch(cast: Cast) -> None:
    actor = cast.actor("partner_full")
    launch = start_launch(customer=cast.acme, by=actor)
    end_launch(customer=cast.acme, by=actor)
    end_launch(customer=cast.acme, by=actor)  # twice is harmless
    events = AuditEvent.objects.filter(customer=cast.acme).values_list(
        "action", "actor_name", "actor_org_name", "launch"
    )
    assert list(events.order_by("number")) == [
        ("launch.started", "Paula Full", "Northwind Voice", launch.pk),
        ("launch.ended", "Paula Full", "Northwind Voice", launch.pk),
    ]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_clicking_launch_several_times_at_once_leaves_one_open() -> None:
    cast = make_cast()
    actor = cast.actor("partner_full")
    assert at_once([lambda: start_launch(customer=cast.acme, by=actor)] * 6) == ["ok"] * 6
    assert CrossLaunch.objects.filter(ended_at=None).count() == 1
