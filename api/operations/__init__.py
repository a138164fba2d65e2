"""The operations, one module a noun. Importing this package registers them all."""

from api.application import application
from api.operations import (
    admin_audit,
    billing_reports,
    calling_locations,
    customers,
    devices,
    licenses,
    locations,
    numbers,
    organizations,
    people,
    pstn,
    sub_partners,
    subscribers,
    webhooks,
)

for _module in (
    customers,
    subscribers,
    sub_partners,
    organizations,
    locations,
    calling_locations,
    numbers,
    pstn,
    devices,
    people,
    licenses,
    admin_audit,
    billing_reports,
    webhooks,
):
    application.add_router("", _module.router)
