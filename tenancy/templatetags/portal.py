"""Template tags that every page may use (a template builtin, no {% load %} needed)."""

from typing import Any

from django import template

from tenancy.access import forbidden_reason
from tenancy.places import COUNTRY_NAMES
from tenancy.policy import Control, Level

register = template.Library()


@register.filter
def country_name(code: str) -> str:
    """The name of a country from its two letters."""
    return COUNTRY_NAMES.get(code, code)


@register.simple_tag(takes_context=True)
def level_of(context: dict[str, Any], control: str) -> str:
    """The viewer's level for a control on this page's organisation: "hidden", "disabled", "read_only" or "edit"."""
    return Level(context["request"].portal_scope.level(Control(control))).name.lower()


@register.simple_tag(takes_context=True)
def may_edit(context: dict[str, Any], control: str) -> bool:
    """True when the viewer may edit the control on this page's organisation."""
    return context["request"].portal_scope.level(Control(control)) is Level.EDIT


@register.simple_tag(takes_context=True)
def why_not(context: dict[str, Any], control: str) -> str:
    """The sentence that explains why a control is greyed or read-only."""
    scope = context["request"].portal_scope
    return forbidden_reason(Control(control), customer=scope.customer, by=scope.actor)
