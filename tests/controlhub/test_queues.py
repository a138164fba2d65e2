"""Call queues: who may work in one, and the upgrade to Customer Assist with each of its ways."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from controlhub.forms.queues import agent_key
from controlhub.models import CallQueue, Subscriber
from controlhub.services import queues
from controlhub.services.extensions import ExtensionRefused
from controlhub.services.packages import change_package
from controlhub.services.queues import QueueFacts, create_queue, delete_queue, edit_queue, upgrade_queue
from provisioning.models import ProvisioningJob, SimulatedEffect
from provisioning.runner import run_job
from tenancy.actors import SYSTEM, Actor
from tenancy.errors import DomainError, Forbidden
from tenancy.models import AuditEvent
from tests.cast import Cast
from tests.controlhub.pages import Office, furnish, page
from tests.controlhub.scene import everything
from tests.factories import make_assignment, make_package, make_subscriber, make_workspace

SignIn = Callable[[str], Client]


@pytest.fixture
def office(cast: Cast) -> Office:
    """Open Acme, not restricted, with Customer Assist."""
    office = furnish(cast.open_acme)
    make_package(office.customer, "cx_essentials")
    return office


@pytest.fixture
def by(cast: Cast) -> Actor:
    return cast.actor("partner_full")


def expert(office: Office, name: str = "Eve") -> Subscriber:
    """A user with Customer Assist."""
    person = make_subscriber(office.customer, first_name=name, last_name="Expert", location=office.headquarters)
    make_assignment(person, "cx_essentials")
    office.customer.packages.filter(package="cx_essentials").update(
        used=office.customer.assignments.filter(package="cx_essentials", ended_at=None).count()
    )
    return person


def facts(office: Office, **values: Any) -> QueueFacts:
    return QueueFacts(**{"name": "Sales", "location": office.headquarters, "extension": "500", **values})


def make(office: Office, by: Actor, **values: Any) -> CallQueue:
    return create_queue(customer=office.customer, facts=facts(office, **values), by=by)


def agents(queue: CallQueue) -> list[str]:
    return [str(place) for place in queues.places_of(queue)]


def refused(deed: Callable[[], object], error: type[DomainError], office: Office) -> None:
    def state() -> list[Any]:
        rows = CallQueue.objects.filter(customer=office.customer).order_by("pk")
        return [everything(office.customer), [(row.name, row.extension, row.assist, agents(row)) for row in rows]]

    before = state()
    with pytest.raises(error):
        deed()
    assert state() == before


def test_a_queue_has_agents_in_their_order_and_supervisors(office: Office, by: Actor) -> None:
    room = make_workspace(office.headquarters, "Reception")
    make_assignment(room, "common_area_calling")
    queue = make(office, by, name=" Sales  desk ", agents=[room, office.ada], supervisors=[office.ada])
    assert (queue.name, queue.assist, agents(queue)) == ("Sales desk", False, ["Reception", "Ada Archer"])
    assert list(queue.supervisors.all()) == [office.ada]
    assert AuditEvent.objects.get().changes["agents"] == [[], ["Reception", "Ada Archer"]]
    assert ProvisioningJob.objects.get().kind == "change_queue"


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"name": " "}, queues.QueueNameMissing),
        ({"extension": "201"}, ExtensionRefused),
        ({"extension": "911"}, ExtensionRefused),
        ({"extension": ""}, ExtensionRefused),
    ],
)
def test_what_does_not_fit_is_refused(
    office: Office, by: Actor, values: dict[str, Any], error: type[DomainError]
) -> None:
    refused(lambda: make(office, by, **values), error, office)


def test_names_extensions_and_agents_are_checked(office: Office, by: Actor) -> None:
    make(office, by)
    refused(lambda: make(office, by, name="SALES", extension="501"), queues.QueueNameTaken, office)
    refused(lambda: make(office, by, name="Support"), ExtensionRefused, office)
    refused(
        lambda: make(office, by, name="Support", extension="501", agents=[office.gwen]), queues.AgentsCannotCall, office
    )


def test_editing_keeps_what_is_not_changed(office: Office, by: Actor) -> None:
    queue = make(office, by, agents=[office.ada])
    edit_queue(queue=queue, facts=facts(office, name="Service", agents=[office.ada], routing="weighted"), by=by)
    event = AuditEvent.objects.get(action="queue.edited")
    assert event.changes == {"name": ["Sales", "Service"], "routing": ["circular", "weighted"]}


def test_the_upgrade_is_refused_while_agents_lack_the_package(office: Office, by: Actor) -> None:
    queue = make(office, by, routing="weighted", agents=[office.ada, expert(office)])
    refused(lambda: upgrade_queue(queue=queue, leave_behind=False, by=by), queues.AgentsLackCustomerAssist, office)


def test_the_upgrade_without_them_makes_them_leave(office: Office, by: Actor) -> None:
    room = make_workspace(office.headquarters, "Reception")
    make_assignment(room, "common_area_calling")
    queue = make(office, by, routing="weighted", agents=[office.ada, room, expert(office)], supervisors=[office.ada])
    queue = upgrade_queue(queue=queue, leave_behind=True, by=by)
    assert (queue.assist, queue.routing, agents(queue)) == (True, "top_down", ["Eve Expert"])
    assert list(queue.supervisors.all()) == [office.ada]
    event = AuditEvent.objects.get(action="queue.upgraded")
    assert event.changes == {
        "assist": [False, True],
        "routing": ["weighted", "top_down"],
        "left": [["Ada Archer", "Reception"], []],
    }
    upgrade_queue(queue=queue, leave_behind=False, by=by)
    assert AuditEvent.objects.filter(action="queue.upgraded").count() == 1


def test_with_new_packages_everybody_comes_along(office: Office, by: Actor) -> None:
    queue = make(office, by, agents=[office.ada])
    change_package(subscriber=office.ada, package="cx_essentials", by=by)
    assert agents(upgrade_queue(queue=queue, leave_behind=False, by=by)) == ["Ada Archer"]


def test_an_upgraded_queue_takes_only_agents_with_the_package(office: Office, by: Actor) -> None:
    queue = upgrade_queue(queue=make(office, by), leave_behind=False, by=by)
    refused(
        lambda: edit_queue(queue=queue, facts=facts(office, agents=[office.ada]), by=by),
        queues.AgentsLackCustomerAssist,
        office,
    )
    refused(
        lambda: edit_queue(queue=queue, facts=facts(office, routing="weighted"), by=by),
        queues.NoWeightedRouting,
        office,
    )
    assert agents(edit_queue(queue=queue, facts=facts(office, agents=[expert(office)]), by=by)) == ["Eve Expert"]


def test_who_loses_the_package_leaves_the_queue(office: Office, by: Actor) -> None:
    plain = make(office, by, name="Plain", extension="501", agents=[office.ada])
    change_package(subscriber=office.ada, package="cx_essentials", by=by)
    assist = upgrade_queue(queue=make(office, by, agents=[office.ada]), leave_behind=False, by=by)
    change_package(subscriber=office.ada, package="webex_suite", by=by)
    assert (agents(plain), agents(assist)) == (["Ada Archer"], [])
    change_package(subscriber=office.ada, package="webex_meetings", by=by)
    assert agents(plain) == []


@pytest.mark.parametrize("who", ["customer_readonly", "partner_readonly", "other_partner_full", "customer_restricted"])
def test_others_change_no_queue(office: Office, cast: Cast, by: Actor, who: str) -> None:
    queue, actor = make(office, by), cast.actor(who)
    for deed in (
        lambda: make(office, actor, name="Other", extension="501"),
        lambda: edit_queue(queue=queue, facts=facts(office, name="Other"), by=actor),
        lambda: upgrade_queue(queue=queue, leave_behind=True, by=actor),
        lambda: delete_queue(queue=queue, by=actor),
    ):
        refused(deed, Forbidden, office)


@pytest.mark.django_db(transaction=True)
def test_webex_learns_of_the_queue_and_of_its_end(cast: Cast) -> None:
    office = furnish(cast.open_acme)
    queue = make(office, SYSTEM, agents=[office.ada])
    run_job(job_id=ProvisioningJob.objects.get().pk)
    delete_queue(queue=queue, by=SYSTEM)
    run_job(job_id=ProvisioningJob.objects.latest("pk").pk)
    put = SimulatedEffect.objects.get(operation="put_queue").payload
    assert (put["agents"], put["facts"]["routing"]) == ([str(office.ada.public_id)], "circular")
    assert SimulatedEffect.objects.filter(operation="remove_queue").count() == 1


# -- Pages -------------------------------------------------------------------------------------------------------------
def test_a_queue_from_form_to_upgrade_and_deletion(office: Office, sign_in: SignIn) -> None:
    client = sign_in("customer_full")
    eve = expert(office)
    values = {
        "name": "Sales",
        "location": str(office.headquarters.public_id),
        "extension": "500",
        "routing": "weighted",
        "agents": [f"user-{office.ada.public_id}", f"user-{eve.public_id}"],
    }
    assert client.post(page("queue-create", office.customer), values).status_code == 302
    queue = CallQueue.objects.get()
    assert "Ada Archer" in client.get(page("queue-detail", office.customer, queue)).content.decode()
    assert client.post(page("queue-edit", office.customer, queue), values | {"name": "Service"}).status_code == 302
    upgrade = page("queue-upgrade", office.customer, queue)
    assert "Weighted routing becomes Top down." in client.get(upgrade).content.decode()
    content = client.get(f"{upgrade}?step=packages").content.decode()
    assert page("user-package", office.customer, office.ada) in content
    assert client.post(upgrade).status_code == 422
    assert client.post(upgrade, {"leave": "1"}).status_code == 302
    queue.refresh_from_db()
    assert (queue.name, queue.assist, agents(queue)) == ("Service", True, ["Eve Expert"])
    form = client.get(page("queue-edit", office.customer, queue)).context["form"]
    assert form.fields["agents"].choices == [(f"user-{eve.public_id}", "Eve Expert")]
    assert client.post(page("queue-delete", office.customer, queue)).status_code == 302
    assert CallQueue.objects.filter(deleted_at=None).count() == 0
    assert client.get(page("queue-detail", office.customer, queue)).status_code == 404


def test_a_page_that_offers_only_some_loses_nobody(
    office: Office, by: Actor, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controlhub.queries.queues.MOST_AGENTS", 1)
    queue = make(office, by, agents=[office.ada, expert(office)], supervisors=[office.ada])
    queue = upgrade_queue(queue=queue, leave_behind=True, by=by)
    form = sign_in("customer_full").get(page("queue-edit", office.customer, queue)).context["form"]
    values = form.initial
    assert sign_in("customer_full").post(page("queue-edit", office.customer, queue), values).status_code == 302
    assert (agents(queue), list(queue.supervisors.all())) == (["Eve Expert"], [office.ada])


def test_bad_input_is_told_beside_the_field_and_kept(office: Office, sign_in: SignIn) -> None:
    values = {"name": "Front", "location": str(office.headquarters.public_id), "extension": "201", "routing": "uniform"}
    answer = sign_in("customer_full").post(page("queue-create", office.customer), values)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["extension"])
    assert "Front" in answer.content.decode()


def test_the_list_costs_the_same_at_one_and_at_three_rows(office: Office, by: Actor, sign_in: SignIn) -> None:
    client, url = sign_in("customer_full"), page("queue-list", office.customer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    make(office, by, agents=[office.ada])
    client.get(url)
    one = queries()
    make(office, by, name="Two", extension="501")
    make(office, by, name="Three", extension="502")
    assert (one, queries()) == (6, 6)


def test_people_are_found_and_put_in_order_without_losing_what_is_typed(
    office: Office, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controlhub.queries.queues.MOST_AGENTS", 1)
    client, url = sign_in("customer_full"), page("queue-create", office.customer)
    ada, eve, zoe = (agent_key(person) for person in (office.ada, expert(office), expert(office, "Zoe")))
    offered = [key for key, _ in client.get(url).context["form"].fields["agents"].choices]
    assert offered == [ada]
    typed = {"name": "Front", "agents": [ada, zoe], "find": "eve ex", "look": "1"}
    answer = client.post(url, typed)
    form = answer.context["form"]
    assert (answer.status_code, form["name"].value(), form.errors) == (200, "Front", {})
    assert [key for key, _ in form.fields["agents"].choices] == [ada, zoe, eve]
    content = client.post(url, typed | {"up": zoe, "find": ""}, headers={"HX-Request": "true"}).content.decode()
    assert content.index(zoe) < content.index(ada)
    values = {"location": str(office.headquarters.public_id), "extension": "500", "routing": "top_down"}
    assert client.post(url, typed | values | {"agents": [zoe, ada, eve], "look": ""}).status_code == 200
    saved = {key: value for key, value in (typed | values | {"agents": [zoe, ada, eve]}).items() if key != "look"}
    assert client.post(url, saved).status_code == 302
    assert agents(CallQueue.objects.get()) == ["Zoe Expert", "Ada Archer", "Eve Expert"]
