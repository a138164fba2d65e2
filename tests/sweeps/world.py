"""Two tenants with one of everything, so that every URL of the portal can be called with ids that exist."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from billing.models import BillingReport, CustomerPrice, Invoice, PriceBookEntry, Reconciliation, UsageCorrection
from billing.queries import clock
from controlhub.models import OrganizationDomain
from partnerhub.models import OnboardingTemplate
from provisioning.models import ProvisioningJob
from tenancy.actors import SYSTEM
from tenancy.audit import record
from tenancy.models import Customer, Partner, TemporaryRights, WizardDraft
from tenancy.policy import Role
from tenancy.tokens import create_token
from tests.cast import Cast
from tests.factories import (
    invoice_line,
    make_assignment,
    make_authorization,
    make_correction,
    make_customer_admin,
    make_customer_price,
    make_device,
    make_integration,
    make_invoice,
    make_location,
    make_number,
    make_origin,
    make_package,
    make_price,
    make_queue,
    make_report,
    make_setup_order,
    make_subscriber,
    make_template,
    make_webhook,
    make_workspace,
)


@dataclass
class Tenant:
    """One customer with its partner, and a value for every parameter that a URL may have."""

    partner: Partner
    customer: Customer
    ids: dict[str, Any]

    def kwargs(self, names: set[str]) -> dict[str, Any]:
        """The URL parameters called `names`. A new parameter must be added here before its URL can exist."""
        return {name: self.ids[name] for name in names}


def make_tenant(partner: Partner, customer: Customer, canary: str) -> Tenant:
    """Fill a customer with one of everything; `canary` is in every text field that a page could show."""
    admin = partner.role_assignments.select_related("admin").order_by("pk")[0].admin
    template = make_template(partner, f"{canary} template", admin=admin)
    make_origin(customer, template)
    make_package(customer, "webex_calling", used=1)
    make_package(customer, "common_area_calling", used=1)
    location = make_location(customer, "Headquarters", address_line1=f"{canary} street")
    subscriber = make_subscriber(
        customer, first_name="Sam", last_name=f"{canary}", email=f"{canary.lower()}@x.example.com", location=location
    )
    assignment = make_assignment(subscriber)
    customer_admin = make_customer_admin(customer, Role.CUSTOMER_READONLY, name=f"{canary} administrator")
    workspace = make_workspace(location, f"{canary} room")
    make_assignment(workspace, "common_area_calling")
    device = make_device(workspace)
    queue = make_queue(location, f"{canary} queue")
    number = make_number(location, subscriber=subscriber)
    job = ProvisioningJob.objects.create(kind="onboard_customer", partner=partner, customer=customer, state="queued")
    job.steps.create(position=0, name="screening", title=f"{canary} step")
    report = make_report(partner, created_by=admin)
    reconciliation = Reconciliation.objects.create(report=report, file_name=f"{canary}.csv")
    setup_assist = make_setup_order(location, contact_name=f"{canary} contact")
    day = date(2020, 1, 1) + timedelta(days=partner.price_book.count())
    price = make_price(partner, start=day, valid_until=day + timedelta(days=1), description=f"{canary} use")
    customer_price = make_customer_price(partner, start=day, valid_until=day + timedelta(days=1), customer=customer)
    invoice = _invoice(partner, canary)
    correction = make_correction(assignment, ended_at=None, reason=f"{canary} reason", made_by=admin)
    event = record(action="customer.renamed", text=f"{canary} deed", target=customer, customer=customer, by=SYSTEM)
    rights = TemporaryRights.objects.create(admin=admin, customer=customer, reason=f"{canary} fault", minutes=30)
    draft = WizardDraft.objects.create(kind="create_customer", owner=admin, partner=partner, data={})
    create_token(admin=admin, name=f"{canary} system", by=SYSTEM)
    api_token = admin.api_tokens.get(name=f"{canary} system")
    integration = make_integration(partner, f"{canary} program", admin=admin)
    authorization = make_authorization(integration, admin=admin)
    hook = make_webhook(partner, admin, f"{canary} hook", customer=customer)
    domain = OrganizationDomain.objects.create(customer=customer, name=f"{canary.lower()}.example.com")
    return Tenant(
        partner,
        customer,
        {
            "partner": partner.public_id,
            "customer": customer.public_id,
            "admin": customer_admin.public_id,
            "template": template.public_id,
            "location": location.public_id,
            "subscriber": subscriber.public_id,
            "workspace": workspace.public_id,
            "number": number.public_id,
            "device": device.public_id,
            "queue": queue.public_id,
            "job": job.public_id,
            "report": report.public_id,
            "reconciliation": reconciliation.public_id,
            "price": price.public_id,
            "customer_price": customer_price.public_id,
            "invoice": invoice.public_id,
            "month": f"{clock.today():%Y-%m}",
            "item": price.item,
            "correction": correction.public_id,
            "setup_assist": setup_assist.public_id,
            "interval": assignment.pk,
            "draft": draft.public_id,
            "rights": rights.public_id,
            "domain": domain.public_id,
            "event": event.public_id,
            "page": "summary",
            "api_token": api_token.public_id,
            "integration": integration.public_id,
            "authorization": authorization.public_id,
            "webhook": hook.public_id,
            "delivery": hook.deliveries.get().public_id,
            "signature": "not-a-signature",
            "token": "not-a-token",
            "uidb36": "1",
            "key": "set-password",
        },
    )


def _invoice(partner: Partner, canary: str) -> Invoice:
    """An invoice that names the canary. A sub-partner's is on its provider's, beside a line that is none of its business."""
    line = invoice_line(partner, description=f"{canary} use", about=f"{canary} use")
    if partner.parent is None:
        return make_invoice(partner, line)
    return make_invoice(partner.parent, invoice_line(partner.parent, description="CanaryAcme use"), line)


@dataclass
class World:
    """The cast, and what belongs to whom."""

    cast: Cast
    acme: Tenant
    open_acme: Tenant
    branch: Tenant
    south: Tenant


def make_world(cast: Cast) -> World:
    """Everything of everybody. Canaries are in the names, so a leak shows in the body of an answer."""
    return World(
        cast,
        make_tenant(cast.north, cast.acme, "CanaryAcme"),
        make_tenant(cast.north, cast.open_acme, "CanaryOpen"),
        make_tenant(cast.branch, cast.branch_customer, "CanaryBranch"),
        make_tenant(cast.south, cast.south_customer, "CanarySouth"),
    )


def row_counts() -> dict[str, int]:
    """How many rows each table of the story has: equal before and after a refusal."""
    models = (
        Customer,
        OnboardingTemplate,
        ProvisioningJob,
        BillingReport,
        UsageCorrection,
        WizardDraft,
        PriceBookEntry,
        CustomerPrice,
        Invoice,
    )
    return {model.__name__: model.objects.count() for model in models}
