"""THE table: who may do what, and what "Restricted by Partner Mode" takes away. Data and one function, nothing else.

`level_for` is the lower of what a role is entitled to and what a restriction leaves. An unknown role or control raises.
Sources: domain.md sections 7.2-7.5 (roles) and 8.2-8.3 (restrictions, Wholesale guide: Restricted by Partner Mode).
`docs/policy.md` is generated from this file.
"""

from enum import IntEnum, StrEnum


class Level(IntEnum):
    """What an actor gets of an item. The order is the meaning: more is more."""

    HIDDEN = 0
    DISABLED = 1
    READ_ONLY = 2
    EDIT = 3


H, D, R, E = Level


class Role(StrEnum):
    """Stored values: never rename one (a new name is a new role and a data migration)."""

    PARTNER_WHOLESALE = "partner_wholesale"
    PARTNER_FULL = "partner_full"
    PARTNER_ADMIN = "partner_admin"
    PARTNER_READONLY = "partner_readonly"
    HELPDESK_BASIC = "helpdesk_basic"
    HELPDESK_ADVANCED = "helpdesk_advanced"
    CUSTOMER_FULL = "customer_full"
    CUSTOMER_READONLY = "customer_readonly"
    CUSTOMER_SUPPORT = "customer_support"
    CUSTOMER_USER_DEVICE = "customer_user_device"
    CUSTOMER_DEVICE = "customer_device"
    CUSTOMER_LOCATION = "customer_location"
    CUSTOMER_COMPLIANCE = "customer_compliance"
    EXTERNAL_FULL = "external_full"
    EXTERNAL_READONLY = "external_readonly"

    @property
    def of_partner(self) -> bool:
        """Partner-side roles are never limited by restricted mode."""
        return self not in CUSTOMER_ROLES

    @property
    def label(self) -> str:
        return ROLE_LABELS[self]


CUSTOMER_ROLES = frozenset(role for role in Role if role.startswith(("customer_", "external_")))
EXTERNAL_ROLES = frozenset({Role.EXTERNAL_FULL, Role.EXTERNAL_READONLY})
ROLE_LABELS = {
    Role.PARTNER_WHOLESALE: "Partner full administrator with Webex for Wholesale",
    Role.PARTNER_FULL: "Partner full administrator",
    Role.PARTNER_ADMIN: "Partner administrator",
    Role.PARTNER_READONLY: "Partner read-only administrator",
    Role.HELPDESK_BASIC: "Help desk administrator (basic)",
    Role.HELPDESK_ADVANCED: "Help desk administrator (advanced)",
    Role.CUSTOMER_FULL: "Full administrator",
    Role.CUSTOMER_READONLY: "Read-only administrator",
    Role.CUSTOMER_SUPPORT: "Support administrator",
    Role.CUSTOMER_USER_DEVICE: "User and device administrator",
    Role.CUSTOMER_DEVICE: "Device administrator",
    Role.CUSTOMER_LOCATION: "Location administrator",
    Role.CUSTOMER_COMPLIANCE: "Compliance officer",
    Role.EXTERNAL_FULL: "External full administrator",
    Role.EXTERNAL_READONLY: "External read-only administrator",
}


class Control(StrEnum):
    """An item of a page, not a page. The prefix says in which hub it lives."""

    # Everybody
    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    # The REST API: each operation names the control it is about, and a scope (api.operation).
    API = "api"
    # Partner Hub
    PARTNER_OVERVIEW = "partner.overview"
    PARTNER_CUSTOMERS = "partner.customers"
    PARTNER_CUSTOMER_CREATE = "partner.customer_create"
    PARTNER_RESTRICTED_MODE = "partner.restricted_mode"
    PARTNER_PROVISIONING = "partner.provisioning"
    PARTNER_LAUNCH = "partner.launch"
    PARTNER_TEMPLATES = "partner.templates"
    PARTNER_INDIRECT_PROVIDERS = "partner.indirect_providers"
    PARTNER_SETUP_ASSIST = "partner.setup_assist"
    PARTNER_BILLING = "partner.billing"
    PARTNER_PRICES = "partner.prices"
    PARTNER_MARGIN = "partner.margin"
    PARTNER_HELPDESK = "partner.helpdesk"
    PARTNER_AUDIT = "partner.audit"
    PARTNER_API_TOKENS = "partner.api_tokens"
    PARTNER_WEBHOOKS = "partner.webhooks"
    # Control Hub
    ORG_OVERVIEW = "org.overview"
    ORG_PROVISIONING = "org.provisioning"
    ORG_AUDIT = "org.audit"
    ORG_SUPPORT_ACCESS = "org.support_access"
    ADMIN_ROLES = "admin_roles"
    EXTERNAL_ADMINS = "admin_roles.external"
    USERS = "users"
    USERS_ADD = "users.add"
    USERS_CSV = "users.csv"
    USERS_CLAIM = "users.claim"
    USERS_AUTO_LICENCE = "users.auto_licence"
    USERS_DIRECTORY_SYNC = "users.directory_sync"
    USER_STATUS = "user.status"
    USER_NAME = "user.name"
    USER_EMAIL = "user.email"
    USER_PACKAGE = "user.package"
    USER_SERVICES = "user.services"
    USER_PRIMARY_NUMBER = "user.primary_number"
    USER_LOCATION = "user.location"
    USER_EXTENSION = "user.extension"
    LOCATIONS = "locations"
    LOCATION_DETAILS = "location.details"
    LOCATION_CALLING_SETUP = "location.calling_setup"
    LOCATION_PSTN = "location.pstn"
    LOCATION_CALL_RECORDING = "location.call_recording"
    LOCATION_PSTN_LOCAL_GATEWAY = "location.pstn_local_gateway"
    NUMBERS = "numbers"
    NUMBERS_MANAGE = "numbers.manage"
    WORKSPACES = "workspaces"
    WORKSPACE_PACKAGE = "workspace.package"
    DEVICES = "devices"
    DEVICE_CREDENTIALS = "device.sip_credentials"
    DEVICE_THIRD_PARTY = "device.third_party"
    CALL_QUEUES = "call_queues"
    CALL_QUEUE_UPGRADE = "call_queue.upgrade"
    CALLING_APP_PRIORITY = "calling.app_options_priority"
    CALLING_BEHAVIOR = "calling.behavior"
    CALLING_RECORDINGS = "calling.recordings"
    ACCOUNT = "account"
    ACCOUNT_COMPANY_NAME = "account.company_name"
    ORG_DOMAIN = "org.domain"
    ORG_EMAIL_SETTINGS = "org.email_settings"
    ORG_AUTHENTICATION = "org.authentication"
    ORG_ASSISTANT = "org.assistant"
    SERVICES = "services"
    SERVICES_MIGRATIONS = "services.migrations"
    SERVICES_CONNECTED_UC = "services.connected_uc"


class While(StrEnum):
    """When a restriction bites."""

    ALWAYS = "always"
    RESTRICTED = "while restricted"


PARTNER_CONTROLS = tuple(control for control in Control if control.startswith("partner."))
EVERYBODY = (Control.PUBLIC, Control.SIGNED_IN, Control.API)
CUSTOMER_CONTROLS = tuple(c for c in Control if c not in PARTNER_CONTROLS and c not in EVERYBODY)
LICENCE_CONTROLS = (
    Control.USERS_ADD,
    Control.USERS_CSV,
    Control.USERS_CLAIM,
    Control.USERS_AUTO_LICENCE,
    Control.USER_PACKAGE,
    Control.USER_SERVICES,
    Control.USER_STATUS,
    Control.USER_LOCATION,
    Control.WORKSPACE_PACKAGE,
)


def _row(partner: Level, customer: Level, **exceptions: Level) -> dict[Control, Level]:
    """One level for each hub, then the exceptions, by the control's name in the enum."""
    row = (
        dict.fromkeys(EVERYBODY, E)
        | dict.fromkeys(PARTNER_CONTROLS, partner)
        | dict.fromkeys(CUSTOMER_CONTROLS, customer)
    )
    return row | {Control[name]: level for name, level in exceptions.items()}


def _only(**levels: Level) -> dict[Control, Level]:
    """Nothing of either hub but what is named, by the control's name in the enum."""
    return _row(H, H, ORG_OVERVIEW=R, ORG_PROVISIONING=R, **levels)


_NO_WHOLESALE = {"PARTNER_CUSTOMER_CREATE": H, "PARTNER_TEMPLATES": H, "PARTNER_INDIRECT_PROVIDERS": H}
# Ordered within A-Wholesale and billed at once (domain.md 11): the wholesale administrator orders, the others look.
_NO_ORDERS = {"PARTNER_SETUP_ASSIST": R}
_NO_MONEY = {"PARTNER_BILLING": H, "PARTNER_PRICES": H, "PARTNER_MARGIN": H}
_NO_SYSTEMS = {"PARTNER_API_TOKENS": H, "PARTNER_WEBHOOKS": H}
_HELPDESK = _NO_WHOLESALE | _NO_MONEY | _NO_SYSTEMS | {"PARTNER_LAUNCH": E, "PARTNER_AUDIT": H}

# Who of the support staff may come in, and with what, is for the customer to decide (domain.md 7.2, 7.5, 7.6).
_CUSTOMER_DECIDES = {"ORG_SUPPORT_ACCESS": R}

ENTITLEMENTS: dict[Role, dict[Control, Level]] = {
    Role.PARTNER_WHOLESALE: _row(E, E, **_CUSTOMER_DECIDES),
    Role.PARTNER_FULL: _row(E, E, **_NO_WHOLESALE | _NO_ORDERS | _CUSTOMER_DECIDES),
    # Since March 2023 a partner administrator changes neither users nor licences (domain.md 7.2).
    Role.PARTNER_ADMIN: _row(
        E,
        E,
        **_NO_WHOLESALE
        | _NO_ORDERS
        | _CUSTOMER_DECIDES
        | _NO_MONEY
        | _NO_SYSTEMS
        | {"PARTNER_AUDIT": H}
        | {control.name: R for control in LICENCE_CONTROLS},
    ),
    Role.PARTNER_READONLY: _row(R, R, **_NO_WHOLESALE | _NO_SYSTEMS | {"PARTNER_LAUNCH": E}),
    Role.HELPDESK_BASIC: _row(R, R, **_HELPDESK),
    Role.HELPDESK_ADVANCED: _row(R, R, **_HELPDESK),
    Role.CUSTOMER_FULL: _row(H, E),
    Role.CUSTOMER_READONLY: _row(H, R),
    # Analytics and troubleshooting: the overview and what provisioning says.
    Role.CUSTOMER_SUPPORT: _only(),
    Role.CUSTOMER_USER_DEVICE: _only(
        USERS=E,
        USERS_ADD=E,
        USERS_CSV=E,
        USER_STATUS=E,
        USER_NAME=E,
        USER_EMAIL=E,
        USER_PACKAGE=E,
        USER_SERVICES=E,
        USER_PRIMARY_NUMBER=E,
        USER_LOCATION=E,
        USER_EXTENSION=E,
        LOCATIONS=R,
        NUMBERS=R,
        WORKSPACES=E,
        WORKSPACE_PACKAGE=E,
        DEVICES=E,
        DEVICE_CREDENTIALS=E,
    ),
    Role.CUSTOMER_DEVICE: _only(LOCATIONS=R, WORKSPACES=E, DEVICES=E, DEVICE_CREDENTIALS=E),
    # Everything of a location administrator is narrowed to his locations by controlhub.queries.scope.
    Role.CUSTOMER_LOCATION: _only(
        USERS=R,
        USER_NAME=E,
        USER_LOCATION=E,
        USER_EXTENSION=E,
        LOCATIONS=R,
        LOCATION_DETAILS=E,
        NUMBERS=R,
        WORKSPACES=E,
        DEVICES=E,
        CALL_QUEUES=E,
    ),
    Role.CUSTOMER_COMPLIANCE: _only(ORG_AUDIT=R),
    Role.EXTERNAL_FULL: _row(H, E),
    Role.EXTERNAL_READONLY: _row(H, R),
}

# What stays when the restriction bites (domain.md 8.2: always; 8.3: while Restricted by Partner Mode is on).
RESTRICTIONS: dict[Control, tuple[While, Level]] = {
    Control.CALLING_APP_PRIORITY: (While.ALWAYS, R),
    Control.LOCATION_CALLING_SETUP: (While.ALWAYS, H),
    Control.LOCATION_PSTN: (While.ALWAYS, D),
    Control.LOCATION_CALL_RECORDING: (While.ALWAYS, D),
    Control.NUMBERS_MANAGE: (While.ALWAYS, D),
    # "Off for new wholesale orgs until enabled on request" (domain.md 13.3): the service provider enables.
    Control.DEVICE_THIRD_PARTY: (While.ALWAYS, R),
    Control.CALLING_RECORDINGS: (While.ALWAYS, R),
    Control.USERS_ADD: (While.RESTRICTED, D),
    Control.USERS_CSV: (While.RESTRICTED, D),
    Control.USERS_CLAIM: (While.RESTRICTED, D),
    Control.USERS_AUTO_LICENCE: (While.RESTRICTED, D),
    Control.USERS_DIRECTORY_SYNC: (While.RESTRICTED, R),
    Control.USER_EMAIL: (While.RESTRICTED, R),
    Control.USER_PACKAGE: (While.RESTRICTED, R),
    Control.USER_SERVICES: (While.RESTRICTED, D),
    Control.USER_PRIMARY_NUMBER: (While.RESTRICTED, R),
    # Not in the guide's list, but the same rule: a restricted administrator changes nothing that is billed. Whoever moves
    # a user to another location ends what is billed at the one and starts it at the other, and may touch his number.
    Control.WORKSPACE_PACKAGE: (While.RESTRICTED, D),
    Control.USER_LOCATION: (While.RESTRICTED, R),
    Control.ACCOUNT_COMPANY_NAME: (While.RESTRICTED, R),
    Control.ORG_DOMAIN: (While.RESTRICTED, R),
    Control.ORG_EMAIL_SETTINGS: (While.RESTRICTED, R),
    Control.ORG_AUTHENTICATION: (While.RESTRICTED, R),
    Control.CALLING_BEHAVIOR: (While.RESTRICTED, R),
    Control.LOCATION_PSTN_LOCAL_GATEWAY: (While.RESTRICTED, H),
    Control.SERVICES_MIGRATIONS: (While.RESTRICTED, H),
    Control.SERVICES_CONNECTED_UC: (While.RESTRICTED, H),
}


def level_for(role: Role, control: Control, *, restricted: bool) -> Level:
    """What `role` gets of `control`. `restricted`: is Restricted by Partner Mode on for the customer looked at?

    Raises KeyError or ValueError for an unknown role or control: unknown is an error, never "allowed".
    """
    entitled = ENTITLEMENTS[Role(role)][Control(control)]
    if Role(role).of_partner or control not in RESTRICTIONS:
        return entitled
    while_, left = RESTRICTIONS[control]
    bites = while_ is While.ALWAYS or restricted
    return min(entitled, left) if bites else entitled
