"""The form that registers or changes an integration."""

from typing import Any

from django import forms

from partnerhub.forms.tokens import ScopesField
from tenancy.integrations import BY_ITSELF, CODE, LONGEST_URI, MOST_URIS, Wish
from tenancy.models import Integration
from tenancy.tokens import NAME_LENGTH

FOR_OTHERS = "for_others"


class UseSelect(forms.CheckboxSelectMultiple):
    """What each way of acting means, below it."""

    NOTES = {
        FOR_OTHERS: "People are asked on a page of the portal, and sent back to the integration (authorization code).",
        "by_itself": "It takes tokens without anybody, as the administrator who registered it (client credentials).",
    }

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().create_option(name, value, *args, **kwargs) | {"note": self.NOTES[str(value)]}


class IntegrationForm(forms.Form):
    """Its name, in whose name it acts, where people are sent back to, and what it may do."""

    name = forms.CharField(
        label="Name",
        max_length=NAME_LENGTH,
        help_text="People read it when they are asked to authorize the integration.",
        error_messages={"required": "Give the integration a name that people will recognize."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    acts = forms.MultipleChoiceField(
        label="In whose name it acts",
        choices=[(FOR_OTHERS, "Of whoever authorizes it"), ("by_itself", "By itself")],
        widget=UseSelect,
        error_messages={"required": "Choose in whose name the integration acts."},
    )
    redirect_uris = forms.CharField(
        label="Redirect URIs",
        required=False,
        max_length=MOST_URIS * (LONGEST_URI + 2),
        help_text="One per line. People are sent back to exactly these addresses: https, or http on localhost.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )
    scope = ScopesField()

    def wish(self) -> Wish:
        """What was asked for; the service checks the rest."""
        data = self.cleaned_data
        return Wish(
            name=data["name"],
            scopes=data["scope"],
            redirect_uris=data["redirect_uris"].split(),
            for_others=FOR_OTHERS in data["acts"],
            by_itself="by_itself" in data["acts"],
        )


def initial_of(integration: Integration) -> dict[str, Any]:
    """What the form shows of an integration that exists."""
    kinds = integration.get_grant_types()
    acts = [FOR_OTHERS] * (CODE in kinds) + ["by_itself"] * (BY_ITSELF in kinds)
    return {
        "name": integration.name,
        "acts": acts,
        "redirect_uris": "\n".join(integration.get_redirect_uris()),
        "scope": integration.get_scopes(),
    }
