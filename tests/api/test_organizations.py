"""/organizations: who sees which, who renames one, and its twin in the identity service."""

from collections.abc import Callable

import pytest

from api.schemas.common import stamp
from tenancy.models import AuditEvent, Customer, Partner
from tenancy.opaque_ids import opaque_id
from tests.api.conftest import ApiClient
from tests.cast import Cast

Api = Callable[..., ApiClient]


def org_id(where: Customer | Partner) -> str:
    return opaque_id("ORGANIZATION", where.org_id if isinstance(where, Customer) else where.public_id)


def spoken(where: Customer | Partner, name: str = "") -> dict[str, str]:
    return {"id": org_id(where), "displayName": name or where.name, "created": stamp(where.created_at)}


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("partner_full", ["Northwind Voice", "Branch Reseller", "Acme Dental", "Open Acme", "Branch Bakery"]),
        ("partner_admin", ["Northwind Voice", "Acme Dental"]),
        ("subpartner_full", ["Branch Reseller", "Branch Bakery"]),
        ("other_partner_full", ["Southern Telecom", "Southern Bank"]),
        ("customer_restricted", ["Acme Dental"]),
        ("customer_location", ["Acme Dental"]),
    ],
)
def test_everybody_lists_the_organizations_that_he_sees(api: Api, cast: Cast, who: str, seen: list[str]) -> None:
    items = api(who).get("/organizations").json()["items"]
    assert [item["displayName"] for item in items] == seen
    assert all(item.keys() == {"id", "displayName", "created"} for item in items)


def test_one_organization_of_either_kind(api: Api, cast: Cast) -> None:
    client = api("partner_full")
    assert client.get(f"/organizations/{org_id(cast.acme)}").json() == spoken(cast.acme)
    assert client.get(f"/organizations/{org_id(cast.north)}").json() == spoken(cast.north)


@pytest.mark.parametrize("where", ["south_customer", "south", None])
def test_strangers_organizations_do_not_exist(api: Api, cast: Cast, where: str | None) -> None:
    wanted = org_id(getattr(cast, where)) if where else "nonsense"
    client = api("partner_full")
    refused = client.put(f"/organizations/{wanted}", {"displayName": "Mine"})
    assert (client.get(f"/organizations/{wanted}").status_code, refused.status_code) == (404, 404)


def test_an_organization_is_renamed_once_and_for_who_has_read_it(api: Api, cast: Cast) -> None:
    client, path = api("partner_full"), f"/organizations/{org_id(cast.acme)}"
    tag = client.get(path).headers["ETag"]
    response = client.put(path, {"displayName": "Acme Smiles"}, If_Match=tag)
    assert (response.status_code, response.json()) == (200, spoken(cast.acme, "Acme Smiles"))
    assert client.put(path, {"displayName": "Acme Teeth"}, If_Match=tag).status_code == 412
    event = AuditEvent.objects.get(action="customer.renamed")
    assert (event.door, event.actor_name, event.changes) == (
        "api",
        "Paula Full",
        {"name": ["Acme Dental", "Acme Smiles"]},
    )


@pytest.mark.parametrize(
    ("who", "where", "status"),
    [
        ("customer_full", "open_acme", 200),
        ("customer_restricted", "acme", 403),
        ("external_full", "acme", 403),
        ("customer_readonly", "acme", 403),
        ("partner_readonly", "acme", 403),
        ("helpdesk", "acme", 403),
        ("partner_plain", "acme", 200),
    ],
)
def test_restricted_mode_keeps_the_name_for_the_service_provider(
    api: Api, cast: Cast, who: str, where: str, status: int
) -> None:
    customer = getattr(cast, where)
    response = api(who).put(f"/organizations/{org_id(customer)}", {"displayName": "New Name"})
    renamed = Customer.objects.filter(pk=customer.pk, name="New Name").exists()
    assert (response.status_code, renamed) == (status, status == 200)


@pytest.mark.parametrize("body", [{}, {"displayName": ""}, {"displayName": "50 %"}, {"displayName": "A", "name": "B"}])
def test_a_name_must_be_one(api: Api, cast: Cast, body: dict[str, str]) -> None:
    assert api("partner_full").put(f"/organizations/{org_id(cast.acme)}", body).status_code == 400
    assert Customer.objects.filter(name="Acme Dental").exists()


def test_the_identity_service_knows_it_by_its_bare_uuid(api: Api, cast: Cast) -> None:
    client, path = api("partner_full"), f"/identity/organizations/{cast.acme.org_id}"
    read = client.get(path).json()
    assert read == {
        "schemas": ["urn:cisco:codev:identity:organization:core:1.0"],
        "id": str(cast.acme.org_id),
        "displayName": "Acme Dental",
        "created": stamp(cast.acme.created_at),
    }
    changed = client.send("PATCH", path, {"schemas": read["schemas"], "displayName": "Acme Smiles"})
    assert (changed.status_code, changed.json()) == (200, read | {"displayName": "Acme Smiles"})


def test_help_desk_is_let_in_by_the_customer_only(api: Api, cast: Cast) -> None:
    client, path = api("helpdesk"), f"/organizations/{org_id(cast.acme)}"
    assert client.get(path).status_code == 200
    Customer.objects.filter(pk=cast.acme.pk).update(helpdesk_allowed=False)
    assert client.get(path).status_code == 403
    assert api("partner_readonly").get(path).status_code == 200


def test_who_manages_which_customers(api: Api, cast: Cast) -> None:
    client = api("partner_full")
    adam, paula, olaf = (
        opaque_id("PEOPLE", cast.admins[who].public_id)
        for who in ("partner_admin", "partner_full", "other_partner_full")
    )
    [item] = client.get(f"/partner/organizations?managedBy={adam}").json()["items"]
    assert item["orgId"] == org_id(cast.acme)
    everything = client.get(f"/partner/organizations?managedBy={paula}")
    assert (everything.status_code, everything.json()["message"]) == (
        400,
        "The user already has access to all customers managed by their partner organization.",
    )
    assert client.get(f"/partner/organizations?managedBy={olaf}").status_code == 404
    assert api("customer_full").get(f"/partner/organizations?managedBy={adam}").status_code == 403


def test_the_identity_service_stands_beside_v1_as_with_webex(api: Api, cast: Cast) -> None:
    client = api("partner_full")
    headers = {"Authorization": f"Bearer {client.token}"}
    path = f"/identity/v1/organizations/{cast.acme.org_id}"
    changed = client.client.patch(
        path, {"displayName": "Acme Smiles"}, content_type="application/json", headers=headers
    )
    assert (changed.status_code, changed.json()["displayName"]) == (200, "Acme Smiles")
    assert client.client.get(path).status_code == 401
