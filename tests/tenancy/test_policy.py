"""The policy table against a golden copy, row by row. A change here is a change of who may do what."""

import pytest

from tenancy.management.commands.policy_doc import POLICY_PAGE
from tenancy.policy import CUSTOMER_CONTROLS, PARTNER_CONTROLS, RESTRICTIONS, Control, Level, Role, While, level_for
from tenancy.policy_doc import policy_markdown

H, D, R, E = Level.HIDDEN, Level.DISABLED, Level.READ_ONLY, Level.EDIT

# Columns: partner_wholesale, partner_full, partner_admin, partner_readonly, helpdesk (basic and advanced)
PARTNER_HUB = {
    "partner.overview": (E, E, E, R, R),
    "partner.customers": (E, E, E, R, R),
    "partner.customer_create": (E, H, H, H, H),
    "partner.restricted_mode": (E, E, E, R, R),
    "partner.provisioning": (E, E, E, R, R),
    "partner.launch": (E, E, E, E, E),
    "partner.templates": (E, H, H, H, H),
    "partner.indirect_providers": (E, H, H, H, H),
    "partner.setup_assist": (E, R, R, R, R),
    "partner.billing": (E, E, H, R, H),
    "partner.prices": (E, E, H, R, H),
    "partner.margin": (E, E, H, R, H),
    "partner.helpdesk": (E, E, E, R, R),
    "partner.audit": (E, E, H, R, H),
    "partner.api_tokens": (E, E, H, H, H),
    "partner.webhooks": (E, E, H, H, H),
}

# Customer-side roles in the columns' order; external administrators have the rows of the roles they mirror.
CUSTOMER_SIDE = (
    Role.CUSTOMER_FULL,
    Role.CUSTOMER_READONLY,
    Role.CUSTOMER_SUPPORT,
    Role.CUSTOMER_USER_DEVICE,
    Role.CUSTOMER_DEVICE,
    Role.CUSTOMER_LOCATION,
    Role.CUSTOMER_COMPLIANCE,
)
MIRRORS = {Role.EXTERNAL_FULL: Role.CUSTOMER_FULL, Role.EXTERNAL_READONLY: Role.CUSTOMER_READONLY}

# Mode off. Columns: full, read-only, support, user and device, device, location, compliance (domain.md 7.1, 7.4)
CONTROL_HUB = {
    "org.overview": (E, R, R, R, R, R, R),
    "org.provisioning": (E, R, R, R, R, R, R),
    "org.audit": (E, R, H, H, H, H, R),
    "org.support_access": (E, R, H, H, H, H, H),
    "admin_roles": (E, R, H, H, H, H, H),
    "admin_roles.external": (E, R, H, H, H, H, H),
    "users": (E, R, H, E, H, R, H),
    "users.add": (E, R, H, E, H, H, H),
    "users.csv": (E, R, H, E, H, H, H),
    "users.claim": (E, R, H, H, H, H, H),
    "users.auto_licence": (E, R, H, H, H, H, H),
    "users.directory_sync": (E, R, H, H, H, H, H),
    "user.status": (E, R, H, E, H, H, H),
    "user.name": (E, R, H, E, H, E, H),
    "user.email": (E, R, H, E, H, H, H),
    "user.package": (E, R, H, E, H, H, H),
    "user.services": (E, R, H, E, H, H, H),
    "user.primary_number": (E, R, H, E, H, H, H),
    "user.location": (E, R, H, E, H, E, H),
    "user.extension": (E, R, H, E, H, E, H),
    "locations": (E, R, H, R, R, R, H),
    "location.details": (E, R, H, H, H, E, H),
    "location.calling_setup": (H, H, H, H, H, H, H),
    "location.pstn": (D, D, H, H, H, H, H),
    "location.call_recording": (D, D, H, H, H, H, H),
    "location.pstn_local_gateway": (E, R, H, H, H, H, H),
    "numbers": (E, R, H, R, H, R, H),
    "numbers.manage": (D, D, H, H, H, H, H),
    "workspaces": (E, R, H, E, E, E, H),
    "workspace.package": (E, R, H, E, H, H, H),
    "devices": (E, R, H, E, E, E, H),
    "device.sip_credentials": (E, R, H, E, E, H, H),
    "device.third_party": (R, R, H, H, H, H, H),
    "call_queues": (E, R, H, H, H, E, H),
    "call_queue.upgrade": (E, R, H, H, H, H, H),
    "calling.app_options_priority": (R, R, H, H, H, H, H),
    "calling.behavior": (E, R, H, H, H, H, H),
    "calling.recordings": (R, R, H, H, H, H, H),
    "account": (E, R, H, H, H, H, H),
    "account.company_name": (E, R, H, H, H, H, H),
    "org.domain": (E, R, H, H, H, H, H),
    "org.email_settings": (E, R, H, H, H, H, H),
    "org.authentication": (E, R, H, H, H, H, H),
    "org.assistant": (E, R, H, H, H, H, H),
    "services": (E, R, H, H, H, H, H),
    "services.migrations": (E, R, H, H, H, H, H),
    "services.connected_uc": (E, R, H, H, H, H, H),
}
# What Restricted by Partner Mode leaves of the rows above, by domain.md 8.3. Every other row stays as it is.
WHILE_RESTRICTED = {
    "users.add": D,  # 8.3 Users: the Manage users button is greyed, manual add unavailable
    "users.csv": D,  # 8.3 Users: CSV add and modify unavailable
    "users.claim": D,  # 8.3 Users: claim users unavailable
    "users.auto_licence": D,  # 8.3 Users: automatic licence assignment unavailable
    "users.directory_sync": R,  # 8.3 Users: directory synchronisation not editable, partner-level only
    "user.email": R,  # 8.3 User: primary e-mail, not editable by default (ROLES 2025)
    "user.package": R,  # 8.3 User: reset package unavailable; the package itself stays visible
    "user.services": D,  # 8.3 User: edit services unavailable
    "user.primary_number": R,  # 8.3 User: primary work number read-only
    "workspace.package": D,  # ours: nothing that is billed (the reason stands in the table)
    "user.location": R,  # ours: the same
    "calling.behavior": R,  # 8.3 Calling: calling behavior read-only
    "account.company_name": R,  # 8.3 Account: company name read-only
    "org.domain": R,  # 8.3 Org settings: domain read-only
    "org.email_settings": R,  # 8.3 Org settings: suppress admin invite e-mail, e-mail locale read-only
    "org.authentication": R,  # 8.3 Org settings: authentication / SSO not editable
    "location.pstn_local_gateway": H,  # 8.3 Calling: Local Gateway and Cisco PSTN options hidden
    "services.migrations": H,  # 8.3 Services: hidden
    "services.connected_uc": H,  # 8.3 Services: hidden
}
# Domain.md 8.2: restricted for customer admins whatever the mode; each level as the guide's "State".
ALWAYS_RESTRICTED = {
    "calling.app_options_priority": R,  # read-only
    "location.calling_setup": H,  # set-up of calling after location creation: hidden
    "location.pstn": D,  # greyed
    "location.call_recording": D,  # greyed
    "numbers.manage": D,  # phone number management: disabled
    "device.third_party": R,  # 13.3: off for new wholesale organisations until the service provider enables it
    "calling.recordings": R,  # read-only
}
# Domain.md 8.3: what stays editable in restricted mode.
STAYS_EDITABLE = ("user.name", "user.extension", "locations", "workspaces", "admin_roles")

# Since March 2023 a partner administrator looks at users and licences but changes neither (domain.md 7.2).
CUSTOMER_DECIDES = (Control.ORG_SUPPORT_ACCESS,)
LICENCES = (
    "users.add",
    "users.csv",
    "users.claim",
    "users.auto_licence",
    "user.package",
    "user.services",
    "user.status",
    "user.location",
    "workspace.package",
)


@pytest.mark.parametrize("control", PARTNER_CONTROLS)
def test_partner_hub_row_is_golden(control: Control) -> None:
    roles = (Role.PARTNER_WHOLESALE, Role.PARTNER_FULL, Role.PARTNER_ADMIN, Role.PARTNER_READONLY, Role.HELPDESK_BASIC)
    assert tuple(level_for(role, control, restricted=False) for role in roles) == PARTNER_HUB[control]
    assert level_for(Role.HELPDESK_ADVANCED, control, restricted=False) is PARTNER_HUB[control][-1]


@pytest.mark.parametrize("control", CUSTOMER_CONTROLS)
@pytest.mark.parametrize("restricted", [False, True])
def test_control_hub_row_is_golden(control: Control, restricted: bool) -> None:
    left = WHILE_RESTRICTED.get(control, E) if restricted else E
    expected = {role: min(level, left) for role, level in zip(CUSTOMER_SIDE, CONTROL_HUB[control], strict=True)}
    expected |= {role: expected[mirrored] for role, mirrored in MIRRORS.items()}
    assert {role: level_for(role, control, restricted=restricted) for role in expected} == expected


@pytest.mark.parametrize("control", CUSTOMER_CONTROLS)
def test_partner_side_roles_are_never_limited_by_restricted_mode(control: Control) -> None:
    expected = {
        Role.PARTNER_WHOLESALE: R if control in CUSTOMER_DECIDES else E,
        Role.PARTNER_FULL: R if control in CUSTOMER_DECIDES else E,
        Role.PARTNER_ADMIN: R if control in (*LICENCES, *CUSTOMER_DECIDES) else E,
        Role.PARTNER_READONLY: R,
        Role.HELPDESK_BASIC: R,
        Role.HELPDESK_ADVANCED: R,
    }
    for restricted in (False, True):
        assert {role: level_for(role, control, restricted=restricted) for role in expected} == expected


@pytest.mark.parametrize("control", PARTNER_CONTROLS)
def test_customer_admins_see_nothing_of_partner_hub(control: Control) -> None:
    for role in (*CUSTOMER_SIDE, *MIRRORS):
        assert level_for(role, control, restricted=False) is H


def test_the_restrictions_are_those_of_the_guide_and_no_others() -> None:
    assert {control.value: left for control, (when, left) in RESTRICTIONS.items() if when is While.ALWAYS} == (
        ALWAYS_RESTRICTED
    )
    assert {control.value: left for control, (when, left) in RESTRICTIONS.items() if when is While.RESTRICTED} == (
        WHILE_RESTRICTED
    )
    for control in STAYS_EDITABLE:
        assert level_for(Role.CUSTOMER_FULL, Control(control), restricted=True) is E


def test_a_restriction_never_gives_more_than_the_role_has() -> None:
    for control, (while_, left) in RESTRICTIONS.items():
        for role in Role:
            free = level_for(role, control, restricted=False)
            bitten = level_for(role, control, restricted=True)
            assert bitten <= free
            if not role.of_partner:
                assert bitten <= left
                assert while_ is While.RESTRICTED or free <= left


@pytest.mark.parametrize(("role", "control"), [("intern", "users"), ("customer_full", "users.teleport")])
def test_unknown_is_an_error_never_allowed(role: str, control: str) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        level_for(role, control, restricted=False)  # type: ignore[arg-type]


def test_every_control_is_in_the_golden_copy() -> None:
    golden = set(PARTNER_HUB) | set(CONTROL_HUB) | {"public", "signed_in", "api"}
    assert golden == {control.value for control in Control}


def test_the_policy_page_is_up_to_date() -> None:
    assert POLICY_PAGE.read_text(encoding="utf-8") == policy_markdown(), "run `python3 manage.py policy_doc`"
