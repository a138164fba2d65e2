"""Locations, their calling, their numbers and devices as the public API says them. Pure translation, as api.speaking."""

from api import ids
from api.people import person_id
from api.schemas.locations import SpokenLocation, SpokenPlace
from api.schemas.telephony import (
    CallingLocation,
    NumberOwner,
    NumberPlace,
    SpokenCallingLine,
    SpokenNumber,
    SpokenTrunk,
)
from controlhub.models import Location, PhoneNumber
from tenancy.models import Customer
from tenancy.opaque_ids import opaque_id


def org_id(customer: Customer) -> str:
    """The public organization id of a customer."""
    return opaque_id(ids.ORGANIZATION, customer.org_id)


def location_id(row: Location | None) -> str | None:
    """The public id of a location."""
    return opaque_id(ids.LOCATION, row.public_id) if row else None


def location(row: Location, customer: Customer) -> SpokenLocation:
    """A location."""
    return SpokenLocation(
        id=opaque_id(ids.LOCATION, row.public_id),
        name=row.name,
        org_id=org_id(customer),
        address=SpokenPlace(
            address1=row.address_line1,
            address2=row.address_line2 or None,
            city=row.city,
            state=row.state or None,
            postal_code=row.postal_code or None,
            country=row.country,
        ),
        time_zone=row.time_zone,
        preferred_language=row.language,
        announcement_language=row.announcement_language or row.language,
    )


def calling(row: Location, customer: Customer) -> CallingLocation:
    """The calling of a location that came with its main number."""
    trunk = SpokenTrunk(type=row.pstn_route_type, id=row.pstn_route) if row.pstn_route else None
    return CallingLocation(
        id=opaque_id(ids.LOCATION, row.public_id),
        name=row.name,
        announcement_language=row.announcement_language or row.language,
        calling_line_id=SpokenCallingLine(
            name=row.calling_line_name or customer.name,
            phone_number=row.main_number.e164 if row.main_number else None,
        ),
        connection=trunk,
        p_access_network_info=row.emergency_location_identifier or None,
        outside_dial_digit=row.outside_dial_digit or None,
        enforce_outside_dial_digit=row.enforce_outside_dial_digit,
    )


def number(row: PhoneNumber) -> SpokenNumber:
    """A number that came with location and owner."""
    kind = PhoneNumber.Kind
    owner = row.owner
    return SpokenNumber(
        phone_number=row.e164,
        extension=(owner.extension or None) if owner else None,
        state=row.state,
        phone_number_type="PRIMARY" if owner else None,
        main_number=row.location.main_number_id == row.pk,
        toll_free_number=row.kind == kind.TOLLFREE,
        included_telephony_types="MOBILE_NUMBER" if row.kind == kind.MOBILE else "PSTN_NUMBER",
        location=NumberPlace(id=opaque_id(ids.LOCATION, row.location.public_id), name=row.location.name),
        owner=_owner(row),
    )


def _owner(row: PhoneNumber) -> NumberOwner | None:
    if row.subscriber:
        person = row.subscriber
        return NumberOwner(
            id=person_id(person), type="PEOPLE", first_name=person.first_name, last_name=person.last_name
        )
    if row.workspace:
        place = opaque_id(ids.WORKSPACE, row.workspace.public_id)
        return NumberOwner(id=place, type="PLACE", first_name=row.workspace.name, last_name=".")
    if row.queue:
        queue = opaque_id(ids.CALL_QUEUE, row.queue.public_id)
        return NumberOwner(id=queue, type="CALL_QUEUE", first_name=row.queue.name)
    return None
