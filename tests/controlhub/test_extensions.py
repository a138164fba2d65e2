"""One extension of a location reaches one user, workspace or call queue: the database sees to it."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from controlhub.models import Extension, Location, Subscriber, Workspace
from controlhub.services.extensions import extensions_in_use
from controlhub.services.queues import QueueFacts, create_queue
from controlhub.services.subscribers import set_extension
from tenancy.actors import SYSTEM
from tests.cast import Cast
from tests.controlhub.races import at_once
from tests.controlhub.scene import Scene, broken_invariants, make_scene
from tests.factories import (
    make_assignment,
    make_customer,
    make_location,
    make_partner,
    make_queue,
    make_subscriber,
    make_workspace,
)


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return make_scene(cast.actor("partner_full"), make_customer(cast.north))


def listed(location: Location) -> list[tuple[str, object]]:
    """(digits, owner) of every extension in use at the location."""
    rows = Extension.objects.filter(location=location).order_by("digits")
    return [(row.digits, row.subscriber or row.workspace or row.queue) for row in rows]


MAKERS: dict[str, Callable[[Location, str], object]] = {
    "user": lambda place, digits: make_subscriber(place.customer, location=place, extension=digits),
    "workspace": lambda place, digits: make_workspace(place, extension=digits),
    "queue": lambda place, digits: make_queue(place, extension=digits),
}


@pytest.mark.parametrize("first", MAKERS)
@pytest.mark.parametrize("second", MAKERS)
def test_whoever_comes_second_is_refused_by_the_database(scene: Scene, first: str, second: str) -> None:
    holder = MAKERS[first](scene.headquarters, "500")
    with pytest.raises(IntegrityError, match="extension_once_per_location"), transaction.atomic():
        MAKERS[second](scene.headquarters, "500")
    MAKERS[second](make_location(scene.customer, "Branch"), "500")
    assert listed(scene.headquarters) == [("500", holder)]


def test_the_list_follows_changes_moves_and_deletions(scene: Scene) -> None:
    branch = make_location(scene.customer, "Branch")
    person = make_subscriber(scene.customer, location=scene.headquarters, extension="100")
    room, queue = make_workspace(scene.headquarters, extension="200"), make_queue(scene.headquarters, extension="300")
    assert listed(scene.headquarters) == [("100", person), ("200", room), ("300", queue)]
    Subscriber.objects.filter(pk=person.pk).update(location=branch, extension="101")
    Workspace.objects.filter(pk=room.pk).update(extension="")
    assert (listed(scene.headquarters), listed(branch)) == ([("300", queue)], [("101", person)])
    assert broken_invariants() == []
    Subscriber.objects.filter(pk=person.pk).update(deleted_at=person.created_at)
    queue.delete()
    assert extensions_in_use([scene.headquarters, branch]) == set()


@pytest.mark.slow
def test_of_users_and_queues_that_want_one_extension_exactly_one_gets_it(transactional_db: None) -> None:
    scene = make_scene(SYSTEM, make_customer(make_partner()))
    people = [make_subscriber(scene.customer, location=scene.headquarters, extension=str(3000 + n)) for n in range(20)]
    for person in people:
        make_assignment(person, "webex_calling")
    scene.customer.packages.filter(package="webex_calling").update(used=20)

    def user(person: Subscriber) -> Callable[[], object]:
        return lambda: set_extension(subscriber=person, extension="500", by=SYSTEM)

    def queue(n: int) -> Callable[[], object]:
        facts = QueueFacts(name=f"Queue {n}", location=scene.headquarters, extension="500")
        return lambda: create_queue(customer=scene.customer, facts=facts, by=SYSTEM)

    assert at_once([*map(user, people), *map(queue, range(20))]) == ["4202"] * 39 + ["ok"]
    assert (Extension.objects.filter(digits="500").count(), broken_invariants()) == (1, [])
