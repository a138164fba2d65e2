"""What somebody may change about his own account: how he is called, and in which time zone he reads."""

from typing import Any

from django import forms
from django.db import transaction

from tenancy import audit
from tenancy.actors import Actor
from tenancy.models import AdminUser
from tenancy.places import time_zones
from tenancy.queries import first_customer, first_partner


class ProfileForm(forms.Form):
    """Name and time zone. The e-mail address is the account's key and stays."""

    full_name = forms.CharField(label="Your name", max_length=120)
    time_zone = forms.ChoiceField(label="Time zone", help_text="Times on every page are shown in this zone.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = [(name, name.replace("_", " ")) for name in time_zones()]  # type: ignore[attr-defined]


def own_profile(actor: Actor) -> dict[str, str]:
    """What the form shows first."""
    return {name: getattr(actor.admin, name) for name in ("full_name", "time_zone")}


@transaction.atomic
def change_profile(*, full_name: str, time_zone: str, by: Actor) -> bool:
    """Write what is new about the actor himself, and tell the audit log of his organization. False when nothing is."""
    before = AdminUser.objects.select_for_update().get(email=by.email)
    wanted = {"full_name": full_name, "time_zone": time_zone}
    changes = {name: [getattr(before, name), value] for name, value in wanted.items() if getattr(before, name) != value}
    if not changes:
        return False
    AdminUser.objects.filter(pk=before.pk).update(**wanted)
    partner, customer = first_partner(by), first_customer(by)
    if partner or customer:
        text = f"{before} changed the own profile"
        where = {"partner": partner} if partner else {"customer": customer}
        audit.record(action="account.changed", text=text, target=before, changes=changes, by=by, **where)
    return True
