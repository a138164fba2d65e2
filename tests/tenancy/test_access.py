"""Who sees whom, and what is left of a role inside a cross-launch."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from tenancy.access import authorize, level
from tenancy.actors import SYSTEM
from tenancy.errors import Forbidden
from tenancy.launch import start_launch
from tenancy.models import Customer, Partner
from tenancy.policy import Control, Level
from tests.cast import Cast
from tests.factories import make_partner

NORTH = {"Acme Dental", "Open Acme"}
VISIBLE_CUSTOMERS = {
    "partner_full": NORTH | {"Branch Bakery"},
    "partner_plain": NORTH | {"Branch Bakery"},
    "partner_admin": {"Acme Dental"},
    "partner_readonly": NORTH | {"Branch Bakery"},
    "helpdesk": NORTH,
    "subpartner_full": {"Branch Bakery"},
    "other_partner_full": {"Southern Bank"},
    "customer_full": {"Open Acme"},
    "customer_restricted": {"Acme Dental"},
    "customer_readonly": {"Acme Dental"},
    "other_customer_full": {"Southern Bank"},
}
VISIBLE_PARTNERS = {
    "partner_full": {"Northwind Voice", "Branch Reseller"},
    "partner_admin": {"Northwind Voice"},
    "partner_readonly": {"Northwind Voice", "Branch Reseller"},
    "helpdesk": {"Northwind Voice"},
    "subpartner_full": {"Branch Reseller"},
    "other_partner_full": {"Southern Telecom"},
    "customer_full": set(),
}


@pytest.mark.parametrize("who", VISIBLE_CUSTOMERS)
def test_customers_visible_to(cast: Cast, who: str) -> None:
    seen = Customer.objects.visible_to(cast.actor(who))
    assert set(seen.values_list("name", flat=True)) == VISIBLE_CUSTOMERS[who]


@pytest.mark.parametrize("who", VISIBLE_PARTNERS)
def test_partners_visible_to(cast: Cast, who: str) -> None:
    seen = Partner.objects.visible_to(cast.actor(who))
    assert set(seen.values_list("name", flat=True)) == VISIBLE_PARTNERS[who]


def test_the_level_is_the_best_of_the_roles_held_there(cast: Cast) -> None:
    assert level(cast.actor("partner_full"), Control.USERS_ADD, customer=cast.acme) is Level.EDIT
    assert level(cast.actor("partner_admin"), Control.USERS_ADD, customer=cast.acme) is Level.READ_ONLY
    assert level(cast.actor("partner_admin"), Control.USERS, customer=cast.open_acme) is Level.HIDDEN
    assert level(cast.actor("customer_full"), Control.USERS_ADD, customer=cast.open_acme) is Level.EDIT
    assert level(cast.actor("customer_restricted"), Control.USERS_ADD, customer=cast.acme) is Level.DISABLED
    assert level(cast.actor("other_partner_full"), Control.USERS, customer=cast.acme) is Level.HIDDEN


def test_inside_a_launch_only_partner_side_roles_count(cast: Cast) -> None:
    """Somebody who is a reader at the partner and a full administrator of the customer launches as a reader."""
    reader = cast.admins["partner_readonly"]
    reader.role_assignments.create(role="customer_full", customer=cast.open_acme)
    actor = cast.actor("partner_readonly")
    assert level(actor, Control.USERS_ADD, customer=cast.open_acme) is Level.EDIT
    launched = replace(actor, launch=start_launch(customer=cast.open_acme, by=actor))
    assert level(launched, Control.USERS_ADD, customer=cast.open_acme) is Level.READ_ONLY


def test_authorize_says_whom_to_ask_when_restricted_mode_is_the_reason(cast: Cast) -> None:
    with pytest.raises(Forbidden, match="Restricted by Partner Mode"):
        authorize(cast.actor("customer_restricted"), Control.USER_PACKAGE, customer=cast.acme)
    with pytest.raises(Forbidden, match="Your role does not allow this"):
        authorize(cast.actor("customer_readonly"), Control.USER_NAME, customer=cast.acme)


def test_authorize_says_whom_to_ask_for_what_is_never_the_customers(cast: Cast) -> None:
    with pytest.raises(Forbidden, match=r"^Your service provider manages this\.$"):
        authorize(cast.actor("customer_full"), Control.CALLING_RECORDINGS, customer=cast.open_acme)
    with pytest.raises(Forbidden, match="Your role does not allow this"):
        authorize(cast.actor("customer_readonly"), Control.CALLING_RECORDINGS, customer=cast.acme)


def test_a_level_without_an_organisation_is_an_error(cast: Cast) -> None:
    with pytest.raises(ValueError, match="needs the partner or the customer"):
        level(cast.actor("partner_full"), Control.USERS)
    assert level(SYSTEM, Control.USERS) is Level.EDIT


def test_a_sub_partner_has_no_sub_partners(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="no sub-partners"), transaction.atomic():
        make_partner("Grandchild", parent=cast.branch)
    cast.north.parent = cast.south
    with pytest.raises(IntegrityError, match="no sub-partners"), transaction.atomic():
        cast.north.save(update_fields=["parent"])


def test_a_role_fits_its_organisation(cast: Cast) -> None:
    admin = cast.admins["customer_full"]
    with pytest.raises(IntegrityError, match="role_fits_its_organisation"), transaction.atomic():
        admin.role_assignments.create(role="customer_full", partner=cast.north)
    with pytest.raises(IntegrityError, match="role_fits_its_organisation"), transaction.atomic():
        admin.role_assignments.create(role="partner_wholesale", customer=cast.acme)


LANDING = {
    "partner_full": "/partner/{north}/",
    "helpdesk": "/partner/{north}/",
    "subpartner_full": "/partner/{branch}/",
    "customer_full": "/org/{open_acme}/",
    "customer_restricted": "/org/{acme}/",
}


@pytest.mark.parametrize("who", LANDING)
def test_each_role_lands_in_the_hub_it_belongs_to(cast: Cast, sign_in: Callable[[str], Client], who: str) -> None:
    response = sign_in(who).get("/")
    places = {name: getattr(cast, name).public_id for name in ("north", "branch", "acme", "open_acme")}
    assert (response.status_code, response.headers["Location"]) == (302, LANDING[who].format(**places))


def test_an_account_without_a_role_is_told_so(cast: Cast, sign_in: Callable[[str], Client]) -> None:
    cast.admins["customer_full"].role_assignments.all().delete()
    response = sign_in("customer_full").get("/")
    assert response.status_code == 403
    assert b"no role" in response.content
