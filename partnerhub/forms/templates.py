"""The pages of the onboarding template wizard, in the newest order of the original (domain.md 1.2 and 1.3)."""

from collections.abc import Mapping
from typing import Any

from django import forms

from partnerhub.models import TemplateVersion
from partnerhub.queries.templates import SETTING_LABELS, admins_of, name_taken, subscription_choices
from partnerhub.services.templates import idp_problem
from tenancy.models import AdminUser
from tenancy.places import CCP_PROVIDERS, COUNTRIES, COUNTRY_NAMES, LOCALES
from tenancy.wizards import WizardContext

WEBEX_FOR_WHOLESALE = "wholesale"


class TemplatePageForm(forms.Form):
    """A page of the wizard; `context` tells whose template it is and what the pages before it say."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, context: WizardContext) -> None:
        self.context = context
        super().__init__(data)


class NotedRadioSelect(forms.RadioSelect):
    """Radio buttons with a sentence under each choice."""

    def __init__(self, notes: dict[str, str]) -> None:
        self.notes = notes
        super().__init__()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().create_option(name, value, *args, **kwargs) | {"note": self.notes.get(str(value), "")}


class ProductForm(TemplatePageForm):
    """What the template is for. The original asks because it also makes templates of a sister product."""

    product = forms.ChoiceField(
        label="Product",
        choices=[(WEBEX_FOR_WHOLESALE, "Webex for Wholesale")],
        widget=NotedRadioSelect(
            {WEBEX_FOR_WHOLESALE: "Calling, meetings and messaging packages, sold by you and billed by daily use."}
        ),
        initial=WEBEX_FOR_WHOLESALE,
        error_messages={"required": "Choose a product."},
    )


class AdminField(forms.ModelChoiceField):
    """A person of the partner, shown with the address that tells namesakes apart."""

    def label_from_instance(self, obj: AdminUser) -> str:
        return f"{obj} ({obj.email})" if obj.full_name else obj.email


class PrimaryForm(TemplatePageForm):
    """Primary settings."""

    name = forms.CharField(
        label="Template name",
        max_length=80,
        help_text="How you find the template in the list. Customers never see it.",
        error_messages={"required": "Enter a template name."},
    )
    country = forms.ChoiceField(
        label=SETTING_LABELS["country"],
        choices=[("", "Select a country or region"), *COUNTRIES],
        help_text="Completes a language to a locale when a request carries only two letters.",
        error_messages={"required": "Select a country or region."},
    )
    service_provider_admin = AdminField(
        label=SETTING_LABELS["service_provider_admin"],
        queryset=AdminUser.objects.none(),
        to_field_name="public_id",
        empty_label="Select an administrator",
        help_text="The person of yours who looks after the customers created from this template.",
        error_messages={
            "required": "Select an administrator.",
            "invalid_choice": "This person is no administrator of your organization any more. Select another one.",
        },
    )
    email_language = forms.ChoiceField(
        label=SETTING_LABELS["email_language"],
        choices=LOCALES,
        help_text="Language of mails to customers, when a request names none.",
    )
    subscription_id = forms.ChoiceField(label=SETTING_LABELS["subscription_id"])

    def __init__(self, data: Mapping[str, Any] | None = None, *, context: WizardContext) -> None:
        super().__init__(data, context=context)
        choices = subscription_choices(context.partner)
        self.fields["subscription_id"].choices = choices  # type: ignore[attr-defined]
        self.fields["subscription_id"].initial = choices[0][0]
        self.fields["service_provider_admin"].queryset = admins_of(context.partner)  # type: ignore[attr-defined]
        self.fields["country"].initial = context.partner.country
        self.fields["service_provider_admin"].initial = getattr(context.actor.admin, "public_id", None)

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if name_taken(self.context.partner, name, but=self.context.subject):
            raise forms.ValidationError("Another onboarding template has this name. Choose a different one.")
        return name


class CallingForm(TemplatePageForm):
    """Wholesale calling: one optional, discouraged choice."""

    pstn_provider = forms.ChoiceField(
        label=SETTING_LABELS["pstn_provider"],
        required=False,
        help_text="Applies to the first location of each new customer only.",
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, context: WizardContext) -> None:
        super().__init__(data, context=context)
        country = context.answers.get("primary", {}).get("country", "")
        self.fields["pstn_provider"].choices = _providers(country)  # type: ignore[attr-defined]


def _providers(country: str) -> list[Any]:
    """Providers in two groups, so that the choice that fails for the template's country is seen before it is made."""
    place = COUNTRY_NAMES.get(country, "this country")
    groups: dict[str, list[tuple[str, str]]] = {f"Covers {place}": [], f"Does not cover {place}": []}
    covers, does_not = groups.values()
    for name, countries in CCP_PROVIDERS.items():
        label = f"{name} ({', '.join(sorted(COUNTRY_NAMES[code] for code in countries))})"
        (covers if country in countries else does_not).append((name, label))
    return [("", "None (recommended)"), *((title, rows) for title, rows in groups.items() if rows)]


class AuthenticationForm(TemplatePageForm):
    """How the people of a new customer sign in. The id of the identity provider is asked only for its own choice."""

    IDP_FIELDS = {"saml": "saml_entity_id", "oidc": "oidc_idp_name"}

    authentication = forms.ChoiceField(
        label=SETTING_LABELS["authentication"],
        choices=TemplateVersion.Authentication.choices,
        widget=NotedRadioSelect(
            {
                "webex": "Identities and passwords are kept by Webex.",
                "saml": "People sign in at your SAML identity provider.",
                "oidc": "People sign in at your OpenID Connect identity provider.",
            }
        ),
        initial=TemplateVersion.Authentication.WEBEX,
        error_messages={"required": "Choose an authentication method."},
    )
    saml_entity_id = forms.CharField(
        label="IDP Entity ID",
        required=False,
        help_text="The EntityID in your identity provider's SAML metadata.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    oidc_idp_name = forms.CharField(
        label="OpenID Connect IDP Entity ID",
        required=False,
        help_text="The IDP name chosen when the identity provider was registered.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        method = cleaned.get("authentication", "")
        field = self.IDP_FIELDS.get(method)
        cleaned["idp_entity_id"] = cleaned.get(field, "") if field else ""
        problem = idp_problem(method, cleaned["idp_entity_id"]) if field else ""
        if problem and field:
            self.add_error(field, problem)
        return cleaned


class EmailCallForm(TemplatePageForm):
    """Email settings and Call settings."""

    admin_invite_emails_on_attach = forms.BooleanField(
        label="Allow admin-invite emails when attaching to existing organizations",
        required=False,
        initial=True,
        help_text="Must be on to attach an existing organization with its administrator's consent.",
    )
    suppress_admin_invite_email = forms.BooleanField(
        label="Suppress the admin invite email",
        required=False,
        help_text="New organizations then send no invitation to their first administrator.",
    )
    disable_free_calling = forms.BooleanField(
        label="Disable Webex free calling",
        required=False,
        help_text="People without a calling package then cannot call each other in the app.",
    )
    meeting_dial_in = forms.ChoiceField(
        label=SETTING_LABELS["meeting_dial_in"],
        choices=TemplateVersion.DialIn.choices,
        widget=forms.RadioSelect,
        initial=TemplateVersion.DialIn.CISCO,
        error_messages={"required": "Choose where the dial-in numbers come from."},
    )


class TemplateFilterForm(forms.Form):
    """Search and state of the list. Anything it does not know is left out rather than refused."""

    q = forms.CharField(required=False, max_length=80)
    state = forms.ChoiceField(
        required=False, choices=[("active", "Active"), ("retired", "Retired"), ("all", "Active and retired")]
    )
