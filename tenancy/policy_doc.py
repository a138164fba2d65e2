"""docs/policy.md as text, made from the policy table. `manage.py policy_doc` writes it; a test fails when it is stale."""

from collections.abc import Iterable

from tenancy.policy import (
    CUSTOMER_CONTROLS,
    CUSTOMER_ROLES,
    PARTNER_CONTROLS,
    RESTRICTIONS,
    Control,
    Level,
    Role,
    While,
    level_for,
)

HEAD = """# Who may do what

Generated from `tenancy/policy.py` by `python3 manage.py policy_doc`. Do not edit.

Levels: hidden < disabled < read-only < edit. What somebody gets is the best of the roles held at the organisation looked at.
"""
RESTRICTED = """
In Control Hub a customer's own administrators get the lower of their role and of these restrictions (Wholesale guide:
Restricted by Partner Mode). Partner staff are never limited by them.
"""


def _word(level: Level) -> str:
    return level.name.lower().replace("_", "-")


def _table(controls: Iterable[Control], roles: list[Role]) -> Iterable[str]:
    yield "| Control | " + " | ".join(role.label for role in roles) + " |"
    yield "|---" * (len(roles) + 1) + "|"
    for control in controls:
        yield (
            f"| `{control}` | " + " | ".join(_word(level_for(role, control, restricted=False)) for role in roles) + " |"
        )


def _restrictions() -> Iterable[str]:
    yield "| Control | When | What is left |"
    yield "|---|---|---|"
    for control, (while_, left) in RESTRICTIONS.items():
        when = "always" if while_ is While.ALWAYS else "while Restricted by Partner Mode is on"
        yield f"| `{control}` | {when} | {_word(left)} |"


def policy_markdown() -> str:
    """The whole document."""
    partner_roles = [role for role in Role if role.of_partner]
    customer_roles = [role for role in Role if role in CUSTOMER_ROLES]
    sections = [
        "## Partner Hub\n",
        *_table(PARTNER_CONTROLS, partner_roles),
        "\n## Control Hub, as partner staff (cross-launched)\n",
        *_table(CUSTOMER_CONTROLS, partner_roles),
        "\n## Control Hub, as the customer's own administrator, without restrictions\n",
        *_table(CUSTOMER_CONTROLS, customer_roles),
        "\n## Restrictions",
        RESTRICTED,
        *_restrictions(),
    ]
    return HEAD + "\n" + "\n".join(sections) + "\n"
