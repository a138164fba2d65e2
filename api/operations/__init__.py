"""The operations, one module a noun. Importing this package registers them all."""

from api.application import application
from api.operations import customers, sub_partners

for _module in (customers, sub_partners):
    application.add_router("", _module.router)
