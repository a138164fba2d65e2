"""People as the public API says them."""

from api import ids, roles
from api.licenses import Licenses
from api.people import WAITING, person_id
from api.schemas.people import PersonNumber, SpokenPerson
from api.speaking_places import location_id, org_id
from controlhub.models import Subscriber
from tenancy.models import AdminUser, Customer
from tenancy.opaque_ids import opaque_id

Status = Subscriber.Status


def person(
    row: Subscriber, customer: Customer, licenses: Licenses, *, calling_data: bool, presence: bool = True
) -> SpokenPerson:
    """A person that came through `api.people.people_of`."""
    number = getattr(row, "number", None)
    held = row.admin.customer_roles if row.admin else []  # type: ignore[attr-defined]
    pending = row.status in (Status.PENDING, WAITING)
    return SpokenPerson(
        id=person_id(row),
        emails=[row.email],
        phone_numbers=_numbers(number.e164 if number else "", row.extension),
        extension=(row.extension or None) if calling_data else None,
        location_id=location_id(row.location) if calling_data else None,
        display_name=str(row),
        first_name=row.first_name,
        last_name=row.last_name,
        org_id=org_id(customer),
        roles=roles.role_ids(role.role for role in held),
        licenses=licenses.held(row.open_assignments),  # type: ignore[attr-defined]
        created=row.created_at,
        status=("pending" if pending else "unknown") if presence else None,
        invite_pending=_yes_no(pending),
        login_enabled=_yes_no(row.status != Status.SUSPENDED),
        type="person",
    )


def account(admin: AdminUser, organization: str, held: list[str]) -> SpokenPerson:
    """Somebody who signs in and is nobody's user, with the organization he works for and the roles that he has there."""
    first, _, last = admin.full_name.partition(" ")
    return SpokenPerson(
        id=opaque_id(ids.PERSON, admin.public_id),
        emails=[admin.email],
        display_name=str(admin),
        first_name=first or None,
        last_name=last or None,
        org_id=organization,
        roles=roles.role_ids(held),
        licenses=[],
        created=admin.created_at,
        status="unknown",
        invite_pending="false",
        login_enabled=_yes_no(admin.is_active),
        type="person",
    )


def _numbers(e164: str, extension: str) -> list[PersonNumber]:
    work = [PersonNumber(type="work", value=e164, primary=True)] if e164 else []
    return work + ([PersonNumber(type="work_extension", value=extension)] if extension else [])


def _yes_no(value: bool) -> str:
    return "true" if value else "false"
