"""The side navigation of both hubs as data. An entry shows when its control is visible to the actor."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from tenancy.policy import Control, Level


@dataclass(frozen=True)
class Entry:
    label: str
    icon: str
    url_name: str
    control: Control
    group: str = ""


@dataclass(frozen=True)
class NavItem:
    label: str
    icon: str
    url: str
    current: bool
    group: str


PARTNER_HUB = (
    Entry("Overview", "home", "partnerhub:overview", Control.PARTNER_OVERVIEW),
    Entry("Customers", "people", "partnerhub:customer-list", Control.PARTNER_CUSTOMERS),
    Entry("Onboarding templates", "template", "partnerhub:template-list", Control.PARTNER_TEMPLATES),
    Entry("Indirect providers", "organization", "partnerhub:indirect-providers", Control.PARTNER_INDIRECT_PROVIDERS),
    Entry("Setup Assist", "setup-assistant", "partnerhub:setup-assist-list", Control.PARTNER_SETUP_ASSIST),
    Entry("Help desk", "headset", "partnerhub:helpdesk", Control.PARTNER_HELPDESK),
    Entry("Audit", "shield", "partnerhub:audit", Control.PARTNER_AUDIT, "Security"),
    Entry("API tokens", "link", "partnerhub:token-list", Control.PARTNER_API_TOKENS, "Security"),
    Entry("Integrations", "apps", "partnerhub:integration-list", Control.PARTNER_API_TOKENS, "Security"),
    Entry("Webhooks", "integrations", "partnerhub:webhook-list", Control.PARTNER_WEBHOOKS, "Security"),
    Entry("Billing", "pie-chart", "billing:overview", Control.PARTNER_BILLING, "Billing"),
    Entry("Billing reports", "report", "billing:report-list", Control.PARTNER_BILLING, "Billing"),
    Entry("Invoices", "list-bulleted", "billing:invoice-list", Control.PARTNER_BILLING, "Billing"),
    Entry("Price book", "tag", "billing:price-list", Control.PARTNER_PRICES, "Billing"),
    Entry("Margin", "analysis", "billing:margin", Control.PARTNER_MARGIN, "Billing"),
    Entry("Usage corrections", "edit", "billing:correction-list", Control.PARTNER_BILLING, "Billing"),
)
CONTROL_HUB = (
    Entry("Overview", "home", "controlhub:overview", Control.ORG_OVERVIEW),
    Entry("Users", "people", "controlhub:user-list", Control.USERS, "Management"),
    Entry("Locations", "location", "controlhub:location-list", Control.LOCATIONS, "Management"),
    Entry("Workspaces", "workspace", "controlhub:workspace-list", Control.WORKSPACES, "Management"),
    Entry("Administrators", "people-manage", "controlhub:admin-list", Control.ADMIN_ROLES, "Management"),
    Entry("Devices", "desk-phone", "controlhub:device-list", Control.DEVICES, "Management"),
    Entry("Support access", "headset", "controlhub:support", Control.ORG_SUPPORT_ACCESS, "Management"),
    Entry("Account", "account", "controlhub:account", Control.ACCOUNT, "Management"),
    Entry("Audit", "shield", "controlhub:audit", Control.ORG_AUDIT, "Management"),
    Entry("Organization settings", "settings", "controlhub:settings", Control.ORG_ASSISTANT, "Management"),
    Entry("Numbers", "phone", "controlhub:number-list", Control.NUMBERS, "Services"),
    Entry("Call queues", "waiting-room", "controlhub:queue-list", Control.CALL_QUEUES, "Services"),
    Entry("Calling settings", "call-settings", "controlhub:calling-settings", Control.CALLING_BEHAVIOR, "Services"),
    Entry("All services", "services", "controlhub:services", Control.SERVICES, "Services"),
)


def nav_items(scope: Any, path: str) -> list[NavItem]:
    """Entries of the hub that `scope` (a PartnerView or CustomerView) is in, as its actor may see them."""
    entries = CONTROL_HUB if scope.customer else PARTNER_HUB
    key = scope.customer.public_id if scope.customer else scope.partner.public_id
    shown = [
        (entry, reverse(entry.url_name, args=[key]))
        for entry in entries
        if scope.level(entry.control) >= Level.DISABLED
    ]
    current = max((url for _, url in shown if path.startswith(url)), key=len, default="")
    return [NavItem(entry.label, entry.icon, url, url == current, entry.group) for entry, url in shown]
