"""Thousands of rows of everything that a list shows, made inside the database from one row of each.

What a customer has thousands of comes in thousands; places, queues, administrators, templates and the like in hundreds.
"""

from typing import Any

from allauth.idp.oidc.models import Client
from django.db import connection, models

from controlhub.models import ConsentRequest
from tenancy.models import ApiToken, Integration
from tests.factories import make_customer_admin
from tests.sweeps.world import Tenant

HUNDREDS = 300


def clone(row: models.Model, source: str, **columns: str) -> None:
    """One copy of `row` for each row of `source`; `columns` are SQL expressions over `source`, and `t` is the row."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    fresh = {"public_id": "gen_random_uuid()"} | columns
    values = [fresh.get(str(field.column), f't."{field.column}"') for field in fields]
    names = ", ".join(f'"{field.column}"' for field in fields)
    table = row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table} t, {source} WHERE t.id = %s",
            [row.pk],
        )


def numbers(first: int, last: int) -> str:
    """A source of the whole numbers `first` to `last`, as `g`."""
    return f"generate_series({first}, {last}) AS s(g)"


def crowd(tenant: Tenant, *, first: int, last: int) -> None:
    """Add the rows number `first` to `last` to every list of the customer and of its partner."""
    many, few = numbers(first, last), numbers(first, min(last, HUNDREDS))
    _people(tenant, many, first, last)
    _equipment(tenant, many)
    _few(tenant, few)
    fresh = {"org_id": "gen_random_uuid()", "external_id": "'CROWD-' || s.g", "name": "'Crowd ' || s.g"}
    clone(tenant.customer, many, **fresh)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _row(tenant: Tenant, relation: str, **which: Any) -> models.Model:
    """The row that the world made; clones come after it."""
    owner = tenant.customer if hasattr(tenant.customer, relation) else tenant.partner
    found: models.Model = getattr(owner, relation).filter(**which).order_by("pk")[0]
    return found


def _people(tenant: Tenant, some: str, first: int, last: int) -> None:
    person, customer = _row(tenant, "subscribers"), tenant.customer
    unique = {"person_id": "gen_random_uuid()", "extension": "''", "last_name": "'Crowd ' || s.g"}
    clone(person, some, email="'crowd' || s.g || '@x.example.com'", **unique)
    clone(person, some, email="'gone' || s.g || '@x.example.com'", deleted_at="now()", **unique)
    crowd_ = f"(SELECT id, email FROM controlhub_subscriber WHERE customer_id = {customer.pk} AND email LIKE 'crowd%%'"
    crowd_ += f" AND substr(split_part(email, '@', 1), 6)::int BETWEEN {first} AND {last}) AS s"
    clone(_row(tenant, "assignments", subscriber=person), crowd_, subscriber_id="s.id")
    consent = customer.consent_requests.filter(subscriber=person).first()
    consent = consent or ConsentRequest.objects.create(customer=customer, subscriber=person, package="webex_suite")
    clone(consent, crowd_, subscriber_id="s.id")


def _equipment(tenant: Tenant, some: str) -> None:
    clone(_row(tenant, "devices"), some, mac="'03' || upper(lpad(to_hex(s.g), 10, '0'))")
    clone(_row(tenant, "numbers"), some, e164="'+4420' || (10000000 + s.g)", subscriber_id="NULL")
    event = {"number": "1000000 + s.g", "created_at": "t.created_at - make_interval(secs => s.g)"}
    clone(_row(tenant, "audit_events"), some, **event)


def _money(tenant: Tenant, some: str) -> None:
    """Invoices of many months, without their lines, and many prices, each for a day."""
    place = "(row_number() OVER (ORDER BY s.g))::int"
    later = {"month": f"(t.month + make_interval(months => {place}))::date", "number": f"t.number + {place}"}
    clone(tenant.partner.invoices.latest("number"), some, **later)
    dated = {"valid_from": "t.valid_from + s.g", "valid_until": "t.valid_until + s.g"}
    clone(_row(tenant, "customer_prices"), some, **dated)


def _few(tenant: Tenant, some: str) -> None:
    free = {"main_number_id": "NULL", "emergency_callback_number_id": "NULL", "is_headquarters": "false"}
    clone(_row(tenant, "locations"), some, name="'Crowd ' || s.g", **free)
    clone(_row(tenant, "workspaces"), some, name="'Crowd ' || s.g", extension="''")
    clone(_row(tenant, "call_queues"), some, name="'Crowd ' || s.g", extension="(100000 + s.g)::text")
    clone(_row(tenant, "templates"), some, name="'Crowd ' || s.g")
    clone(_row(tenant, "sub_partners"), some, name="'Crowd ' || s.g")
    clone(_row(tenant, "billing_reports"), some)
    token = ApiToken.objects.filter(admin__role_assignments__partner=tenant.partner, integration=None).order_by("pk")[0]
    clone(token, some, digest="'crowd' || s.g", name="'Crowd ' || s.g")
    _integrations(tenant, some)
    hook = _row(tenant, "webhooks")
    clone(hook, some, name="'Crowd ' || s.g")
    clone(hook.deliveries.order_by("pk")[0], some)  # type: ignore[attr-defined]
    clone(_row(tenant, "setup_assist_orders"), some, status="'completed'", completed_at="now()")
    _money(tenant, some)
    customer = tenant.customer
    admin = customer.role_assignments.filter(role="customer_device").first()
    admin = admin or make_customer_admin(customer, "customer_device").role_assignments.get()  # type: ignore[arg-type]
    clone(admin.admin, some, email="'admin' || s.g || '@x.example.com'")
    made = "(SELECT id FROM tenancy_adminuser WHERE email ~ '^admin[0-9]+@x' AND NOT EXISTS ("
    made += "SELECT 1 FROM tenancy_roleassignment r WHERE r.admin_id = tenancy_adminuser.id)) AS s"
    clone(admin, made, admin_id="s.id")


def _integrations(tenant: Tenant, some: str) -> None:
    """A row in allauth's table for each, and one in ours."""
    program = Integration.objects.filter(partner=tenant.partner).order_by("pk")[0]
    fresh = {"id": "'crowd' || s.g", "name": "'Crowd ' || s.g"}
    for model, columns in (
        (Client, fresh),
        (Integration, {"client_ptr_id": "'crowd' || s.g", "public_id": "gen_random_uuid()"}),
    ):
        fields = [str(field.column) for field in model._meta.local_concrete_fields]
        values = [columns.get(name, f't."{name}"') for name in fields]
        key = model._meta.pk.column
        with connection.cursor() as cursor:
            names = ", ".join(f'"{name}"' for name in fields)
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(values)} "
                f"FROM {model._meta.db_table} t, {some} WHERE t.{key} = %s",
                [program.pk],
            )
