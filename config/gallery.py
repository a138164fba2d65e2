"""What the component gallery shows: a form in every state, wizard steps, a job's timeline. No data is read."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
STEPS = [
    {"key": "primary", "title": "Primary settings", "state": "done", "go": True},
    {"key": "calling", "title": "Wholesale calling", "state": "error", "go": True},
    {"key": "authentication", "title": "Authentication method", "state": "current"},
    {"key": "email", "title": "Email and Call settings", "state": "todo"},
    {"key": "summary", "title": "Summary", "state": "todo"},
]
TIMELINE = [
    {"title": "Screening", "state": "done", "detail": ""},
    {"title": "Organization", "state": "done", "detail": "Created in the region of Germany."},
    {"title": "Webex Calling", "state": "retrying", "detail": "The cloud was busy. Next attempt in 20 seconds."},
    {"title": "Webex Suite", "state": "error", "detail": "The calling location has no emergency address."},
    {"title": "First location", "state": "running", "detail": ""},
    {"title": "Compliance review", "state": "held", "detail": "Waiting for an answer of the screening service."},
    {"title": "Meeting site defaults", "state": "skipped", "detail": ""},
    {"title": "Administrator invitation", "state": "waiting", "detail": ""},
]
NAV = [
    {"label": "Overview", "icon": "home", "url": "#nav", "current": False, "group": ""},
    {"label": "Customers", "icon": "people", "url": "#nav", "current": True, "group": ""},
    {"label": "Onboarding templates", "icon": "template", "url": "#nav", "current": False, "group": ""},
    {"label": "Locations", "icon": "location", "url": "#nav", "current": False, "group": "Management"},
    {"label": "Calling", "icon": "phone", "url": "#nav", "current": False, "group": "Services"},
    {"label": "Billing reports", "icon": "report", "url": "#nav", "current": False, "group": "Services"},
]
TABS = [
    {"label": "Users", "url": "#tabs", "current": True},
    {"label": "Contacts", "url": "#tabs", "current": False},
    {"label": "Deleted users", "url": "#tabs", "current": False},
]
CRUMBS = [{"label": "Customers", "url": "#crumbs"}, {"label": "Acme Dental Group", "url": "#crumbs"}]
COUNTRIES = [("", "Select a country"), ("DE", "Germany"), ("US", "United States")]
METHODS = [
    ("webex", "Webex authentication"),
    ("saml", "Partner authentication"),
    ("oidc", "Partner authentication with OpenID Connect"),
]


class GalleryForm(forms.Form):
    """One field of each kind."""

    company = forms.CharField(label="Company name", help_text="As it shall appear on invoices. No % sign.")
    admin_email = forms.EmailField(label="Administrator email")
    external_id = forms.CharField(label="External customer ID", required=False)
    country = forms.ChoiceField(label="Country or region", choices=COUNTRIES)
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    method = forms.ChoiceField(label="Authentication method", choices=METHODS, widget=forms.RadioSelect)
    packages = forms.MultipleChoiceField(
        label="Packages",
        choices=[("webex_calling", "Webex Calling"), ("webex_suite", "Webex Suite"), ("webex_voice", "Webex Voice")],
        widget=forms.CheckboxSelectMultiple,
        help_text="At least one.",
    )
    supported = forms.BooleanField(label="The customer is in a supported location")
    restricted = forms.BooleanField(label="Restricted by Partner Mode", required=False)
    provisioning_id = forms.CharField(label="Provisioning ID", disabled=True, required=False)


class PersonForm(forms.Form):
    """One row of the grid that adds several users at once."""

    first_name = forms.CharField(label="First name")
    last_name = forms.CharField(label="Last name")
    email = forms.EmailField(label="Email")
    package = forms.ChoiceField(label="Package", choices=[("", "Select"), ("webex_calling", "Webex Calling")])


def gallery_context() -> dict[str, Any]:
    """Everything dev/gallery.html names."""
    typed = {"company": "Acme Dental Group", "admin_email": "not an address", "country": "", "method": "saml"}
    people = {"p-0-first_name": "Ada", "p-0-last_name": "Example", "p-0-email": "ada@", "p-0-package": "webex_calling"}
    wrong_row = PersonForm(people, prefix="p-0")
    return {
        "hub_name": "Partner Hub",
        "org_name": "Northwind Telecom",
        "nav_items": NAV,
        "actor": {"name": "Dana Demo", "email": "dana@northwind.example.com", "org_name": "Northwind Telecom"},
        "customer": {"name": "Acme Dental Group", "public_id": UUID(int=1)},
        "launch": {"expires_at": NOON},
        "restricted_banner": True,
        "form": GalleryForm(initial={"method": "webex", "restricted": True, "provisioning_id": "ZjViMzYxODctYzhkZA"}),
        "wrong_form": GalleryForm(typed, auto_id="wrong_%s"),
        "rows": [wrong_row, PersonForm(prefix="p-1"), PersonForm(prefix="p-2")],
        "steps": STEPS,
        "timeline": TIMELINE,
        "tabs": TABS,
        "crumbs": CRUMBS,
        "levels": ["success", "warning", "error", "info", "neutral"],
    }
