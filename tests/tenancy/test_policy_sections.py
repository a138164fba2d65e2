"""The policy table against domain.md 7 and 8, row by row and in the sections' own words.

`test_policy.py` holds the whole table as levels; this file says where each comes from. A row of the sections that names
nothing that the portal has maps to no control, so that it is seen to have been read.
"""

from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.test import override_settings

from tenancy.actors import SEES_ALL_CUSTOMERS, SEES_SUB_PARTNERS
from tenancy.launch import HELPDESK
from tenancy.policy import CUSTOMER_CONTROLS, ENTITLEMENTS, RESTRICTIONS, Control, Level, Role, While, level_for

C = Control
H, D, R, E = Level
# What the sections' words allow. "–" is no right to change it; 7.5 lets the same people look.
WORDS: dict[str, Callable[[Level], bool]] = {
    "yes": lambda level: level is E,
    "no": lambda level: level is H,
    "view": lambda level: level is R,
    "–": lambda level: level <= R,
    "temporary": lambda level: level is R,  # more only with the rights lent: tests/controlhub/test_support.py
    "helps": lambda level: (
        level >= R
    ),  # "yes" to troubleshooting: seeing what is wrong; help desk's deeds ask for no more
    "hidden": lambda level: level is H,
    "greyed": lambda level: level is D,
    "disabled": lambda level: level is D,
    "unavailable": lambda level: level in (D, R),  # the deed is not to be had; what it would change may be seen
    "read-only": lambda level: level is R,
    "not editable": lambda level: level is R,
    "editable": lambda level: level is E,
}


def check(word: str, level: Level, *where: object) -> None:
    assert WORDS[word](level), (*where, word, level)


# -- 8.2 and 8.3: what is left to a full administrator of the customer ----------------------------------------------------
ALWAYS = [
    ("Calling > App options call priority", "read-only", C.CALLING_APP_PRIORITY),
    ("Location: set-up of calling after location creation", "hidden", C.LOCATION_CALLING_SETUP),
    ("Location: PSTN management", "greyed", C.LOCATION_PSTN),
    ("Location: call recording", "greyed", C.LOCATION_CALL_RECORDING),
    ("Calling > phone number management", "disabled", C.NUMBERS_MANAGE),
    ("Calling > call recordings", "read-only", C.CALLING_RECORDINGS),
]
WHILE_ON = [
    ("Users: Manage users button", "greyed", C.USERS_ADD),
    ("Users: manual add/modify", "unavailable", C.USERS_ADD),
    ("Users: CSV add/modify", "unavailable", C.USERS_CSV),
    ("Users: Claim users", "unavailable", C.USERS_CLAIM),
    ("Users: automatic licence assignment", "unavailable", C.USERS_AUTO_LICENCE),
    ("Users: Directory synchronisation settings", "not editable", C.USERS_DIRECTORY_SYNC),
    ("User: first, last, display name", "editable", C.USER_NAME),
    ("User: primary e-mail", "not editable", C.USER_EMAIL),
    ("User: Reset package", "unavailable", C.USER_PACKAGE),
    ("User: Edit services (messaging, meetings, calling)", "unavailable", C.USER_SERVICES),
    ("User: status of Hybrid services / upgrade channel", "hidden", None),  # the portal has neither
    ("User: Primary work number", "read-only", C.USER_PRIMARY_NUMBER),
    ("Account: Company name", "read-only", C.ACCOUNT_COMPANY_NAME),
    ("Org settings: Domain", "read-only", C.ORG_DOMAIN),
    ("Org settings: Suppress admin invite e-mail; e-mail locale", "read-only", C.ORG_EMAIL_SETTINGS),
    ("Org settings: Authentication / SSO", "not editable", C.ORG_AUTHENTICATION),
    ("Calling: App options call priority", "read-only", C.CALLING_APP_PRIORITY),
    ("Calling: Calling behavior", "read-only", C.CALLING_BEHAVIOR),
    ("Calling: Location > PSTN: Local Gateway and Cisco PSTN options", "hidden", C.LOCATION_PSTN_LOCAL_GATEWAY),
    ("Services: Migrations", "hidden", C.SERVICES_MIGRATIONS),
    ("Services: Connected UC", "hidden", C.SERVICES_CONNECTED_UC),
]
# Restrictions that come from elsewhere.
OTHERS = {
    C.DEVICE_THIRD_PARTY: While.ALWAYS,  # 13.3: off until the service provider enables it
    C.WORKSPACE_PACKAGE: While.RESTRICTED,  # ours: nothing that is billed
    C.USER_LOCATION: While.RESTRICTED,  # ours: the same
}


@pytest.mark.parametrize(("item", "state", "control"), ALWAYS)
def test_8_2_holds_in_both_modes(item: str, state: str, control: Control) -> None:
    for restricted in (False, True):
        check(state, level_for(Role.CUSTOMER_FULL, control, restricted=restricted), item)
    assert RESTRICTIONS[control][0] is While.ALWAYS


@pytest.mark.parametrize(("item", "state", "control"), [row for row in WHILE_ON if row[2]])
def test_8_3_holds_while_the_mode_is_on_and_only_then(item: str, state: str, control: Control) -> None:
    check(state, level_for(Role.CUSTOMER_FULL, control, restricted=True), item)
    if control not in {row[2] for row in ALWAYS}:
        assert level_for(Role.CUSTOMER_FULL, control, restricted=False) is E


def test_8_names_every_restriction() -> None:
    named = {control: While.RESTRICTED for _item, state, control in WHILE_ON if control and state != "editable"}
    named |= {control: While.ALWAYS for _item, _state, control in ALWAYS}
    assert {control: when for control, (when, _left) in RESTRICTIONS.items()} == named | OTHERS


@pytest.fixture
def _table_put_back() -> Iterator[None]:
    """Afterwards the table is as it was, in its order too: docs/policy.md is made from it."""
    before = dict(RESTRICTIONS)
    yield
    RESTRICTIONS.clear()
    RESTRICTIONS.update(before)


@pytest.mark.usefixtures("_table_put_back")
def test_8_3_the_email_is_for_the_operator_to_choose() -> None:
    with override_settings(RESTRICTED_EMAIL_EDITABLE=True):
        apps.get_app_config("tenancy").ready()
    assert level_for(Role.CUSTOMER_FULL, C.USER_EMAIL, restricted=True) is E
    assert level_for(Role.CUSTOMER_READONLY, C.USER_EMAIL, restricted=True) is R


def test_8_1_no_mode_limits_the_partners_side() -> None:
    for role in (role for role in Role if role.of_partner):
        for control in CUSTOMER_CONTROLS:
            assert level_for(role, control, restricted=True) is level_for(role, control, restricted=False)


# -- 7.1 and 7.4: roles inside a customer ---------------------------------------------------------------------------------
INSIDE = (
    Role.CUSTOMER_FULL,
    Role.CUSTOMER_READONLY,
    Role.CUSTOMER_SUPPORT,
    Role.CUSTOMER_USER_DEVICE,
    Role.CUSTOMER_DEVICE,
    Role.CUSTOMER_COMPLIANCE,
)
CAPABILITIES = [
    ("Users, licences", ("yes", "view", "–", "yes", "–", "–"), (C.USERS, C.USERS_ADD, C.USER_PACKAGE, C.USER_STATUS)),
    ("Devices", ("yes", "view", "–", "yes", "yes", "–"), (C.DEVICES, C.WORKSPACES)),
    (
        "Org settings, policies",
        ("yes", "view", "–", "–", "–", "–"),
        (C.ORG_DOMAIN, C.ORG_EMAIL_SETTINGS, C.ORG_AUTHENTICATION, C.ORG_ASSISTANT, C.CALLING_BEHAVIOR),
    ),
    ("Troubleshooting", ("helps", "view", "helps", "–", "–", "–"), (C.ORG_PROVISIONING,)),
    ("User content, legal hold", ("yes", "–", "–", "–", "–", "yes"), ()),
    ("Join running meetings to help", ("yes", "–", "–", "–", "–", "–"), ()),
]


@pytest.mark.parametrize(("capability", "words", "controls"), CAPABILITIES)
def test_7_1_and_7_4_capabilities(capability: str, words: tuple[str, ...], controls: tuple[Control, ...]) -> None:
    for role, word in zip(INSIDE, words, strict=True):
        for control in controls:
            check(word, ENTITLEMENTS[role][control], capability, role)


def test_7_4_full_and_read_only_reach_everything_and_external_ones_mirror_them() -> None:
    for role, mirror, level in (
        (Role.CUSTOMER_FULL, Role.EXTERNAL_FULL, E),
        (Role.CUSTOMER_READONLY, Role.EXTERNAL_READONLY, R),
    ):
        assert {ENTITLEMENTS[role][control] for control in CUSTOMER_CONTROLS} == {level}
        assert ENTITLEMENTS[mirror] == ENTITLEMENTS[role]


def test_7_4_a_location_administrator_has_a_reduced_console() -> None:
    edits = {control for control in CUSTOMER_CONTROLS if ENTITLEMENTS[Role.CUSTOMER_LOCATION][control] is E}
    assert edits == {
        C.USER_NAME,
        C.USER_EXTENSION,
        C.USER_LOCATION,  # between his own locations
        C.LOCATION_DETAILS,
        C.WORKSPACES,
        C.DEVICES,
        C.CALL_QUEUES,
    }


# -- 7.2, 7.3, 7.5: the partner's staff -----------------------------------------------------------------------------------
STAFF = (
    Role.PARTNER_FULL,
    Role.PARTNER_ADMIN,
    Role.PARTNER_READONLY,
    Role.HELPDESK_BASIC,
    Role.HELPDESK_ADVANCED,
)
CUSTOMER_MANAGEMENT = [
    ("Assign customer admin roles", ("yes", "yes", "–", "–", "–"), (C.ADMIN_ROLES, C.EXTERNAL_ADMINS)),
    (
        "Add/delete users, licences",
        ("yes", "–", "view", "view", "temporary"),
        (C.USERS_ADD, C.USERS_CSV, C.USERS_CLAIM, C.USER_PACKAGE, C.USER_STATUS, C.USER_SERVICES, C.WORKSPACE_PACKAGE),
    ),
    (
        "Devices, policies, org settings, apps, sites, audit, licences view",
        ("yes", "yes", "view", "view", "temporary"),
        (C.DEVICES, C.LOCATIONS, C.ORG_EMAIL_SETTINGS, C.ORG_AUTHENTICATION, C.CALLING_BEHAVIOR, C.ORG_AUDIT, C.USERS),
    ),
    ("Troubleshooting", ("helps", "helps", "view", "helps", "helps"), (C.PARTNER_HELPDESK,)),
    ("User content", ("–", "–", "–", "yes", "yes"), ()),
    ("Join running meetings", ("–", "–", "–", "–", "yes"), ()),
    ("Retrieve logs", ("–", "–", "–", "yes", "yes"), ()),
]
# Columns of 7.3.
WHOLESALE_STAFF = (Role.PARTNER_FULL, Role.PARTNER_WHOLESALE, Role.PARTNER_ADMIN, Role.PARTNER_READONLY)
WHOLESALE = [
    ("Create customer", ("no", "yes", "no", "no"), (C.PARTNER_CUSTOMER_CREATE,)),
    (
        "Manage wholesale",
        ("yes", "yes", "yes", "view"),
        (C.PARTNER_CUSTOMERS, C.PARTNER_RESTRICTED_MODE, C.PARTNER_PROVISIONING),
    ),
    ("Templates", ("no", "yes", "no", "no"), (C.PARTNER_TEMPLATES,)),
    ("Indirect providers (7.7)", ("no", "yes", "no", "no"), (C.PARTNER_INDIRECT_PROVIDERS,)),
]


@pytest.mark.parametrize(("capability", "words", "controls"), CUSTOMER_MANAGEMENT)
def test_7_2_customer_management(capability: str, words: tuple[str, ...], controls: tuple[Control, ...]) -> None:
    for role, word in zip(STAFF, words, strict=True):
        for control in controls:
            check(word, ENTITLEMENTS[role][control], capability, role)


@pytest.mark.parametrize(("capability", "words", "controls"), WHOLESALE)
def test_7_3_wholesale_admin(capability: str, words: tuple[str, ...], controls: tuple[Control, ...]) -> None:
    for role, word in zip(WHOLESALE_STAFF, words, strict=True):
        for control in controls:
            check(word, ENTITLEMENTS[role][control], capability, role)


def test_7_2_customer_list_is_all_but_for_the_partner_admin() -> None:
    staff = {role for role in Role if role.of_partner}
    assert staff - SEES_ALL_CUSTOMERS == {Role.PARTNER_ADMIN}


def test_7_5_rights_inside_a_launch() -> None:
    """Full, all but users and licences, view, view. Who may come in at all is for the customer to say."""
    decides = {C.ORG_SUPPORT_ACCESS}
    for role in (Role.PARTNER_WHOLESALE, Role.PARTNER_FULL):
        assert {control for control in CUSTOMER_CONTROLS if ENTITLEMENTS[role][control] is not E} == decides
    licences = {control for control in CUSTOMER_CONTROLS if ENTITLEMENTS[Role.PARTNER_ADMIN][control] is not E}
    assert licences == decides | {
        C.USERS_ADD,
        C.USERS_CSV,
        C.USERS_CLAIM,
        C.USERS_AUTO_LICENCE,
        C.USER_PACKAGE,
        C.USER_SERVICES,
        C.USER_STATUS,
        C.WORKSPACE_PACKAGE,
        C.USER_LOCATION,
    }
    for role in (Role.PARTNER_READONLY, *HELPDESK):
        assert {ENTITLEMENTS[role][control] for control in CUSTOMER_CONTROLS} == {R}


def test_7_6_help_desk_is_not_launched_at_indirect_providers() -> None:
    assert not HELPDESK & SEES_SUB_PARTNERS
