"""What the simulated cloud says of an organisation that somebody wants to attach, and what attaching does there."""

from uuid import UUID, uuid4

import pytest

from provisioning.errors import PermanentError, RetryableError
from provisioning.models import SimulatedEffect, SimulatedFault
from provisioning.simulated import SimulatedWebex
from provisioning.simulated_organisations import HUNDRED, LICENSED, NINETY_NINE, ORGANISATIONS, SMALL, TRIAL

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("org_id", "users", "licences", "trial"),
    [
        (SMALL, 12, "none", False),
        (LICENSED, 24, "active", False),
        (NINETY_NINE, 99, "suspended", False),
        (HUNDRED, 100, "none", False),
        (TRIAL, 5, "active", True),
    ],
)
def test_an_organisation_is_known(org_id: UUID, users: int, licences: str, trial: bool) -> None:
    found = SimulatedWebex().organisation_of(org_id=str(org_id))
    assert (found["exists"], found["users"], found["licences"], found["trial"]) == (True, users, licences, trial)
    assert SimulatedEffect.objects.count() == 0  # a question, no deed


def test_everybody_in_the_cloud_is_invented() -> None:
    addresses = [address for facts in ORGANISATIONS.values() for address in facts["administrators"]]
    assert [address for address in addresses if not address.endswith(".example.com")] == []
    assert len(set(addresses)) == len(addresses)


def test_a_stranger_is_not_known_and_a_cloud_that_is_busy_says_so() -> None:
    assert SimulatedWebex().organisation_of(org_id=str(uuid4())) == {"exists": False}
    SimulatedFault.objects.create(operation="organisation_of", kind=SimulatedFault.Kind.BUSY, remaining=1)
    with pytest.raises(RetryableError):
        SimulatedWebex().organisation_of(org_id=str(SMALL))


def test_attaching_happens_once_and_only_to_what_exists() -> None:
    facts = {"external_id": "PINE-1", "managed_by": ["north"], "rights": "full"}
    first = SimulatedWebex().attach_organisation(key="k", org_id=str(SMALL), **facts)
    assert first == SimulatedWebex().attach_organisation(key="k", org_id=str(SMALL), **facts)
    assert SimulatedEffect.objects.filter(operation="attach_organisation").count() == 1
    with pytest.raises(PermanentError):
        SimulatedWebex().attach_organisation(key="l", org_id=str(uuid4()), **facts)
