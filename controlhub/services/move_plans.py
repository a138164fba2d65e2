"""What moving a calling user to another location does, and every reason against it, before anything is done (domain.md 4.5).

The page that checks the impact and the service that moves ask the same function, so that what is shown is what happens.
Codes are those of the calling platform's move job where it has one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from django.db.models import Prefetch, QuerySet

from controlhub.models import Device, Location, PackageAssignment, PhoneNumber, Subscriber
from controlhub.pstn import FROM_THE_CARRIER
from controlhub.services import extensions, numbers
from controlhub.services.calling_setup import CallingNotSetUp
from controlhub.services.inventory import Reason, managed_elsewhere
from controlhub.services.number_lists import NumberInvalid
from controlhub.services.number_moves import why_not_at
from tenancy.access import forbidden_reason, level
from tenancy.actors import Actor
from tenancy.errors import Forbidden
from tenancy.packages import PACKAGES
from tenancy.policy import Control, Level

NOT_CALLING, SAME_PLACE, NEITHER, NOT_E164 = "1026010", "1026013", "1026016", "1026017"
PLACE_NOT_READY, NOT_AT_TARGET, NUMBER_UNKNOWN = "5620", "27966", "10030000"
MAIN_NUMBER, EMERGENCY_NUMBER = "19604", "27968"
CONSENT_PENDING, OTHER_DEVICE, GATEWAY = "consent_pending", "27970", "27971"


class Fate(StrEnum):
    """What becomes of the user's number."""

    NONE = "none"
    GIVEN = "given"
    MOVES = "moves"
    RELEASED = "released"
    REPLACED = "replaced"


@dataclass(frozen=True)
class Wish:
    """What the user is to have at the target: None keeps what he has, an empty text takes it away. Both as typed."""

    number: str | None = None
    extension: str | None = None


@dataclass(frozen=True)
class MoveRefusal:
    """Why the user stays where he is. `field` is the input that mends it."""

    code: str
    reason: str
    field: str = ""


@dataclass
class Target:
    """A location as somebody's new place. `taken`: its extensions; `given`: numbers promised to others of the same move."""

    location: Location
    taken: set[str]
    given: set[str] = field(default_factory=set)

    @classmethod
    def at(cls, location: Location) -> "Target":
        """Read once for everybody who moves there."""
        return cls(location, {extension for _, extension in extensions.extensions_in_use([location])})

    def promise(self, plan: "MovePlan") -> None:
        """Whoever comes next finds these taken."""
        self.taken.add(plan.extension_after)
        self.given.add(plan.number_after)


@dataclass
class MovePlan:
    """The move of one user. With `refusals` it cannot be done. `adds`: his new number is not in the inventory yet.

    `loses_caller_id`: he shows the number that he gives up, and then shows his own again.
    """

    subscriber: Subscriber
    source: Location | None
    target: Location
    number_before: str = ""
    number_after: str = ""
    extension_before: str = ""
    extension_after: str = ""
    adds: bool = False
    loses_caller_id: bool = False
    refusals: list[MoveRefusal] = field(default_factory=list)

    @property
    def fate(self) -> Fate:
        if not self.number_before:
            return Fate.GIVEN if self.number_after else Fate.NONE
        if not self.number_after:
            return Fate.RELEASED
        return Fate.MOVES if self.number_after == self.number_before else Fate.REPLACED

    @property
    def packages(self) -> list[str]:
        """Names of what ends at the one location and starts at the other."""
        return [row.get_package_display() for row in self.subscriber.open_assignments]  # type: ignore[attr-defined]

    def refuse(self, reason: Reason | None, field: str = "") -> None:
        """Note a reason against the move, if there is one."""
        if reason:
            self.refusals.append(MoveRefusal(*reason, field))


def movable(subscribers: QuerySet[Subscriber]) -> QuerySet[Subscriber]:
    """The subscribers with everything that a plan reads. Three queries whatever the size."""
    open_ones = PackageAssignment.objects.filter(ended_at=None).order_by("-is_base", "package")
    return subscribers.select_related(
        "customer__partner__parent", "location", "number__location", "caller_id_number"
    ).prefetch_related(
        Prefetch("assignments", queryset=open_ones, to_attr="open_assignments"),
        Prefetch("devices", queryset=Device.objects.order_by("model", "pk"), to_attr="moving_devices"),
    )


def plan_move(subscriber: Subscriber, target: Target, wish: Wish, *, by: Actor) -> MovePlan:
    """The move of a subscriber who was read by `movable`. Reads, and changes nothing."""
    held: PhoneNumber | None = getattr(subscriber, "number", None)
    plan = MovePlan(subscriber, subscriber.location, target.location, number_before=held.e164 if held else "")
    plan.extension_before = plan.extension_after = subscriber.extension
    plan.number_after = plan.number_before
    _look_at_places(plan)
    _look_at_devices(plan, subscriber.moving_devices)  # type: ignore[attr-defined]
    if plan.refusals:
        return plan
    _look_at_number(plan, target, held, wish.number, by)
    _look_at_extension(plan, target, wish.extension, by)
    shown = subscriber.caller_id_number
    plan.loses_caller_id = shown is not None and shown.e164 == plan.number_before != plan.number_after
    if not plan.number_after and not plan.extension_after:
        plan.refuse((NEITHER, "At the new location the user needs a phone number, an extension, or both."), "number")
    return plan


def _look_at_places(plan: MovePlan) -> None:
    subscriber = plan.subscriber
    held = [PACKAGES[row.package] for row in subscriber.open_assignments]  # type: ignore[attr-defined]
    if subscriber.status == Subscriber.Status.PENDING_USER_MIGRATION:
        plan.refuse((CONSENT_PENDING, f"{subscriber} has not agreed to the move of the account yet."))
    elif plan.source is None or not any(package.calling for package in held):
        plan.refuse((NOT_CALLING, f"{subscriber} has no calling package, so there is nothing to move."))
    elif plan.source.pk == plan.target.pk:
        plan.refuse((SAME_PLACE, f"{subscriber} is at {plan.target.name} already."), "location")
    if plan.target.calling_enabled_at is None:
        plan.refuse((PLACE_NOT_READY, str(CallingNotSetUp(plan.target))), "location")
    elif plan.target.provisioned_at is None:
        plan.refuse((PLACE_NOT_READY, f"{plan.target.name} is still being set up in Webex."), "location")


def _look_at_devices(plan: MovePlan, devices: Iterable[Device]) -> None:
    """Webex configures a device anew for the other location; it cannot do that to one that somebody else manages."""
    for device in devices:
        if device.management == Device.Management.CUSTOMER:
            plan.refuse((OTHER_DEVICE, f"{device.model_name} is managed by the customer. Delete the device first."))
        elif device.model == "partner-sip-gateway":
            plan.refuse((GATEWAY, f"{device.model_name} has lines of its own. Delete the device first."))


def _look_at_number(plan: MovePlan, target: Target, held: PhoneNumber | None, wanted: str | None, by: Actor) -> None:
    wanted = wanted if wanted is None else wanted.strip()
    if held is None and not wanted:
        return
    plan.refuse(_forbidden(Control.USER_PRIMARY_NUMBER, plan, by), "number")
    if held is not None and held.location.main_number_id == held.pk:
        plan.refuse((MAIN_NUMBER, f"{held} is the main number of {held.location.name}."), "number")
    if held is not None and held.location.emergency_callback_number_id == held.pk:
        plan.refuse((EMERGENCY_NUMBER, f"{held} is the emergency call-back number of {held.location.name}."), "number")
    if held is not None and (wanted is None or wanted == held.e164):
        plan.refuse(why_not_at(held, plan.target), "number")
    elif wanted:
        _look_at_new_number(plan, target, wanted, by)
    else:
        plan.number_after = ""


def _look_at_new_number(plan: MovePlan, target: Target, wanted: str, by: Actor) -> None:
    try:
        plan.number_after = numbers.normalise(wanted, country=plan.target.country)
    except NumberInvalid as error:
        plan.refuse((NOT_E164, str(error)), "number")
        return
    known = PhoneNumber.objects.filter(e164=plan.number_after).select_related("location").first()
    plan.adds = known is None
    if known is None:
        plan.refuse(_why_not_added(plan, by), "number")
    elif known.customer_id == plan.subscriber.customer_id and known.location_id != plan.target.pk:
        plan.refuse((NOT_AT_TARGET, f"{known} is not a number of {plan.target.name}."), "number")
    elif known.customer_id != plan.subscriber.customer_id or not numbers.is_free(known) or known.e164 in target.given:
        plan.refuse((numbers.IN_USE, str(numbers.NumberInUse(plan.number_after))), "number")


def _why_not_added(plan: MovePlan, by: Actor) -> Reason | None:
    if level(by, Control.NUMBERS_MANAGE, customer=plan.subscriber.customer) < Level.EDIT:
        return (
            NUMBER_UNKNOWN,
            f"{plan.target.name} has no number {plan.number_after}. Your service provider adds numbers.",
        )
    if plan.target.pstn in FROM_THE_CARRIER:
        return numbers.CarrierManagesNumbers.code, managed_elsewhere(plan.target)
    return None


def _look_at_extension(plan: MovePlan, target: Target, wanted: str | None, by: Actor) -> None:
    plan.extension_after = plan.extension_before if wanted is None else wanted.strip()
    if plan.extension_after != plan.extension_before:
        plan.refuse(_forbidden(Control.USER_EXTENSION, plan, by), "extension")
    if plan.extension_after:
        plan.refuse(_why_not_extension(plan.extension_after, target), "extension")


def _why_not_extension(extension: str, target: Target) -> Reason | None:
    try:
        extensions.check_extension(extension, country=target.location.country)
    except extensions.ExtensionRefused as error:
        return error.code, str(error)
    if extension in target.taken:
        return extensions.IN_USE, f"Extension {extension} is in use at {target.location.name}."
    return None


def _forbidden(control: Control, plan: MovePlan, by: Actor) -> Reason | None:
    customer = plan.subscriber.customer
    if level(by, control, customer=customer) is Level.EDIT:
        return None
    what = "number" if control is Control.USER_PRIMARY_NUMBER else "extension"
    return Forbidden.code, f"The {what} would change. {forbidden_reason(control, customer=customer, by=by)}"
