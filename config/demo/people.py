"""The people and rooms of a demo customer, their numbers, and who had which package from when to when."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from config.demo.cast import FIRST_NAMES, LAST_NAMES, LOGINS
from config.demo.equipment import equip
from config.demo.state import Demo
from config.demo.story import CustomerStory
from controlhub.models import (
    ConsentRequest,
    CustomerPackage,
    FirstAdministrator,
    Location,
    PackageAssignment,
    PhoneNumber,
    Subscriber,
    Workspace,
)
from tenancy.models import AdminUser, Customer, Mailbox
from tenancy.packages import PACKAGES, USER_PACKAGES
from tenancy.policy import Role

CHANGED, MOVED, LEFT = 0.2, 0.15, 0.1
FIRST_NUMBER, SPARE_NUMBERS = 100, 6
BIG = 20
USER_CODES = {package.code for package in USER_PACKAGES}


def populate(demo: Demo, story: CustomerStory) -> None:
    """Everybody of one customer, in the order in which they joined. Customers not yet provisioned stay empty."""
    if story.mood in ("provisioning", "pending_rpl_review"):
        return
    customer = demo.customers[story.name]
    locations = list(customer.locations.order_by("pk"))
    joined = _join(demo, story, customer, locations)
    _make_rooms(demo, story, customer, locations[0])
    _give_numbers(story, locations, joined)
    _make_first_administrator(customer, joined)
    _pause_somebody(demo, joined)
    _write_to_everybody(demo, customer, joined)
    equip(demo, customer)
    for row in customer.packages.all():
        row.used = customer.assignments.filter(package=row.package, ended_at=None).count()
        if len(joined) >= BIG and row.package in USER_CODES and row.status == CustomerPackage.Status.PROVISIONED:
            row.used += _ask_somebody(demo, customer, row)
        row.save(update_fields=["used"])


def _join(demo: Demo, story: CustomerStory, customer: Customer, locations: list[Location]) -> list[Subscriber]:
    people: list[Subscriber] = []
    for code, (_limit, users) in story.packages.items():
        for _ in range(users if code in USER_CODES else 0):
            people.append(_make_person(demo, story, customer, locations, len(people)))
            _give_package(demo, people[-1], code, _other_packages(story, code), ends=False, places=locations)
    for _ in range(max(1, round(len(people) * LEFT))):
        code = next(code for code in story.packages if code in USER_CODES)
        person = _make_person(demo, story, customer, locations, len(people))
        _give_package(demo, person, code, [], ends=True)
        people.append(person)
    return people


def _other_packages(story: CustomerStory, code: str) -> list[str]:
    return [other for other in story.packages if other in USER_CODES and other != code and other not in story.failed]


def _make_person(
    demo: Demo, story: CustomerStory, customer: Customer, locations: list[Location], index: int
) -> Subscriber:
    first = demo.dice.choice(FIRST_NAMES)
    last = LAST_NAMES[index % len(LAST_NAMES)]
    joined = demo.moment(customer.created_at, demo.began + timedelta(days=60))
    return Subscriber.objects.create(
        public_id=demo.identity(),
        person_id=demo.identity(),
        customer=customer,
        first_name=first,
        last_name=last,
        email=f"{first}.{last}.{index + 1}@{story.domain}".lower(),
        status=Subscriber.Status.PROVISIONED if demo.dice.random() > 0.1 else Subscriber.Status.PENDING,
        location=locations[index % len(locations)],
        extension=str(2001 + index),
        created_at=joined,
        status_changed_at=joined,
    )


def _give_package(
    demo: Demo, person: Subscriber, code: str, others: list[str], *, ends: bool, places: Sequence[Location] = ()
) -> None:
    """One interval up to now; some people had another package before, some came from another location, some have left."""
    start = person.created_at
    if others and demo.dice.random() < CHANGED:
        changed = demo.moment(start + timedelta(days=1), demo.now - timedelta(days=1))
        _interval(person, demo.dice.choice(others), start, changed)
        start = changed
    came_from = next((place for place in places if place != person.location), None)
    if came_from and PACKAGES[code].calling and demo.dice.random() < MOVED:
        moved = demo.moment(start + timedelta(hours=1), demo.now - timedelta(hours=1))
        _interval(person, code, start, moved, place=came_from)
        start = moved
    end = demo.moment(start + timedelta(days=1), demo.now - timedelta(days=1)) if ends else None
    _interval(person, code, start, end)
    if end:
        Subscriber.objects.filter(pk=person.pk).update(deleted_at=end, extension="", location=None)
        person.deleted_at = end


def _interval(
    subject: Subscriber | Workspace, code: str, start: datetime, end: datetime | None, *, place: Location | None = None
) -> None:
    who = {"subscriber": subject} if isinstance(subject, Subscriber) else {"workspace": subject}
    PackageAssignment.objects.create(
        partner=subject.customer.partner,
        customer=subject.customer,
        location=(place or subject.location) if PACKAGES[code].calling else None,
        package=code,
        started_at=start,
        ended_at=end,
        **who,
    )


def _make_rooms(demo: Demo, story: CustomerStory, customer: Customer, location: Location) -> None:
    for index, name in enumerate(story.rooms):
        created = demo.moment(customer.created_at, demo.began + timedelta(days=30))
        room = Workspace.objects.create(
            public_id=demo.identity(),
            customer=customer,
            location=location,
            name=name,
            extension=str(8001 + index),
            created_at=created,
        )
        _interval(room, "common_area_calling", created, None)


def _give_numbers(story: CustomerStory, locations: list[Location], people: list[Subscriber]) -> None:
    """Numbers from ranges reserved for fiction; callers get one, a few stay free, the first becomes the main number."""
    for location, place in zip(locations, story.places, strict=True):
        if not place.numbers:
            continue
        callers = [p for p in people if p.location_id == location.pk and not p.deleted_at and _calls(p)]
        for index in range(len(callers) + SPARE_NUMBERS):
            number = PhoneNumber.objects.create(
                customer=location.customer,
                location=location,
                e164=place.numbers.format(FIRST_NUMBER + index),
                subscriber=callers[index - 1] if 0 < index <= len(callers) else None,
            )
            if index == 0:
                location.main_number = number
                location.save(update_fields=["main_number"])


def _calls(person: Subscriber) -> bool:
    return any(PACKAGES[row.package].calling for row in person.assignments.filter(ended_at=None))


def _make_first_administrator(customer: Customer, people: list[Subscriber]) -> None:
    """The first user of a new organisation is its administrator; demo accounts take that seat."""
    email = next(
        (login.email for login in LOGINS if login.at == customer.name and login.grant is Role.CUSTOMER_FULL), None
    )
    admin = AdminUser.objects.filter(email=email).first() if email else None
    if admin and people:
        first, _, last = admin.full_name.partition(" ")
        Subscriber.objects.filter(pk=people[0].pk).update(
            first_name=first, last_name=last, email=admin.email, admin=admin
        )
        started = people[0].assignments.filter(is_base=True).order_by("started_at")[0]
        FirstAdministrator.objects.create(customer=customer, subscriber=people[0], package=started.package)


def _pause_somebody(demo: Demo, people: list[Subscriber]) -> None:
    """In a bigger organisation somebody is deactivated: on leave, and billed on."""
    if len(people) >= BIG:
        Subscriber.objects.filter(pk=people[BIG // 2].pk, deleted_at=None).update(
            status=Subscriber.Status.SUSPENDED, status_changed_at=demo.now - timedelta(days=3)
        )


def _write_to_everybody(demo: Demo, customer: Customer, people: list[Subscriber]) -> None:
    """Everybody had an invitation once; in a bigger organisation one of them bounced."""
    boxes = [
        Mailbox(
            email=email,
            last_kind="user_invitation",
            last_status=Mailbox.Status.SENT,
            last_at=person.created_at,
            last_customer=customer,
        )
        for person in people
        if not person.deleted_at
        for email in [Subscriber.objects.values_list("email", flat=True).get(pk=person.pk)]
    ]
    if len(people) >= BIG:
        boxes[3].last_status, boxes[3].stopped_for = Mailbox.Status.BOUNCED, Mailbox.Reason.BOUNCED
        boxes[3].stopped_at = boxes[3].last_at
    Mailbox.objects.bulk_create(boxes)


def _ask_somebody(demo: Demo, customer: Customer, row: CustomerPackage) -> int:
    """Somebody who owns a free account has not agreed yet; the seat is kept for him. Returns how many seats that takes."""
    if row.limit is not None and row.used >= row.limit:
        return 0
    asked = demo.now - timedelta(days=8)
    person = Subscriber.objects.create(
        public_id=demo.identity(),
        person_id=demo.identity(),
        customer=customer,
        first_name=demo.dice.choice(FIRST_NAMES),
        last_name=demo.dice.choice(LAST_NAMES),
        email=f"{row.package}.{customer.pk}@free.example.com".replace("_", "."),
        status=Subscriber.Status.PENDING_USER_MIGRATION,
        created_at=asked,
        status_changed_at=asked,
    )
    ConsentRequest.objects.create(
        customer=customer, subscriber=person, package=row.package, round=1, created_at=asked, sent_at=asked
    )
    return 1
