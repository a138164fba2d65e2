"""Turns the story into rows: ninety days of it, ending now. Same seed and same clock, same rows."""

import random
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import slugify

from billing.models import BillingReport
from billing.queries.corrections import Span
from billing.services.adjusting import correct_usage
from billing.services.closing import close_missing_days
from billing.services.making import make_report
from billing.services.reports import create_report
from config.demo.cast import ADMINISTERED_LOCATION, ASSIGNED_TO_PARTNER_ADMIN, LOGINS, PASSWORD
from config.demo.jobs import make_onboarding_job
from config.demo.people import populate
from config.demo.state import Demo
from config.demo.story import CUSTOMERS, PARTNERS, CustomerStory, PartnerStory, Place
from controlhub.models import (
    CustomerPackage,
    Location,
    LocationAdminScope,
    OrganizationDomain,
    OrganizationSettings,
    SimulatedTxtRecord,
)
from partnerhub.models import CustomerOrigin, OnboardingTemplate, TemplateVersion
from tenancy import audit
from tenancy.actors import actor_for
from tenancy.models import AdminUser, Customer, CustomerAssignment, Partner, RoleAssignment
from tenancy.places import CCP_PROVIDERS, dial_in_for
from tenancy.policy import Role


@transaction.atomic
def tell_story(*, seed: int = 1) -> Demo:
    """Write the whole story. Call it on an empty portal only."""
    demo = Demo(now=timezone.now().replace(microsecond=0), dice=random.Random(seed))  # noqa: S311
    for story in PARTNERS:
        make_partner(demo, story)
    make_logins(demo, at_partner=True)
    for partner in demo.partners.values():
        make_template(demo, partner)
    for customer in CUSTOMERS:
        make_customer(demo, customer)
    make_logins(demo, at_partner=False)
    assign_customers(demo)
    for customer in CUSTOMERS:
        populate(demo, customer)
    return demo


def make_corrections(demo: Demo) -> None:
    """Two who had left a while before their package was removed; found out a few days ago, before those days closed."""
    by = actor_for(AdminUser.objects.get(email=LOGINS[0].email), door="demo")
    found = demo.now - timedelta(days=5)
    partner = demo.partners[LOGINS[0].at]
    gone = partner.assignments.filter(subscriber__deleted_at=F("ended_at"), ended_at__lt=found).order_by("-ended_at")
    for assignment in gone[:2]:
        left = max(assignment.started_at, (assignment.ended_at or found) - timedelta(days=3))
        reason = "Left the company earlier; the removal was forgotten."
        correct_usage(assignment=assignment, truth=Span(assignment.started_at, left), reason=reason, by=by, at=found)


def close_history(demo: Demo) -> None:
    """Close every day of the story, as beat would have done night by night."""
    for closing in close_missing_days(until=demo.now.date() - timedelta(days=1)):
        if closing.parked:
            raise RuntimeError(f"The demo's history of {closing.partner} does not add up: {closing.parked}")


def make_reports(demo: Demo) -> None:
    """The three reports of last month, made as the worker would make them."""
    yesterday = demo.now.date() - timedelta(days=1)
    last = demo.now.date().replace(day=1) - timedelta(days=1)
    partner = demo.partners[LOGINS[0].at]
    by = actor_for(AdminUser.objects.get(email=LOGINS[0].email), door="demo")
    for kind in BillingReport.Type.values:
        report = create_report(partner=partner, kind=kind, start_on=last.replace(day=1), end_on=last, by=by)
        make_report(report_id=report.public_id, until=yesterday)


def make_partner(demo: Demo, story: PartnerStory) -> None:
    demo.partners[story.name] = Partner.objects.create(
        public_id=demo.identity(),
        name=story.name,
        parent=demo.partners.get(story.parent),
        subscription_id=story.subscription,
        country=story.country,
        support_email=story.support_email,
        currency=story.currency,
        billing_start_on=demo.began.date(),
        created_at=demo.began,
        customer_count=sum(customer.partner == story.name for customer in CUSTOMERS),
    )


def make_logins(demo: Demo, *, at_partner: bool) -> None:
    """The demo accounts, with their one role each."""
    for login in LOGINS:
        if login.grant.of_partner is at_partner:
            admin = AdminUser.objects.create_user(login.email, PASSWORD, full_name=login.name, created_at=demo.began)
            where = {"partner": demo.partners[login.at]} if at_partner else {"customer": demo.customers[login.at]}
            role = RoleAssignment.objects.create(admin=admin, role=login.grant, **where)
            if login.grant is Role.CUSTOMER_LOCATION:
                site = demo.customers[login.at].locations.get(name=ADMINISTERED_LOCATION)
                LocationAdminScope.objects.create(role_assignment=role, location=site, slot=1)


def assign_customers(demo: Demo) -> None:
    """A partner administrator sees only what is assigned to him."""
    email = next(login.email for login in LOGINS if login.role == "partner_admin")
    admin = AdminUser.objects.get(email=email)
    for name in ASSIGNED_TO_PARTNER_ADMIN:
        CustomerAssignment.objects.create(admin=admin, customer=demo.customers[name])


def make_template(demo: Demo, partner: Partner) -> None:
    owner = partner.role_assignments.select_related("admin").order_by("pk").first()
    if owner is None:
        return
    template = OnboardingTemplate.objects.create(
        public_id=demo.identity(), partner=partner, name=f"{partner.name} standard", created_at=demo.began
    )
    template.current_version = TemplateVersion.objects.create(
        template=template,
        number=1,
        country=partner.country,
        service_provider_admin=owner.admin,
        email_language="de_DE" if partner.country == "DE" else "en_US",
        subscription_id=partner.subscription_id,
        created_by=owner.admin,
        created_at=demo.began,
    )
    template.save(update_fields=["current_version"])
    demo.templates[partner.name] = template


def make_customer(demo: Demo, story: CustomerStory) -> None:
    """The organisation, its packages, its sites, and the job that made it."""
    partner = demo.partners[story.partner]
    fresh = story.mood in ("provisioning", "pending_rpl_review")
    created = demo.now - timedelta(hours=5) if fresh else demo.moment(demo.began, demo.began + timedelta(days=4))
    customer = Customer.objects.create(
        partner=partner,
        created_at=created,
        status_changed_at=created,
        **_customer_columns(demo, story, exists=not fresh),
    )
    demo.customers[story.name] = customer
    version = demo.templates[story.partner].versions.get()
    CustomerOrigin.objects.create(customer=customer, template_version=version, supported_location_declared_at=created)
    _make_packages(demo, story, customer, exists=not fresh)
    for number, place in enumerate(story.places):
        _make_location(customer, place, first=number == 0, at=created, exists=not fresh)
    make_onboarding_job(customer, story, at=created)
    if not fresh:
        _make_settings(demo, story, customer, version, at=created)
    _audit_creation(demo, customer)


def _make_settings(
    demo: Demo, story: CustomerStory, customer: Customer, version: TemplateVersion, *, at: datetime
) -> None:
    """Settings as a new customer gets them, the domain of its mails claimed, and one that waits to be verified."""
    OrganizationSettings.objects.create(customer=customer, email_locale=customer.language)
    OrganizationDomain.objects.create(
        public_id=demo.identity(), customer=customer, name=story.domain, created_at=at, verified_at=at, claimed_at=at
    )
    waiting = OrganizationDomain.objects.create(
        public_id=demo.identity(),
        token=demo.identity(),
        customer=customer,
        name=f"new.{story.domain}",
        created_at=at,
    )
    SimulatedTxtRecord.objects.create(name=waiting.name, value=waiting.txt_record)


def _customer_columns(demo: Demo, story: CustomerStory, *, exists: bool) -> dict[str, object]:
    hq = story.places[0]
    slug = slugify(story.name)[:40].strip("-")
    side_effects = {
        "org_id": demo.identity(),
        "sip_domain": f"{slug}.calls.example.com",
        "meeting_site": f"{slug}.meet.example.com",
        "dial_in": dial_in_for(hq.country),
    }
    return {
        "public_id": demo.identity(),
        "name": story.name,
        "external_id": story.external_id,
        "primary_email": f"office@{story.domain}",
        "status": story.mood,
        "restricted": story.restricted,
        "address_line1": hq.line1,
        "city": hq.city,
        "state": hq.state,
        "postal_code": hq.postal_code,
        "country": hq.country,
        "language": story.locale,
        "time_zone": hq.time_zone,
        **({name: value for name, value in side_effects.items() if hasattr(Customer, name)} if exists else {}),
    }


def _make_packages(demo: Demo, story: CustomerStory, customer: Customer, *, exists: bool) -> None:
    for code, (limit, _users) in story.packages.items():
        reason = story.failed.get(code, "")
        status = "error" if reason else "provisioned" if exists else "provisioning"
        CustomerPackage.objects.create(
            customer=customer,
            package=code,
            limit=limit,
            status=status,
            error_code="not_offered" if reason else "",
            error=reason,
            license_id=str(demo.identity()) if status == "provisioned" else "",
        )


def _make_location(customer: Customer, place: Place, *, first: bool, at: datetime, exists: bool) -> None:
    connected = bool(place.numbers and exists)
    carrier = next(name for name, countries in CCP_PROVIDERS.items() if place.country in countries)
    Location.objects.create(
        customer=customer,
        name=place.name,
        is_headquarters=first,
        address_line1=place.line1,
        city=place.city,
        state=place.state,
        postal_code=place.postal_code,
        country=place.country,
        time_zone=place.time_zone,
        language=place.language,
        pstn=Location.Pstn.NON_INTEGRATED_CCP if connected else Location.Pstn.NONE,
        pstn_provider=carrier if connected else "",
        confirmed_at=at if exists else None,
        provisioned_at=at if exists else None,
        created_at=at,
    )


def _audit_creation(demo: Demo, customer: Customer) -> None:
    owner = demo.templates[customer.partner.name].current_version.service_provider_admin  # type: ignore[union-attr]
    audit.record(
        action="customer.created",
        text=f"Created wholesale customer {customer.name}",
        target=customer,
        customer=customer,
        by=actor_for(owner, door="demo"),
    )
