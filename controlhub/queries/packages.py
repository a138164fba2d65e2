"""Packages of a customer: used of limit, what may be chosen for a user, and what a change would do."""

from dataclasses import dataclass

from controlhub.models import CustomerPackage, Subscriber
from tenancy.models import Customer
from tenancy.packages import PACKAGES, Kind, Package

CUSTOMER_ASSIST = "cx_essentials"


@dataclass(frozen=True)
class PackageMeter:
    """One package enabled for the customer. `limit` None means unlimited; `status` as in CustomerPackage.Status."""

    package: Package
    limit: int | None
    used: int
    status: str
    status_label: str
    error: str

    @property
    def full(self) -> bool:
        return self.limit is not None and self.used >= self.limit

    @property
    def counted(self) -> bool:
        """Is it assigned to subjects one by one? What belongs to the organisation as a whole has no meter."""
        return self.package.kind is not Kind.CUSTOMER


@dataclass(frozen=True)
class PackageOption:
    """A base package in the change form. `reason` says why it cannot be chosen; empty when it can."""

    package: Package
    limit: int | None
    used: int
    reason: str


@dataclass(frozen=True)
class ChangeEffect:
    """What changing a user's package does, told before it is done."""

    before: Package | None
    after: Package
    losses: "Losses"
    asks_calling_data: bool
    lost_add_ons: list[str]


@dataclass(frozen=True)
class Losses:
    """What a user gives back with his package: only what he has."""

    number: str = ""
    extension: str = ""
    devices: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()


def package_meters(customer: Customer) -> list[PackageMeter]:
    """All packages of the customer in the order of the catalogue."""
    rows = {row.package: row for row in customer.packages.all()}
    return [_meter(package, rows[code]) for code, package in PACKAGES.items() if code in rows]


def package_options(meters: list[PackageMeter], *, current: str, floor: str | None = None) -> list[PackageOption]:
    """Base packages that a user of this customer could have. The current one is always choosable: it changes nothing.

    `floor`: the package below which an administrator may not go.
    """
    return [
        PackageOption(
            meter.package, meter.limit, meter.used, "" if meter.package.code == current else _refusal(meter, floor)
        )
        for meter in meters
        if meter.package.kind is Kind.BASE and not meter.package.workspace_only
    ]


def effect_of_change(subscriber: Subscriber, *, current: str, chosen: str, add_ons: list[str]) -> ChangeEffect:
    """What moving `subscriber` from package `current` (may be empty) to `chosen` would release, end or ask for."""
    before, after = PACKAGES.get(current), PACKAGES[chosen]
    return ChangeEffect(
        before=before,
        after=after,
        losses=losses_of(subscriber, package=chosen),
        asks_calling_data=after.calling and not (before and before.calling),
        lost_add_ons=[PACKAGES[code].name for code in add_ons if chosen not in PACKAGES[code].needs_any],
    )


def losses_of(subscriber: Subscriber, *, package: str = "") -> Losses:
    """What goes when the package becomes `package`, or none at all. Two queries."""
    calls = bool(package) and PACKAGES[package].calling
    places = subscriber.queue_places.select_related("queue").order_by("queue__name")
    queues = tuple(
        place.queue.name for place in places if not calls or (place.queue.assist and package != CUSTOMER_ASSIST)
    )
    if calls:
        return Losses(queues=queues)
    number = getattr(subscriber, "number", None)
    return Losses(
        number=number.e164 if number else "",
        extension=subscriber.extension,
        devices=tuple(device.model_name for device in subscriber.devices.order_by("model", "pk")),
        queues=queues,
    )


def _meter(package: Package, row: CustomerPackage) -> PackageMeter:
    return PackageMeter(package, row.limit, row.used, row.status, row.get_status_display(), row.error)


def _refusal(meter: PackageMeter, floor: str | None) -> str:
    if meter.status != CustomerPackage.Status.PROVISIONED:
        return f"Not ready: {meter.status_label.lower()}."
    if floor and meter.package.level < PACKAGES[floor].level:
        return f"An administrator keeps at least {PACKAGES[floor].name}."
    return f"Limit reached: {meter.used} of {meter.limit} are used." if meter.full else ""
