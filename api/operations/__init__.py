"""The operations, one module a noun. Importing this package registers them all."""

from api.application import application
from api.operations import customers, sub_partners, subscribers

for _module in (customers, subscribers, sub_partners):
    application.add_router("", _module.router)
