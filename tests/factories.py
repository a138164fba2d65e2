"""Plain functions that make valid rows. They never surprise: what is not named gets a harmless default."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing import months
from billing.models import (
    BillingAccount,
    BillingReport,
    CustomerPrice,
    Invoice,
    InvoiceLine,
    PriceBookEntry,
    UsageAdjustment,
    UsageCorrection,
)
from controlhub.models import (
    CallQueue,
    CustomerPackage,
    Device,
    Location,
    LocationAdminScope,
    PackageAssignment,
    PhoneNumber,
    SetupAssistOrder,
    Subscriber,
    Workspace,
)
from controlhub.models.setup_assist import kind_for
from partnerhub.models import CustomerOrigin, OnboardingTemplate, TemplateVersion
from tenancy.models import (
    AdminUser,
    Authorization,
    Customer,
    CustomerAssignment,
    Event,
    Integration,
    Partner,
    Resource,
    RoleAssignment,
    TemporaryRights,
    Webhook,
)
from tenancy.policy import Role

_numbers = itertools.count(1)
PASSWORD = "correct-horse-battery"


def make_partner(name: str = "", *, parent: Partner | None = None, **fields: Any) -> Partner:
    n = next(_numbers)
    defaults = {
        "name": name or f"Partner {n}",
        "subscription_id": parent.subscription_id if parent else f"Sub{100000 + n}",
        "country": "US",
        "billing_start_on": date(2020, 1, 1),
    }
    return Partner.objects.create(parent=parent, **defaults | fields)


def make_customer(partner: Partner, name: str = "", **fields: Any) -> Customer:
    n = next(_numbers)
    defaults: dict[str, Any] = {
        "name": name or f"Customer {n}",
        "external_id": f"EXT-{n}",
        "primary_email": f"owner{n}@customer{n}.example.com",
        "status": Customer.Status.PROVISIONED,
        "address_line1": "1 Main Street",
        "city": "Springfield",
        "state": "IL",
        "postal_code": "62701",
        "country": "US",
        "language": "en_US",
    }
    values = defaults | fields
    customer = Customer(partner=partner, **values)
    if values["status"] in ("provisioned", "provisioned_with_errors", "updating") and customer.org_id is None:
        customer.org_id = customer.public_id
    customer.save(force_insert=True)
    return customer


def make_webhook(partner: Partner, owner: AdminUser, name: str = "Order desk", **fields: Any) -> Webhook:
    """A webhook that is switched off, so that it hears nothing of what a test does, with one delivery in its log."""
    defaults: dict[str, Any] = {
        "target_url": "https://hooks.example.com/webex",
        "resource": Resource.ALL,
        "event": Event.ALL,
        "status": Webhook.Status.INACTIVE,
        "off_for": Webhook.Reason.PERSON,
    }
    webhook = Webhook.objects.create(partner=partner, owner=owner, name=name, **defaults | fields)
    webhook.deliveries.create(state="failed", finished_at=timezone.now(), error="No connection.")
    return webhook


def new_admin(email: str = "", *, name: str = "", **fields: Any) -> AdminUser:
    """Somebody who is not saved yet."""
    n = next(_numbers)
    admin = AdminUser(email=email.lower() or f"admin{n}@example.com", full_name=name or f"Admin {n}", **fields)
    admin.set_password(PASSWORD)
    return admin


def make_admin(email: str = "", *, name: str = "", **fields: Any) -> AdminUser:
    admin = new_admin(email, name=name, **fields)
    admin.save(force_insert=True)
    return admin


def make_partner_admin(partner: Partner, role: Role = Role.PARTNER_WHOLESALE, **fields: Any) -> AdminUser:
    admin = make_admin(**fields)
    RoleAssignment.objects.create(admin=admin, role=role, partner=partner)
    return admin


def make_customer_admin(customer: Customer, role: Role = Role.CUSTOMER_FULL, **fields: Any) -> AdminUser:
    admin = make_admin(**fields)
    RoleAssignment.objects.create(admin=admin, role=role, customer=customer)
    return admin


def make_rights(admin: AdminUser, customer: Customer, *, minutes: int = 30) -> TemporaryRights:
    """Full rights that an administrator of the customer has lent, good for `minutes` from now."""
    now, role = timezone.now(), customer.role_assignments.filter(role=Role.CUSTOMER_FULL).first()
    return TemporaryRights.objects.create(
        admin=admin,
        customer=customer,
        reason="A fault",
        minutes=minutes,
        state=TemporaryRights.State.APPROVED,
        decided_by=role.admin if role else make_customer_admin(customer),
        decided_at=now,
        expires_at=now + timedelta(minutes=minutes),
    )


def assign_locations(admin: AdminUser, *locations: Location) -> None:
    """Let a location administrator administer these locations of one customer."""
    role = admin.role_assignments.get(role=Role.CUSTOMER_LOCATION, customer=locations[0].customer)
    for slot, location in enumerate(locations, start=1):
        LocationAdminScope.objects.create(role_assignment=role, location=location, slot=slot)


def assign_customer(admin: AdminUser, customer: Customer) -> None:
    CustomerAssignment.objects.create(admin=admin, customer=customer)


def make_template(
    partner: Partner, name: str = "", *, admin: AdminUser | None = None, **fields: Any
) -> OnboardingTemplate:
    n = next(_numbers)
    admin = admin or make_partner_admin(partner)
    template = OnboardingTemplate.objects.create(partner=partner, name=name or f"Template {n}")
    defaults = {
        "number": 1,
        "country": "US",
        "email_language": "en_US",
        "subscription_id": partner.subscription_id,
        "service_provider_admin": admin,
        "created_by": admin,
    }
    template.current_version = TemplateVersion.objects.create(template=template, **defaults | fields)
    template.save(update_fields=["current_version"])
    return template


def make_origin(customer: Customer, template: OnboardingTemplate) -> CustomerOrigin:
    return CustomerOrigin.objects.create(
        customer=customer,
        template_version=template.current_version,
        supported_location_declared_at=timezone.now(),
    )


def make_package(customer: Customer, package: str = "webex_calling", **fields: Any) -> CustomerPackage:
    defaults = {"status": CustomerPackage.Status.PROVISIONED}
    return CustomerPackage.objects.create(customer=customer, package=package, **defaults | fields)


def make_location(customer: Customer, name: str = "Headquarters", **fields: Any) -> Location:
    defaults = {
        "is_headquarters": name == "Headquarters",
        "address_line1": "1 Main Street",
        "city": "Springfield",
        "state": "IL",
        "postal_code": "62701",
        "country": "US",
        "time_zone": "America/Chicago",
        "language": "en_us",
        "confirmed_at": timezone.now(),
        "provisioned_at": timezone.now(),
    }
    return Location.objects.create(customer=customer, name=name, **defaults | fields)


def make_subscriber(customer: Customer, **fields: Any) -> Subscriber:
    n = next(_numbers)
    defaults = {
        "first_name": "Sam",
        "last_name": f"Sample{n}",
        "email": f"sam{n}@customer.example.com",
        "status": Subscriber.Status.PROVISIONED,
    }
    return Subscriber.objects.create(customer=customer, **defaults | fields)


def make_workspace(location: Location, name: str = "", **fields: Any) -> Workspace:
    n = next(_numbers)
    return Workspace.objects.create(customer=location.customer, location=location, name=name or f"Room {n}", **fields)


def make_queue(location: Location, name: str = "", **fields: Any) -> CallQueue:
    n = next(_numbers)
    defaults = {"name": name or f"Queue {n}", "extension": f"9{n % 10_000:04d}"}
    return CallQueue.objects.create(customer=location.customer, location=location, **defaults | fields)


def make_device(owner: Subscriber | Workspace, **fields: Any) -> Device:
    n = next(_numbers)
    who = {"subscriber": owner} if isinstance(owner, Subscriber) else {"workspace": owner}
    defaults = {"model": "cisco-8845", "management": "cisco", "mac": f"02{n:010X}", "status": "online"}
    return Device.objects.create(customer=owner.customer, **who, **defaults | fields)


def make_number(location: Location, e164: str = "", **fields: Any) -> PhoneNumber:
    n = next(_numbers)
    return PhoneNumber.objects.create(
        customer=location.customer, location=location, e164=e164 or _fictitious(n), **fields
    )


def _fictitious(n: int) -> str:
    """The n-th number: real area codes, 555 for fiction, valid however long the suite has run."""
    areas = ("217", "312", "206", "253", "416", "617", "207", "514", "847", "305")
    return f"+1{areas[n // 10_000 % len(areas)]}555{n % 10_000:04d}"


def make_assignment(
    subject: Subscriber | Workspace,
    package: str = "webex_calling",
    *,
    start: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    end: datetime | None = None,
    **fields: Any,
) -> PackageAssignment:
    """An interval as a row, past the services (no limit counted): for history in tests of billing."""
    who = {"subscriber": subject} if isinstance(subject, Subscriber) else {"workspace": subject}
    defaults = {"customer": subject.customer, "partner": subject.customer.partner, "location": subject.location}
    return PackageAssignment.objects.create(package=package, started_at=start, ended_at=end, **who, **defaults | fields)


def make_report(partner: Partner, **fields: Any) -> BillingReport:
    """A report that is still being made."""
    defaults = {"type": "CUSTOMER", "start_on": date(2026, 1, 1), "end_on": date(2026, 1, 31)}
    return BillingReport.objects.create(partner=partner, **defaults | fields)


def make_correction(assignment: PackageAssignment, **fields: Any) -> UsageCorrection:
    """Later truth about an interval: by default that it never was."""
    defaults = {
        "partner": assignment.partner,
        "started_at": assignment.started_at,
        "ended_at": assignment.started_at,
        "reason": "Wrong user",
    }
    return UsageCorrection.objects.create(assignment=assignment, **defaults | fields)


def make_adjustment(assignment: PackageAssignment, about_on: date, seconds: int, **fields: Any) -> UsageAdjustment:
    """Seconds more or less about one day, past the service (nothing computed); `made_at` is now unless it is given."""
    facts = ("partner", "customer", "location", "subscriber", "workspace", "package")
    made = {"made_at": fields["made_at"]} if "made_at" in fields else {}
    defaults = {name: getattr(assignment, name) for name in facts}
    if "correction" not in fields:
        defaults["correction"] = make_correction(assignment, **made)
    return UsageAdjustment.objects.create(about_on=about_on, seconds=seconds, **defaults | fields)


def make_setup_order(location: Location, *, seats: int = 3, **fields: Any) -> SetupAssistOrder:
    """A Setup Assist order as a row, past the service: by default of today, for so many users."""
    defaults: dict[str, Any] = {
        "partner": location.customer.partner,
        "customer": location.customer,
        "kind": kind_for(seats),
        "go_live_on": date(2030, 1, 2),
        "contact_name": "Kim Contact",
        "contact_email": "kim@customer.example.com",
        "contact_phone": "+1 217 555 0100",
    }
    return SetupAssistOrder.objects.create(location=location, seats=seats, **defaults | fields)


def make_price(
    partner: Partner, item: str = "webex_suite", price: str = "31", *, start: date = date(2020, 1, 1), **fields: Any
) -> PriceBookEntry:
    """A transfer price from `start` on."""
    defaults = {"sku": f"SKU-{item}", "description": f"Use of {item}", "valid_from": start, "price": Decimal(price)}
    return PriceBookEntry.objects.create(partner=partner, item=item, **defaults | fields)


def make_integration(partner: Partner, name: str = "", *, admin: AdminUser) -> Integration:
    """An integration that acts for others and by itself; nobody knows its secret."""
    n = next(_numbers)
    row = Integration(id=f"C{n:064}", name=name or f"Program {n}", partner=partner, admin=admin)
    row.set_scopes(["spark-admin:wholesale_customers_read"])
    row.set_redirect_uris(["https://program.example.com/callback"])
    row.set_grant_types(["authorization_code", "refresh_token", "client_credentials"])
    row.save(force_insert=True)
    return row


def make_authorization(integration: Integration, *, admin: AdminUser) -> Authorization:
    """`admin` lets the integration act in his name; it has taken its first tokens."""
    n, now = next(_numbers), timezone.now()
    row = Authorization.objects.create(
        integration=integration,
        admin=admin,
        scopes=integration.get_scopes(),
        redirect_uri=integration.get_redirect_uris()[0],
        code_digest=f"{n:064}",
        created_at=now,
        code_expires_at=now + timedelta(minutes=1),
        code_used_at=now,
    )
    row.refresh_tokens.create(digest=f"{n:064}", created_at=now, expires_at=now + timedelta(days=90))
    return row


def make_invoice(partner: Partner, *lines: InvoiceLine, **fields: Any) -> Invoice:
    """An issued invoice of a top-level partner: the next month and number, with these lines (see `invoice_line`)."""
    last = partner.invoices.order_by("-number").first()
    lines = lines or (invoice_line(partner),)
    invoice = Invoice.objects.create(
        partner=partner,
        number=last.number + 1 if last else 1,
        currency=partner.currency,
        partner_name=partner.name,
        subscription_id=partner.subscription_id,
        total=sum(line.amount for line in lines),
        line_count=len(lines),
        sha256="0" * 64,
        **{"month": months.after(last.month) if last else date(2020, 1, 1)} | fields,
    )
    for position, line in enumerate(lines, start=1):
        line.invoice, line.position = invoice, position
    InvoiceLine.objects.bulk_create(lines)
    billed = {"billed_until": months.after(invoice.month), "last_number": invoice.number}
    BillingAccount.objects.update_or_create(
        partner=partner, defaults=billed, create_defaults=billed | {"starts_on": partner.billing_start_on}
    )
    return invoice


def invoice_line(partner: Partner, amount: str = "31.00", *, item: str = "webex_suite", **fields: Any) -> InvoiceLine:
    """A line for `make_invoice`: a month's use of one thing, at a price of its own unless the item has one."""
    entry = partner.price_book.filter(item=item).first() or make_price(partner, item)
    defaults = {
        "kind": "usage",
        "partner": partner,
        "partner_name": partner.name,
        "item": item,
        "sku": entry.sku,
        "description": entry.description,
        "first_on": date(2020, 1, 1),
        "last_on": date(2020, 1, 31),
        "seconds": 31 * 86_400,
        "price": entry.price,
        "amount": Decimal(amount),
        "entry": entry,
    }
    return InvoiceLine(**defaults | fields)


def make_customer_price(
    partner: Partner, item: str = "webex_suite", price: str = "40", *, start: date = date(2020, 1, 1), **fields: Any
) -> CustomerPrice:
    """What a partner asks of its customers from `start` on."""
    return CustomerPrice.objects.create(partner=partner, item=item, price=Decimal(price), valid_from=start, **fields)
