"""The form that makes an API token."""

from typing import Any

from django import forms

from tenancy.scope_words import WORDS
from tenancy.tokens import LONGEST_DAYS, NAME_LENGTH


class ScopeSelect(forms.CheckboxSelectMultiple):
    """Scopes in plain words, each with its name as programmers know it below."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().create_option(name, value, *args, **kwargs) | {"note": str(value)}


class ScopesField(forms.MultipleChoiceField):
    """Which scopes."""

    def __init__(self) -> None:
        super().__init__(
            label="Scopes",
            choices=[(scope.value, words) for scope, words in WORDS.items()],
            widget=ScopeSelect,
            help_text="A token never does more than its owner may do himself, whatever its scopes.",
            error_messages={"required": "Choose at least one scope."},
        )


class TokenForm(forms.Form):
    """What a token is for, what it may do, and for how long."""

    name = forms.CharField(
        label="Name",
        max_length=NAME_LENGTH,
        help_text="Which system uses it, for example: order desk.",
        error_messages={"required": "Say which system uses it."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.IntegerField(
        label="Valid for (days)", min_value=1, max_value=LONGEST_DAYS, initial=90, help_text="At most a year."
    )
    scope = ScopesField()
