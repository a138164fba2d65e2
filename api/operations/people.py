"""/people: users of an organization. A wholesale package is a licence there."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from api import etags, ids, roles, speaking_people
from api.access import actor_of, readable
from api.errors import ApiError
from api.ids import partner_org_id
from api.inside import holder_of, organization_of, organizations_of, own_organization, viewer_of
from api.licenses import Licenses
from api.operation import operation
from api.paging import Names, page
from api.people import is_person, people_of, person_id, person_of
from api.person_changes import change, chosen_roles, new_person, set_roles
from api.schemas.people import (
    MOST_IDS,
    CallingData,
    ChangedPerson,
    ChangedPersonQuery,
    NewPerson,
    NewPersonQuery,
    PeopleFilters,
    PersonItems,
    SpokenPerson,
)
from api.waiting import finish
from controlhub.models import Subscriber
from controlhub.services.lifecycle import delete_subscriber
from tenancy.access import authorize
from tenancy.models import Customer, RoleAssignment
from tenancy.opaque_ids import opaque_id, parse_opaque_id
from tenancy.policy import Control
from tenancy.queries import first_partner
from tenancy.tokens import Scope

router = Router(tags=["People"])
ORDER = ("created_at", "id")
PAGES = Names(offset="")


@operation(
    router,
    "GET",
    "/people",
    scope=Scope.PEOPLE_READ,
    control=Control.USERS,
    success={200: PersonItems},
    summary="List People",
)
def list_people(request: HttpRequest, response: HttpResponse, filters: Query[PeopleFilters]) -> Any:
    """People of an organization, oldest first; by e-mail address or id also without naming one."""
    if filters.id is not None:
        return _by_ids(request, filters)
    customer = _customer(request, filters)
    if customer is None:
        return PersonItems(items=[], not_found_ids=[])
    readable(request, Control.USERS, customer)
    rows = _filtered(people_of(customer), customer, filters)
    found = page(request, response, rows, order=ORDER, size=filters.max, names=PAGES)
    return PersonItems(items=list(_spoken(found, customer, filters)), not_found_ids=[])


def _customer(request: HttpRequest, filters: PeopleFilters) -> Customer | None:
    """Whose people; an address belongs to at most one user of the whole portal, so it says whose, too."""
    email = (filters.email or "").strip().lower()
    if not email or filters.org_id or own_organization(request):
        return organization_of(request, filters.org_id)
    living = Q(subscribers__email=email, subscribers__deleted_at=None)
    found = organizations_of(request).filter(living).exists()
    return holder_of(request, None, living, what="person") if found else None


def _filtered(rows: QuerySet[Subscriber], customer: Customer, filters: PeopleFilters) -> QuerySet[Subscriber]:
    if filters.email is not None:
        rows = rows.filter(email=filters.email.strip().lower())
    if filters.display_name:
        start = " ".join(filters.display_name.split())
        whole = Concat("first_name", Value(" "), "last_name")
        rows = rows.filter(first_name__istartswith=start.split(" ")[0] if start else "")
        rows = rows.alias(whole_name=whole).filter(whole_name__istartswith=start)
    if filters.location_id is not None:
        place = parse_opaque_id(ids.LOCATION, filters.location_id) or ids.NOBODY
        rows = rows.filter(location__public_id=place)
    if filters.roles is not None:
        wanted = [role for text in filters.roles.split(",") if (role := roles.role_of(text.strip()))]
        held = RoleAssignment.objects.filter(customer=customer, role__in=wanted)
        rows = rows.filter(admin__in=held.values("admin"))
    return rows


def _by_ids(request: HttpRequest, filters: PeopleFilters) -> PersonItems:
    wanted = list(dict.fromkeys(text.strip() for text in (filters.id or "").split(",") if text.strip()))
    if len(wanted) > MOST_IDS:
        raise ApiError(400, f"id: ask for at most {MOST_IDS} people at a time.")
    found: dict[str, SpokenPerson] = {}
    for customer in _holders(request, wanted, filters.org_id):
        readable(request, Control.USERS, customer)
        meant = Q(pk=None)
        for text in wanted:
            meant |= is_person(text)
        people = list(_filtered(people_of(customer).filter(meant), customer, filters))
        found |= {one.id: one for one in _spoken(people, customer, filters, presence=False)}
        # An id from before Webex knew the person is as good.
        found |= {text: found[person_id(row)] for row in people for text in wanted if _names(text, row)}
    items = {one.id: one for text in wanted if (one := found.get(text))}
    return PersonItems(items=list(items.values()), not_found_ids=[text for text in wanted if text not in found])


def _names(text: str, row: Subscriber) -> bool:
    return parse_opaque_id(ids.PERSON, text) in (row.public_id, row.person_id)


def _holders(request: HttpRequest, wanted: list[str], org_id: str | None) -> Iterator[Customer]:
    """Organizations in sight that have one of these people, each entered."""
    if org_id:
        yield organization_of(request, org_id)
        return
    meant = Q(pk=None)
    for text in wanted:
        meant |= is_person(text, "subscribers__")
    rows = organizations_of(request).filter(meant, subscribers__deleted_at=None).distinct().order_by("pk")
    for row in rows:
        yield holder_of(request, None, Q(pk=row.pk), what="person")


def _spoken(rows: list[Subscriber], customer: Customer, query: Any, *, presence: bool = True) -> Iterator[SpokenPerson]:
    licenses = Licenses(customer)
    for row in rows:
        shown = presence and not getattr(query, "exclude_status", False)
        yield speaking_people.person(row, customer, licenses, calling_data=query.calling_data, presence=shown)


def _one(request: HttpRequest, customer: Customer, row: Subscriber, query: CallingData) -> SpokenPerson:
    """The person as he is now."""
    fresh = people_of(customer).get(pk=row.pk)
    return next(_spoken([fresh], customer, query))


@operation(
    router,
    "GET",
    "/people/me",
    scope=Scope.PEOPLE_READ,
    control=Control.SIGNED_IN,
    success={200: SpokenPerson},
    summary="Get My Own Details",
)
def get_me(request: HttpRequest, query: Query[CallingData]) -> Any:
    """The owner of the token: as a user of the organization that he administers, or as whom he signs in."""
    actor = actor_of(request)
    authorize(actor, Control.SIGNED_IN)
    own = own_organization(request)
    mine = people_of(own).filter(admin=actor.admin_id).first() if own else None
    return next(_spoken([mine], own, query)) if own and mine else _account(request, own)


def _account(request: HttpRequest, own: Customer | None) -> SpokenPerson:
    actor, token = actor_of(request), request.bearer.token  # type: ignore[attr-defined]
    partner = first_partner(actor)
    organization = partner_org_id(partner) if partner else opaque_id(ids.ORGANIZATION, own.org_id if own else None)
    held = sorted({grant.role.value for grant in actor.grants})
    return speaking_people.account(token.admin, organization, held)


@operation(
    router,
    "GET",
    "/people/{personId}",
    scope=Scope.PEOPLE_READ,
    control=Control.USERS,
    success={200: SpokenPerson},
    headers=("ETag",),
    summary="Get Person Details",
)
def get_person(
    request: HttpRequest,
    response: HttpResponse,
    personId: str,  # noqa: N803
    query: Query[CallingData],
) -> Any:
    """One person."""
    customer, row = person_of(request, personId)
    readable(request, Control.USERS, customer)
    whole = _whole(row, customer)
    etags.tag(response, whole)
    return whole if query.calling_data else _without_calling(whole)


def _whole(row: Subscriber, customer: Customer) -> SpokenPerson:
    """Everything, whatever was asked for: what a tag is made of."""
    return speaking_people.person(row, customer, Licenses(customer), calling_data=True)


def _without_calling(whole: SpokenPerson) -> SpokenPerson:
    return whole.model_copy(update={"extension": None, "location_id": None})


@operation(
    router,
    "POST",
    "/people",
    scope=Scope.PEOPLE_WRITE,
    control=Control.USERS_ADD,
    success={200: SpokenPerson},
    summary="Create a Person",
    one_transaction=False,
)
def add_person(request: HttpRequest, query: Query[NewPersonQuery], payload: NewPerson) -> Any:
    """Create a user with a package: usage starts now. With everything that was asked for, or not at all."""
    customer = organization_of(request, payload.org_id)
    by = viewer_of(customer)
    authorize(by, Control.USERS_ADD, customer=customer)
    with transaction.atomic():
        row, job = new_person(customer, payload, by)
        if payload.roles is not None:
            set_roles(row, customer, chosen_roles(payload), by)
    # The answer names the person, so wait until Webex has said who that is.
    finish(job)
    spoken = _one(request, customer, row, query)
    return SpokenPerson(id=spoken.id) if query.min_response else spoken


@operation(
    router,
    "PUT",
    "/people/{personId}",
    scope=Scope.PEOPLE_WRITE,
    control=Control.USER_NAME,
    success={200: SpokenPerson, 204: None},
    headers=("ETag",),
    summary="Update a Person",
    errors=(412,),
)
def change_person(
    request: HttpRequest,
    response: HttpResponse,
    personId: str,  # noqa: N803
    query: Query[ChangedPersonQuery],
    payload: ChangedPerson,
) -> Any:
    """Change everything that differs, or nothing: each field asks for the right that its page asks for."""
    customer, row = person_of(request, personId)
    readable(request, Control.USERS, customer)
    etags.require_match(request, _whole(row, customer))
    change(row, customer, payload, viewer_of(customer))
    whole = _whole(people_of(customer).get(pk=row.pk), customer)
    etags.tag(response, whole)
    if query.min_response:
        return Status(204, None)
    return whole if query.calling_data else _without_calling(whole)


@operation(
    router,
    "DELETE",
    "/people/{personId}",
    scope=Scope.PEOPLE_WRITE,
    control=Control.USER_STATUS,
    success={204: None},
    summary="Delete a Person",
)
def remove_person(request: HttpRequest, personId: str) -> Any:  # noqa: N803
    """Delete a user: packages end now, number, extension and devices are free again. History and bills stay."""
    customer, row = person_of(request, personId)
    delete_subscriber(subscriber=row, by=viewer_of(customer))
    return Status(204, None)
