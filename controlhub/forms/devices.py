"""Forms of devices: the list's filters, and adding one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms

from controlhub.forms.fields import offer
from controlhub.models import Device, Subscriber, Workspace
from controlhub.models.equipment import CATALOGUE

Management = Device.Management


class DeviceFilter(forms.Form):
    """Search and filters of the devices list. A value that is not on offer counts as no filter."""

    q = forms.CharField(required=False, max_length=100)
    management = forms.ChoiceField(required=False, choices=[("", "All kinds"), *Management.choices])
    status = forms.ChoiceField(required=False, choices=[("", "All statuses"), *Device.Status.choices])
    subscriber = forms.UUIDField(required=False)
    workspace = forms.UUIDField(required=False)

    def narrowed(self) -> dict[str, Any]:
        """Keyword arguments for `devices_of`."""
        self.is_valid()
        values = self.cleaned_data
        words = {name: values.get(name, "") for name in ("management", "status")}
        return {
            "search": values.get("q", ""),
            "subscriber": values.get("subscriber"),
            "workspace": values.get("workspace"),
            **words,
        }

    @property
    def narrows(self) -> bool:
        """Is anything filtered?"""
        return any(self.narrowed().values())


class DeviceForm(forms.Form):
    """Owner, model, and a MAC when there is one."""

    owner = forms.ChoiceField(help_text="Users and workspaces that have a calling package.")
    model = forms.ChoiceField()
    mac = forms.CharField(
        required=False,
        max_length=30,
        label="MAC address",
        help_text="On the label of the phone. Cisco devices may do without: they get an activation code.",
    )

    def __init__(
        self,
        *args: Any,
        owners: tuple[Sequence[Subscriber], Sequence[Workspace]],
        third_party: bool,
        sip: bool,
        partner: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        people, rooms = owners
        self.owners = {f"user-{row.public_id}": row for row in people} | {f"room-{row.public_id}": row for row in rooms}
        groups = [
            ("Users", [(f"user-{row.public_id}", f"{row} ({row.email})") for row in people]),
            ("Workspaces", [(f"room-{row.public_id}", row.name) for row in rooms]),
        ]
        offer(self, "owner", [("", "Choose who gets the device"), *(group for group in groups if group[1])])  # type: ignore[list-item]
        offer(self, "model", [("", "Choose a model"), *_models(third_party=third_party, sip=sip, partner=partner)])  # type: ignore[list-item]
        self.fields["mac"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def values(self) -> dict[str, Any]:
        """Keyword arguments for `add_device`."""
        owner = self.owners[self.cleaned_data["owner"]]
        who = {"subscriber": owner} if isinstance(owner, Subscriber) else {"workspace": owner}
        return {"model": self.cleaned_data["model"], "mac": self.cleaned_data["mac"], **who}


def owner_key(*, subscriber: UUID | None = None, workspace: UUID | None = None) -> str:
    """The value of the owner field for a user or workspace."""
    return f"user-{subscriber}" if subscriber else f"room-{workspace}" if workspace else ""


def _models(*, third_party: bool, sip: bool, partner: bool) -> list[tuple[str, list[tuple[str, str]]]]:
    shown = {
        Management.CISCO: True,
        Management.THIRD_PARTY: third_party,
        Management.CUSTOMER: sip,
        Management.PARTNER: sip and partner,
    }
    return [(str(kind.label), list(CATALOGUE[kind].items())) for kind, on in shown.items() if on]
