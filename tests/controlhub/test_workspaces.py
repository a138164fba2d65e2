"""Workspaces: what they may have, what billing sees of them, and who may touch them by which door."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from controlhub.models import PackageAssignment, PhoneNumber, Workspace
from controlhub.services import number_lists, numbers, seats, workspaces
from controlhub.services.extensions import ExtensionRefused
from controlhub.services.workspaces import WorkspaceFacts, create_workspace, delete_workspace, edit_workspace
from provisioning.models import ProvisioningJob, SimulatedEffect
from provisioning.runner import run_job
from tenancy.actors import SYSTEM, Actor
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.controlhub.races import at_once
from tests.controlhub.scene import broken_invariants, everything, used
from tests.factories import make_customer, make_device, make_location, make_number, make_package, make_partner
from tests.launching import launch

SignIn = Callable[[str], Client]
CALLING = "common_area_calling"


@pytest.fixture
def office(cast: Cast) -> Office:
    """Open Acme, not restricted, with two seats of Common Area Calling."""
    office = furnish(cast.open_acme)
    make_package(office.customer, CALLING, limit=2)
    return office


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor("partner_full")


def facts(office: Office, name: str = "Reception", **values: Any) -> WorkspaceFacts:
    return WorkspaceFacts(**{"name": name, "location": office.headquarters, **values})


def calling(office: Office, by: Actor, name: str = "Reception", extension: str = "300") -> Workspace:
    return create_workspace(
        customer=office.customer, facts=facts(office, name, package=CALLING, extension=extension), by=by
    )


def intervals(workspace: Workspace) -> list[tuple[str, bool]]:
    rows = PackageAssignment.objects.filter(workspace=workspace).order_by("pk")
    return [(row.package, row.ended_at is None) for row in rows]


def refused(deed: Callable[[], object], error: type[DomainError], office: Office) -> DomainError:
    def rooms() -> list[Any]:
        rows = Workspace.objects.filter(customer=office.customer).order_by("pk")
        return list(rows.values_list("name", "deleted_at", "extension"))

    before = everything(office.customer), rooms()
    with pytest.raises(error) as caught:
        deed()
    assert (everything(office.customer), rooms()) == before
    return caught.value


def test_a_workspace_with_the_package_is_billed_from_now(office: Office, by: Actor) -> None:
    typed = facts(
        office, " Front  desk ", kind="desk", capacity=2, package=CALLING, number=office.free.e164, extension="300"
    )
    room = create_workspace(customer=office.customer, facts=typed, by=by)
    assert (room.name, room.kind, room.capacity, room.extension) == ("Front desk", "desk", 2, "300")
    assert (room.number, intervals(room), used(office.customer, CALLING)) == (office.free, [(CALLING, True)], 1)
    event = AuditEvent.objects.get(customer=office.customer)
    assert (event.action, event.changes["package"]) == ("workspace.created", [None, CALLING])
    assert ProvisioningJob.objects.get().kind == "change_workspace"
    assert broken_invariants() == []


def test_a_workspace_without_the_package_costs_nothing(office: Office, by: Actor) -> None:
    room = create_workspace(customer=office.customer, facts=facts(office), by=by)
    assert (intervals(room), used(office.customer, CALLING)) == ([], 0)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"name": "  "}, workspaces.WorkspaceNameMissing),
        ({"extension": "301"}, workspaces.NeedsCommonAreaCalling),
        ({"package": CALLING}, numbers.NeedsNumberOrExtension),
        ({"package": CALLING, "extension": "201"}, ExtensionRefused),
        ({"package": CALLING, "extension": "911"}, ExtensionRefused),
        ({"package": CALLING, "number": "+12175559999"}, numbers.NumberUnknown),
        ({"package": CALLING, "number": "nonsense"}, number_lists.NumberInvalid),
    ],
)
def test_what_does_not_fit_is_refused(
    office: Office, by: Actor, values: dict[str, Any], error: type[DomainError]
) -> None:
    refused(lambda: create_workspace(customer=office.customer, facts=facts(office, **values), by=by), error, office)


def test_the_number_of_somebody_else_is_refused(office: Office, by: Actor) -> None:
    typed = facts(office, package=CALLING, number=office.ada.number.e164)
    refused(lambda: create_workspace(customer=office.customer, facts=typed, by=by), numbers.NumberInUse, office)
    elsewhere = make_number(make_location(office.customer, "Branch"))
    typed = facts(office, package=CALLING, number=elsewhere.e164)
    refused(lambda: create_workspace(customer=office.customer, facts=typed, by=by), numbers.NumberElsewhere, office)


def test_names_and_extensions_exist_once(office: Office, by: Actor) -> None:
    calling(office, by)
    refused(
        lambda: create_workspace(customer=office.customer, facts=facts(office, "RECEPTION"), by=by),
        workspaces.WorkspaceNameTaken,
        office,
    )
    refused(lambda: calling(office, by, "Lobby"), ExtensionRefused, office)


def test_the_limit_holds(office: Office, by: Actor) -> None:
    calling(office, by, "One", "301")
    calling(office, by, "Two", "302")
    error = refused(lambda: calling(office, by, "Three", "303"), seats.LimitReached, office)
    assert str(error).startswith("Common Area Calling: limit 2, 2 used, 1 asked for.")


def test_editing_moves_the_number_and_keeps_the_interval(office: Office, by: Actor) -> None:
    room = calling(office, by)
    changed = facts(office, "Lobby", package=CALLING, number=office.free.e164)
    room = edit_workspace(workspace=room, facts=changed, by=by)
    assert (room.name, room.extension, intervals(room)) == ("Lobby", "", [(CALLING, True)])
    event = AuditEvent.objects.get(action="workspace.edited")
    assert event.changes == {
        "name": ["Reception", "Lobby"],
        "extension": ["300", ""],
        "number": [None, office.free.e164],
    }
    jobs = ProvisioningJob.objects.count()
    edit_workspace(workspace=room, facts=changed, by=by)
    assert (AuditEvent.objects.filter(action="workspace.edited").count(), ProvisioningJob.objects.count()) == (1, jobs)


def test_taking_the_package_ends_the_interval_and_frees_the_seat(office: Office, by: Actor) -> None:
    room = calling(office, by)
    room = edit_workspace(workspace=room, facts=facts(office), by=by)
    assert (intervals(room), used(office.customer, CALLING), room.extension) == ([(CALLING, False)], 0, "")


def test_a_deleted_workspace_keeps_its_history(office: Office, by: Actor) -> None:
    typed = facts(office, package=CALLING, number=office.free.e164, extension="300")
    room = create_workspace(customer=office.customer, facts=typed, by=by)
    delete_workspace(workspace=room, by=by)
    office.free.refresh_from_db()
    room.refresh_from_db()
    assert (office.free.workspace, room.deleted_at is not None) == (None, True)
    assert (intervals(room), used(office.customer, CALLING)) == ([(CALLING, False)], 0)
    assert broken_invariants() == []
    assert calling(office, by).name == "Reception"
    refused(lambda: delete_workspace(workspace=room, by=by), workspaces.WorkspaceGone, office)


@pytest.mark.parametrize("who", ["customer_readonly", "partner_readonly", "other_partner_full", "customer_restricted"])
def test_others_change_no_workspace(office: Office, cast: Cast, by: Actor, who: str) -> None:
    room = calling(office, by)
    actor = cast.actor(who)
    for deed in (
        lambda: create_workspace(customer=office.customer, facts=facts(office, "Bar"), by=actor),
        lambda: edit_workspace(workspace=room, facts=facts(office, "Bar"), by=actor),
        lambda: delete_workspace(workspace=room, by=actor),
    ):
        refused(deed, Forbidden, office)


def test_restricted_admins_touch_no_package_of_a_workspace(cast: Cast, by: Actor) -> None:
    office = furnish(cast.acme)
    make_package(office.customer, CALLING)
    room, carl = calling(office, by), cast.actor("customer_restricted")
    assert create_workspace(customer=office.customer, facts=facts(office, "Store"), by=carl).name == "Store"
    edit_workspace(workspace=room, facts=facts(office, "Lobby", package=CALLING, extension="300"), by=carl)
    refused(lambda: delete_workspace(workspace=room, by=carl), Forbidden, office)
    refused(lambda: edit_workspace(workspace=room, facts=facts(office), by=carl), Forbidden, office)
    refused(lambda: calling(office, carl, "Bar", "305"), Forbidden, office)


@pytest.mark.django_db(transaction=True)
def test_of_forty_only_two_get_a_seat() -> None:
    customer = make_customer(make_partner())
    make_package(customer, CALLING, limit=2)
    hq = make_location(customer)

    def deed(n: int) -> Callable[[], object]:
        typed = WorkspaceFacts(name=f"Room {n}", location=hq, package=CALLING, extension=str(400 + n))
        return lambda: create_workspace(customer=customer, facts=typed, by=SYSTEM)

    assert at_once([deed(n) for n in range(40)]) == ["limit_reached"] * 38 + ["ok"] * 2
    assert Workspace.objects.filter(customer=customer).count() == 2
    assert broken_invariants() == []


@pytest.mark.django_db(transaction=True)
def test_webex_learns_what_the_workspace_is_now() -> None:
    customer = make_customer(make_partner())
    make_package(customer, CALLING)
    typed = WorkspaceFacts(name="Lobby", location=make_location(customer), package=CALLING, extension="300")
    room = create_workspace(customer=customer, facts=typed, by=SYSTEM)
    delete_workspace(workspace=room, by=SYSTEM)
    for job in ProvisioningJob.objects.order_by("pk"):
        run_job(job_id=job.pk)
    assert set(ProvisioningJob.objects.values_list("state", flat=True)) == {"succeeded"}
    assert set(SimulatedEffect.objects.values_list("operation", flat=True)) == {"remove_workspace"}


# -- Pages -------------------------------------------------------------------------------------------------------------
def typed_form(office: Office, **values: str) -> dict[str, str]:
    return {
        "name": "Reception",
        "location": str(office.headquarters.public_id),
        "kind": "desk",
        "supported_devices": "phones",
        **values,
    }


def test_a_workspace_from_form_to_deletion(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    assert client.get(page("workspace-create", office.customer)).status_code == 200
    values = typed_form(office, package=CALLING, number=office.free.e164, capacity="4")
    answer = client.post(page("workspace-create", office.customer), values)
    room = Workspace.objects.get(customer=office.customer)
    assert answer.headers["Location"] == page("workspace-detail", office.customer, room)
    content = client.get(page("workspace-detail", office.customer, room)).content.decode()
    for text in ("Common Area Calling", office.free.e164, "Workspace Reception created at Headquarters", "Now"):
        assert text in content
    edit = page("workspace-edit", office.customer, room)
    assert office.free.e164 in client.get(edit).content.decode()
    assert client.post(edit, values | {"name": "Lobby"}).status_code == 302
    assert "Lobby" in client.get(page("workspace-delete", office.customer, room)).content.decode()
    assert client.post(page("workspace-delete", office.customer, room)).status_code == 302
    assert client.get(page("workspace-detail", office.customer, room)).status_code == 404
    assert PhoneNumber.objects.get(pk=office.free.pk).workspace is None


def test_what_a_workspace_supports_stays_while_it_has_devices(office: Office, by: Actor) -> None:
    room = create_workspace(customer=office.customer, facts=facts(office, package=CALLING, extension="300"), by=by)
    device = make_device(room)
    wanted = facts(office, package=CALLING, extension="300", supported_devices="collaborationDevices")
    refused(lambda: edit_workspace(workspace=room, facts=wanted, by=by), workspaces.DevicesInTheWay, office)
    device.delete()
    edit_workspace(workspace=room, facts=wanted, by=by)
    event = AuditEvent.objects.get(action="workspace.edited")
    assert event.changes == {"supported_devices": ["phones", "collaborationDevices"]}


def test_bad_input_is_told_beside_the_field_and_kept(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    values = typed_form(office, name="Front desk", package=CALLING, extension="201")
    answer = client.post(page("workspace-create", office.customer), values)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["extension"])
    assert "Front desk" in answer.content.decode()
    assert Workspace.objects.count() == 0


def test_a_restricted_admin_sees_the_package_greyed_with_the_reason(cast: Cast, sign_in: SignIn) -> None:
    office = furnish(cast.acme)
    make_package(office.customer, CALLING)
    client = sign_in("customer_restricted")
    content = client.get(page("workspace-create", office.customer)).content.decode()
    assert "Restricted by Partner Mode is on" in content
    client.post(page("workspace-create", office.customer), typed_form(office, package=CALLING))
    assert intervals(Workspace.objects.get(customer=office.customer)) == []


def test_restricted_admins_cannot_delete_a_billed_workspace_by_url(cast: Cast, sign_in: SignIn, by: Actor) -> None:
    office = furnish(cast.acme)
    make_package(office.customer, CALLING)
    room = calling(office, by)
    client, url = sign_in("customer_restricted"), page("workspace-delete", office.customer, room)
    assert "Delete workspace</button>" not in client.get(url).content.decode()
    assert client.post(url).status_code == 403
    staff = sign_in("partner_full")
    launch(staff, customer=office.customer, by=by)
    assert staff.post(url).status_code == 302
