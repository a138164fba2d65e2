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
    "partner.billing": (E, E, H, R, H),
}

# Columns: customer_full, customer_readonly, customer_user_device — mode off, then mode on (domain.md 8.2, 8.3)
CONTROL_HUB = {
    "org.overview": ((E, R, R), (E, R, R)),
    "org.provisioning": ((E, R, R), (E, R, R)),
    "users": ((E, R, R), (E, R, R)),
    "users.add": ((E, R, E), (D, D, D)),
    "users.csv": ((E, R, E), (D, D, D)),
    "users.claim": ((E, R, R), (D, D, D)),
    "users.auto_licence": ((E, R, R), (D, D, D)),
    "users.directory_sync": ((E, R, R), (R, R, R)),
    "user.name": ((E, R, E), (E, R, E)),
    "user.email": ((E, R, R), (R, R, R)),
    "user.package": ((E, R, E), (R, R, R)),
    "user.services": ((E, R, E), (D, D, D)),
    "user.primary_number": ((E, R, E), (R, R, R)),
    "user.extension": ((E, R, E), (E, R, E)),
    "locations": ((E, R, R), (E, R, R)),
    "location.calling_setup": ((H, H, H), (H, H, H)),
    "location.pstn": ((D, D, D), (D, D, D)),
    "location.call_recording": ((D, D, D), (D, D, D)),
    "location.pstn_local_gateway": ((E, R, R), (H, H, H)),
    "numbers": ((E, R, R), (E, R, R)),
    "numbers.manage": ((D, D, D), (D, D, D)),
    "workspaces": ((E, R, E), (E, R, E)),
    "calling.app_options_priority": ((R, R, R), (R, R, R)),
    "calling.behavior": ((E, R, R), (R, R, R)),
    "calling.recordings": ((R, R, R), (R, R, R)),
    "account": ((E, R, H), (E, R, H)),
    "account.company_name": ((E, R, R), (R, R, R)),
    "org.domain": ((E, R, R), (R, R, R)),
    "org.email_settings": ((E, R, R), (R, R, R)),
    "org.authentication": ((E, R, R), (R, R, R)),
    "services.migrations": ((E, R, R), (H, H, H)),
    "services.connected_uc": ((E, R, R), (H, H, H)),
}

# Since March 2023 a partner administrator looks at users and licences but changes neither (domain.md 7.2).
LICENCES = ("users.add", "users.csv", "users.claim", "users.auto_licence", "user.package", "user.services")


@pytest.mark.parametrize("control", PARTNER_CONTROLS)
def test_partner_hub_row_is_golden(control: Control) -> None:
    roles = (Role.PARTNER_WHOLESALE, Role.PARTNER_FULL, Role.PARTNER_ADMIN, Role.PARTNER_READONLY, Role.HELPDESK_BASIC)
    assert tuple(level_for(role, control, restricted=False) for role in roles) == PARTNER_HUB[control]
    assert level_for(Role.HELPDESK_ADVANCED, control, restricted=False) is PARTNER_HUB[control][-1]


@pytest.mark.parametrize("control", CUSTOMER_CONTROLS)
@pytest.mark.parametrize("restricted", [False, True])
def test_control_hub_row_is_golden(control: Control, restricted: bool) -> None:
    roles = (Role.CUSTOMER_FULL, Role.CUSTOMER_READONLY, Role.CUSTOMER_USER_DEVICE)
    assert tuple(level_for(role, control, restricted=restricted) for role in roles) == CONTROL_HUB[control][restricted]


@pytest.mark.parametrize("control", CUSTOMER_CONTROLS)
def test_partner_side_roles_are_never_limited_by_restricted_mode(control: Control) -> None:
    expected = {
        Role.PARTNER_WHOLESALE: E,
        Role.PARTNER_FULL: E,
        Role.PARTNER_ADMIN: R if control in LICENCES else E,
        Role.PARTNER_READONLY: R,
        Role.HELPDESK_BASIC: R,
        Role.HELPDESK_ADVANCED: R,
    }
    for restricted in (False, True):
        assert {role: level_for(role, control, restricted=restricted) for role in expected} == expected


@pytest.mark.parametrize("control", PARTNER_CONTROLS)
def test_customer_admins_see_nothing_of_partner_hub(control: Control) -> None:
    for role in (Role.CUSTOMER_FULL, Role.CUSTOMER_READONLY, Role.CUSTOMER_USER_DEVICE):
        assert level_for(role, control, restricted=False) is H


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
    golden = set(PARTNER_HUB) | set(CONTROL_HUB) | {"public", "signed_in"}
    assert golden == {control.value for control in Control}


def test_the_policy_page_is_up_to_date() -> None:
    assert POLICY_PAGE.read_text(encoding="utf-8") == policy_markdown(), "run `python3 manage.py policy_doc`"
